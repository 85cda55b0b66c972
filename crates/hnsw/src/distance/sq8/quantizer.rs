//! The SQ8 quantizer: values to signed bytes, and the error of each row. Rows with far values are rotated first,
//! which keeps distances and makes steps finer.

use annatomy_knn::Rotation;
use annatomy_runtime::Zeroed;
use annatomy_vectors::MatrixView;
use annatomy_vectors::kernels::{self, Stored};
use rayon::prelude::*;

/// Codes reach from −REACH to REACH.
const REACH: f64 = 127.0;
/// Codes begin on cache lines.
pub(super) const LINE: usize = 64;
/// Rows that a parallel task encodes.
const TASK_ROWS: usize = 64;
/// More than rounding adds to a norm.
const SLACK: f64 = 1.001;
/// Rows sampled for the typical distance.
const SAMPLE: usize = 257;

/// The affine map from values to codes, one offset per column, one scale for all.
#[derive(Debug)]
pub(super) struct Quantizer {
    rotation: Option<Rotation>,
    offsets: Vec<f32>,
    pub(super) scale: f64,
    /// Bytes from one row to the next; those beyond its columns are 0.
    pub(super) stride: usize,
}

impl Quantizer {
    /// The quantizer with equal steps for all columns, as fine as the widest range allows, of rotated rows or of
    /// rows as they are.
    pub(super) fn of<S: Stored>(rows: MatrixView<'_, S>, rotation: Option<Rotation>) -> Self {
        let ranges = ranges(rows, rotation.as_ref());
        let widest = ranges
            .iter()
            .map(|[low, high]| f64::from(*high) - f64::from(*low))
            .fold(0.0, f64::max);
        let offsets = ranges
            .iter()
            .map(|[low, high]| low / 2.0 + high / 2.0)
            .collect();
        Self {
            rotation,
            offsets,
            scale: widest / (2.0 * REACH),
            stride: rows.columns().next_multiple_of(LINE),
        }
    }

    /// The codes of `rows`, and the error ‖x − x̂‖ of each.
    pub(super) fn encode_all<S: Stored>(&self, rows: MatrixView<'_, S>) -> (Zeroed<i8>, Vec<f64>) {
        let mut codes = Zeroed::new(rows.rows() * self.stride);
        let mut errors = vec![0.0; rows.rows()];
        let tasks = codes
            .par_chunks_mut(self.stride * TASK_ROWS)
            .zip(errors.par_chunks_mut(TASK_ROWS));
        tasks
            .enumerate()
            .for_each_init(Vec::new, |scratch, (task, (codes, errors))| {
                for ((row, codes), error) in (task * TASK_ROWS..)
                    .zip(codes.chunks_mut(self.stride))
                    .zip(errors)
                {
                    *error = match &self.rotation {
                        None => self.encode(rows.row(row), codes),
                        Some(rotation) => {
                            let of_rotation = rotated(rotation, rows.row(row), scratch);
                            self.encode(&scratch[..], codes) + of_rotation
                        }
                    };
                }
            });
        (codes, errors)
    }

    /// Writes the nearest codes; the error ‖x − x̂‖.
    fn encode<S: Stored>(&self, values: &[S], codes: &mut [i8]) -> f64 {
        // Added and subtracted again, it rounds to an integer.
        const ROUNDING: f64 = 1.5 * (1u64 << 52) as f64;
        let steps_of = 1.0 / self.scale;
        let mut sum = 0.0;
        for ((code, value), &offset) in codes.iter_mut().zip(values).zip(&self.offsets) {
            let value = f64::from(value.widen()) - f64::from(offset);
            let steps = ((value * steps_of).clamp(-REACH, REACH) + ROUNDING) - ROUNDING;
            *code = steps as i8;
            let error = value - steps * self.scale;
            sum += error * error;
        }
        sum.sqrt()
    }
}

/// Writes a row and rotates it; what its rounding may move it by.
fn rotated<S: Stored>(rotation: &Rotation, row: &[S], rotated: &mut Vec<f32>) -> f64 {
    rotated.clear();
    rotated.extend(row.iter().map(|value| value.widen()));
    rotation.apply(rotated);
    rotation.relative_error() * kernels::dot_f64(rotated, rotated).sqrt() * SLACK
}

/// The least and the largest value of each column.
fn ranges<S: Stored>(rows: MatrixView<'_, S>, rotation: Option<&Rotation>) -> Vec<[f32; 2]> {
    type Seen = (Vec<[f32; 2]>, Vec<f32>);
    let nothing = || -> Seen {
        let none = [f32::INFINITY, f32::NEG_INFINITY];
        (vec![none; rows.columns()], Vec::new())
    };
    let widen = |(mut ranges, mut scratch): Seen, row: usize| {
        match rotation {
            None => widen_by(&mut ranges, rows.row(row)),
            Some(rotation) => {
                rotated(rotation, rows.row(row), &mut scratch);
                widen_by(&mut ranges, &scratch);
            }
        }
        (ranges, scratch)
    };
    let join = |(mut ranges, scratch): Seen, (others, _): Seen| {
        for ([low, high], [other_low, other_high]) in ranges.iter_mut().zip(others) {
            (*low, *high) = (low.min(other_low), high.max(other_high));
        }
        (ranges, scratch)
    };
    (0..rows.rows())
        .into_par_iter()
        .fold(nothing, widen)
        .reduce(nothing, join)
        .0
}

fn widen_by<S: Stored>(ranges: &mut [[f32; 2]], row: &[S]) {
    for ([low, high], value) in ranges.iter_mut().zip(row) {
        let value = value.widen();
        (*low, *high) = (low.min(value), high.max(value));
    }
}

/// The median distance between rows whose ids lie far apart.
pub(super) fn typical_distance<S: Stored>(rows: MatrixView<'_, S>) -> f64 {
    let step = (rows.rows() / SAMPLE).max(1);
    let sample: Vec<&[S]> = (0..rows.rows())
        .step_by(step)
        .map(|row| rows.row(row))
        .collect();
    let mut squared: Vec<f32> = sample
        .windows(2)
        .map(|pair| kernels::l2_squared(pair[0], pair[1]))
        .collect();
    squared.sort_unstable_by(f32::total_cmp);
    f64::from(squared[squared.len() / 2]).sqrt()
}
