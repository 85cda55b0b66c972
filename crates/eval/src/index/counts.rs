//! The integers behind a surface: exact neighbors found and slots filled, per cell, and efforts
//! required, per query.
//!
//! Where what was visited depends on ef alone, a query costs O(K + efs), however dense the grid:
//! see [`Steps`]. Where it depends on k too, every cell is visited.

use super::IndexError;
use super::steps::Steps;
use crate::surface::SurfaceGrid;
use crate::surface::effort_quantiles;
use annatomy_hnsw::{Answer, EngineClass, Visits};
use annatomy_vectors::PointId;

const NEVER: u32 = u32::MAX;

/// The cells.
pub(super) struct Grid<'g> {
    pub(super) efs: &'g [usize],
    pub(super) ks: &'g [usize],
    pub(super) class: EngineClass,
    /// Whether queries are rows, themselves left out by id.
    own: bool,
}

impl<'g> Grid<'g> {
    pub(super) fn new(
        efs: &'g [usize],
        ks: &'g [usize],
        class: EngineClass,
        own: bool,
    ) -> Result<Self, IndexError> {
        for (name, values) in [("efs", efs), ("ks", ks)] {
            if !values.is_sorted_by(|a, b| a < b) || values.first().is_none_or(|&first| first == 0)
            {
                return Err(IndexError::Grid { name });
            }
        }
        Ok(Self {
            efs,
            ks,
            class,
            own,
        })
    }

    pub(super) fn largest_k(&self) -> usize {
        self.ks[self.ks.len() - 1]
    }

    /// Whether what is visited, and how much of it is returned, depends on ef alone.
    fn depends_on_ef_alone(&self) -> bool {
        matches!(self.class, EngineClass::StopEarly | EngineClass::Refuse)
    }

    /// What the engine is asked for when k neighbors are wanted.
    fn asked(&self, k: usize) -> usize {
        k + usize::from(self.own)
    }

    /// An answer's rows, the query itself perhaps among them: no other is counted but by number.
    pub(super) fn most_rows(&self) -> usize {
        self.asked(self.largest_k())
    }

    pub(super) fn largest_effort(&self) -> usize {
        let largest_ef = self.efs[self.efs.len() - 1];
        self.class
            .effort(largest_ef, self.asked(self.largest_k()))
            .max(largest_ef)
    }
}

/// One query's arrivals; reused from query to query.
#[derive(Default)]
pub(super) struct Scratch {
    arrival_of_id: Vec<u32>,
    /// By exact rank.
    pub(super) arrivals: Vec<u32>,
    pub(super) own_arrival: u32,
    /// V(ef) of every ef of the grid.
    pub(super) visited: Vec<u32>,
}

impl Scratch {
    pub(super) fn read(
        &mut self,
        rows: usize,
        query: usize,
        exact: &[Option<PointId>],
        visits: &Visits,
        grid: &Grid<'_>,
    ) {
        self.arrival_of_id.resize(rows, NEVER);
        for visit in visits.nearest_first() {
            self.arrival_of_id[visit.id as usize] = visit.arrival;
        }
        self.arrivals.clear();
        self.arrivals.extend(
            exact
                .iter()
                .flatten()
                .map(|id| self.arrival_of_id[id.index()]),
        );
        self.own_arrival = if grid.own {
            self.arrival_of_id[query]
        } else {
            NEVER
        };
        for visit in visits.nearest_first() {
            self.arrival_of_id[visit.id as usize] = NEVER;
        }
    }
}

/// Sums over queries.
pub(super) struct Counts {
    queries: u64,
    cells: Cells,
    visited: Vec<u64>,
    required: Vec<Vec<u32>>,
}

enum Cells {
    ByStep(Steps),
    Each(Filled),
}

/// Per cell, efs × ks.
pub(super) struct Filled {
    pub(super) found: Vec<u64>,
    pub(super) filled: Vec<u64>,
}

impl Filled {
    fn add(&mut self, grid: &Grid<'_>, visits: &Visits, scratch: &Scratch) {
        for (row, &ef) in grid.efs.iter().enumerate() {
            let (mut visited_before, mut rank, mut found) = (usize::MAX, 0, 0);
            for (column, &k) in grid.ks.iter().enumerate() {
                let Answer::Rows { visited, rows } = visits.answer(grid.class, ef, grid.asked(k))
                else {
                    continue;
                };
                if visited != visited_before {
                    (visited_before, rank, found) = (visited, 0, 0);
                }
                let own = usize::from((scratch.own_arrival as usize) < visited);
                let returned = (visited - own).min(k).min(rows.saturating_sub(own));
                found += scratch.arrivals[rank..k]
                    .iter()
                    .filter(|&&arrival| (arrival as usize) < visited)
                    .count();
                rank = k;
                let cell = row * grid.ks.len() + column;
                // Nothing visited is nearer than a true neighbor: they are the first to be
                // returned.
                self.found[cell] += found.min(returned) as u64;
                self.filled[cell] += returned as u64;
            }
        }
    }
}

impl Counts {
    pub(super) fn new(grid: &Grid<'_>) -> Self {
        let cells = grid.efs.len() * grid.ks.len();
        Self {
            queries: 0,
            cells: if grid.depends_on_ef_alone() {
                Cells::ByStep(Steps::new(grid))
            } else {
                Cells::Each(Filled {
                    found: vec![0; cells],
                    filled: vec![0; cells],
                })
            },
            visited: vec![0; grid.efs.len()],
            required: vec![Vec::new(); grid.ks.len()],
        }
    }

    /// Adds the query that `scratch` read.
    pub(super) fn add(&mut self, grid: &Grid<'_>, visits: &Visits, scratch: &mut Scratch) {
        self.queries += 1;
        scratch.visited.clear();
        scratch.visited.extend(
            visits
                .visited_at_each(grid.efs)
                .map(|visited| visited as u32),
        );
        self.visited
            .iter_mut()
            .zip(&scratch.visited)
            .for_each(|(sum, &visited)| *sum += u64::from(visited));
        match &mut self.cells {
            Cells::ByStep(steps) => steps.add(grid, scratch),
            Cells::Each(cells) => cells.add(grid, visits, scratch),
        }
        self.add_required(grid, visits, scratch);
    }

    fn add_required(&mut self, grid: &Grid<'_>, visits: &Visits, scratch: &Scratch) {
        let (mut latest, mut rank) = (0, 0);
        for (column, &k) in grid.ks.iter().enumerate() {
            latest = scratch.arrivals[rank..k]
                .iter()
                .copied()
                .fold(latest, u32::max);
            rank = k;
            self.required[column].push(if latest == NEVER {
                NEVER
            } else {
                visits.required_ef(latest) as u32
            });
        }
    }

    /// The sums of all parts; the order in which queries were added does not show.
    pub(super) fn total(grid: &Grid<'_>, parts: impl Iterator<Item = Self>) -> Self {
        let mut total = Self::new(grid);
        for part in parts {
            total.queries += part.queries;
            add_all(&mut total.visited, &part.visited);
            match (&mut total.cells, part.cells) {
                (Cells::ByStep(total), Cells::ByStep(part)) => total.merge(&part),
                (Cells::Each(total), Cells::Each(part)) => {
                    add_all(&mut total.found, &part.found);
                    add_all(&mut total.filled, &part.filled);
                }
                _ => unreachable!("one grid decides the form of all its counts"),
            }
            total
                .required
                .iter_mut()
                .zip(part.required)
                .for_each(|(into, from)| into.extend(from));
        }
        total
    }

    pub(super) fn surface(mut self, grid: &Grid<'_>) -> SurfaceGrid {
        let Filled { found, filled } = match self.cells {
            Cells::ByStep(steps) => steps.into_cells(grid, self.queries),
            Cells::Each(cells) => cells,
        };
        let queries = self.queries as f64;
        let cell = |index: usize| {
            (
                grid.efs[index / grid.ks.len()],
                grid.ks[index % grid.ks.len()],
            )
        };
        let share = |(index, &count): (usize, &u64)| {
            let (ef, k) = cell(index);
            let refused = grid.class == EngineClass::Refuse && grid.asked(k) > ef;
            if refused {
                f64::NAN
            } else {
                count as f64 / (k as f64 * queries)
            }
        };
        SurfaceGrid {
            efs: grid.efs.to_vec(),
            ks: grid.ks.to_vec(),
            overlap: found.iter().enumerate().map(share).collect(),
            fill: filled.iter().enumerate().map(share).collect(),
            visited: self
                .visited
                .iter()
                .map(|&visited| visited as f64 / queries)
                .collect(),
            required_ef: self
                .required
                .iter_mut()
                .map(|efs| effort_quantiles(efs))
                .collect(),
        }
    }
}

pub(super) fn add_all(into: &mut [u64], from: &[u64]) {
    into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}
