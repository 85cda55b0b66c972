//! Counts of a dense grid as a two-dimensional difference array, summed by prefix sums.
//!
//! A row that counts from some k on is found in every cell with V(ef) above its arrival: one corner
//! of the grid, so one step is entered and sums along ef and k make the counts. The cells of an ef
//! are full up to V(ef) and constant from there: again one step.
//!
//! At a k where ties give more rows than slots, the rows that arrive after k others are taken out of
//! that k's cells again.
//!
//! for each row that counts     the first ef that visits it      O(log efs)
//! for each k with ties         the rows that arrive last        O(K)
//! for each ef                  the first k it cannot fill       O(efs + ks) in all, since V grows with ef

use super::counts::add_all;
use super::{Arrivals, Grid};
use serde::{Deserialize, Serialize};

/// Steps of all queries, efs × ks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DifferenceArray {
    /// Signed: where ties exceed k, a row counts at that k no more.
    found: Vec<i64>,
    /// Queries whose answers are short from this cell on, and how many rows those answers hold.
    short: Vec<u64>,
    short_rows: Vec<u64>,
    /// Queries whose fill is entered here.
    queries: u64,
}

impl DifferenceArray {
    pub(super) fn new(grid: &Grid<'_>) -> Self {
        let zeros = || vec![0; grid.cells()];
        Self {
            found: vec![0; grid.cells()],
            short: zeros(),
            short_rows: zeros(),
            queries: 0,
        }
    }

    /// Enters the found rows of a query, at most k of them at k.
    pub(super) fn add_found(&mut self, grid: &Grid<'_>, arrivals: &mut Arrivals) {
        let (rows, columns) = (grid.efs.len(), grid.ks.len());
        for (column, &k) in grid.ks.iter().enumerate() {
            for &arrival in arrivals.first_at(column) {
                let row = arrivals.first_row(arrival);
                if row < rows {
                    self.found[row * columns + column] += 1;
                }
            }
            if !arrivals.exceeds(column, k) {
                continue;
            }
            arrivals.select_at(column, k);
            for &arrival in &arrivals.sorted()[k..] {
                let row = arrivals.first_row(arrival);
                if row < rows {
                    self.found[row * columns + column] -= 1;
                    if column + 1 < columns {
                        self.found[row * columns + column + 1] += 1;
                    }
                }
            }
        }
    }

    /// Enters the filled slots of a query.
    pub(super) fn add_filled(&mut self, grid: &Grid<'_>, arrivals: &Arrivals) {
        self.queries += 1;
        let columns = grid.ks.len();
        let mut column = 0;
        for (row, &visited) in arrivals.visited.iter().enumerate() {
            let others = (visited - u32::from(arrivals.own < visited)) as usize;
            while column < columns && grid.ks[column] <= others {
                column += 1;
            }
            if column == columns {
                break;
            }
            self.short[row * columns + column] += 1;
            self.short_rows[row * columns + column] += others as u64;
        }
    }

    pub(super) fn fit(&self, grid: &Grid<'_>) -> bool {
        let lengths = [self.found.len(), self.short.len(), self.short_rows.len()];
        lengths == [grid.cells(); 3]
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.queries += other.queries;
        for (into, from) in self.found.iter_mut().zip(&other.found) {
            *into += from;
        }
        add_all(&mut self.short, &other.short);
        add_all(&mut self.short_rows, &other.short_rows);
    }

    /// Sums the steps up and adds the counts to `found` and `filled`.
    pub(super) fn add_to(
        &self,
        grid: &Grid<'_>,
        queries: u64,
        found: &mut [u64],
        filled: &mut [u64],
    ) {
        debug_assert!(self.queries <= queries, "fill is entered once per query");
        let columns = grid.ks.len();
        let mut found_before = vec![0_i64; columns];
        for row in 0..grid.efs.len() {
            let (mut found_here, mut short, mut short_rows) = (0_i64, 0, 0);
            for (column, &k) in grid.ks.iter().enumerate() {
                let cell = row * columns + column;
                found_here += self.found[cell];
                short += self.short[cell];
                short_rows += self.short_rows[cell];
                found_before[column] += found_here;
                found[cell] += found_before[column].cast_unsigned();
                filled[cell] += (self.queries - short) * k as u64 + short_rows;
            }
        }
    }
}
