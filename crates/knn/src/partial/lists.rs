//! Sorted lists of neighbors, one per query, and their merge.
//!
//! A slot is (reduced distance in float64, id); an empty one sorts behind every neighbor.

use rayon::prelude::*;

/// The id of an empty slot.
pub(super) const EMPTY: u32 = u32::MAX;

/// Lists of one width, row after row, ascending by (reduced distance, id).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lists {
    width: usize,
    pub(super) reduced: Vec<f64>,
    pub(super) ids: Vec<u32>,
}

/// Lists that one task merges.
const TASK_LISTS: usize = 64;

impl Lists {
    /// Bytes of a slot.
    pub(super) const SLOT_BYTES: u64 = (size_of::<f64>() + size_of::<u32>()) as u64;

    /// `queries` lists of empty slots.
    pub(super) fn empty(queries: usize, width: usize) -> Self {
        Self {
            width,
            reduced: vec![f64::INFINITY; queries * width],
            ids: vec![EMPTY; queries * width],
        }
    }

    /// Lists over values that are in order.
    pub(super) fn new(width: usize, reduced: Vec<f64>, ids: Vec<u32>) -> Self {
        debug_assert_eq!(reduced.len(), ids.len(), "one value per id");
        Self {
            width,
            reduced,
            ids,
        }
    }

    /// The list of a query.
    pub(super) fn list(&self, query: usize) -> List<'_> {
        let slots = query * self.width..(query + 1) * self.width;
        List {
            reduced: &self.reduced[slots.clone()],
            ids: &self.ids[slots],
        }
    }

    /// Merges the lists of `other` into those of the queries from `first` on, whose width stays.
    pub(super) fn merge(&mut self, first: usize, other: &Self) {
        let (width, start) = (self.width, first * self.width);
        if width == 0 || other.width == 0 {
            return;
        }
        let queries = other.ids.len() / other.width;
        let end = start + queries * width;
        self.reduced[start..end]
            .par_chunks_mut(width)
            .zip(self.ids[start..end].par_chunks_mut(width))
            .enumerate()
            .with_min_len(TASK_LISTS)
            .for_each_init(
                || (Vec::new(), Vec::new()),
                |(values, places), (query, (reduced, ids))| {
                    values.clear();
                    values.extend_from_slice(reduced);
                    places.clear();
                    places.extend_from_slice(ids);
                    let own = List {
                        reduced: values,
                        ids: places,
                    };
                    own.merge_into(other.list(query), reduced, ids);
                },
            );
    }

    /// The first `width` slots of two sets of lists of the same queries.
    pub(super) fn merged(&self, other: &Self, queries: usize, width: usize) -> Self {
        let mut merged = Self::empty(queries, width);
        merged.merge(0, self);
        merged.merge(0, other);
        merged
    }
}

/// The list of one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'l> {
    pub(super) reduced: &'l [f64],
    pub(super) ids: &'l [u32],
}

impl List<'_> {
    /// Whether the slot at `a` of this list comes before that at `b` of the other; a list that has
    /// ended comes last.
    fn is_first(&self, a: usize, other: &Self, b: usize) -> bool {
        if a == self.ids.len() || b == other.ids.len() {
            return a < self.ids.len();
        }
        self.reduced[a]
            .total_cmp(&other.reduced[b])
            .then(self.ids[a].cmp(&other.ids[b]))
            .is_le()
    }

    /// Writes the first slots of both, of which there are enough.
    fn merge_into(self, other: List<'_>, reduced: &mut [f64], ids: &mut [u32]) {
        let (mut a, mut b) = (0, 0);
        for (reduced, id) in reduced.iter_mut().zip(ids) {
            if self.is_first(a, &other, b) {
                (*reduced, *id) = (self.reduced[a], self.ids[a]);
                a += 1;
            } else {
                (*reduced, *id) = (other.reduced[b], other.ids[b]);
                b += 1;
            }
        }
    }

    /// Slots that hold a neighbor: they come first.
    pub(super) fn filled(self) -> usize {
        self.ids.partition_point(|&id| id != EMPTY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_smaller_id_and_empty_slots_come_last() {
        let mut all = Lists::empty(2, 3);
        all.merge(1, &Lists::new(2, vec![1.0, 2.0], vec![5, 1]));
        all.merge(1, &Lists::new(1, vec![1.0], vec![4]));
        assert_eq!(all.list(0).filled(), 0);
        assert_eq!((all.list(1).ids, all.list(1).filled()), (&[4, 5, 1][..], 3));
        all.merge(0, &Lists::new(1, vec![0.5, 0.5], vec![9, 9]));
        assert_eq!(all.list(0).ids, [9, EMPTY, EMPTY]);
        assert_eq!(all.list(1).ids, [9, 4, 5], "the farthest is dropped");
        assert_eq!(all.list(1).reduced, [0.5, 1.0, 1.0]);
    }
}
