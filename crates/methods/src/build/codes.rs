//! Codes made of rows: float32, float16, 8 bits a column, product quantization.

use super::k_means::k_means;
use crate::codes::{Codes, ProductQuantizer, Quantizer, ScalarKind, ScalarQuantizer};
use annatomy_vectors::{Matrix, MatrixView};
use half::f16;
use rayon::prelude::*;

/// Centroids of a group of columns: numbers of 8 bits.
const PER_PART: usize = 256;
/// The most columns of a group.
const MOST_PART_COLUMNS: usize = 8;

impl Codes {
    /// The rows as they are.
    pub fn float32(rows: MatrixView<'_>) -> Self {
        let values = rows.values().iter();
        Self {
            quantizer: Quantizer::Float32,
            columns: rows.columns(),
            size: 4 * rows.columns(),
            bytes: values.flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    /// Each value rounded to float16; beyond its range to the largest.
    pub fn float16(rows: MatrixView<'_>) -> Self {
        let kind = ScalarKind::Float16;
        let rounded = |&value: &f32| {
            let largest = f16::MAX.to_f32();
            f16::from_f32(value.clamp(-largest, largest)).to_le_bytes()
        };
        Self {
            quantizer: Quantizer::Scalar(ScalarQuantizer {
                kind,
                minima: Vec::new(),
                ranges: Vec::new(),
            }),
            columns: rows.columns(),
            size: kind.code_bytes(rows.columns()),
            bytes: rows.values().iter().flat_map(rounded).collect(),
        }
    }

    /// FAISS's `QT_8bit`: a range for each column, from its least to its largest value.
    pub fn eight_bits(rows: MatrixView<'_>) -> Self {
        let scalar = ScalarQuantizer::eight_bits(rows);
        let mut bytes = vec![0; rows.values().len()];
        let codes = bytes.chunks_exact_mut(rows.columns().max(1));
        for (row, code) in codes.enumerate() {
            scalar.encode_eight_bits(rows.row(row), code);
        }
        Self {
            size: scalar.kind.code_bytes(rows.columns()),
            quantizer: Quantizer::Scalar(scalar),
            columns: rows.columns(),
            bytes,
        }
    }

    /// Product quantization: groups of up to eight columns, as many in each, 8 bits a group.
    ///
    /// With fewer than 256 rows there are as many different centroids as rows.
    pub fn product(rows: MatrixView<'_>, seed: u64) -> Self {
        let columns = rows.columns();
        let part_columns = part_columns(columns);
        let parts = columns / part_columns;
        let trained: Vec<(Matrix, Vec<u32>)> = (0..parts)
            .into_par_iter()
            .with_max_len(1)
            .map(|part| {
                annatomy_runtime::advance(1);
                let group = group(rows, part * part_columns, part_columns);
                // A seed for each group, apart from those of other runs, which follow one another.
                let found = k_means(
                    group.view(),
                    PER_PART,
                    seed.wrapping_add((part as u64) << 40),
                );
                (found.centroids, found.nearest)
            })
            .collect();
        let mut centroids = Matrix::zeros(parts * PER_PART, part_columns);
        let mut bytes = vec![0; rows.rows() * parts];
        for (part, (found, nearest)) in trained.iter().enumerate() {
            for number in 0..PER_PART {
                // No row has a number beyond those found.
                let from = found.row(number.min(found.rows() - 1));
                centroids
                    .row_mut(part * PER_PART + number)
                    .copy_from_slice(from);
            }
            for (row, &number) in nearest.iter().enumerate() {
                bytes[row * parts + part] = number as u8;
            }
        }
        Self {
            quantizer: Quantizer::Product(ProductQuantizer {
                parts,
                bits: 8,
                part_columns,
                centroids,
            }),
            columns,
            size: parts,
            bytes,
        }
    }
}

/// The largest divisor of `columns` that is no more than eight.
fn part_columns(columns: usize) -> usize {
    let divisors = (1..=MOST_PART_COLUMNS).rev();
    let mut fitting = divisors.filter(|&width| columns.is_multiple_of(width));
    fitting.next().unwrap_or(1)
}

/// A group of columns as a matrix of its own.
fn group(rows: MatrixView<'_>, first: usize, width: usize) -> Matrix {
    let mut group = Matrix::zeros(rows.rows(), width);
    for row in 0..rows.rows() {
        let values = &rows.row(row)[first..first + width];
        group.row_mut(row).copy_from_slice(values);
    }
    group
}
