//! The nearest candidates of a block of queries, while separations come in from any side and in any
//! order.
//!
//! Enters: separations, one query against many rows or one row against many queries. Leaves: per
//! query a list that holds at least the `limit` nearest of all that was offered under its bar.
//!
//! a bar per query, at first infinite; what is not under it is forgotten
//!   lowered to a place among the separations from a sample of the rows           most rows then never enter a list
//!   lowered where a list is full, to its `limit`-th candidate                    so that memory is bounded
//!
//! Cost: a comparison a separation, CHUNK of them in one mask.

use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels;
use annatomy_vectors::{order_key, value_of_order_key};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Separations held against their bars together.
const CHUNK: usize = 64;

/// A separation's order key and a row's id, as one integer that orders as (separation, id) does.
pub(crate) type Key = u64;

fn key(separation: f32, id: u32) -> Key {
    u64::from(order_key(separation)) << 32 | u64::from(id)
}

/// The separation in a key.
pub(crate) fn separation_of(key: Key) -> f32 {
    value_of_order_key((key >> 32) as u32)
}

/// The id in a key.
pub(crate) fn id_of(key: Key) -> u32 {
    key as u32
}

/// The candidates of many queries, in room that is found once.
#[derive(Debug)]
pub(crate) struct Kept {
    limit: usize,
    /// Room for one query.
    capacity: usize,
    bars: Vec<f32>,
    marks: Vec<Mark>,
    keys: Zeroed<Key>,
}

/// What is known of one query beside its bar.
#[derive(Clone, Copy, Debug)]
struct Mark {
    length: usize,
    sampled_bar: f32,
    pivot: u32,
}

/// The candidates of some consecutive queries.
#[derive(Debug)]
pub(crate) struct Part<'k> {
    limit: usize,
    capacity: usize,
    bars: &'k mut [f32],
    marks: &'k mut [Mark],
    keys: &'k mut [Key],
}

/// One query's candidates, in no order.
#[derive(Debug)]
pub(crate) struct List<'k> {
    pub(crate) keys: &'k mut [Key],
    /// The bar that a sample suggested; rows at it or beyond may be missing. Infinite without one.
    pub(crate) sampled_bar: f32,
    /// The nearest of the rows that a sample had as pivots: queries of one pivot are near one
    /// another.
    pub(crate) pivot: u32,
}

impl Kept {
    /// Nothing kept yet for `queries` queries, of which each wants its `limit` nearest of `rows`,
    /// offered once each.
    pub(crate) fn new(queries: usize, limit: usize, rows: usize) -> Self {
        let capacity = capacity(limit, rows);
        let mark = Mark {
            length: 0,
            sampled_bar: f32::INFINITY,
            pivot: 0,
        };
        let (bars, marks) = (vec![f32::INFINITY; queries], vec![mark; queries]);
        Self {
            limit,
            capacity,
            bars,
            marks,
            keys: Zeroed::new(queries * capacity),
        }
    }

    /// Bytes of the room for one query.
    pub(crate) fn bytes(limit: usize, rows: usize) -> u64 {
        (capacity(limit, rows) * size_of::<Key>()) as u64
    }

    /// The queries in parts of `size`, the last perhaps smaller.
    pub(crate) fn parts(&mut self, size: usize) -> impl Iterator<Item = Part<'_>> {
        let (limit, capacity) = (self.limit, self.capacity);
        let queries = self.bars.chunks_mut(size).zip(self.marks.chunks_mut(size));
        let parts = queries.zip(self.keys.chunks_mut(size * capacity));
        parts.map(move |((bars, marks), keys)| Part {
            limit,
            capacity,
            bars,
            marks,
            keys,
        })
    }

    /// The lists, query by query.
    pub(crate) fn lists(&mut self) -> impl Iterator<Item = List<'_>> {
        self.marks
            .iter()
            .zip(self.keys.chunks_mut(self.capacity))
            .map(|(mark, keys)| {
                let Mark {
                    length,
                    sampled_bar,
                    pivot,
                } = *mark;
                List {
                    keys: &mut keys[..length],
                    sampled_bar,
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

impl Part<'_> {
    /// Fetches the ends of all lists, where candidates will be written.
    pub(crate) fn prefetch(&self) {
        for (mark, keys) in self.marks.iter().zip(self.keys.chunks(self.capacity)) {
            kernels::prefetch(&keys[mark.length..]);
        }
    }

    /// Offers the rows `ids` to one query.
    pub(crate) fn offer_rows(&mut self, query: usize, separations: &[f32], ids: &[u32]) {
        for (separations, ids) in separations.chunks(CHUNK).zip(ids.chunks(CHUNK)) {
            let bars = [self.bars[query]; CHUNK];
            let under = kernels::below(separations, &bars[..separations.len()]);
            let length = &mut self.marks[query].length;
            let room = &mut self.keys[query * self.capacity + *length..];
            for (slot, place) in room.iter_mut().zip(bits(under)) {
                *slot = key(separations[place], ids[place]);
            }
            *length += under.count_ones() as usize;
            self.shrink_if_full(query);
        }
    }

    /// Offers one row to the queries from `first` on, one separation each.
    pub(crate) fn offer_row(&mut self, first: usize, separations: &[f32], id: u32) {
        for (chunk, separations) in separations.chunks(CHUNK).enumerate() {
            let first = first + chunk * CHUNK;
            for place in bits(kernels::below(
                separations,
                &self.bars[first..][..separations.len()],
            )) {
                let query = first + place;
                let length = &mut self.marks[query].length;
                self.keys[query * self.capacity + *length] = key(separations[place], id);
                *length += 1;
                self.shrink_if_full(query);
            }
        }
    }

    /// Keeps the `limit` nearest of a list that holds twice as many, and lowers the bar to the last
    /// of them.
    #[inline]
    fn shrink_if_full(&mut self, query: usize) {
        let length = self.marks[query].length;
        if length >= 2 * self.limit {
            let keys = &mut self.keys[query * self.capacity..][..length];
            let (_, &mut last, _) = keys.select_nth_unstable(self.limit - 1);
            self.marks[query].length = self.limit;
            self.bars[query] = separation_of(last);
        }
    }

    /// Lowers every bar to the separation at `place` among those kept so far, which are the nearest
    /// of a sample of the rows; `pivot_of` numbers some of them.
    pub(crate) fn lower_bars(&mut self, place: usize, pivot_of: impl Fn(u32) -> Option<u32>) {
        let lists = self
            .marks
            .iter_mut()
            .zip(self.keys.chunks_mut(self.capacity));
        for ((mark, keys), bar) in lists.zip(&mut *self.bars) {
            let keys = &mut keys[..mark.length];
            let pivots = keys
                .iter()
                .filter_map(|&key| Some((key, pivot_of(id_of(key))?)));
            mark.pivot = pivots.min().map_or(mark.pivot, |(_, pivot)| pivot);
            if place < keys.len() {
                let (_, &mut last, _) = keys.select_nth_unstable(place);
                mark.sampled_bar = separation_of(last);
                *bar = bar.min(mark.sampled_bar);
                mark.length = keep_first(keys, |key| separation_of(key) < *bar);
            }
        }
    }
}

/// Waits for candidates that other threads may be adding to.
pub(crate) fn locked<'l, 'k>(part: &'l Mutex<Part<'k>>) -> MutexGuard<'l, Part<'k>> {
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
    fn nearest(list: &List<'_>, limit: usize) -> Vec<Key> {
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
        let [mut by_query, mut by_row] = [(); 2].map(|()| Kept::new(queries, limit, rows));
        let parts: Vec<_> = by_query.parts(33).collect();
        for (mut part, all) in parts.into_iter().zip(all.chunks(33)) {
            all.iter()
                .enumerate()
                .for_each(|(query, separations)| part.offer_rows(query, separations, &ids));
        }
        let mut whole = by_row.parts(queries).next().expect("one part");
        for &id in ids.iter().rev() {
            let column: Vec<f32> = all
                .iter()
                .map(|separations| separations[id as usize])
                .collect();
            whole.offer_row(0, &column[..33], id);
            whole.offer_row(33, &column[33..], id);
        }
        for ((a, b), separations) in by_query.lists().zip(by_row.lists()).zip(&all) {
            let mut expected: Vec<Key> = separations
                .iter()
                .zip(&ids)
                .map(|(&value, &id)| key(value, id))
                .collect();
            expected.sort_unstable();
            // Ties with the last may be missing beyond it, not before.
            expected.truncate(limit);
            let values = |keys: &[Key]| {
                keys.iter()
                    .map(|&key| separation_of(key))
                    .collect::<Vec<_>>()
            };
            assert_eq!(values(&nearest(&a, limit)), values(&expected));
            assert_eq!(values(&nearest(&b, limit)), values(&expected));
            assert!(
                a.keys.len() < 2 * limit && b.keys.len() < 2 * limit,
                "lists are bounded"
            );
        }
    }

    #[test]
    fn a_lowered_bar_keeps_what_is_under_it() {
        let mut kept = Kept::new(1, 100, 8);
        let mut part = kept.parts(1).next().expect("one part");
        part.offer_rows(0, &[5.0, 1.0, 4.0, 2.0, 3.0], &[0, 1, 2, 3, 4]);
        part.lower_bars(2, |id| (id != 1).then_some(id + 10));
        part.offer_rows(0, &[2.9, 3.0, 3.1], &[5, 6, 7]);
        let list = kept.lists().next().expect("one list");
        let found: Vec<_> = nearest(&list, 9)
            .iter()
            .map(|&key| (separation_of(key), id_of(key)))
            .collect();
        assert_eq!(found, [(1.0, 1), (2.0, 3), (2.9, 5)]);
        assert_eq!(
            (list.sampled_bar, list.pivot),
            (3.0, 13),
            "row 3 is the nearest that is a pivot"
        );
    }
}
