//! The nearest candidates of a block of queries, while separations come in from any side and in any order.
//!
//! Enters: separations, one query against many rows or one row against many queries. Leaves: per query a list that holds
//! at least the `limit` nearest of all that was offered under its bar.
//!
//! a bar per query, at first infinite; what is not under it is forgotten
//!   lowered once, to a place among the separations from a sample of the rows     most rows then never enter a list
//!   lowered where a list is full, to its `limit`-th candidate                    so that memory is bounded
//!
//! What is under the bar is found without a branch on the value. Cost: a comparison a separation.

use crate::order::{order_key, value_of_key};

/// Separations held against their bars together.
const CHUNK: usize = 32;

/// A separation's order key and a row's id, as one integer that orders as (separation, id) does.
pub(crate) type Key = u64;

fn key(separation: f32, id: u32) -> Key {
    u64::from(order_key(separation)) << 32 | u64::from(id)
}

/// The separation in a key.
pub(crate) fn separation_of(key: Key) -> f32 {
    value_of_key((key >> 32) as u32)
}

/// The id in a key.
pub(crate) fn id_of(key: Key) -> u32 {
    key as u32
}

/// One query's candidates, in no order.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) keys: Vec<Key>,
    /// The bar that a sample suggested; rows at it or beyond may be missing. Infinite without one.
    pub(crate) sampled_bar: f32,
    /// The nearest of the rows that a sample had as pivots: queries of one pivot are near one another.
    pub(crate) pivot: u32,
}

/// The candidates of consecutive queries.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    bars: Vec<f32>,
    lists: Vec<List>,
    limit: usize,
}

impl Kept {
    /// Nothing kept yet for `queries` queries, of which each wants its `limit` nearest.
    pub(crate) fn new(queries: usize, limit: usize) -> Self {
        let list = || List { sampled_bar: f32::INFINITY, ..List::default() };
        Self { bars: vec![f32::INFINITY; queries], lists: (0..queries).map(|_| list()).collect(), limit }
    }

    /// Offers the rows `ids` to one query.
    pub(crate) fn offer_rows(&mut self, query: usize, separations: &[f32], ids: &[u32]) {
        for (separations, ids) in separations.chunks(CHUNK).zip(ids.chunks(CHUNK)) {
            let bar = self.bars[query];
            let mut places = [0; CHUNK];
            let count = under(separations, |_| bar, &mut places);
            if count > 0 {
                let keys = &mut self.lists[query].keys;
                keys.extend(places[..count].iter().map(|&place| key(separations[place as usize], ids[place as usize])));
                self.shrink_if_full(query);
            }
        }
    }

    /// Offers one row to the queries from `first` on, one separation each.
    pub(crate) fn offer_row(&mut self, first: usize, separations: &[f32], id: u32) {
        for (chunk, separations) in separations.chunks(CHUNK).enumerate() {
            let first = first + chunk * CHUNK;
            let bars = &self.bars[first..][..separations.len()];
            let mut places = [0; CHUNK];
            let count = under(separations, |place| bars[place], &mut places);
            for &place in &places[..count] {
                self.lists[first + place as usize].keys.push(key(separations[place as usize], id));
                self.shrink_if_full(first + place as usize);
            }
        }
    }

    /// Keeps the `limit` nearest of a list that holds twice as many, and lowers the bar to the last of them.
    fn shrink_if_full(&mut self, query: usize) {
        let keys = &mut self.lists[query].keys;
        if keys.len() >= 2 * self.limit {
            let (_, &mut last, _) = keys.select_nth_unstable(self.limit - 1);
            keys.truncate(self.limit);
            self.bars[query] = separation_of(last);
        }
    }

    /// Lowers every bar to the separation at `place` among those kept so far, which are of a sample of the rows;
    /// `pivot_of` numbers some of them.
    pub(crate) fn lower_bars(&mut self, place: usize, pivot_of: impl Fn(u32) -> Option<u32>) {
        for (list, bar) in self.lists.iter_mut().zip(&mut self.bars) {
            let pivots = list.keys.iter().filter_map(|&key| Some((key, pivot_of(id_of(key))?)));
            list.pivot = pivots.min().map_or(0, |(_, pivot)| pivot);
            if place < list.keys.len() {
                let (_, &mut last, _) = list.keys.select_nth_unstable(place);
                list.sampled_bar = separation_of(last);
                *bar = bar.min(list.sampled_bar);
                list.keys.retain(|&key| separation_of(key) < *bar);
            }
        }
    }

    /// The lists, query by query.
    pub(crate) fn into_lists(self) -> Vec<List> {
        self.lists
    }
}

/// Writes the places of the separations under their bars to `places`; their number.
#[inline]
fn under(separations: &[f32], bar_of: impl Fn(usize) -> f32, places: &mut [u8; CHUNK]) -> usize {
    // Most chunks of a large base hold nothing, which one pass without a branch tells.
    let any: u32 = separations.iter().enumerate().map(|(place, &value)| u32::from(value < bar_of(place))).sum();
    if any == 0 {
        return 0;
    }
    let mut count = 0;
    for (place, &value) in separations.iter().enumerate() {
        places[count] = place as u8;
        count += usize::from(value < bar_of(place));
    }
    count
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
    fn nearest(list: &List, limit: usize) -> Vec<Key> {
        let mut keys = list.keys.clone();
        keys.sort_unstable();
        keys.truncate(limit);
        keys
    }

    #[test]
    fn rows_and_queries_offered_in_any_order_leave_the_same_nearest() {
        let (rows, queries, limit) = (700, 70, 20);
        let all: Vec<Vec<f32>> = (0..queries).map(|query| values(rows, query as u32)).collect();
        let ids: Vec<u32> = (0..rows as u32).collect();
        let mut by_query = Kept::new(queries, limit);
        let mut by_row = Kept::new(queries, limit);
        for (query, separations) in all.iter().enumerate() {
            by_query.offer_rows(query, separations, &ids);
        }
        for &id in ids.iter().rev() {
            let column: Vec<f32> = all.iter().map(|separations| separations[id as usize]).collect();
            by_row.offer_row(0, &column[..33], id);
            by_row.offer_row(33, &column[33..], id);
        }
        for ((a, b), separations) in by_query.into_lists().iter().zip(&by_row.into_lists()).zip(&all) {
            let mut expected: Vec<Key> = separations.iter().zip(&ids).map(|(&value, &id)| key(value, id)).collect();
            expected.sort_unstable();
            // Ties with the last may be missing beyond it, not before.
            expected.truncate(limit);
            let values = |keys: &[Key]| keys.iter().map(|&key| separation_of(key)).collect::<Vec<_>>();
            assert_eq!(values(&nearest(a, limit)), values(&expected));
            assert_eq!(values(&nearest(b, limit)), values(&expected));
            assert!(a.keys.len() < 2 * limit && b.keys.len() < 2 * limit, "lists are bounded");
        }
    }

    #[test]
    fn a_lowered_bar_keeps_what_is_under_it() {
        let mut kept = Kept::new(1, 100);
        kept.offer_rows(0, &[5.0, 1.0, 4.0, 2.0, 3.0], &[0, 1, 2, 3, 4]);
        kept.lower_bars(2, |id| (id != 1).then_some(id + 10));
        kept.offer_rows(0, &[2.9, 3.0, 3.1], &[5, 6, 7]);
        let list = &kept.into_lists()[0];
        let found: Vec<_> = nearest(list, 9).iter().map(|&key| (separation_of(key), id_of(key))).collect();
        assert_eq!(found, [(1.0, 1), (2.0, 3), (2.9, 5)]);
        assert_eq!((list.sampled_bar, list.pivot), (3.0, 13), "row 3 is the nearest that is a pivot");
    }
}
