//! Ranks as keys: the place of each row in the query's sorted order, read from a [`RankTable`] (n
//! up to 65,536).

use super::computer::DistanceComputer;
use crate::queue::{BitsetQueue, QueryScorer};
use annatomy_knn::{RankRow, RankTable};
use annatomy_vectors::kernels;

/// Keys are ranks.
#[derive(Clone, Copy, Debug)]
pub struct RankDistances<'t>(pub &'t RankTable);

/// The ranks of all rows for one row.
#[derive(Clone, Copy, Debug)]
pub struct RankScorer<'t>(RankRow<'t>);

impl QueryScorer for RankScorer<'_> {
    type Queue = BitsetQueue;

    #[inline]
    fn key(self, id: u32) -> u32 {
        u32::from(self.0.ranks()[id as usize])
    }

    #[inline]
    fn strictly_closer(self, a: u32, b: u32) -> bool {
        a < b && !(self.0.tied_with_previous(b) && a >= self.0.first_of_tie(b))
    }

    #[inline]
    fn first_of_tie(self, key: u32) -> u32 {
        self.0.first_of_tie(key)
    }

    #[inline]
    fn is_smallest(self, key: u32) -> bool {
        self.0.first_of_tie(key) == 0
    }

    #[inline]
    fn ranks(self) -> Option<usize> {
        Some(self.0.ranks().len())
    }
}

impl<'t> DistanceComputer for RankDistances<'t> {
    type Scorer<'a>
        = RankScorer<'t>
    where
        Self: 'a;
    type Queue = BitsetQueue;

    fn rows(&self) -> usize {
        self.0.rows()
    }

    #[inline]
    fn scorer(&self, id: u32) -> RankScorer<'t> {
        RankScorer(self.0.row(id as usize))
    }

    #[inline]
    fn prefetch(&self, candidate: u32, ids: impl Iterator<Item = u32>) {
        let ranks = self.0.row(candidate as usize).ranks();
        for id in ids {
            kernels::prefetch(&ranks[id as usize..][..1]);
        }
    }

    #[inline]
    fn reverse_key(&self, candidate: u32, origin: u32, _key: u32) -> u32 {
        self.scorer(candidate).key(origin)
    }
}
