//! The cells of a dense grid, as steps: what a query changes, not what it counts.
//!
//! Of one query, an exact neighbor of rank r is found in every cell with V(ef) above its arrival
//! and k above r: one corner of the grid, so one step is entered and sums along ef and k make the
//! counts. A row of cells is full up to V(ef) and constant from there: again one step.
//!
//! for each exact neighbor      the first ef that visits it      O(log efs)
//! for each ef                  the first k it cannot fill       O(efs + ks) in all, since V grows with ef

use super::counts::{Filled, Grid, Scratch, add_all};

/// Steps of all queries, efs × ks.
pub(super) struct Steps {
    found: Vec<u64>,
    /// Queries whose answers are short from this cell on, and how many rows those answers hold.
    short: Vec<u64>,
    short_rows: Vec<u64>,
}

impl Steps {
    pub(super) fn new(grid: &Grid<'_>) -> Self {
        let zeros = || vec![0; grid.efs.len() * grid.ks.len()];
        Self {
            found: zeros(),
            short: zeros(),
            short_rows: zeros(),
        }
    }

    /// Adds the query that `scratch` read.
    pub(super) fn add(&mut self, grid: &Grid<'_>, scratch: &Scratch) {
        let columns = grid.ks.len();
        let mut rank = 0;
        for (column, &k) in grid.ks.iter().enumerate() {
            for &arrival in &scratch.arrivals[rank..k] {
                let row = scratch
                    .visited
                    .partition_point(|&visited| visited <= arrival);
                if row < grid.efs.len() {
                    self.found[row * columns + column] += 1;
                }
            }
            rank = k;
        }
        let mut column = 0;
        for (row, &visited) in scratch.visited.iter().enumerate() {
            let others = (visited - u32::from(scratch.own_arrival < visited)) as usize;
            column += grid.ks[column..]
                .iter()
                .take_while(|&&k| k <= others)
                .count();
            if column == columns {
                break;
            }
            self.short[row * columns + column] += 1;
            self.short_rows[row * columns + column] += others as u64;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        add_all(&mut self.found, &other.found);
        add_all(&mut self.short, &other.short);
        add_all(&mut self.short_rows, &other.short_rows);
    }

    /// Sums the steps up to counts of `queries` queries.
    pub(super) fn into_cells(self, grid: &Grid<'_>, queries: u64) -> Filled {
        let Self {
            mut found,
            mut short,
            mut short_rows,
        } = self;
        let columns = grid.ks.len();
        for row in 0..grid.efs.len() {
            let start = row * columns;
            for cells in [&mut found, &mut short, &mut short_rows] {
                (start + 1..start + columns).for_each(|cell| cells[cell] += cells[cell - 1]);
            }
        }
        (columns..found.len()).for_each(|cell| found[cell] += found[cell - columns]);
        let filled = short.iter().zip(&short_rows).zip(grid.ks.iter().cycle());
        let filled = filled
            .map(|((&short, &rows), &k)| (queries - short) * k as u64 + rows)
            .collect();
        Filled { found, filled }
    }
}
