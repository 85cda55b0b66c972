//! The cells of an inverted file (IVF): which rows each holds, and how a query ranks them.

use annatomy_hnsw::Graph;
use annatomy_vectors::{Matrix, Metric};
use serde::Serialize;

/// The cells of an inverted file.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The rows of each cell, in the order in which they are scanned.
    pub lists: Vec<Vec<u32>>,
    /// What ranks the cells.
    pub coarse: Coarse,
    /// Whether codes are of the rows less their cell's centroid.
    pub by_residual: bool,
    /// Cells that a search probes, as the index was saved.
    pub nprobe: usize,
}

/// The coarse quantizer: one centroid per cell, compared one by one or through a graph.
#[derive(Clone, Debug)]
pub struct Coarse {
    /// nlist × d.
    pub centroids: Matrix,
    /// How the distance to a centroid is taken.
    pub metric: Metric,
    /// A graph over the centroids and its efSearch, if they are not all compared.
    pub graph: Option<(Graph, usize)>,
}

/// How rows are spread over cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellFacts {
    /// Cells, nlist.
    pub cells: usize,
    /// Cells without a row.
    pub empty: usize,
    /// Rows of the largest cell.
    pub largest: usize,
    /// nlist · Σ nᵢ² / n²: 1 where all cells are of one size; the factor by which a search scans
    /// more rows than it would over cells of one size, were queries spread as the rows are.
    pub imbalance: f64,
}

impl Cells {
    /// How the rows are spread.
    pub fn facts(&self) -> CellFacts {
        let sizes = self.lists.iter().map(Vec::len);
        let rows: usize = sizes.clone().sum();
        let squares: f64 = sizes.clone().map(|size| (size as f64).powi(2)).sum();
        CellFacts {
            cells: self.lists.len(),
            empty: sizes.clone().filter(|&size| size == 0).count(),
            largest: sizes.max().unwrap_or(0),
            imbalance: self.lists.len() as f64 * squares / (rows.max(1) as f64).powi(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imbalance_is_one_for_equal_cells() {
        let cells = |lists: Vec<Vec<u32>>| Cells {
            coarse: Coarse {
                centroids: Matrix::zeros(lists.len(), 1),
                metric: Metric::L2,
                graph: None,
            },
            lists,
            by_residual: false,
            nprobe: 1,
        };
        let even = cells(vec![vec![0, 1], vec![2, 3]]).facts();
        assert_eq!((even.imbalance, even.empty, even.largest), (1.0, 0, 2));
        let uneven = cells(vec![vec![0, 1, 2], vec![], vec![3]]).facts();
        assert_eq!((uneven.cells, uneven.empty, uneven.largest), (3, 1, 3));
        assert_eq!(uneven.imbalance, 3.0 * 10.0 / 16.0);
    }
}
