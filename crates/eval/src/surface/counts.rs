//! The integers behind a surface: rows found and slots filled, per cell, and efforts required, per
//! query. Integers make every figure independent of the order of queries and of threads.
//!
//! Where what is visited depends on ef alone, a query costs O(K + efs + ks), however dense the grid,
//! and O(K) more for each k at which ties give more rows than slots (see [`DifferenceArray`]). Where
//! it depends on k too, every cell is visited, in O(1) each.

use super::difference_array::DifferenceArray;
use super::ties::{TieCounts, Ties};
use super::{Arrivals, Grid, SurfaceGrid, effort_quantiles};
use crate::lists::{ExactList, NEVER, VisitedList};
use annatomy_hnsw::{Answer, Visits};
use serde::{Deserialize, Serialize};

/// Sums over queries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    queries: u64,
    steps: DifferenceArray,
    found: Vec<u64>,
    filled: Vec<u64>,
    visited: Vec<u64>,
    required: Vec<Vec<u32>>,
    /// At the efforts of the grid.
    ties: TieCounts,
}

impl Counts {
    /// No queries yet.
    pub fn new(grid: &Grid<'_>) -> Self {
        Self {
            queries: 0,
            steps: DifferenceArray::new(grid),
            found: vec![0; grid.cells()],
            filled: vec![0; grid.cells()],
            visited: vec![0; grid.efs.len()],
            required: vec![Vec::new(); grid.ks.len()],
            ties: TieCounts::new(grid.efforts()),
        }
    }

    /// Adds one query; `arrivals` is memory.
    pub fn add(
        &mut self,
        grid: &Grid<'_>,
        (exact, list, visits): (&ExactList, &VisitedList, &Visits),
        arrivals: &mut Arrivals,
    ) {
        self.add_required(grid, (exact, list, visits), arrivals);
        arrivals.read_efforts(grid, visits);
        for (sum, &visited) in self.visited.iter_mut().zip(&arrivals.visited) {
            *sum += u64::from(visited);
        }
        if grid.depends_on_ef_alone() {
            self.steps.add_filled(grid, arrivals);
            self.steps.add_found(grid, arrivals);
        } else {
            self.add_cells(grid, visits, arrivals);
        }
    }

    /// Adds one query, its required efs and ties, without its cells.
    pub(super) fn add_required(
        &mut self,
        grid: &Grid<'_>,
        (exact, list, visits): (&ExactList, &VisitedList, &Visits),
        arrivals: &mut Arrivals,
    ) {
        arrivals.read(grid.ks, exact, list, visits);
        self.queries += 1;
        self.ties.add(visits);
        for (k_index, &k) in grid.ks.iter().enumerate() {
            let last = arrivals.completing(k_index, k);
            let required = match last {
                NEVER => NEVER,
                last => visits.required_ef(last) as u32,
            };
            self.required[k_index].push(required);
        }
    }

    /// Adds rows found and slots filled in the cell at a row and column.
    pub(super) fn add_cell(
        &mut self,
        grid: &Grid<'_>,
        (row, column): (usize, usize),
        [found, filled]: [usize; 2],
    ) {
        let cell = row * grid.ks.len() + column;
        self.found[cell] += found as u64;
        self.filled[cell] += filled as u64;
    }

    /// Adds the rows visited at an ef.
    pub(super) fn add_visited(&mut self, row: usize, visited: usize) {
        self.visited[row] += visited as u64;
    }

    /// Cell by cell, where the visits depend on k too: for each k, efs ascend, and with them visits
    /// and the arrivals before them.
    fn add_cells(&mut self, grid: &Grid<'_>, visits: &Visits, arrivals: &mut Arrivals) {
        for (column, &k) in grid.ks.iter().enumerate() {
            arrivals.sort_at(column);
            let mut found = 0;
            for (row, &ef) in grid.efs.iter().enumerate() {
                let Answer::Rows { visited, rows } = visits.answer(grid.class, ef, grid.asked(k))
                else {
                    continue;
                };
                let own = usize::from((arrivals.own as usize) < visited);
                let taken = usize::from(arrivals.own_is_returned(visited, rows));
                let returned = (visited - own).min(k).min(rows - taken);
                let later = &arrivals.sorted()[found..];
                found += later
                    .iter()
                    .take_while(|&&arrival| (arrival as usize) < visited)
                    .count();
                // No visited row is nearer than those that count: they are returned first.
                let cell = row * grid.ks.len() + column;
                self.found[cell] += found.min(returned) as u64;
                self.filled[cell] += returned as u64;
            }
        }
    }

    /// Adds the queries of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.queries += other.queries;
        self.steps.merge(&other.steps);
        add_all(&mut self.found, &other.found);
        add_all(&mut self.filled, &other.filled);
        add_all(&mut self.visited, &other.visited);
        for (into, from) in self.required.iter_mut().zip(&other.required) {
            into.extend_from_slice(from);
        }
        self.ties.merge(&other.ties);
    }

    /// Number of queries.
    pub fn queries(&self) -> u64 {
        self.queries
    }

    /// The effort where most of the queues ends among rows of equal distance, with these; `None` where that is not
    /// much.
    pub fn most_tied(&self) -> Option<(usize, Ties)> {
        Ties::most(self.ties.all(), self.queries as usize)
    }

    /// Whether these are counts of as many cells as `grid` has.
    pub fn fit(&self, grid: &Grid<'_>) -> bool {
        let cells = grid.cells();
        let of_ks = self.required.iter();
        self.steps.fit(grid)
            && self.found.len() == cells
            && self.filled.len() == cells
            && self.visited.len() == grid.efs.len()
            && self.required.len() == grid.ks.len()
            && self.ties.fit(&grid.efforts())
            && of_ks
                .map(Vec::len)
                .all(|count| count as u64 == self.queries)
    }

    /// The means; NaN where the engine refuses a cell.
    pub fn surface(mut self, grid: &Grid<'_>) -> SurfaceGrid {
        self.steps
            .add_to(grid, self.queries, &mut self.found, &mut self.filled);
        let queries = self.queries as f64;
        let share = |counts: &[u64]| -> Vec<f64> {
            let mut shares = Vec::with_capacity(counts.len());
            for &ef in grid.efs {
                for &k in grid.ks {
                    let count = counts[shares.len()] as f64;
                    let share = count / (k as f64 * queries);
                    let is_answered = grid.effort(ef, k).is_some();
                    shares.push(if is_answered { share } else { f64::NAN });
                }
            }
            shares
        };
        let mut ties = Vec::with_capacity(grid.cells());
        for &ef in grid.efs {
            for &k in grid.ks {
                let of_cell = grid.effort(ef, k).and_then(|effort| self.ties.at(effort));
                ties.push(of_cell.unwrap_or_default());
            }
        }
        let visited = self.visited.iter().map(|&sum| sum as f64 / queries);
        SurfaceGrid {
            efs: grid.efs.to_vec(),
            ks: grid.ks.to_vec(),
            overlap: share(&self.found),
            fill: share(&self.filled),
            visited: visited.collect(),
            required_ef: self
                .required
                .iter_mut()
                .map(|efs| effort_quantiles(efs))
                .collect(),
            ties,
        }
    }
}

pub(super) fn add_all(into: &mut [u64], from: &[u64]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += from;
    }
}
