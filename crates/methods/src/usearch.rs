//! usearch's files whose rows are more than float32 under l2sq or ip, read into a [`Method`]: codes
//! of 16 or 8 bits, and cosine, which usearch takes of rows that are not of unit length.
//!
//! Queries are cast as rows are: f16 and bf16 to the nearest, i8 to 127 · x / ‖x‖ towards zero, as
//! usearch casts float32. The distances are [`usearch_distance`]'s.
//!
//! Does not: read an index with removed rows.
//!
//! [`usearch_distance`]: annatomy_hnsw::import::usearch_file::usearch_distance

use crate::codes::{Codes, Quantizer, ScalarKind, ScalarQuantizer};
use crate::method::{GraphRouting, Method, Routing};
use annatomy_hnsw::import::faiss_file::{as_row_numbers, collected, floats, within};
use annatomy_hnsw::import::usearch_file::{UsearchFile, UsearchScalar, read_file};
use annatomy_hnsw::import::{Engine, SavedIndexError};
use half::{bf16, f16};

pub(crate) fn read(bytes: &[u8]) -> Result<Method, SavedIndexError> {
    let file = read_file(bytes)?;
    method(file).map_err(within("usearch index"))
}

fn method(file: UsearchFile<'_>) -> Result<Method, SavedIndexError> {
    if !file.deleted.is_empty() {
        return Err(SavedIndexError::Unsupported {
            kind: format!("an index with {} removed rows", file.deleted.len()),
            reason: "removed rows are read of f32 under l2sq or ip",
        });
    }
    let scalar = |kind| {
        Quantizer::Scalar(ScalarQuantizer {
            kind,
            minima: Vec::new(),
            ranges: Vec::new(),
        })
    };
    let (quantizer, not_finite) = match file.scalar {
        UsearchScalar::Float32 => {
            let place = floats(file.vectors).position(|value| !value.is_finite());
            (Quantizer::Float32, place)
        }
        UsearchScalar::Float16 => {
            let place = ScalarKind::Float16.first_not_finite(file.vectors);
            (scalar(ScalarKind::Float16), place)
        }
        UsearchScalar::BFloat16 => {
            let place = ScalarKind::BFloat16.first_not_finite(file.vectors);
            (scalar(ScalarKind::BFloat16), place)
        }
        UsearchScalar::Int8 => (scalar(ScalarKind::Signed8), None),
    };
    if let Some(place) = not_finite {
        return Err(SavedIndexError::Node {
            what: "a value that is not finite, in column",
            node: place / file.columns,
            found: (place % file.columns) as i128,
            expected: "finite values alone".to_owned(),
        });
    }
    let rows = file.labels.len();
    let codes = Codes {
        quantizer,
        columns: file.columns,
        size: file.vectors.len() / rows,
        bytes: collected("the codes", file.vectors.iter().copied())?,
    };
    let method = Method {
        engine: Engine::Usearch,
        name: "index".to_owned(),
        columns: file.columns,
        rows,
        metric: file.metric,
        labels: Some(file.labels),
        transforms: Vec::new(),
        codes,
        routing: Routing::Graph(GraphRouting {
            graph: file.graph,
            m: file.m,
            ef_construction: 0,
            ef_search: None,
        }),
        rerank: None,
        bytes_after: file.bytes_after,
    };
    let Some(places) = method.labels.as_deref().and_then(as_row_numbers) else {
        return Ok(method);
    };
    let method = Method {
        labels: None,
        ..method
    };
    if places.is_sorted() {
        Ok(method)
    } else {
        method.placed(&places)
    }
}

/// A query as usearch casts it; of i8, whole numbers.
pub(crate) fn cast(scalar: UsearchScalar, query: &[f32], out: &mut Vec<f32>) {
    out.clear();
    match scalar {
        UsearchScalar::Float32 => out.extend_from_slice(query),
        UsearchScalar::Float16 => out.extend(query.iter().map(|&x| f16::from_f32(x).to_f32())),
        UsearchScalar::BFloat16 => out.extend(query.iter().map(|&x| bf16::from_f32(x).to_f32())),
        UsearchScalar::Int8 => {
            let squares = query.iter().map(|&x| f64::from(x) * f64::from(x));
            let length = squares.sum::<f64>().sqrt();
            let whole =
                |x: f32| (f64::from(x) * 127.0 / length).clamp(-127.0, 127.0).trunc() as f32;
            out.extend(
                query
                    .iter()
                    .map(|&x| if length > 0.0 { whole(x) } else { 0.0 }),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_cast_as_rows_are() {
        let of = |scalar, query: &[f32]| {
            let mut out = vec![9.0];
            cast(scalar, query, &mut out);
            out
        };
        let third = [1.0 / 3.0];
        assert_eq!(of(UsearchScalar::Float32, &third), third);
        assert_eq!(of(UsearchScalar::Float16, &third), [0.333_251_95]);
        assert_eq!(of(UsearchScalar::BFloat16, &third), [0.333_984_38]);
        // 127 · 3/5 = 76.2 and 127 · 4/5 = 101.6.
        assert_eq!(of(UsearchScalar::Int8, &[3.0, -4.0]), [76.0, -101.0]);
        assert_eq!(of(UsearchScalar::Int8, &[0.0, 0.0]), [0.0, 0.0]);
    }
}
