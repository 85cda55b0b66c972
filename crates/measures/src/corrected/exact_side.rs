//! The exact neighbors of one query, with prefix sums that every series of answers shares.
//!
//! Enters: true distances, ascending, self excluded. Leaves: sums over the first k in constant
//! time. Cost: one `ln` per distance, once per query; no allocation after the first query.

/// True distances of the exact neighbors of one query, ascending, self excluded, and their prefix
/// sums.
///
/// Holds at least as many neighbors as the largest k to be measured; more let ties at the last k be
/// seen.
#[derive(Clone, Debug, Default)]
pub struct ExactSide {
    distances: Vec<f32>,
    /// Σ of the first i distances, i = 0..=len.
    distance_sums: Vec<f64>,
    /// Σ ln of the positive ones among the first i.
    logarithm_sums: Vec<f64>,
    zeros: usize,
}

impl ExactSide {
    /// The exact side of one query.
    pub fn new(distances: &[f32]) -> Self {
        let mut side = Self::default();
        side.set(distances);
        side
    }

    /// Replaces the query: as [`new`](Self::new), in the memory already held.
    pub fn set(&mut self, distances: &[f32]) {
        debug_assert!(distances.is_sorted(), "exact distances ascend");
        self.distances.clear();
        self.distances.extend_from_slice(distances);
        self.zeros = distances.partition_point(|&distance| distance <= 0.0);
        prefix_sums(&mut self.distance_sums, distances, f64::from);
        prefix_sums(&mut self.logarithm_sums, distances, logarithm_or_zero);
    }

    /// Number of exact neighbors held.
    pub fn len(&self) -> usize {
        self.distances.len()
    }

    /// Whether no neighbors are held.
    pub fn is_empty(&self) -> bool {
        self.distances.is_empty()
    }

    /// The distances, ascending.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }

    /// Zero distances among the first `k`.
    pub fn zeros(&self, k: usize) -> usize {
        self.zeros.min(k)
    }

    /// Mean of the first `k` distances; NaN for k = 0.
    pub fn mean_distance(&self, k: usize) -> f64 {
        self.distance_sums[k] / k as f64
    }

    /// Maximum-likelihood LID of the first `k`, zero distances left out; NaN with fewer than two
    /// positive distances or when all of them are equal (Levina & Bickel 2004, eq. 8).
    pub fn lid(&self, k: usize) -> f64 {
        let positive = k - self.zeros(k);
        if positive < 2 || self.distances[self.zeros] == self.distances[k - 1] {
            return f64::NAN;
        }
        let largest = f64::from(self.distances[k - 1]).ln();
        (positive - 1) as f64 / (positive as f64 * largest - self.logarithm_sums[k])
    }
}

fn prefix_sums(sums: &mut Vec<f64>, distances: &[f32], term: fn(f32) -> f64) {
    sums.clear();
    sums.push(0.0);
    let mut sum = 0.0;
    sums.extend(distances.iter().map(|&distance| {
        sum += term(distance);
        sum
    }));
}

fn logarithm_or_zero(distance: f32) -> f64 {
    if distance > 0.0 {
        f64::from(distance).ln()
    } else {
        0.0
    }
}
