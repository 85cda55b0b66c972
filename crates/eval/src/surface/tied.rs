//! The cells of a query whose queue ends among rows of equal distance: counted one by one, from searches
//! with the queue of the engine that saved the graph.
//!
//! Enters: a query, its traversal. Leaves: what it adds to [`Counts`]. Required efs stay those of the
//! traversal. Rows that tie count alike, so that a search answers every k for which it visits the same rows:
//! all k ≤ ef. Cost: a search for each ef, and for each k above it where FAISS's queue grows with k.

use super::{Counts, Grid};
use crate::distance_source::DistanceSource;
use crate::query_state::{Cell, QueryState, Searched, queue_of_cell};
use annatomy_hnsw::CandidateQueue;

/// Cells of a grid that are searched, at most: a denser one is read from traces, each of which answers all of it.
pub const SEARCHED_CELLS: usize = 1024;

/// Every cell of `grid`, with its place.
fn cells<'g>(grid: &Grid<'g>) -> impl Iterator<Item = ((usize, usize), Cell)> + use<'g> {
    let (efs, ks, class) = (grid.efs, grid.ks, grid.class);
    efs.iter().enumerate().flat_map(move |(row, &ef)| {
        let of_ef = ks.iter().enumerate();
        of_ef.map(move |(column, &k)| ((row, column), Cell { class, ef, k }))
    })
}

/// Whether the traversal of query number `query` cannot say what its engine visits in some cell, of a grid that
/// is not too dense for searches.
pub(super) fn is_tied<S: DistanceSource>(
    on: &Searched<'_, S>,
    query: usize,
    grid: &Grid<'_>,
    traversed: &QueryState<S::Queue>,
) -> bool {
    grid.is_searched()
        && cells(grid).any(|(_, cell)| traversed.visits_are_up_to_the_queue(on, query, &cell))
}

impl Grid<'_> {
    /// Whether its cells are so few that they are searched where an engine's queue decides.
    pub(crate) fn is_searched(&self) -> bool {
        self.cells() <= SEARCHED_CELLS
    }
}

impl Counts {
    /// Adds the cells of query number `query`; `searched` is memory.
    pub(super) fn add_searched<S: DistanceSource<Queue = Q>, Q: CandidateQueue>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        grid: &Grid<'_>,
        (traversed, searched): (&mut QueryState<Q>, &mut QueryState<Q>),
    ) {
        let mut last = None;
        for ((row, column), cell) in cells(grid) {
            let queue = queue_of_cell(on, query, &cell);
            if queue.is_some() && queue != last {
                searched.visit_as_engine(on, query, &cell);
                last = queue;
            }
            let state = if queue.is_some() {
                &mut *searched
            } else {
                &mut *traversed
            };
            if let Some(found) = state.measure(on.truth, &cell) {
                let counts = [found.measures.overlap_count, found.measures.filled];
                self.add_cell(grid, (row, column), counts);
            }
            if column == 0 {
                let is_of_ef = queue.is_some() && cell.effort(on.truth) == cell.ef;
                let visits = if is_of_ef {
                    &searched.visits
                } else {
                    &traversed.visits
                };
                self.add_visited(row, visits.visited(cell.ef));
            }
        }
    }
}
