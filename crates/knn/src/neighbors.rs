//! Neighbor tables: q queries × k slots of (id, distance), nearest first.
//!
//! A slot that no engine could fill is `None`; engines' sentinels (−1, `FLT_MAX`) exist only at the
//! edges.

use annatomy_vectors::PointId;

/// The neighbors of q queries, k slots each, row after row, nearest first.
///
/// `distances` are in the metric's own unit: true L2 (not squared), cosine distance, or −⟨x, y⟩.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborTable {
    k: usize,
    ids: Vec<Option<PointId>>,
    distances: Vec<f32>,
}

impl NeighborTable {
    /// A table over `ids` and `distances`, both q × k row after row. The distance of an empty slot
    /// is not read.
    ///
    /// # Panics
    /// If the two differ in length or are no whole number of rows.
    pub fn new(k: usize, ids: Vec<Option<PointId>>, distances: Vec<f32>) -> Self {
        assert_eq!(ids.len(), distances.len(), "one distance per id");
        assert!(
            k > 0 && ids.len().is_multiple_of(k),
            "whole rows of {k} slots"
        );
        Self { k, ids, distances }
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.ids.len() / self.k
    }

    /// Slots per query.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The ids of query `query`, nearest first.
    pub fn ids(&self, query: usize) -> &[Option<PointId>] {
        &self.ids[query * self.k..(query + 1) * self.k]
    }

    /// The distances of query `query`, in the order of [`ids`](Self::ids).
    pub fn distances(&self, query: usize) -> &[f32] {
        &self.distances[query * self.k..(query + 1) * self.k]
    }
}
