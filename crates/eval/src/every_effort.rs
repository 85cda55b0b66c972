//! What the answer to any (ef, k) of each query needs, as plain columns: the data of the explorer.
//!
//! Enters: a graph and the exact neighbors. Leaves: [`EveryEffort`]: the required ef of each exact
//! neighbor, the steps of V(ef) while it is small, V(ef) at chosen efs. From these a page counts
//! overlap and fill of any engine class at any (ef, k) as [`surface`](crate::surface) does.
//!
//! Cost: one traversal per query to the largest ef, and about 4·K bytes per query.

use crate::distance_source::DistanceSource;
use crate::ground_truth::GroundTruth;
use crate::lists::{ExactList, NEVER, UNKNOWN_RANK, VisitedList};
use crate::query_state::{QueryState, Searched};
use annatomy_hnsw::Visits;
use annatomy_measures::corrected::TIE_TOLERANCE;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// One graph under every effort up to [`ef`](Self::ef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EveryEffort {
    /// The largest ef that the traversals answer.
    pub ef: usize,
    /// queries × K: the smallest ef that visits the exact neighbor of this rank, [`NEVER`] if none
    /// up to [`ef`](Self::ef) does.
    pub required: Vec<u32>,
    /// Per query the smallest ef that visits the query itself, [`NEVER`] if none does or it is no
    /// base row.
    pub own: Vec<u32>,
    /// Steps of V(ef) per query, up to the first that exceeds K + 1.
    pub steps: Vec<Step>,
    /// Visited rows that count before their rank, or have none: ties with the k-th neighbor.
    pub ties: Vec<Tie>,
    /// Rows nearer than the query itself: duplicates of smaller id, or larger inner products.
    pub before_own: Vec<BeforeOwn>,
    /// queries × efs: V(ef) at the efs asked for.
    pub visited: Vec<u32>,
    /// Per base row, whether some path from the entry point reaches it.
    pub reachable: Vec<bool>,
}

/// The least ef of this number of visited rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which query, by place.
    pub query: u32,
    /// The smallest such ef.
    pub ef: u32,
    /// Rows visited, the query itself counted.
    pub visited: u32,
}

/// A row that counts as found from some k on because it ties with the k-th neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// Which query, by place.
    pub query: u32,
    /// The row's exact rank, `u32::MAX` beyond the list.
    pub rank: u32,
    /// The first k at which it counts.
    pub first_k: u32,
    /// The smallest ef that visits it.
    pub ef: u32,
}

/// A row nearer than the query itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeOwn {
    /// Which query, by place.
    pub query: u32,
    /// The smallest ef that visits it.
    pub ef: u32,
}

/// The exact neighbors of every query, as plain columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExactColumns {
    /// Neighbors of each query, K.
    pub k: usize,
    /// queries × K: base rows, nearest first.
    pub ids: Vec<u32>,
    /// queries × K: geometric distances.
    pub distances: Vec<f32>,
    /// Per query the LID of its K neighbors (Levina & Bickel 2004).
    pub lid: Vec<f64>,
}

impl ExactColumns {
    /// The first `k` neighbors of the queries of these numbers.
    ///
    /// # Panics
    /// If `truth` holds fewer than `k`, or no such query.
    pub fn read(truth: &GroundTruth<'_>, queries: &[usize], k: usize) -> Self {
        let mut columns = Self {
            k,
            ..Self::default()
        };
        let mut exact = ExactList::default();
        for &query in queries {
            exact.read(truth, query);
            columns.ids.extend_from_slice(&exact.ids[..k]);
            columns
                .distances
                .extend_from_slice(&exact.side.distances()[..k]);
            columns.lid.push(exact.side.lid(k));
        }
        columns
    }
}

/// What one query adds to [`EveryEffort`].
#[derive(Debug, Default)]
pub struct OfQuery {
    required: Vec<u32>,
    own: u32,
    steps: Vec<Step>,
    ties: Vec<Tie>,
    before_own: Vec<BeforeOwn>,
    visited: Vec<u32>,
}

impl EveryEffort {
    /// Traverses the queries of these numbers to `ef` on the current rayon pool, for the first `k`
    /// exact neighbors; V(ef) is kept at each of `efs`, ascending, none beyond `ef`. What is
    /// recorded names a query by its place in `queries`.
    pub fn record<S: DistanceSource>(
        on: &Searched<'_, S>,
        queries: &[usize],
        k: usize,
        ef: usize,
        efs: &[usize],
    ) -> Self {
        let scratch = PerThread::new(QueryState::<S::Queue>::default);
        let found: Vec<OfQuery> = queries
            .par_iter()
            .enumerate()
            .with_max_len(TASK_QUERIES)
            .map(|(place, &query)| {
                scratch.with(|state| {
                    state.begin(on.truth, query);
                    state.traverse(on, query, ef);
                    OfQuery::read(place as u32, k, efs, state)
                })
            })
            .collect();
        Self::of(found, ef, on.reachable)
    }

    /// Puts the queries together, by place, traversed to `ef`; a row is reachable or not.
    pub fn of(queries: Vec<OfQuery>, ef: usize, reachable: &[bool]) -> Self {
        let mut all = Self {
            ef,
            reachable: reachable.to_vec(),
            ..Self::default()
        };
        for of in queries {
            all.required.extend(of.required);
            all.own.push(of.own);
            all.steps.extend(of.steps);
            all.ties.extend(of.ties);
            all.before_own.extend(of.before_own);
            all.visited.extend(of.visited);
        }
        all
    }
}

impl OfQuery {
    /// Reads the traversal of the query at place `query`, for its first `k` exact neighbors and V(ef) at
    /// each of `efs`.
    pub fn read<Q>(query: u32, k: usize, efs: &[usize], state: &QueryState<Q>) -> Self {
        let (visits, list) = (&state.visits, &state.visited);
        let ef_of = |arrival: u32| match arrival {
            NEVER => NEVER,
            arrival => visits.required_ef(arrival) as u32,
        };
        let arrivals = &list.arrival_of_rank[..k];
        let mut of = Self {
            required: arrivals.iter().map(|&arrival| ef_of(arrival)).collect(),
            own: ef_of(list.own_arrival),
            steps: steps(query, k + 1, visits),
            ties: ties(query, k, &state.exact, list, visits),
            ..Self::default()
        };
        if list.own_place != NEVER {
            let mut before = list.arrivals[..list.own_place as usize].to_vec();
            before.sort_unstable();
            // No answer of up to k + 1 rows asks for more of them.
            before.truncate(k + 1);
            let before = before.into_iter().map(|arrival| BeforeOwn {
                query,
                ef: ef_of(arrival),
            });
            of.before_own = before.collect();
        }
        let at_each = visits.visited_at_each(efs);
        of.visited.extend(at_each.map(|visited| visited as u32));
        of
    }
}

/// V(ef) from ef = 1 up to the first value that exceeds `most`, or to the largest ef.
fn steps(query: u32, most: usize, visits: &Visits) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for ef in 1..=visits.ef() {
        let visited = visits.visited(ef) as u32;
        if steps.last().is_none_or(|last| last.visited < visited) {
            let ef = ef as u32;
            steps.push(Step { query, ef, visited });
        }
        if visited as usize > most {
            break;
        }
    }
    steps
}

/// The visited rows that count at some k up to `k` at which their rank alone would not.
fn ties(query: u32, k: usize, exact: &ExactList, list: &VisitedList, visits: &Visits) -> Vec<Tie> {
    let distances = &exact.side.distances()[..k];
    let limit = |distance: f32| {
        let distance = f64::from(distance);
        distance + distance.abs() * TIE_TOLERANCE
    };
    let mut ties = Vec::new();
    let mut first = 0;
    for (place, &rank) in list.ranks.iter().enumerate() {
        if place == list.own_place as usize {
            continue;
        }
        let distance = f64::from(list.distances[place]);
        while first < k && limit(distances[first]) < distance {
            first += 1;
        }
        if first == k {
            break;
        }
        if rank == UNKNOWN_RANK || first < rank as usize {
            ties.push(Tie {
                query,
                rank: if (rank as usize) < k { rank } else { u32::MAX },
                first_k: first as u32 + 1,
                ef: visits.required_ef(list.arrivals[place]) as u32,
            });
        }
    }
    ties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{Figure, RequiredEfs};
    use crate::testing::{noise, on_graph};
    use annatomy_vectors::{Matrix, Metric};

    /// Overlap and fill of a search at `ef` for `k`, counted as a page does.
    fn counted(data: &EveryEffort, width: usize, query: usize, ef: u32, k: usize) -> (f64, f64) {
        let mut found = 0;
        let own_ties: Vec<&Tie> = data
            .ties
            .iter()
            .filter(|tie| tie.query == query as u32)
            .collect();
        for rank in 0..width {
            let tie = own_ties.iter().find(|tie| tie.rank == rank as u32);
            let first_k = tie.map_or(rank + 1, |tie| tie.first_k as usize);
            let required = data.required[query * width + rank];
            found += usize::from(first_k <= k && required <= ef);
        }
        let beyond = own_ties.iter().filter(|tie| tie.rank == u32::MAX);
        found += beyond
            .filter(|tie| tie.first_k as usize <= k && tie.ef <= ef)
            .count();
        let steps = data.steps.iter().filter(|step| step.query == query as u32);
        let visited = steps.filter(|step| step.ef <= ef).map(|step| step.visited);
        let visited = visited.max().unwrap_or(0) as usize;
        let filled = k.min(visited - usize::from(data.own[query] <= ef));
        (
            found.min(filled) as f64 / k as f64,
            filled as f64 / k as f64,
        )
    }

    fn equals_the_surface(rows: &Matrix) {
        let (width, ks, most) = (12, [1, 3, 7, 12], 40);
        let queries: Vec<usize> = (0..rows.rows()).collect();
        on_graph(rows.view(), Metric::L2, width, |on| {
            let data = EveryEffort::record(on, &queries, width, most, &[1, 5, 40]);
            let required = RequiredEfs::record(on, &ks, most);
            for ef in [1, 2, 3, 5, 9, 20, 40] {
                for (place, &k) in ks.iter().enumerate() {
                    let overlap: Vec<f64> = required.at(Figure::Overlap, place, ef).collect();
                    let fill: Vec<f64> = required.at(Figure::Fill, place, ef).collect();
                    for query in 0..rows.rows() {
                        let found = counted(&data, width, query, ef as u32, k);
                        let right = (overlap[query], fill[query]);
                        assert_eq!(found, right, "query {query}, ef {ef}, k {k}");
                    }
                }
            }
            assert_eq!(data.visited.len(), 3 * rows.rows());
        });
    }

    #[test]
    fn counts_from_the_columns_are_those_of_the_surface() {
        equals_the_surface(&noise(150, 6, 3));
    }

    #[test]
    fn ties_and_duplicates_count_as_they_do_in_the_surface() {
        // Points of a coarse grid: most distances occur many times, and rows repeat.
        let coarse = noise(150, 2, 4);
        let values: Vec<f32> = (0..150)
            .flat_map(|row| coarse.view().row(row).to_vec())
            .map(|value| (value * 3.0).round())
            .collect();
        equals_the_surface(&Matrix::new(150, 2, values).expect("shape"));
    }

    /// Every column against searches in float64 at each effort in turn.
    #[test]
    fn columns_are_what_searches_of_every_effort_see() {
        let (width, most, efs) = (8, 48, [1, 2, 7, 30]);
        for case in crate::testing::cases() {
            let all: Vec<usize> = (0..case.queries()).collect();
            let found = case.on(width, |on| EveryEffort::record(on, &all, width, most, &efs));
            assert_eq!((found.ef, found.reachable.len()), (most, 48));
            for query in 0..case.queries() {
                let to = |row: u32| case.to(query, row);
                let seen: Vec<Vec<u32>> = (1..=most)
                    .map(|ef| crate::testing::seen(&case.graph, to, ef))
                    .collect();
                let first = |row: u32| {
                    let ef = seen.iter().position(|seen| seen.contains(&row));
                    ef.map_or(NEVER, |place| place as u32 + 1)
                };
                let own = case.own(query);
                let mut others: Vec<u32> = (0..48).filter(|&row| Some(row) != own).collect();
                others.sort_by(|&a, &b| to(a).total_cmp(&to(b)).then(a.cmp(&b)));
                let right: Vec<u32> = others[..width].iter().map(|&row| first(row)).collect();
                assert_eq!(
                    found.required[query * width..][..width],
                    right,
                    "query {query}"
                );
                assert_eq!(found.own[query], own.map_or(NEVER, first), "query {query}");
                let visited = efs.map(|ef| seen[ef - 1].len() as u32);
                let what = format!("{} query {query} of {}", case.metric, case.queries());
                assert_eq!(
                    found.visited[query * efs.len()..][..efs.len()],
                    visited,
                    "{what}"
                );
                let of = |step: &&Step| step.query == query as u32;
                for step in found.steps.iter().filter(of) {
                    let ef = step.ef as usize;
                    assert_eq!(step.visited as usize, seen[ef - 1].len(), "ef {ef}");
                    assert!(
                        ef == 1 || seen[ef - 2].len() < seen[ef - 1].len(),
                        "ef {ef}"
                    );
                }
                // Every step is there until more than K + 1 rows are visited.
                let sizes = seen.iter().map(Vec::len);
                let mut sizes: Vec<usize> = sizes.collect();
                sizes.dedup();
                let end = sizes.iter().position(|&size| size > width + 1);
                let steps = end.map_or(sizes.len(), |end| end + 1);
                assert_eq!(
                    found.steps.iter().filter(of).count(),
                    steps,
                    "query {query}"
                );
            }
        }
    }

    #[test]
    fn rows_before_the_query_itself_are_those_that_beat_it() {
        let (width, most) = (8, 48);
        let (mut before, mut under_l2) = (0, 0);
        for case in crate::testing::cases() {
            let all: Vec<usize> = (0..case.queries()).collect();
            let found = case.on(width, |on| EveryEffort::record(on, &all, width, most, &[]));
            for query in 0..case.queries() {
                let of = |row: &&BeforeOwn| row.query == query as u32;
                let mut efs: Vec<u32> = found
                    .before_own
                    .iter()
                    .filter(of)
                    .map(|row| row.ef)
                    .collect();
                let Some(own) = case.own(query) else {
                    assert!(efs.is_empty(), "a held-out query has no place");
                    continue;
                };
                let to = |row: u32| case.to(query, row);
                let first = |row: u32| {
                    (1..=most as u32).find(|&ef| {
                        crate::testing::seen(&case.graph, to, ef as usize).contains(&row)
                    })
                };
                if first(own).is_none() {
                    continue;
                }
                let beats = |&row: &u32| (to(row), row) < (to(own), own);
                let mut right: Vec<u32> = (0..48).filter(beats).filter_map(first).collect();
                right.sort_unstable();
                right.truncate(width + 1);
                efs.sort_unstable();
                assert_eq!(efs, right, "{} query {query}", case.metric);
                before += right.len();
                under_l2 += if case.metric == Metric::L2 {
                    right.len()
                } else {
                    0
                };
            }
        }
        assert!(
            before > 0 && under_l2 > 0,
            "larger products, and repeats of smaller id"
        );
    }

    #[test]
    fn exact_columns_are_the_nearest_rows_and_their_dimension() {
        for case in crate::testing::cases() {
            let all: Vec<usize> = (0..case.queries()).collect();
            let columns = case.on(9, |on| ExactColumns::read(on.truth, &all, 7));
            assert_eq!((columns.k, columns.lid.len()), (7, case.queries()));
            for query in 0..case.queries() {
                let own = case.own(query);
                let mut others: Vec<u32> = (0..48).filter(|&row| Some(row) != own).collect();
                others.sort_by(|&a, &b| {
                    case.to(query, a)
                        .total_cmp(&case.to(query, b))
                        .then(a.cmp(&b))
                });
                assert_eq!(columns.ids[query * 7..][..7], others[..7], "query {query}");
                let right: Vec<f64> = others[..7].iter().map(|&id| case.to(query, id)).collect();
                let distances = &columns.distances[query * 7..][..7];
                for (&distance, right) in distances.iter().zip(&right) {
                    assert!((f64::from(distance) - right).abs() < 1e-5, "query {query}");
                }
                if case.metric == Metric::L2 && right[0] > 0.0 && right[0] < right[6] {
                    let logs: f64 = right[..6].iter().map(|near| (near / right[6]).ln()).sum();
                    let lid = -6.0 / logs;
                    assert!(
                        (columns.lid[query] / lid - 1.0).abs() < 1e-4,
                        "query {query}"
                    );
                }
            }
        }
    }
}
