//! Base rows, metric and queries of an audit of an index that may not keep its vectors.
//!
//! The base rows are VECTORS where those are given, else what the index keeps of them: float32
//! rows, or else the decoded codes, over which no loss of the codes can be seen.

use crate::choices::Choices;
use crate::error::{AuditError, check_equal, in_vectors};
use crate::notes::Note;
use annatomy_eval::dataset::{
    Base, Dataset, QueryRows, all_have_unit_length, check_and_normalize, check_and_normalize_as,
};
use annatomy_eval::index::first_difference;
use annatomy_formats::RowIds;
use annatomy_hnsw::import::faiss_file::Level;
use annatomy_hnsw::import::{EngineBuild, SavedIndexError};
use annatomy_methods::{Method, Transform};
use annatomy_vectors::{Matrix, Metric, Rows, kernels};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows compared with their codes.
const COMPARED: usize = 256;

/// Share of them that must be nearer to their own code than to another row's.
const OWN_SHARE: f64 = 0.6;

/// Where the rows come from.
pub(super) struct Source {
    /// What a report calls the data.
    pub(super) name: String,
    /// What an error calls the index.
    pub(super) index: String,
    pub(super) vectors: Option<Matrix>,
    /// Queries of their own that are measured, their numbers, and how many there are.
    pub(super) queries: Option<(Matrix, Vec<usize>, usize)>,
}

/// Names the index that an error is about.
pub(super) fn unusable(index: &str) -> impl Fn(SavedIndexError) -> AuditError + '_ {
    move |source| AuditError::Index {
        path: PathBuf::from(index),
        source,
    }
}

/// What is searched for, and with what.
pub(super) struct Prepared {
    pub(super) data: Dataset<'static>,
    /// The queries as the engine is asked, in their order, where they are not those of `data`.
    pub(super) asked: Option<Matrix>,
}

/// The data set of an audit of `method`.
pub(super) fn prepare(
    method: &Method,
    mut source: Source,
    asked: Option<Metric>,
    choices: &Choices,
    notes: &mut Vec<Note>,
) -> Result<Prepared, AuditError> {
    let given = source.vectors.is_some();
    let mut base = match source.vectors.take() {
        Some(rows) => {
            check_shape(&source.name, &rows, &source.index, method)?;
            rows
        }
        None => kept(method, &source.index, notes)?,
    };
    let metric = choose_metric(method, asked, &base, notes)?;
    let path = PathBuf::from(&source.name);
    let raw = match source.queries {
        None if method.divides_by_lengths() => {
            Some(base.select(&choices.sampling.draw(base.rows())?))
        }
        _ => None,
    };
    if given || method.divides_by_lengths() {
        check_and_normalize(&mut base, metric).map_err(in_vectors(&path))?;
    }
    if given {
        compare(&base, method, metric, &source)?;
    }
    let build = EngineBuild::new(method.engine, choices.arithmetic);
    let mut asked = raw;
    let queries = match source.queries.take() {
        Some((mut rows, numbers, population)) => {
            let path = Path::new("queries");
            check_equal(path, "columns", rows.columns(), "the base", base.columns())?;
            check_whole(&rows, method)?;
            if method.divides_by_lengths() {
                asked = Some(rows.clone());
            }
            check_and_normalize_as(Some(build), &mut rows, metric).map_err(in_vectors(path))?;
            QueryRows::held_out(rows.into(), numbers, population)
        }
        None => QueryRows::base_rows(choices.sampling.draw(base.rows())?, base.rows()),
    };
    let data = Dataset {
        name: source.name,
        base: Base::InMemory(Rows::Own(base)),
        metric,
        ids: method
            .labels
            .clone()
            .map(|labels| Arc::new(RowIds::Integers(labels))),
        queries,
        filter: None,
    };
    Ok(Prepared { data, asked })
}

fn check_shape(name: &str, rows: &Matrix, index: &str, method: &Method) -> Result<(), AuditError> {
    let path = Path::new(name);
    check_equal(path, "rows", rows.rows(), index, method.rows)?;
    check_equal(path, "columns", rows.columns(), index, method.columns)
}

/// Refuses queries that are no whole numbers, where the engine takes these alone.
fn check_whole(queries: &Matrix, method: &Method) -> Result<(), AuditError> {
    let Some((least, largest)) = method.codes.whole_range() else {
        return Ok(());
    };
    let is_whole = |x: f32| x.fract() == 0.0 && (least..=largest).contains(&x);
    let values = queries.view().values();
    match values.iter().position(|&x| !is_whole(x)) {
        None => Ok(()),
        Some(place) => Err(AuditError::Request(format!(
            "query {} holds {} in column {}, but the index is of {}: whole numbers from {least} to {largest}",
            place / queries.columns(),
            values[place],
            place % queries.columns(),
            method.codes.name()
        ))),
    }
}

/// What the index keeps of its vectors.
fn kept(method: &Method, index: &str, notes: &mut Vec<Note>) -> Result<Matrix, AuditError> {
    if let Some(rows) = method.original_rows() {
        return rows.map_err(unusable(index));
    }
    if !method.transforms.is_empty() {
        return Err(AuditError::Request(format!(
            "{index} keeps its rows after {} only: VECTORS are needed",
            method
                .transforms
                .iter()
                .map(Transform::name)
                .collect::<Vec<_>>()
                .join(" and ")
        )));
    }
    notes.push(Note::DecodedRows {
        codes: method.codes.name(),
    });
    method.decoded().map_err(unusable(index))
}

/// The metric asked for, if the index can be searched under it; by default its own, and cosine
/// where it scales rows to unit length or compares inner products of such rows.
fn choose_metric(
    method: &Method,
    asked: Option<Metric>,
    base: &Matrix,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let normalizes = matches!(method.transforms.first(), Some(Transform::Normalize { .. }));
    let unit = || all_have_unit_length(base.view());
    match (asked, method.metric) {
        (None, _) if normalizes => {
            notes.push(Note::NormalizedByIndex);
            Ok(Metric::Cosine)
        }
        (None, Metric::InnerProduct) if unit() => {
            notes.push(Note::InnerProductOfUnitRows);
            Ok(Metric::Cosine)
        }
        (None, own) => Ok(own),
        (Some(Metric::Cosine), _) if normalizes => Ok(Metric::Cosine),
        (Some(Metric::Cosine), Metric::InnerProduct) if unit() => Ok(Metric::Cosine),
        (Some(Metric::Cosine), Metric::InnerProduct) => Err(AuditError::Request(
            "metric cosine, but the rows are not of unit length: the index compares inner products"
                .to_owned(),
        )),
        (Some(asked), own) if asked == own => Ok(own),
        (Some(asked), own) => Err(AuditError::Request(format!(
            "metric {asked}, but the index was built for {own}"
        ))),
    }
}

/// Refuses VECTORS that are not those of the index: other values where it keeps them, else rows
/// that their own codes are no nearer to than others are.
fn compare(
    base: &Matrix,
    method: &Method,
    metric: Metric,
    source: &Source,
) -> Result<(), AuditError> {
    let vectors = PathBuf::from(&source.name);
    let index = PathBuf::from(&source.index);
    if let Some(kept) = method.original_rows() {
        let mut kept = kept.map_err(unusable(&source.index))?;
        check_and_normalize(&mut kept, metric).map_err(in_vectors(&index))?;
        return match first_difference(base.view(), kept.view()) {
            None => Ok(()),
            Some(found) => Err(AuditError::OtherVectors {
                vectors,
                index,
                row: found.row,
                column: found.column,
                found: found.found,
                expected: found.expected,
            }),
        };
    }
    let (rows, step) = (base.rows(), base.rows().div_ceil(COMPARED));
    let mut decoded = method.decoded().map_err(unusable(&source.index))?;
    if method.divides_by_lengths() {
        check_and_normalize(&mut decoded, metric).map_err(in_vectors(&index))?;
    }
    let (mut spare, mut row_after) = (Vec::new(), Vec::new());
    let (mut own, mut compared) = (0, 0);
    for row in (0..rows).step_by(step) {
        row_after.clear();
        row_after.extend_from_slice(base.row(row));
        for transform in &method.transforms {
            transform.apply(&row_after, Level::None, &mut spare);
            std::mem::swap(&mut row_after, &mut spare);
        }
        let to = |other: usize| kernels::l2_squared_f64(&row_after, decoded.row(other));
        own += usize::from(to(row) <= to((row + rows / 2) % rows));
        compared += 1;
    }
    if rows > 2 && (own as f64) < OWN_SHARE * compared as f64 {
        return Err(AuditError::OtherRowsThanCoded {
            vectors,
            index,
            own,
            compared,
        });
    }
    Ok(())
}
