//! The base rows and the queries, from files or from a saved index; from memory they come by `memory`.
//!
//! For cosine all rows have unit length when they leave here. Rows out of an index are never changed, since a search there compares
//! just those bits.

use super::error::AuditError;
use super::request::AuditRequest;
use super::rows::Rows;
use crate::index::{Difference, first_difference};
use annatomy_hnsw::foreign::{Engine, SavedIndex};
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_vectors::formats::{ReadError, VectorFile};
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, kernels, validate};
use std::borrow::Cow;
use std::path::Path;

/// Up to here every base row is a query unless a sample is asked for.
const ALL_ROWS: usize = 10_000;
/// Queries drawn beyond.
const DEFAULT_SAMPLE: usize = 2_000;
/// How far a squared length may be from 1 and still be taken for it.
const UNIT_TOLERANCE: f64 = 1e-4;

/// What an index says of itself besides its rows.
pub(super) struct Index<'d> {
    /// What a report calls it.
    pub(super) source: String,
    /// Whose order of summation it is searched with; `None`: ours.
    pub(super) engine: Option<Engine>,
    /// What it does when k exceeds ef.
    pub(super) class: EngineClass,
    pub(super) graph: Cow<'d, Graph>,
    pub(super) m: usize,
    pub(super) ef_construction: usize,
    pub(super) ef_search: Option<usize>,
}

/// The rows that are asked about.
pub(super) struct QueryRows<'d> {
    /// Vectors that are no base rows, one per entry of `numbers`.
    pub(super) held_out: Option<Rows<'d>>,
    /// Their numbers in their file, or the base rows that are queries.
    pub(super) numbers: Vec<usize>,
    /// Queries there were to draw from.
    pub(super) population: usize,
}

/// Everything an audit reads before it computes.
pub(super) struct Data<'d> {
    pub(super) name: String,
    pub(super) base: Rows<'d>,
    pub(super) metric: Metric,
    /// What the engine calls each base row, where that is not its number.
    pub(super) labels: Option<Cow<'d, [i64]>>,
    pub(super) queries: QueryRows<'d>,
    pub(super) index: Option<Index<'d>>,
    /// What a reader should know of how the data were taken.
    pub(super) notes: Vec<String>,
}

impl QueryRows<'_> {
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn are_base_rows(&self) -> bool {
        self.held_out.is_none()
    }

    pub(super) fn held_out(&self) -> Option<MatrixView<'_>> {
        self.held_out.as_ref().map(Rows::view)
    }

    /// The base row that query number `query` is, if any.
    pub(super) fn own_id(&self, query: usize) -> Option<u32> {
        self.are_base_rows().then(|| self.numbers[query] as u32)
    }

    /// The vector of query number `query`.
    pub(super) fn row<'r>(&'r self, base: &'r Rows<'_>, query: usize) -> &'r [f32] {
        match &self.held_out {
            Some(rows) => rows.row(query),
            None => base.row(self.numbers[query]),
        }
    }
}

impl Data<'_> {
    pub(super) fn read(request: &AuditRequest) -> Result<Self, AuditError> {
        let mut notes = Vec::new();
        let saved = request.index.as_deref().map(read_index).transpose()?;
        let asked = request.metric.map_or_else(|| metric_in_file(request), |metric| Ok(Some(metric)))?;
        let kept = saved.as_ref().map(|saved| (saved.vectors.view(), saved.metric));
        let metric = choose_metric(asked, kept, &mut notes)?;
        let (base, labels, index) = if let Some(saved) = saved {
            let path = request.index.as_deref().unwrap_or(Path::new(""));
            take_index(request, path, saved, metric)?
        } else {
            let path = request.vectors.as_deref().ok_or(AuditError::NoVectors)?;
            let mut base = open(path)?.read_all().map_err(file(path))?;
            unit_lengths(&mut base, metric, path)?;
            (Rows::Own(base), None, None)
        };
        let name = request.vectors.as_ref().or(request.index.as_ref());
        let queries = read_queries(request, base.view(), metric)?;
        Ok(Self {
            name: name.map_or(String::new(), |path| path.display().to_string()),
            base,
            metric,
            labels,
            queries,
            index,
            notes,
        })
    }

    /// Most neighbors that a query can have.
    pub(super) fn available(&self) -> usize {
        self.base.rows() - usize::from(self.queries.are_base_rows())
    }

    /// The distance of base row `id` from query number `query`, from float64 sums.
    pub(super) fn distance(&self, query: usize, id: u32) -> f32 {
        let (a, b) = (self.queries.row(&self.base, query), self.base.row(id as usize));
        match self.metric {
            Metric::L2 => kernels::l2_squared_f64(a, b).sqrt() as f32,
            Metric::Cosine => (1.0 - kernels::dot_f64(a, b)) as f32,
            Metric::InnerProduct => -kernels::dot_f64(a, b) as f32,
        }
    }

    /// What the engine calls base row `row`.
    pub(super) fn label(&self, row: u32) -> i64 {
        self.labels.as_ref().map_or(i64::from(row), |labels| labels[row as usize])
    }

    /// What a reader knows query number `query` by.
    pub(super) fn query_name(&self, query: usize) -> i64 {
        match self.queries.own_id(query) {
            Some(row) => self.label(row),
            None => self.queries.numbers[query] as i64,
        }
    }
}

pub(super) fn file(path: &Path) -> impl Fn(ReadError) -> AuditError + '_ {
    |source| AuditError::File { path: path.to_owned(), source }
}

fn open(path: &Path) -> Result<VectorFile, AuditError> {
    VectorFile::open(path).map_err(file(path))
}

fn read_index(path: &Path) -> Result<SavedIndex, AuditError> {
    let saved = SavedIndex::read(path).map_err(|source| AuditError::Index { path: path.to_owned(), source })?;
    validate::check_finite(saved.vectors.view())
        .map_err(|source| AuditError::Vectors { path: path.to_owned(), source })?;
    Ok(saved)
}

/// The metric that the file of vectors names, as those of ann-benchmarks do.
fn metric_in_file(request: &AuditRequest) -> Result<Option<Metric>, AuditError> {
    let file = request.vectors.as_deref().map(open).transpose()?;
    Ok(file.and_then(|file| file.metric_name().and_then(|name| name.parse().ok())))
}

pub(super) fn choose_metric(
    asked: Option<Metric>,
    saved: Option<(MatrixView<'_>, Option<Metric>)>,
    notes: &mut Vec<String>,
) -> Result<Metric, AuditError> {
    let Some((vectors, saved)) = saved else {
        return Ok(asked.unwrap_or(Metric::L2));
    };
    let unit = have_unit_length(vectors);
    match (asked, saved) {
        (None, Some(Metric::InnerProduct)) if unit => {
            notes.push("The index compares inner products of rows of unit length: read as cosine.".to_owned());
            Ok(Metric::Cosine)
        }
        (None, Some(metric)) => Ok(metric),
        (None, None) => {
            notes.push("hnswlib does not save its space: taken for l2 (--metric says otherwise).".to_owned());
            Ok(Metric::L2)
        }
        (Some(Metric::Cosine), None | Some(Metric::InnerProduct)) if !unit => Err(AuditError::Request(
            "metric cosine, but the rows in the index are not of unit length: it cannot have been built for it"
                .to_owned(),
        )),
        (Some(Metric::Cosine), Some(Metric::InnerProduct)) => Ok(Metric::Cosine),
        (Some(asked), Some(saved)) if asked != saved => {
            Err(AuditError::Request(format!("metric {asked}, but the index was built for {saved}")))
        }
        (Some(asked), _) => Ok(asked),
    }
}

type Taken = (Rows<'static>, Option<Cow<'static, [i64]>>, Option<Index<'static>>);

/// The rows of an index, held against VECTORS where those are given.
fn take_index(request: &AuditRequest, path: &Path, saved: SavedIndex, metric: Metric) -> Result<Taken, AuditError> {
    if let Some(vectors) = &request.vectors {
        compare(vectors, path, &saved, metric)?;
    }
    let SavedIndex { engine, graph, vectors, labels, m, ef_construction, ef_search, .. } = saved;
    let source = format!("{engine} index {}", path.display());
    let (engine, class, graph) = (Some(engine), engine.class(), Cow::Owned(graph));
    let index = Index { source, engine, class, graph, m, ef_construction, ef_search };
    Ok((Rows::Own(vectors), labels.map(Cow::Owned), Some(index)))
}

fn compare(vectors: &Path, index: &Path, saved: &SavedIndex, metric: Metric) -> Result<(), AuditError> {
    let given = open(vectors)?;
    let shape = |what, found, expected| {
        let other = index.display().to_string();
        if found == expected {
            Ok(())
        } else {
            Err(AuditError::Shapes { path: vectors.to_owned(), what, found, other, expected })
        }
    };
    shape("rows", given.rows(), saved.vectors.rows())?;
    shape("columns", given.columns(), saved.vectors.columns())?;
    if saved.labels.is_some() {
        return Ok(());
    }
    let mut given = given.read_all().map_err(file(vectors))?;
    unit_lengths(&mut given, metric, vectors)?;
    match first_difference(given.view(), saved.vectors.view()) {
        None => Ok(()),
        Some(Difference { row, column, found, expected }) => {
            let (vectors, index) = (vectors.to_owned(), index.to_owned());
            Err(AuditError::OtherVectors { vectors, index, row, column, found, expected })
        }
    }
}

fn read_queries(
    request: &AuditRequest,
    base: MatrixView<'_>,
    metric: Metric,
) -> Result<QueryRows<'static>, AuditError> {
    let Some(path) = &request.queries else {
        let numbers = draw_queries(request, base.rows())?;
        return Ok(QueryRows { held_out: None, population: base.rows(), numbers });
    };
    let opened = VectorFile::open_queries(path).map_err(file(path))?;
    if opened.columns() != base.columns() {
        return Err(AuditError::Shapes {
            path: path.clone(),
            what: "columns",
            found: opened.columns(),
            other: "the base".to_owned(),
            expected: base.columns(),
        });
    }
    let numbers = draw_queries(request, opened.rows())?;
    let mut rows = opened.select(&numbers).map_err(file(path))?;
    unit_lengths(&mut rows, metric, path)?;
    Ok(QueryRows { held_out: Some(rows.into()), population: opened.rows(), numbers })
}

/// The queries that an audit measures out of `population`: all of them, or a seeded sample in ascending order.
///
/// # Errors
/// If the sample asked for is empty or larger than the population.
pub fn draw_queries(request: &AuditRequest, population: usize) -> Result<Vec<usize>, AuditError> {
    // Answers to repair or to write down are wanted for every query.
    let whole = request.repair || !request.predictions.is_empty();
    let default = if population > ALL_ROWS && !whole { DEFAULT_SAMPLE } else { population };
    let sample = request.sample.unwrap_or(default);
    if sample > population || sample == 0 {
        return Err(AuditError::Sample { sample, queries: population });
    }
    if sample == population {
        return Ok((0..population).collect());
    }
    let mut numbers = numpy_choice(request.seed, population, sample)?;
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn have_unit_length(rows: MatrixView<'_>) -> bool {
    (0..rows.rows()).all(|row| has_unit_length(rows.row(row)))
}

fn has_unit_length(row: &[f32]) -> bool {
    (kernels::dot_f64(row, row) - 1.0).abs() <= UNIT_TOLERANCE
}

/// Checks rows, and for cosine scales them unless they are of unit length as they are.
pub(super) fn unit_lengths(rows: &mut Matrix, metric: Metric, path: &Path) -> Result<(), AuditError> {
    let bad = |source| AuditError::Vectors { path: path.to_owned(), source };
    validate::check(rows.view(), metric).map_err(bad)?;
    if metric == Metric::Cosine && !have_unit_length(rows.view()) {
        normalize_rows(rows).map_err(bad)?;
    }
    Ok(())
}
