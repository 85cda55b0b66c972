//! Reduced distances as keys, read from a table of all pairs.

use super::computer::{DistanceComputer, ReducedKeys};
use crate::queue::{HeapQueue, QueryScorer};
use annatomy_knn::PairTable;
use annatomy_vectors::{kernels, order_key};

/// Keys are the table's reduced distances, mapped to integers of the same order.
#[derive(Clone, Copy, Debug)]
pub struct PairDistances<'t>(pub &'t PairTable);

/// The reduced distances of all rows from one row.
#[derive(Clone, Copy, Debug)]
pub struct PairScorer<'t>(&'t [f32]);

impl QueryScorer for PairScorer<'_> {
    type Queue = HeapQueue;

    #[inline]
    fn key(self, id: u32) -> u32 {
        order_key(self.0[id as usize])
    }
}

impl<'t> DistanceComputer for PairDistances<'t> {
    type Scorer<'a>
        = PairScorer<'t>
    where
        Self: 'a;
    type Queue = HeapQueue;

    fn rows(&self) -> usize {
        self.0.rows()
    }

    #[inline]
    fn scorer(&self, id: u32) -> PairScorer<'t> {
        PairScorer(self.0.row(id as usize))
    }

    #[inline]
    fn prefetch(&self, candidate: u32, ids: impl Iterator<Item = u32>) {
        let row = self.0.row(candidate as usize);
        for id in ids {
            kernels::prefetch(&row[id as usize..][..1]);
        }
    }

    #[inline]
    fn reverse_key(&self, candidate: u32, origin: u32, _key: u32) -> u32 {
        self.scorer(candidate).key(origin)
    }
}

impl ReducedKeys for PairDistances<'_> {}
