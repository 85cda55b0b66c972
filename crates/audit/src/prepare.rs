//! Prepares the data set and the index of an audit of files; those in memory come by `memory`.
//!
//! Enters: the open inputs and the metric. Leaves: [`Inputs`]. For cosine all rows have unit
//! length when they leave here. Rows out of an index are never changed, since a search there
//! compares just those bits.

use super::choices::Choices;
use super::error::{AuditError, check_equal, in_file, in_vectors};
use super::groups::GivenGroups;
use super::load::{OpenAnswers, OpenIndex, OpenVectors, Opened};
use annatomy_eval::dataset::{
    Base, Dataset, QueryRows, RowsElsewhere as _, StreamedRows, all_have_unit_length,
    check_and_normalize, check_and_normalize_as,
};
use annatomy_eval::index::{Difference, EngineIndex, Index, first_difference};
use annatomy_formats::{IdColumn, RowIds};
use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::{Matrix, Metric, Rows, validate};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows of a block that is compared with those of an index.
const COMPARED_ROWS: usize = 2048;

/// Everything an audit of files reads before it computes.
pub(super) struct Inputs {
    pub(super) data: Dataset<'static>,
    pub(super) index: Option<Index>,
    /// Number of rows that the index holds as deleted.
    pub(super) deleted: usize,
    /// As they were saved: what they mean is found by comparison with the data.
    pub(super) answers: Option<OpenAnswers>,
    /// A column of ids next to VECTORS, by which answers may name rows.
    pub(super) ids: Option<IdColumn>,
    pub(super) groups: Option<GivenGroups>,
}

impl Inputs {
    /// Prepares base, queries and index.
    pub(super) fn prepare(
        opened: Opened,
        metric: Metric,
        choices: &Choices,
    ) -> Result<Self, AuditError> {
        let name = opened.name();
        let rows = match &opened.vectors {
            Some(vectors)
                if needs_rows(&opened, vectors, choices)?
                    && !are_rows_of_index(vectors, opened.index.as_ref(), metric)? =>
            {
                let mut rows = vectors.read_all()?;
                check_and_normalize(&mut rows, metric).map_err(in_vectors(&vectors.path))?;
                Some(rows)
            }
            _ => None,
        };
        let ids = match (&opened.vectors, &opened.answers) {
            (Some(vectors), Some(_)) => vectors.file.ids().map_err(in_file(&vectors.path))?,
            _ => None,
        };
        let Opened {
            vectors,
            queries,
            index,
            answers,
            side,
            ..
        } = opened;
        let deleted = index.as_ref().map(|index| index.saved.deleted.clone());
        let (mut base, index, labels) = match (index, vectors, rows) {
            (Some(index), Some(vectors), Some(rows)) => {
                compare(rows, &vectors, &index, metric)?;
                take(index, metric, choices)
            }
            (Some(index), _, _) => take(index, metric, choices),
            (None, Some(_), Some(rows)) => (Base::InMemory(Rows::Own(rows)), None, None),
            (None, Some(vectors), None) => (stream(vectors, metric)?, None, None),
            (None, None, _) => return Err(AuditError::NoVectors),
        };
        let build = index.as_ref().and_then(Index::engine);
        let queries = match queries {
            Some(queries) => held_out(&queries, &base, metric, build, choices)?,
            None => QueryRows::base_rows(choices.sampling.draw(base.rows())?, base.rows()),
        };
        if let (Base::Streamed { rows, drawn }, None) = (&mut base, queries.held_out_rows()) {
            *drawn = rows.select(&queries.numbers);
        }
        let mut data = Dataset {
            name,
            base,
            metric,
            ids: labels.map(|labels| Arc::new(RowIds::Integers(labels))),
            queries,
            filter: None,
        };
        let deleted = deleted.unwrap_or_default();
        let rule = choices.rule(index.as_ref().map(|index| index.facts.class));
        let groups = side.join(&mut data, &deleted, rule)?;
        Ok(Self {
            data,
            index,
            deleted: deleted.len(),
            answers,
            ids,
            groups,
        })
    }
}

/// Whether VECTORS are read into memory: to be compared with the rows of an index, to build graphs
/// over, or since every row is a query. Where nothing but answers is asked about they stay in their
/// file.
fn needs_rows(
    opened: &Opened,
    vectors: &OpenVectors,
    choices: &Choices,
) -> Result<bool, AuditError> {
    let rows = vectors.file.rows();
    match &opened.index {
        // They are in memory already.
        Some(index) if index.over_vectors => Ok(false),
        Some(index) => {
            have_one_shape(vectors, index)?;
            Ok(index.saved.labels.is_none())
        }
        None if choices.graphs || choices.filtered => Ok(true),
        None => Ok(opened.queries.is_none() && choices.sampling.size(rows)? == rows),
    }
}

fn have_one_shape(vectors: &OpenVectors, index: &OpenIndex) -> Result<(), AuditError> {
    let kept = &index.saved.vectors;
    let OpenVectors { path, file } = vectors;
    let other = index.path.display().to_string();
    check_equal(path, "rows", file.rows(), &other, kept.rows())?;
    check_equal(path, "columns", file.columns(), &other, kept.columns())
}

/// Whether VECTORS hold the rows of the index value for value, as hnswlib and FAISS keep them but for
/// cosine; read block by block, so that they need no room of their own.
fn are_rows_of_index(
    vectors: &OpenVectors,
    index: Option<&OpenIndex>,
    metric: Metric,
) -> Result<bool, AuditError> {
    let Some(index) = index else {
        return Ok(false);
    };
    let kept = index.saved.vectors.view();
    if metric == Metric::Cosine && !all_have_unit_length(kept) {
        return Ok(false);
    }
    let bad = in_file(&vectors.path);
    let starts = (0..kept.rows()).into_par_iter().step_by(COMPARED_ROWS);
    let is_same = |values: &mut Vec<f32>, start: usize| {
        let range = start..(start + COMPARED_ROWS).min(kept.rows());
        let kept = &kept.values()[range.start * kept.columns()..range.end * kept.columns()];
        values.resize(kept.len(), 0.0);
        vectors.file.read_rows_into(range, values)?;
        Ok(values == kept)
    };
    let differs = starts
        .map_init(Vec::new, is_same)
        .find_any(|same| !matches!(same, Ok(true)));
    if !differs.unwrap_or(Ok(true)).map_err(bad)? {
        return Ok(false);
    }
    validate::check(kept, metric)
        .and_then(|()| validate::check_range(kept, metric))
        .map_err(in_vectors(&vectors.path))?;
    let unchanged = vectors.file.check_unchanged();
    unchanged.map_err(in_file(&vectors.path)).map(|()| true)
}

/// Refuses an index over other rows than `given`, which are those of VECTORS.
fn compare(
    mut given: Matrix,
    vectors: &OpenVectors,
    index: &OpenIndex,
    metric: Metric,
) -> Result<(), AuditError> {
    let kept = index.saved.vectors.view();
    let Some(difference) = first_difference(given.view(), kept) else {
        return Ok(());
    };
    let (vectors, index) = (vectors.path.clone(), index.path.clone());
    if metric != Metric::Cosine && all_have_unit_length(kept) {
        check_and_normalize(&mut given, Metric::Cosine).map_err(in_vectors(&vectors))?;
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

type Taken = (Base<'static>, Option<Index>, Option<Vec<i64>>);

/// The rows of an index, the index, and its labels.
fn take(opened: OpenIndex, metric: Metric, choices: &Choices) -> Taken {
    let OpenIndex {
        path,
        saved,
        segments,
        ..
    } = opened;
    let taken = EngineIndex::of_saved(saved, metric, choices.arithmetic);
    let EngineIndex {
        mut index,
        rows,
        labels,
    } = taken;
    index.facts.segments = segments;
    let source = &mut index.facts.source;
    *source = format!("{source} {}", path.display());
    let rows = rows.expect("what was saved holds its rows");
    (Base::InMemory(Rows::Own(rows)), Some(index), labels)
}

fn stream(vectors: OpenVectors, metric: Metric) -> Result<Base<'static>, AuditError> {
    let rows = StreamedRows::new(vectors.file, &vectors.path, metric)?;
    let drawn = Matrix::zeros(0, rows.columns());
    Ok(Base::Streamed {
        rows: Box::new(rows),
        drawn,
    })
}

/// The queries of an open file that are measured.
fn held_out(
    opened: &OpenVectors,
    base: &Base<'_>,
    metric: Metric,
    build: Option<EngineBuild>,
    choices: &Choices,
) -> Result<QueryRows<'static>, AuditError> {
    let OpenVectors { path, file } = opened;
    check_equal(path, "columns", file.columns(), "the base", base.columns())?;
    let numbers = choices.sampling.draw(file.rows())?;
    let mut rows = opened.select(&numbers)?;
    check_and_normalize_as(build, &mut rows, metric).map_err(in_vectors(path))?;
    Ok(QueryRows::held_out(rows.into(), numbers, file.rows()))
}
