//! Scalar and product quantizers as FAISS saves them.

use super::refused::{same, unsupported, value};
use crate::codes::{ProductQuantizer, ScalarKind, ScalarQuantizer};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Cursor, collected, floats};
use annatomy_vectors::Matrix;

/// A scalar quantizer and the bytes of its codes.
pub(super) fn read_scalar(
    cursor: &mut Cursor<'_>,
    columns: usize,
) -> Result<(ScalarQuantizer, usize), SavedIndexError> {
    let number = cursor.i32("the kind of scalar codes")?;
    cursor.i32("how the range was found")?;
    cursor.f32("the range's parameter")?;
    let own_columns = cursor.u64("the columns of the scalar quantizer")?;
    let size = cursor.u64("the bytes of a code")?;
    let trained = cursor.counted("the ranges", 4)?;
    let Some(kind) = ScalarKind::of_number(number) else {
        return unsupported(
            &format!("a scalar quantizer of type {number}"),
            "read are SQ8, SQ6, SQ4 (uniform too), float16, bfloat16 and 8 bits direct",
        );
    };
    same(
        "the columns of the scalar quantizer",
        usize::try_from(own_columns).unwrap_or(0),
        columns,
    )?;
    let expected = kind.code_bytes(columns);
    same(
        "the bytes of a code",
        usize::try_from(size).unwrap_or(0),
        expected,
    )?;
    let trained = collected("the ranges", floats(trained))?;
    let ranges = kind.ranges(columns);
    if ranges > 0 {
        same("the number of ranges", trained.len(), 2 * ranges)?;
    }
    if let Some(place) = trained.iter().position(|value| !value.is_finite()) {
        return value(
            "a range that is not finite: number",
            place as i128,
            "finite".to_owned(),
        );
    }
    let (minima, ranges) = trained.split_at(if ranges > 0 { ranges } else { 0 });
    let quantizer = ScalarQuantizer {
        kind,
        minima: minima.to_vec(),
        ranges: ranges.to_vec(),
    };
    Ok((quantizer, expected))
}

/// A product quantizer and the bytes of its codes.
pub(super) fn read_product(
    cursor: &mut Cursor<'_>,
    columns: usize,
) -> Result<(ProductQuantizer, usize), SavedIndexError> {
    let own_columns = cursor.u64("the columns of the product quantizer")?;
    let parts = cursor.u64("the groups of columns")?;
    let bits = cursor.u64("the bits of a group")?;
    let centroids = cursor.counted("the centroids", 4)?;
    same(
        "the columns of the product quantizer",
        usize::try_from(own_columns).unwrap_or(0),
        columns,
    )?;
    let parts = usize::try_from(parts).unwrap_or(0);
    if parts == 0 || !columns.is_multiple_of(parts) {
        let expected = format!("a divisor of {columns}, the columns");
        return value("the groups of columns", parts as i128, expected);
    }
    if !(4..=16).contains(&bits) {
        return unsupported(
            &format!("a product quantizer of {bits} bits"),
            "those of 4 to 16 bits are read",
        );
    }
    let (bits, part_columns) = (bits as usize, columns / parts);
    let rows = parts << bits;
    same(
        "the values of centroids",
        centroids.len() / 4,
        rows * part_columns,
    )?;
    let values = collected("the centroids", floats(centroids))?;
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return value(
            "a centroid that is not finite: value",
            place as i128,
            "finite".to_owned(),
        );
    }
    let quantizer = ProductQuantizer {
        parts,
        bits,
        part_columns,
        centroids: Matrix::new(rows, part_columns, values).expect("rows × columns values"),
    };
    Ok((quantizer, ProductQuantizer::code_bytes(parts, bits)))
}
