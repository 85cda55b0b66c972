//! Prepares the data set and the index of an audit from its open inputs; from memory they come by
//! `memory`.
//!
//! For cosine all rows have unit length when they leave here. Rows out of an index are never
//! changed, since a search there compares just those bits.

use super::error::AuditError;
use super::load::{OpenAnswers, OpenIndex, OpenVectors, Opened};
use super::metric;
use super::notes::Note;
use super::queries::{prepare_queries, sample_size, unit_lengths};
use super::request::AuditRequest;
use annatomy_eval::dataset::{
    Base, Dataset, StreamedRows, all_have_unit_length, check_and_normalize,
};
use annatomy_eval::index::{Difference, first_difference};
use annatomy_hnsw::import::{EngineBuild, SavedIndex};
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_vectors::{Matrix, Metric, Rows};
use std::borrow::Cow;

/// What an index says of itself besides its rows.
pub(super) struct Index<'d> {
    /// What a report calls it.
    pub(super) source: String,
    /// The engine in whose arithmetic it is searched; `None`: ours.
    pub(super) build: Option<EngineBuild>,
    /// What it does when k exceeds ef.
    pub(super) class: EngineClass,
    pub(super) graph: Cow<'d, Graph>,
    pub(super) m: usize,
    pub(super) ef_construction: usize,
    pub(super) ef_search: Option<usize>,
}

/// Everything an audit reads before it computes.
pub(super) struct Inputs<'d> {
    pub(super) data: Dataset<'d>,
    pub(super) index: Option<Index<'d>>,
    /// What a reader should know of how the data were taken.
    pub(super) notes: Vec<Note>,
}

impl Inputs<'_> {
    /// Chooses the metric from what is open, then prepares base, queries and index for it.
    pub(super) fn prepare(
        request: &AuditRequest,
        opened: Opened,
        mut notes: Vec<Note>,
    ) -> Result<(Self, Option<OpenAnswers>), AuditError> {
        let metric = choose_metric(request, &opened, &mut notes)?;
        let name = request.vectors.as_ref().or(request.index.as_ref());
        let name = name.map_or(String::new(), |path| path.display().to_string());
        let Opened {
            vectors,
            queries,
            index,
            answers,
        } = opened;
        let (mut base, labels, index) = match (index, vectors) {
            (Some(index), vectors) => take_index(request, vectors.as_ref(), index, metric)?,
            (None, Some(vectors)) => (read_base(request, vectors, metric)?, None, None),
            (None, None) => return Err(AuditError::NoVectors),
        };
        let build = index.as_ref().and_then(|index| index.build);
        let queries = prepare_queries(request, queries, &base, metric, build)?;
        if let (Base::Streamed { rows, drawn }, None) = (&mut base, queries.held_out_rows()) {
            *drawn = rows.select(&queries.numbers);
        }
        let data = Dataset {
            name,
            base,
            metric,
            labels,
            queries,
        };
        Ok((Self { data, index, notes }, answers))
    }
}

fn choose_metric(
    request: &AuditRequest,
    opened: &Opened,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let asked = request.metric.or_else(|| opened.metric_of_vectors());
    let saved = opened.index.as_ref().map(|index| &index.saved);
    let kept = saved.map(|saved| (saved.vectors.view(), saved.metric));
    metric::choose(asked, opened.metric_of_answers(), kept, notes)
}

/// Left in its file if nothing but answers is asked about, and not every row is a query and in
/// memory anyway.
fn read_base(
    request: &AuditRequest,
    vectors: OpenVectors,
    metric: Metric,
) -> Result<Base<'static>, AuditError> {
    let rows = vectors.file.rows();
    let every_row_asks = request.queries.is_none() && sample_size(request, rows)? == rows;
    if request.wants_graphs() || every_row_asks {
        let mut base = vectors.read_all()?;
        unit_lengths(&mut base, metric, &vectors.path)?;
        return Ok(Base::InMemory(Rows::Own(base)));
    }
    let rows = StreamedRows::new(vectors.file, &vectors.path, metric)?;
    let drawn = Matrix::zeros(0, rows.columns());
    Ok(Base::Streamed {
        rows: Box::new(rows),
        drawn,
    })
}

type Taken = (
    Base<'static>,
    Option<Cow<'static, [i64]>>,
    Option<Index<'static>>,
);

/// The rows of an index, compared with VECTORS where those are given.
fn take_index(
    request: &AuditRequest,
    vectors: Option<&OpenVectors>,
    index: OpenIndex,
    metric: Metric,
) -> Result<Taken, AuditError> {
    if let Some(vectors) = vectors.filter(|_| !index.over_vectors) {
        compare(vectors, &index, metric)?;
    }
    let OpenIndex { path, saved, .. } = index;
    let SavedIndex {
        engine,
        graph,
        vectors,
        labels,
        m,
        ef_construction,
        ef_search,
        ..
    } = saved;
    let source = format!("{engine} index {}", path.display());
    let build = Some(EngineBuild::new(engine, request.arithmetic));
    let (class, graph) = (engine.class(), Cow::Owned(graph));
    let index = Index {
        source,
        build,
        class,
        graph,
        m,
        ef_construction,
        ef_search,
    };
    Ok((
        Base::InMemory(Rows::Own(vectors)),
        labels.map(Cow::Owned),
        Some(index),
    ))
}

fn compare(given: &OpenVectors, index: &OpenIndex, metric: Metric) -> Result<(), AuditError> {
    let OpenIndex { path, saved, .. } = index;
    let shape = |what, found, expected| {
        if found == expected {
            return Ok(());
        }
        Err(AuditError::Shapes {
            path: given.path.clone(),
            what,
            found,
            other: path.display().to_string(),
            expected,
        })
    };
    shape("rows", given.file.rows(), saved.vectors.rows())?;
    shape("columns", given.file.columns(), saved.vectors.columns())?;
    if saved.labels.is_some() {
        return Ok(());
    }
    let (vectors, index) = (given.path.clone(), path.clone());
    let mut given = given.read_all()?;
    unit_lengths(&mut given, metric, &vectors)?;
    let kept = saved.vectors.view();
    let Some(difference) = first_difference(given.view(), kept) else {
        return Ok(());
    };
    if metric != Metric::Cosine && all_have_unit_length(kept) {
        check_and_normalize(&mut given, Metric::Cosine).map_err(|source| AuditError::Vectors {
            path: vectors.clone(),
            source,
        })?;
        if first_difference(given.view(), kept).is_none() {
            return Err(AuditError::OtherLengths { vectors, index });
        }
    }
    let Difference {
        row,
        column,
        found,
        expected,
    } = difference;
    Err(AuditError::OtherVectors {
        vectors,
        index,
        row,
        column,
        found,
        expected,
    })
}
