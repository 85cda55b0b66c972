//! The figures of one query at one k.

/// All measures of one query at one k that need no vectors.
///
/// A figure without a value is NaN: means over queries leave it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueryMeasures {
    /// Neighbors asked for.
    pub k: usize,
    /// Slots that hold a valid, distinct id.
    pub filled: usize,
    /// |E∩A| by id.
    pub overlap_strict_count: usize,
    /// |E∩A| by id or by distance: a returned point at distance ≤ `d_k(1+1e-6)` counts. Never less than the strict count.
    pub overlap_count: usize,
    /// Mean true distance to the k exact neighbors.
    pub mean_exact_distance: f64,
    /// Mean true distance to the returned neighbors; NaN if no slot is filled.
    pub mean_returned_distance: f64,
    /// Mean over filled ranks of `d_A(i)/d_E(i)` − 1; NaN if no rank counts. A rank where both are
    /// 0 has ratio 1.
    pub relative_distance_error: f64,
    /// Filled ranks left out of the error: `d_E(i)` = 0 and `d_A(i)` > 0.
    pub ranks_left_out: usize,
    /// Maximum-likelihood LID of the exact neighbors; NaN with fewer than two positive distances or
    /// all of them equal.
    pub lid_exact: f64,
    /// The same of the returned neighbors, filled slots only.
    pub lid_returned: f64,
    /// Zero distances left out of `lid_exact`.
    pub zero_exact: usize,
    /// Zero distances left out of `lid_returned`.
    pub zero_returned: usize,
}

impl QueryMeasures {
    /// filled/k, in 0..=1.
    pub fn fill(&self) -> f64 {
        self.filled as f64 / self.k as f64
    }

    /// Tie-aware overlap, in 0..=1.
    pub fn overlap(&self) -> f64 {
        self.overlap_count as f64 / self.k as f64
    }

    /// Overlap by id alone, in 0..=1.
    pub fn overlap_strict(&self) -> f64 {
        self.overlap_strict_count as f64 / self.k as f64
    }
}
