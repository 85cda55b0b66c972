//! What an audit reads: the base rows and the queries, from files or from a saved index; from
//! memory they come by `memory`.
//!
//! For cosine all rows have unit length when they leave here. Rows out of an index are never
//! changed, since a search there compares just those bits.

use super::error::AuditError;
use super::metric;
use super::notes::Note;
use super::queries::{read_queries, sample_size};
use super::request::AuditRequest;
use annatomy_eval::dataset::{
    Base, Dataset, StreamedRows, all_have_unit_length, check_and_normalize,
};
use annatomy_eval::index::{Difference, first_difference};
use annatomy_formats::{ReadError, VectorFile};
use annatomy_hnsw::import::{EngineBuild, SavedIndex, SavedIndexError};
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_vectors::validate::{self, check_range};
use annatomy_vectors::{Matrix, Metric, Rows};
use std::borrow::Cow;
use std::path::Path;

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
    pub(super) fn read(request: &AuditRequest) -> Result<Self, AuditError> {
        let mut notes = Vec::new();
        let saved = request
            .index
            .as_deref()
            .map(|path| read_index(path, request.vectors.as_deref(), &mut notes))
            .transpose()?;
        let kept = saved
            .as_ref()
            .map(|saved| (saved.vectors.view(), saved.metric));
        let metric = metric::choose(request, kept, &mut notes)?;
        let (mut base, labels, index) = if let Some(saved) = saved {
            let path = request.index.as_deref().unwrap_or(Path::new(""));
            take_index(request, path, saved, metric)?
        } else {
            let path = request.vectors.as_deref().ok_or(AuditError::NoVectors)?;
            (read_base(request, path, metric, &mut notes)?, None, None)
        };
        let name = request.vectors.as_ref().or(request.index.as_ref());
        let build = index.as_ref().and_then(|index| index.build);
        let queries = read_queries(request, &base, (metric, build), &mut notes)?;
        if let (Base::Streamed { rows, drawn }, None) = (&mut base, queries.held_out_rows()) {
            *drawn = rows.select(&queries.numbers);
        }
        let data = Dataset {
            name: name.map_or(String::new(), |path| path.display().to_string()),
            base,
            metric,
            labels,
            queries,
        };
        Ok(Self { data, index, notes })
    }
}

pub(super) fn file(path: &Path) -> impl Fn(ReadError) -> AuditError + '_ {
    |source| AuditError::File {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn open(path: &Path) -> Result<VectorFile, AuditError> {
    VectorFile::open(path).map_err(file(path))
}

/// Notes the axes that reading dropped.
pub(super) fn note_singleton_axes(opened: &VectorFile, path: &Path, notes: &mut Vec<Note>) {
    if opened.singleton_axes() > 0 {
        notes.push(Note::SingletonAxes {
            path: path.display().to_string(),
            axes: opened.singleton_axes(),
        });
    }
}

/// A saved index; where it was saved without its vectors, these are VECTORS.
fn read_index(
    path: &Path,
    vectors: Option<&Path>,
    notes: &mut Vec<Note>,
) -> Result<SavedIndex, AuditError> {
    let bad = |source| AuditError::Index {
        path: path.to_owned(),
        source,
    };
    let saved = match (SavedIndex::read(path), vectors) {
        (Err(SavedIndexError::NoVectors { .. }), Some(vectors)) => {
            let rows = open(vectors)?.read_all().map_err(file(vectors))?;
            notes.push(Note::IndexWithoutVectors);
            SavedIndex::read_over(path, rows).map_err(bad)?
        }
        (read, _) => read.map_err(bad)?,
    };
    if saved.bytes_after > 0 {
        notes.push(Note::BytesAfterIndex {
            path: path.display().to_string(),
            bytes: saved.bytes_after as u64,
        });
    }
    validate::check_finite(saved.vectors.view()).map_err(|source| AuditError::Vectors {
        path: path.to_owned(),
        source,
    })?;
    Ok(saved)
}

/// Left in its file if nothing but answers is asked about, and not every row is a query and in
/// memory anyway.
fn read_base(
    request: &AuditRequest,
    path: &Path,
    metric: Metric,
    notes: &mut Vec<Note>,
) -> Result<Base<'static>, AuditError> {
    let opened = open(path)?;
    note_singleton_axes(&opened, path, notes);
    let every_row_asks =
        request.queries.is_none() && sample_size(request, opened.rows())? == opened.rows();
    if request.wants_graphs() || every_row_asks {
        let mut base = opened.read_all().map_err(file(path))?;
        unit_lengths(&mut base, metric, path)?;
        return Ok(Base::InMemory(Rows::Own(base)));
    }
    let rows = StreamedRows::new(opened, path, metric)?;
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

/// The rows of an index, held against VECTORS where those are given.
fn take_index(
    request: &AuditRequest,
    path: &Path,
    saved: SavedIndex,
    metric: Metric,
) -> Result<Taken, AuditError> {
    if let Some(vectors) = &request.vectors {
        compare(vectors, path, &saved, metric)?;
    }
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

fn compare(
    vectors: &Path,
    index: &Path,
    saved: &SavedIndex,
    metric: Metric,
) -> Result<(), AuditError> {
    let given = open(vectors)?;
    let shape = |what, found, expected| {
        let other = index.display().to_string();
        if found == expected {
            Ok(())
        } else {
            Err(AuditError::Shapes {
                path: vectors.to_owned(),
                what,
                found,
                other,
                expected,
            })
        }
    };
    shape("rows", given.rows(), saved.vectors.rows())?;
    shape("columns", given.columns(), saved.vectors.columns())?;
    if saved.labels.is_some() {
        return Ok(());
    }
    let mut given = given.read_all().map_err(file(vectors))?;
    unit_lengths(&mut given, metric, vectors)?;
    let kept = saved.vectors.view();
    let Some(difference) = first_difference(given.view(), kept) else {
        return Ok(());
    };
    let (vectors, index) = (vectors.to_owned(), index.to_owned());
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

/// Checks rows, and for cosine scales them unless they are of unit length as they are.
pub(super) fn unit_lengths(
    rows: &mut Matrix,
    metric: Metric,
    path: &Path,
) -> Result<(), AuditError> {
    check_and_normalize(rows, metric)
        .and_then(|()| check_range(rows.view(), metric))
        .map_err(|source| AuditError::Vectors {
            path: path.to_owned(),
            source,
        })
}
