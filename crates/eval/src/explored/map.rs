//! Where queries lie in the plane: a layout of their exact neighbors among themselves.

use annatomy_knn::{ExactError, Queries, exact_knn};
use annatomy_layout::{NEIGHBORS, kept, layout};
use annatomy_vectors::{Matrix, Metric};
use serde::{Deserialize, Serialize};

/// Coordinates of the queries and of base rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryMap {
    /// (x, y) of each query.
    pub queries: Vec<[f32; 2]>,
    /// (x, y) of base rows that are no queries.
    pub base: Vec<[f32; 2]>,
    /// Share of 15 neighbors that the map keeps; NaN of a single query.
    pub kept: f64,
    /// The neighbors that the map was made from.
    pub near: Near,
}

/// Exact neighbors of the queries among the queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// Neighbors of each query.
    pub width: usize,
    /// queries × width: places of queries, nearest first; `u32::MAX` where there is none.
    pub ids: Vec<u32>,
    /// queries × width: geometric distances.
    pub distances: Vec<f32>,
}

impl Near {
    /// The first 15 of `known` neighbors that each query has: queries × `known` places of queries
    /// with their distances.
    pub fn of_neighbors(ids: &[u32], distances: &[f32], known: usize) -> Self {
        let width = known.min(NEIGHBORS);
        let (mut near, rows) = (Self::default(), ids.len() / known.max(1));
        near.width = width;
        for row in 0..rows {
            let first = row * known..row * known + width;
            near.ids.extend_from_slice(&ids[first.clone()]);
            near.distances.extend_from_slice(&distances[first]);
        }
        near
    }

    /// From the queries' vectors, whose neighbors among themselves are computed; none of a single
    /// query.
    ///
    /// # Errors
    /// If the memory for them is more than there is.
    pub fn of_rows(rows: &Matrix, metric: Metric, budget_bytes: u64) -> Result<Self, ExactError> {
        let count = rows.rows();
        if count < 2 {
            return Ok(Self::default());
        }
        let width = NEIGHBORS.min(count - 1);
        let among = Queries::AllRows(rows.view());
        let table = exact_knn(&rows.view(), among, width, metric, budget_bytes)?;
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for query in 0..count {
            let near = table.ids(query).iter();
            ids.extend(near.map(|id| id.map_or(u32::MAX, |id| id.0)));
            let near = table.distances(query).iter();
            distances.extend(near.map(|&distance| metric.geometric_of_true(distance)));
        }
        Ok(Self {
            width,
            ids,
            distances,
        })
    }
}

impl QueryMap {
    /// A layout of `queries` queries by their neighbors, on one thread; a single query stands in the
    /// middle.
    pub fn of_near(near: Near, queries: usize, seed: u64) -> Self {
        if queries < 2 {
            return Self {
                queries: vec![[0.0; 2]; queries],
                kept: f64::NAN,
                ..Self::default()
            };
        }
        let places = layout(&near.ids, &near.distances, near.width, seed);
        Self {
            kept: kept(&places, &near.ids, near.width),
            queries: places,
            base: Vec::new(),
            near,
        }
    }
}
