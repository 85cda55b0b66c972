//! The cells of an inverted file, made of rows.

use super::k_means::k_means;
use crate::cells::{Cells, Coarse};
use annatomy_vectors::{MatrixView, Metric};

impl Cells {
    /// `count` cells by k-means, or as many as there are rows; each row in that of its nearest centroid,
    /// rows of a cell in their order.
    pub fn build(rows: MatrixView<'_>, count: usize, seed: u64) -> Self {
        let found = k_means(rows, count, seed);
        let mut lists = vec![Vec::new(); found.centroids.rows()];
        for (&cell, row) in found.nearest.iter().zip(0_u32..) {
            lists[cell as usize].push(row);
        }
        Self {
            lists,
            coarse: Coarse {
                centroids: found.centroids,
                metric: Metric::L2,
                graph: None,
            },
            by_residual: false,
            nprobe: 1,
        }
    }
}
