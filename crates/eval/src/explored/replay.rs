//! The beginning of a best-first search, visit by visit: which rows, in which order, which were
//! expanded, and where each ef stops.
//!
//! Enters: a graph and queries. Leaves: one [`Replay`] per query. Cost: a traversal each, and about
//! 4.5 bytes a visit in a page.

use crate::distance_source::DistanceSource;
use crate::every_effort::EveryEffort;
use crate::lists::NEVER;
use crate::query_state::{QueryState, Searched};
use annatomy_hnsw::{Visit, Visits};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Queries whose traversal a page holds: 80 × 1,000 visits are about 360 kB.
const QUERIES: usize = 80;

/// Visits of each that it holds.
const VISITS: usize = 1_000;

/// The first visits of one query's traversal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// Which query, by place.
    pub query: u32,
    /// Base rows in the order they are visited.
    pub rows: Vec<u32>,
    /// Their geometric distances.
    pub distances: Vec<f32>,
    /// Per expansion the arrival of the row whose links are followed; of rows that are held.
    pub expanded: Vec<u32>,
    /// Per expansion the rows visited before it.
    pub seen: Vec<u32>,
    /// The efs at which a search visits more than at the ef before.
    pub stop_efs: Vec<u32>,
    /// V(ef) at each of them; the last may exceed the rows that are held.
    pub stop_visited: Vec<u32>,
    /// Rows visited at the largest ef.
    pub all: u32,
}

/// The queries to replay, ascending: half are those whose neighbors take the largest efs, half
/// evenly spread.
pub fn replayed(graph: &EveryEffort, queries: usize, k: usize) -> Vec<usize> {
    if queries <= QUERIES {
        return (0..queries).collect();
    }
    let hardness = |query: usize| -> f64 {
        let required = graph.required[query * k..(query + 1) * k].iter();
        required.map(|&ef| f64::from(ef).ln_1p()).sum()
    };
    let mut hardest: Vec<(f64, usize)> =
        (0..queries).map(|query| (hardness(query), query)).collect();
    hardest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let spread = (0..QUERIES / 2).map(|place| place * queries / (QUERIES / 2));
    let hardest = hardest.iter().map(|&(_, query)| query);
    let mut chosen: Vec<usize> = spread.chain(hardest.take(QUERIES / 2)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

impl Replay {
    /// Replays the queries of these numbers up to `ef`; places are those in `numbers` of `chosen`.
    pub fn record<S: DistanceSource>(
        on: &Searched<'_, S>,
        numbers: &[usize],
        chosen: &[usize],
        ef: usize,
    ) -> Vec<Self> {
        let scratch = PerThread::new(QueryState::<S::Queue>::default);
        chosen
            .par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|&place| {
                let number = numbers[place];
                scratch.with(|state| {
                    state.record(on, number, ef);
                    let visits = &state.visits;
                    let mut replay = Self::of_visits(visits);
                    replay.query = place as u32;
                    let mut held = held(visits);
                    held.sort_unstable_by_key(|visit| visit.arrival);
                    let mut reduced = Vec::new();
                    on.source.reduced_distances(number, &held, &mut reduced);
                    let metric = on.truth.metric();
                    replay.rows = held.iter().map(|visit| visit.id).collect();
                    let geometric = |&reduced: &f32| metric.geometric_distance(reduced);
                    replay.distances = reduced.iter().map(geometric).collect();
                    replay
                })
            })
            .collect()
    }

    /// Expansions and stops.
    fn of_visits(visits: &Visits) -> Self {
        let mut replay = Self {
            all: visits.visited(visits.ef()) as u32,
            ..Self::default()
        };
        let held = (VISITS as u32).min(replay.all);
        for (arrival, seen) in visits.expansions() {
            if seen > held {
                break;
            }
            if arrival < held {
                replay.expanded.push(arrival);
                replay.seen.push(seen);
            }
        }
        for ef in 1..=visits.ef() {
            let visited = visits.visited(ef) as u32;
            if replay.stop_visited.last() != Some(&visited) {
                replay.stop_efs.push(ef as u32);
                replay.stop_visited.push(visited);
            }
            if visited > held {
                break;
            }
        }
        replay
    }

    /// V(ef), if no more than the rows that are held are visited.
    pub fn stops_at(&self, ef: usize) -> Option<usize> {
        let place = self.stop_efs.partition_point(|&stop| stop as usize <= ef);
        let visited = *self.stop_visited.get(place.checked_sub(1)?)? as usize;
        (visited <= self.rows.len()).then_some(visited)
    }
}

/// The visits of the beginning, nearest first.
fn held(visits: &Visits) -> Vec<Visit> {
    let early = |visit: &&Visit| visit.arrival != NEVER && (visit.arrival as usize) < VISITS;
    visits
        .nearest_first()
        .iter()
        .filter(early)
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, on_graph};
    use annatomy_hnsw::Links as _;
    use annatomy_vectors::Metric;
    use std::collections::BTreeSet;

    #[test]
    fn a_replay_is_the_search_row_by_row() {
        let rows = noise(300, 5, 9);
        on_graph(rows.view(), Metric::L2, 10, |on| {
            let numbers: Vec<usize> = (0..300).collect();
            let replays = Replay::record(on, &numbers, &[0, 7, 299], 60);
            for replay in &replays {
                let query = replay.query as usize;
                let mut state = QueryState::default();
                state.record(on, query, 60);
                assert_eq!(replay.all as usize, state.visits.visited(60));
                let mut links = BTreeSet::new();
                let mut pops = replay.expanded.iter().zip(&replay.seen).peekable();
                for (arrival, &row) in replay.rows.iter().enumerate() {
                    // A row is visited because one that was expanded before links to it.
                    while let Some((&expanded, _)) =
                        pops.next_if(|pop| (*pop.1 as usize) <= arrival)
                    {
                        let from = replay.rows[expanded as usize];
                        links.extend(on.graph.links(from, 0).iter().copied());
                    }
                    assert!(arrival == 0 || links.contains(&row), "{query}: {row}");
                    let (a, b) = (rows.view().row(query), rows.view().row(row as usize));
                    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
                    let distance = squares.sum::<f64>().sqrt();
                    let found = f64::from(replay.distances[arrival]);
                    assert!((found - distance).abs() < 1e-3, "{found} {distance}");
                }
                for ef in 1..=60 {
                    let visited = state.visits.visited(ef);
                    assert_eq!(replay.stops_at(ef), Some(visited), "ef {ef}");
                    let first: BTreeSet<u32> = replay.rows[..visited].iter().copied().collect();
                    let seen = state.visits.nearest_first().iter();
                    let seen = seen.filter(|visit| (visit.arrival as usize) < visited);
                    assert_eq!(first, seen.map(|visit| visit.id).collect(), "ef {ef}");
                }
            }
        });
    }

    #[test]
    fn the_hardest_queries_and_some_of_all_are_replayed() {
        let graph = EveryEffort {
            required: (0..1_000)
                .map(|query| if query == 501 { NEVER } else { 3 })
                .collect(),
            ..EveryEffort::default()
        };
        let chosen = replayed(&graph, 1_000, 1);
        assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.len() <= QUERIES);
        assert!(chosen.contains(&501) && chosen.contains(&0) && chosen.contains(&975));
        assert_eq!(replayed(&graph, 7, 1), [0, 1, 2, 3, 4, 5, 6]);
    }
}
