//! The table of ranks: the sorted order of every row, all that a graph needs of its distances.
//!
//! HNSW compares reduced distances and never adds them, so a table of ranks answers every question
//! that building and searching a graph ask. `rank(q, v)` is the number of rows that stand before v
//! in q's order (reduced distance, then id; the certified nearest in their exact order). 16 bits
//! hold it, half the bytes of the reduced distances, and integer positions turn heaps into bit sets
//! (see the graph crate's candidate queues).
//!
//! Enters: a [`PairTable`]. Leaves: [`RankTable`], n × n 16-bit ranks and one bit per place
//! that says whether it is tied with the place before. Cost: one radix sort per row, 2n² bytes: 200
//! MB at n = 10,000.

use crate::pair_table::{PairTable, TableError};
use annatomy_runtime::{PerThread, TASK_QUERIES, Zeroed};
use annatomy_vectors::{order_key, sort_by_32_bits};
use rayon::prelude::*;

/// The most rows whose ranks fit 16 bits.
pub const MAX_RANKED_ROWS: usize = 1 << 16;

/// For every row, the rank of every other row by reduced distance.
#[derive(Debug)]
pub struct RankTable {
    rows: usize,
    ranks: Zeroed<u16>,
    ties: Vec<u64>,
}

/// One row of a [`RankTable`].
#[derive(Clone, Copy, Debug)]
pub struct RankRow<'a> {
    ranks: &'a [u16],
    ties: &'a [u64],
}

impl RankTable {
    /// Bytes a table of `rows` rows takes.
    pub fn bytes(rows: usize) -> u64 {
        let rows = rows as u64;
        2 * rows * rows + 8 * rows * rows.div_ceil(64)
    }

    /// Ranks every row of `table`.
    pub fn new(table: &PairTable) -> Result<Self, TableError> {
        let rows = table.rows();
        if rows > MAX_RANKED_ROWS {
            return Err(TableError::TooManyRows {
                rows,
                limit: MAX_RANKED_ROWS,
            });
        }
        annatomy_runtime::check_memory("a table of all ranks", Self::bytes(rows))?;
        let words = rows.div_ceil(64);
        let mut ranks = Zeroed::<u16>::new(rows * rows);
        let mut ties = vec![0; rows * words];
        annatomy_runtime::stage("ranks", rows as u64);
        let scratch = PerThread::new(Scratch::default);
        let tasks = ranks
            .par_chunks_mut(rows)
            .zip(ties.par_chunks_mut(words))
            .enumerate();
        tasks
            .with_max_len(TASK_QUERIES)
            .for_each(|(row, (ranks, ties))| {
                annatomy_runtime::advance(1);
                scratch.with(|scratch| scratch.rank(table, row, ranks, ties));
            });
        Ok(Self { rows, ranks, ties })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The order as row `row` sees it.
    pub fn row(&self, row: usize) -> RankRow<'_> {
        let words = self.rows.div_ceil(64);
        RankRow {
            ranks: &self.ranks[row * self.rows..(row + 1) * self.rows],
            ties: &self.ties[row * words..(row + 1) * words],
        }
    }
}

/// Scratch for the sort of one row.
#[derive(Default)]
struct Scratch {
    /// Order key and id, as one integer.
    keys: Vec<u64>,
    buffer: Vec<u64>,
}

impl Scratch {
    fn rank(&mut self, table: &PairTable, row: usize, ranks: &mut [u16], ties: &mut [u64]) {
        let Self { keys, buffer } = self;
        let reduced = table.row(row);
        keys.clear();
        keys.extend(
            reduced
                .iter()
                .enumerate()
                .map(|(id, &s)| u64::from(order_key(s)) << 16 | id as u64),
        );
        sort_by_32_bits(keys, 16, buffer);
        let nearest = table.nearest(row);
        let certified = nearest.iter().map(|&id| id as usize);
        let others = keys[nearest.len()..]
            .iter()
            .map(|key| (key & 0xffff) as usize);
        let mut before = None;
        for (place, id) in certified.chain(others).enumerate() {
            ranks[id] = place as u16;
            let reduced = reduced[id];
            if before == Some(reduced) {
                ties[place / 64] |= 1 << (place % 64);
            }
            before = Some(reduced);
        }
    }
}

impl<'a> RankRow<'a> {
    /// The rank of every row, by id.
    pub fn ranks(&self) -> &'a [u16] {
        self.ranks
    }

    /// Whether the row at place `place` is exactly as far as the one at the place before.
    #[inline]
    pub fn tied_with_previous(&self, place: u32) -> bool {
        self.ties[place as usize / 64] >> (place % 64) & 1 == 1
    }

    /// The first place at exactly the distance of place `place`. Scans 64 places at a time, so that
    /// ties of thousands of equal rows cost some words.
    #[inline]
    pub fn first_of_tie(&self, place: u32) -> u32 {
        if !self.tied_with_previous(place) {
            return place;
        }
        let mut word = place as usize / 64;
        // A place that is not tied with the one before is where its tie begins; place 0 never is.
        let mut begins = !self.ties[word] & (u64::MAX >> (63 - place % 64));
        while begins == 0 {
            word -= 1;
            begins = !self.ties[word];
        }
        64 * word as u32 + begins.ilog2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::{Matrix, Metric};

    #[test]
    fn ranks_are_the_sorted_order_with_ties_by_id_and_marked() {
        // A line with a repeated point: 0, 1, 1, 3, 7.
        let points = Matrix::new(5, 1, vec![0.0, 1.0, 1.0, 3.0, 7.0]).expect("shape");
        let table = PairTable::new(points.view(), Metric::L2, 3).expect("table");
        let ranks = RankTable::new(&table).expect("ranks");
        assert_eq!(ranks.row(0).ranks(), [0, 1, 2, 3, 4]);
        assert!(ranks.row(0).tied_with_previous(2) && !ranks.row(0).tied_with_previous(1));
        assert_eq!(ranks.row(3).ranks(), [3, 1, 2, 0, 4]);
        assert_eq!(ranks.row(3).first_of_tie(2), 1);
    }

    #[test]
    fn the_first_of_a_tie_is_found_across_words() {
        let mut ties = vec![0u64; 5];
        let (ranks, tied) = ([0u16; 320], [3..60, 63..64, 64..200, 257..320]);
        for place in tied.iter().cloned().flatten() {
            ties[place / 64] |= 1 << (place % 64);
        }
        let row = RankRow {
            ranks: &ranks,
            ties: &ties,
        };
        for place in 0..320u32 {
            let mut expected = place;
            while row.tied_with_previous(expected) {
                expected -= 1;
            }
            assert_eq!(row.first_of_tie(place), expected, "place {place}");
        }
    }
}
