//! Prepares the data set and the index of an audit of files; those in memory come by `memory`.
//!
//! Enters: the open inputs and what was decided. Leaves: [`Inputs`]. For cosine all rows have unit
//! length when they leave here. Rows out of an index are never changed, since a search there
//! compares just those bits.

use super::decided::Decided;
use super::error::AuditError;
use super::load::{OpenAnswers, OpenIndex, OpenVectors, Opened};
use super::queries::{prepare_queries, unit_lengths};
use annatomy_eval::dataset::{
    Base, Dataset, StreamedRows, all_have_unit_length, check_and_normalize,
};
use annatomy_eval::index::{Difference, EngineIndex, Index, first_difference};
use annatomy_vectors::{Matrix, Metric, Rows};
use std::borrow::Cow;

/// Everything an audit of files reads before it computes.
pub(super) struct Inputs {
    pub(super) data: Dataset<'static>,
    pub(super) index: Option<Index>,
    /// As they were saved: what they mean is found by comparison with the data.
    pub(super) answers: Option<OpenAnswers>,
}

impl Inputs {
    /// Prepares base, queries and index.
    pub(super) fn prepare(opened: Opened, decided: &Decided) -> Result<Self, AuditError> {
        let name = opened.name();
        let Opened {
            vectors,
            queries,
            index,
            answers,
        } = opened;
        let (mut base, index, labels) = match (index, vectors) {
            (Some(index), vectors) => take_index(index, vectors.as_ref(), decided)?,
            (None, Some(vectors)) => {
                let every_row_asks = queries.is_none()
                    && decided.sampling.size(vectors.file.rows())? == vectors.file.rows();
                let base = if decided.graphs || every_row_asks {
                    read_whole(&vectors, decided.metric)?
                } else {
                    stream(vectors, decided.metric)?
                };
                (base, None, None)
            }
            (None, None) => return Err(AuditError::NoVectors),
        };
        let build = index.as_ref().and_then(Index::engine);
        let queries = prepare_queries(decided, queries, &base, build)?;
        if let (Base::Streamed { rows, drawn }, None) = (&mut base, queries.held_out_rows()) {
            *drawn = rows.select(&queries.numbers);
        }
        let data = Dataset {
            name,
            base,
            metric: decided.metric,
            labels: labels.map(Cow::Owned),
            queries,
        };
        Ok(Self {
            data,
            index,
            answers,
        })
    }
}

fn read_whole(vectors: &OpenVectors, metric: Metric) -> Result<Base<'static>, AuditError> {
    let mut rows = vectors.read_all()?;
    unit_lengths(&mut rows, metric, &vectors.path)?;
    Ok(Base::InMemory(Rows::Own(rows)))
}

/// Rows that stay in their file: nothing but answers is asked about, and not every row is a query
/// and in memory anyway.
fn stream(vectors: OpenVectors, metric: Metric) -> Result<Base<'static>, AuditError> {
    let rows = StreamedRows::new(vectors.file, &vectors.path, metric)?;
    let drawn = Matrix::zeros(0, rows.columns());
    Ok(Base::Streamed {
        rows: Box::new(rows),
        drawn,
    })
}

type Taken = (Base<'static>, Option<Index>, Option<Vec<i64>>);

/// The rows of an index, the index, and its labels; the rows compared with VECTORS where those are
/// given.
fn take_index(
    opened: OpenIndex,
    vectors: Option<&OpenVectors>,
    decided: &Decided,
) -> Result<Taken, AuditError> {
    if let Some(vectors) = vectors.filter(|_| !opened.over_vectors) {
        compare(vectors, &opened, decided.metric)?;
    }
    let OpenIndex { path, saved, .. } = opened;
    let taken = EngineIndex::of_saved(saved, decided.metric, decided.arithmetic);
    let EngineIndex {
        mut index,
        rows,
        labels,
    } = taken;
    let source = &mut index.facts.source;
    *source = format!("{source} {}", path.display());
    let rows = rows.expect("what was saved holds its rows");
    Ok((Base::InMemory(Rows::Own(rows)), Some(index), labels))
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
