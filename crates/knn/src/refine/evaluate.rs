//! Exact evaluation of ambiguous candidates: float32 sums of differences first, float64 where those
//! do not decide.

use super::certificate::Evaluate;
use crate::gemm::UNIT;
use crate::prepared::FLOAT64_SLACK;
use crate::source::RowSource;
use annatomy_vectors::kernels::{self, Kernels};
use annatomy_vectors::validate::representatives;
use annatomy_vectors::{MatrixView, Metric};

/// Columns whose squared differences are summed in float32; the sums of such pieces are added in
/// float64.
const PIECE: usize = 512;

/// Reduced distances summed from differences in float32, with a bound on their relative error; L2
/// only.
struct Differences {
    kernels: Kernels,
    relative_error: f64,
}

impl Differences {
    fn of(metric: Metric, columns: usize) -> Option<Self> {
        let kernels = kernels::detected();
        // One rounding more is that of the whole to float32; those in float64 are negligible against
        // it.
        let relative_error = kernels.l2_squared_relative_error(columns.min(PIECE)) + 2.0 * UNIT;
        let relative_error = FLOAT64_SLACK * relative_error;
        (metric == Metric::L2).then_some(Self {
            kernels,
            relative_error,
        })
    }

    fn reduced(&self, x: &[f32], y: &[f32]) -> f32 {
        let pieces = x.chunks(PIECE).zip(y.chunks(PIECE));
        pieces
            .map(|(x, y)| f64::from(self.kernels.l2_squared(x, y)))
            .sum::<f64>() as f32
    }

    /// The same of four rows, bit for bit; meanwhile `next` are prefetched, since ambiguous rows
    /// lie anywhere in memory.
    fn reduced_x4(&self, x: &[f32], rows: [&[f32]; 4], next: [&[f32]; 4]) -> [f32; 4] {
        let mut sums = [0.0; 4];
        for start in (0..x.len()).step_by(PIECE) {
            let piece = start..(start + PIECE).min(x.len());
            next.iter()
                .for_each(|row| kernels::prefetch_whole(&row[piece.clone()]));
            let pieces = self
                .kernels
                .l2_squared_x4(&x[piece.clone()], rows.map(|row| &row[piece.clone()]));
            sums.iter_mut()
                .zip(pieces)
                .for_each(|(sum, piece)| *sum += f64::from(piece));
        }
        sums.map(|sum| sum as f32)
    }
}

/// The reduced distances of one raw row from rows in memory, for the certificate.
pub(crate) struct FromRows<'r> {
    pub(crate) metric: Metric,
    pub(crate) query: &'r [f32],
    pub(crate) rows: MatrixView<'r>,
    pub(crate) repeats: Option<&'r Repeats>,
}

/// Which rows repeat, and what each of them equals.
#[derive(Debug)]
pub(crate) struct Repeats {
    /// For every row the first that equals it.
    pub(crate) representatives: Vec<u32>,
    /// Whether a row is of a group of equal ones.
    repeats: Vec<bool>,
}

impl Repeats {
    /// The repeats of `rows`, if one of them occurs more than `limit` times.
    pub(crate) fn of(rows: MatrixView<'_>, limit: usize) -> Option<Self> {
        let representatives = representatives(rows, limit)?;
        let mut repeats = vec![false; rows.rows()];
        for (row, &first) in representatives.iter().enumerate() {
            if first as usize != row {
                repeats[row] = true;
                repeats[first as usize] = true;
            }
        }
        Some(Self {
            representatives,
            repeats,
        })
    }
}

impl Evaluate for FromRows<'_> {
    fn sharper(&self, ids: &[u32], reduced: &mut Vec<f32>) -> Option<f64> {
        let differences = Differences::of(self.metric, self.query.len())?;
        let row = |id: u32| self.rows.row(id as usize);
        let (fours, rest) = ids.as_chunks();
        for (place, four) in fours.iter().enumerate() {
            let next = fours.get(place + 1).unwrap_or(four);
            reduced.extend(differences.reduced_x4(self.query, four.map(row), next.map(row)));
        }
        reduced.extend(
            rest.iter()
                .map(|&id| differences.reduced(self.query, row(id))),
        );
        Some(differences.relative_error)
    }

    fn exact(&self, id: u32) -> f64 {
        self.metric
            .reduced_distance_f64(self.query, self.rows.row(id as usize))
    }

    fn representative(&self, id: u32) -> Option<u32> {
        let repeats = self.repeats?;
        repeats.repeats[id as usize].then(|| repeats.representatives[id as usize])
    }
}

/// The reduced distances of one raw row from rows that are read one by one.
pub(crate) struct FromSource<'s> {
    pub(crate) metric: Metric,
    pub(crate) query: &'s [f32],
    pub(crate) base: &'s dyn RowSource,
}

impl FromSource<'_> {
    fn read(&self, id: u32) -> Vec<f32> {
        let mut row = vec![0.0; self.base.columns()];
        self.base.read_rows(id as usize..id as usize + 1, &mut row);
        row
    }
}

impl Evaluate for FromSource<'_> {
    /// As for rows in memory, so that where the base lies changes no bit of an answer.
    fn sharper(&self, ids: &[u32], reduced: &mut Vec<f32>) -> Option<f64> {
        let differences = Differences::of(self.metric, self.query.len())?;
        reduced.extend(
            ids.iter()
                .map(|&id| differences.reduced(self.query, &self.read(id))),
        );
        Some(differences.relative_error)
    }

    fn exact(&self, id: u32) -> f64 {
        self.metric.reduced_distance_f64(self.query, &self.read(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    #[test]
    fn differences_keep_their_bound_at_any_number_of_pieces_and_rows() {
        let mut state = 5u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        for columns in [1, PIECE - 1, PIECE, PIECE + 1, 4 * PIECE + 7] {
            let rows =
                Matrix::new(8, columns, (0..8 * columns).map(|_| draw()).collect()).expect("shape");
            let evaluate = FromRows {
                metric: Metric::L2,
                query: rows.row(7),
                rows: rows.view(),
                repeats: None,
            };
            let mut reduced = Vec::new();
            // Four of them together, three one by one.
            let ids = [0, 1, 2, 3, 4, 5, 6];
            let relative_error = evaluate
                .sharper(&ids, &mut reduced)
                .expect("L2 has differences");
            let differences = Differences::of(Metric::L2, columns).expect("L2 has differences");
            for (id, reduced) in ids.into_iter().zip(reduced) {
                assert_eq!(
                    reduced,
                    differences.reduced(rows.row(7), rows.row(id as usize)),
                    "one by one"
                );
                let exact = evaluate.exact(id);
                let error = (f64::from(reduced) - exact).abs();
                assert!(
                    error <= relative_error * exact,
                    "{columns} columns: an error of {error}"
                );
            }
        }
        let [piece, pieces] =
            [PIECE, 4 * PIECE].map(|columns| Differences::of(Metric::L2, columns));
        assert_eq!(
            piece.map(|of| of.relative_error),
            pieces.map(|of| of.relative_error),
            "no more for more pieces"
        );
        assert!(Differences::of(Metric::Cosine, 1).is_none());
    }
}
