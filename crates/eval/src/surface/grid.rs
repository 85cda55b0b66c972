//! The surface as plain data.

use serde::{Deserialize, Serialize};

/// Overlap and fill over a grid of ef × k on the configured graph (means over queries), row-major:
/// ef rows, k columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurfaceGrid {
    /// Search efforts, ascending.
    pub efs: Vec<usize>,
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Mean overlap (strict), `efs.len() × ks.len()`.
    pub overlap: Vec<f64>,
    /// Mean fill, same layout.
    pub fill: Vec<f64>,
    /// Mean V(ef) per ef.
    pub visited: Vec<f64>,
    /// Per k, quantiles 0.5, 0.9, 0.99 of the smallest ef that finds every true neighbor (`None`:
    /// some unreachable).
    pub required_ef: Vec<[Option<usize>; 3]>,
}
