//! Top-k buffers with a pruning threshold per query: an upper bound on the k-th distance.
//!
//! Enters: reduced distances, one query against many rows or one row against many queries, in any
//! order. Leaves: per query a buffer that holds at least the `limit` nearest of all that was pushed
//! below its threshold.
//!
//! a threshold per query, at first infinite; what is not below it is dropped
//!   lowered to a rank in a sample of the rows               most rows then never enter a buffer
//!   lowered where a buffer is full, to its `limit`-th       so that memory is bounded
//!
//! Cost: a comparison per reduced distance, CHUNK of them in one mask.

use annatomy_runtime::Zeroed;
use annatomy_vectors::{kernels, order_key, value_of_order_key};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Reduced distances compared with their thresholds at once.
const CHUNK: usize = 64;

/// A reduced distance's order key and a row's id: one integer that orders as (reduced distance,
/// id).
pub(crate) type Key = u64;

fn key(reduced: f32, id: u32) -> Key {
    u64::from(order_key(reduced)) << 32 | u64::from(id)
}

/// The reduced distance in a key.
pub(crate) fn reduced_of(key: Key) -> f32 {
    value_of_order_key((key >> 32) as u32)
}

/// The id in a key.
pub(crate) fn id_of(key: Key) -> u32 {
    key as u32
}

/// The candidates of many queries, in one allocation.
#[derive(Debug)]
pub(crate) struct TopKBuffers {
    limit: usize,
    /// Keys allocated per query.
    capacity: usize,
    thresholds: Vec<f32>,
    states: Vec<BufferState>,
    keys: Zeroed<Key>,
}

/// The state of one query's buffer.
#[derive(Clone, Copy, Debug)]
struct BufferState {
    length: usize,
    sampled_threshold: f32,
    pivot: u32,
}

/// The candidates of some consecutive queries.
#[derive(Debug)]
pub(crate) struct BufferSlice<'k> {
    limit: usize,
    capacity: usize,
    thresholds: &'k mut [f32],
    states: &'k mut [BufferState],
    keys: &'k mut [Key],
}

/// One query's candidates, in no order.
#[derive(Debug)]
pub(crate) struct TopKList<'k> {
    pub(crate) keys: &'k mut [Key],
    /// The threshold that a sample suggested; rows at it or beyond may be missing. Infinite without
    /// one.
    pub(crate) sampled_threshold: f32,
    /// The nearest of the rows that a sample had as pivots: queries of one pivot are near one
    /// another.
    pub(crate) pivot: u32,
}

impl TopKBuffers {
    /// Empty buffers for the `limit` nearest of `rows` rows, each pushed once, of `queries`
    /// queries.
    pub(crate) fn new(queries: usize, limit: usize, rows: usize) -> Self {
        let capacity = capacity(limit, rows);
        let state = BufferState {
            length: 0,
            sampled_threshold: f32::INFINITY,
            pivot: 0,
        };
        let (thresholds, states) = (vec![f32::INFINITY; queries], vec![state; queries]);
        Self {
            limit,
            capacity,
            thresholds,
            states,
            keys: Zeroed::new(queries * capacity),
        }
    }

    /// Bytes allocated per query.
    pub(crate) fn bytes(limit: usize, rows: usize) -> u64 {
        (capacity(limit, rows) * size_of::<Key>()) as u64
    }

    /// The queries in slices of `size`, the last perhaps smaller.
    pub(crate) fn slices(&mut self, size: usize) -> impl Iterator<Item = BufferSlice<'_>> {
        let (limit, capacity) = (self.limit, self.capacity);
        let queries = self
            .thresholds
            .chunks_mut(size)
            .zip(self.states.chunks_mut(size));
        let parts = queries.zip(self.keys.chunks_mut(size * capacity));
        parts.map(move |((thresholds, states), keys)| BufferSlice {
            limit,
            capacity,
            thresholds,
            states,
            keys,
        })
    }

    /// The lists, query by query.
    pub(crate) fn lists(&mut self) -> impl Iterator<Item = TopKList<'_>> {
        self.states
            .iter()
            .zip(self.keys.chunks_mut(self.capacity))
            .map(|(state, keys)| {
                let BufferState {
                    length,
                    sampled_threshold,
                    pivot,
                } = *state;
                TopKList {
                    keys: &mut keys[..length],
                    sampled_threshold,
                    pivot,
                }
            })
    }
}

/// Keys that one query needs room for: a list is full at twice its limit, and a chunk may come on
/// top.
fn capacity(limit: usize, rows: usize) -> usize {
    (2 * limit).min(rows) + CHUNK
}

impl BufferSlice<'_> {
    /// Per query what is pruned: reduced distances at its threshold or beyond.
    pub(crate) fn thresholds(&self) -> &[f32] {
        self.thresholds
    }

    /// Fetches the ends of all lists, where candidates will be written.
    pub(crate) fn prefetch(&self) {
        for (state, keys) in self.states.iter().zip(self.keys.chunks(self.capacity)) {
            kernels::prefetch(&keys[state.length..]);
        }
    }

    /// Pushes the rows `ids` to one query.
    pub(crate) fn push_rows(&mut self, query: usize, reduced: &[f32], ids: &[u32]) {
        for (reduced, ids) in reduced.chunks(CHUNK).zip(ids.chunks(CHUNK)) {
            let thresholds = [self.thresholds[query]; CHUNK];
            let under = kernels::below(reduced, &thresholds[..reduced.len()]);
            let length = &mut self.states[query].length;
            let scratch = &mut self.keys[query * self.capacity + *length..];
            for (slot, place) in scratch.iter_mut().zip(bits(under)) {
                *slot = key(reduced[place], ids[place]);
            }
            *length += under.count_ones() as usize;
            self.shrink_if_full(query);
        }
    }

    /// Pushes one row to the queries from `first` on, one reduced distance each.
    pub(crate) fn push_row(&mut self, first: usize, reduced: &[f32], id: u32) {
        for (chunk, reduced) in reduced.chunks(CHUNK).enumerate() {
            let first = first + chunk * CHUNK;
            for place in bits(kernels::below(
                reduced,
                &self.thresholds[first..][..reduced.len()],
            )) {
                let query = first + place;
                let length = &mut self.states[query].length;
                self.keys[query * self.capacity + *length] = key(reduced[place], id);
                *length += 1;
                self.shrink_if_full(query);
            }
        }
    }

    /// Keeps the `limit` nearest of a list that holds twice as many, and lowers the threshold to
    /// the last of them.
    #[inline]
    fn shrink_if_full(&mut self, query: usize) {
        let length = self.states[query].length;
        if length >= 2 * self.limit {
            let keys = &mut self.keys[query * self.capacity..][..length];
            let (_, &mut last, _) = keys.select_nth_unstable(self.limit - 1);
            self.states[query].length = self.limit;
            self.thresholds[query] = reduced_of(last);
        }
    }

    /// Forgets the rows and keeps what they said of thresholds.
    pub(crate) fn forget_rows(&mut self) {
        self.states.iter_mut().for_each(|state| state.length = 0);
    }

    /// Lowers every threshold to the reduced distance at `place` among those buffers so far, which
    /// are the nearest of a sample of the rows; `pivot_of` numbers some of them.
    pub(crate) fn lower_thresholds(&mut self, place: usize, pivot_of: impl Fn(u32) -> Option<u32>) {
        let lists = self
            .states
            .iter_mut()
            .zip(self.keys.chunks_mut(self.capacity));
        for ((state, keys), threshold) in lists.zip(&mut *self.thresholds) {
            let keys = &mut keys[..state.length];
            let pivots = keys
                .iter()
                .filter_map(|&key| Some((key, pivot_of(id_of(key))?)));
            state.pivot = pivots.min().map_or(state.pivot, |(_, pivot)| pivot);
            if place < keys.len() {
                let (_, &mut last, _) = keys.select_nth_unstable(place);
                state.sampled_threshold = reduced_of(last);
                *threshold = threshold.min(state.sampled_threshold);
                state.length = keep_first(keys, |key| reduced_of(key) < *threshold);
            }
        }
    }
}

/// Waits for candidates that other threads may be adding to.
pub(crate) fn locked<'l, 'k>(part: &'l Mutex<BufferSlice<'k>>) -> MutexGuard<'l, BufferSlice<'k>> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Moves the keys that `keeps` names to the front; their number.
fn keep_first(keys: &mut [Key], keeps: impl Fn(Key) -> bool) -> usize {
    let mut count = 0;
    for place in 0..keys.len() {
        let key = keys[place];
        keys[count] = key;
        count += usize::from(keeps(key));
    }
    count
}

/// The places of the bits that are set, ascending.
#[inline]
fn bits(mask: u64) -> impl Iterator<Item = usize> {
    std::iter::successors((mask != 0).then_some(mask), |rest| {
        let rest = rest & (rest - 1);
        (rest != 0).then_some(rest)
    })
    .map(|rest| rest.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as f32
        };
        (0..count).map(|_| draw()).collect()
    }

    /// The nearest `limit` keys of a list, sorted.
    fn nearest(list: &TopKList<'_>, limit: usize) -> Vec<Key> {
        let mut keys = list.keys.to_vec();
        keys.sort_unstable();
        keys.truncate(limit);
        keys
    }

    #[test]
    fn rows_and_queries_offered_in_any_order_leave_the_same_nearest() {
        let (rows, queries, limit) = (700, 70, 20);
        let all: Vec<Vec<f32>> = (0..queries)
            .map(|query| values(rows, query as u32))
            .collect();
        let ids: Vec<u32> = (0..rows as u32).collect();
        let [mut by_query, mut by_row] = [(); 2].map(|()| TopKBuffers::new(queries, limit, rows));
        let parts: Vec<_> = by_query.slices(33).collect();
        for (mut part, all) in parts.into_iter().zip(all.chunks(33)) {
            all.iter()
                .enumerate()
                .for_each(|(query, reduced)| part.push_rows(query, reduced, &ids));
        }
        let mut whole = by_row.slices(queries).next().expect("one part");
        for &id in ids.iter().rev() {
            let column: Vec<f32> = all.iter().map(|reduced| reduced[id as usize]).collect();
            whole.push_row(0, &column[..33], id);
            whole.push_row(33, &column[33..], id);
        }
        for ((a, b), reduced) in by_query.lists().zip(by_row.lists()).zip(&all) {
            let mut expected: Vec<Key> = reduced
                .iter()
                .zip(&ids)
                .map(|(&value, &id)| key(value, id))
                .collect();
            expected.sort_unstable();
            // Ties with the last may be missing beyond it, not before.
            expected.truncate(limit);
            let values = |keys: &[Key]| keys.iter().map(|&key| reduced_of(key)).collect::<Vec<_>>();
            assert_eq!(values(&nearest(&a, limit)), values(&expected));
            assert_eq!(values(&nearest(&b, limit)), values(&expected));
            assert!(
                a.keys.len() < 2 * limit && b.keys.len() < 2 * limit,
                "lists are bounded"
            );
        }
    }

    #[test]
    fn a_lowered_threshold_keeps_what_is_below_it() {
        let mut buffers = TopKBuffers::new(1, 100, 8);
        let mut part = buffers.slices(1).next().expect("one part");
        part.push_rows(0, &[5.0, 1.0, 4.0, 2.0, 3.0], &[0, 1, 2, 3, 4]);
        part.lower_thresholds(2, |id| (id != 1).then_some(id + 10));
        part.push_rows(0, &[2.9, 3.0, 3.1], &[5, 6, 7]);
        let list = buffers.lists().next().expect("one list");
        let found: Vec<_> = nearest(&list, 9)
            .iter()
            .map(|&key| (reduced_of(key), id_of(key)))
            .collect();
        assert_eq!(found, [(1.0, 1), (2.0, 3), (2.9, 5)]);
        assert_eq!(
            (list.sampled_threshold, list.pivot),
            (3.0, 13),
            "row 3 is the nearest that is a pivot"
        );
    }
}
