//! Rounding-error coefficients of products: a bound per pair from one number per row.

use annatomy_vectors::kernels;

/// Columns summed in registers. Fewer tighten the bound and leave fewer candidates ambiguous; each
/// slice also reads and writes the tile once.
pub(crate) const DEPTH: usize = 192;

/// float32 unit roundoff.
pub(crate) const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Rounding-error coefficient W of each row: |computed − true ⟨x, y⟩| ≤ UNIT·W(x)·W(y).
#[derive(Clone, Debug)]
pub(crate) struct RoundingCoefficients {
    /// Per column, the square root of the number of roundings that its value is part of.
    roots: Vec<f32>,
}

impl RoundingCoefficients {
    /// For rows of `columns` values.
    pub(crate) fn new(columns: usize) -> Self {
        let slices = columns.div_ceil(DEPTH);
        let roundings = |column: usize| {
            let (slice, place) = (column / DEPTH, column % DEPTH);
            let length = DEPTH.min(columns - slice * DEPTH);
            // Where multiplying and adding are two roundings, its own product; the sums in
            // registers; those in `dst`, of which the first is only written.
            (1 + (length - place) + (slices - slice.max(1))) as f32
        };
        Self {
            roots: (0..columns)
                .map(|column| roundings(column).sqrt())
                .collect(),
        }
    }

    /// The order of columns with the smallest coefficients: those of little energy (sums of
    /// squares) where a value is part of most roundings.
    pub(crate) fn order(&self, energies: &[f64]) -> Vec<u32> {
        let mut places: Vec<usize> = (0..self.roots.len()).collect();
        places.sort_by(|&a, &b| self.roots[b].total_cmp(&self.roots[a]));
        let mut columns: Vec<u32> = (0..self.roots.len() as u32).collect();
        columns.sort_by(|&a, &b| energies[a as usize].total_cmp(&energies[b as usize]));
        let mut order = vec![0; columns.len()];
        places
            .into_iter()
            .zip(columns)
            .for_each(|(place, column)| order[place] = column);
        order
    }

    /// The largest square root of roundings: W(x) is at most this times ‖x‖.
    pub(crate) fn largest_root(&self) -> f64 {
        let largest = self.roots.iter().copied().fold(0.0, f32::max);
        f64::from(largest)
    }

    /// W(x).
    pub(crate) fn of(&self, row: &[f32], scratch: &mut Vec<f32>) -> f32 {
        scratch.clear();
        scratch.extend(
            row.iter()
                .zip(&self.roots)
                .map(|(&value, &root)| value * root),
        );
        // The partial sums are off themselves by as many roundings, and so are these products.
        let roundings = (row.len().min(DEPTH) + row.len().div_ceil(DEPTH) + 4) as f64;
        ((kernels::dot_f64(scratch, scratch).sqrt() * (1.0 + roundings * UNIT)) as f32).next_up()
    }
}
