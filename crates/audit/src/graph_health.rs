//! The health of a graph: whether its links lead everywhere, to every row, and to no row too often.
//!
//! Enters: graphs, and where distances come from. Leaves: a [`GraphHealth`] for each graph, or for each
//! segment of a collection, with a [`HealthWarning`](super::health::HealthWarning) for what is wrong.
//!
//! ```text
//! components, in-degrees, confined rows    one walk of all links             O(n·M)
//! self-recall                              a search for each of 1,000 rows   at one ef
//! hubs                                     the visits of 2,000 queries       at the same ef: kept, or a search each
//! redundant links                          the lists of 1,000 rows, pruned   O(M²) distances a row
//! ```
//!
//! Rows and queries beyond those numbers are taken at even steps. Does not: count a filter; the links
//! are those of all rows.

use super::health::{GraphHealth, Hubs, InDegree};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::query_state::KeptTraversal;
use annatomy_hnsw::{
    BaseLayer, DistanceComputer, Graph, QueryScorer, RedundantLinks, Traversal, Visits,
};
use annatomy_measures::estimate::{Estimate, Population, share_of};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::Metric;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rows that are searched for, and whose links are pruned again.
const ROWS: usize = 1_000;
/// Queries whose visits are counted.
const QUERIES: usize = 2_000;

/// Searches of one graph, in the arithmetic of its engine.
pub(super) trait GraphSearches: Sync {
    /// Memory of one search.
    type Scratch: Default + Send;

    /// The rows that a search for query number `query` visits, where that is known without searching.
    fn known(&self, query: usize, ef: usize) -> Option<&[u32]> {
        let _ = (query, ef);
        None
    }

    /// The visits of a search for query number `query`.
    fn of_query<'s>(&self, query: usize, ef: usize, scratch: &'s mut Self::Scratch) -> &'s Visits;

    /// The visits of a search for a base row.
    fn of_row<'s>(&self, row: u32, ef: usize, scratch: &'s mut Self::Scratch) -> &'s Visits;

    /// The links of some rows that the neighbor-selection heuristic would prune.
    fn redundant(&self, rows: &[u32]) -> RedundantLinks;
}

/// Searches of a graph over vectors.
pub(super) struct OverVectors<'a, S> {
    pub(super) graph: &'a Graph,
    pub(super) source: &'a S,
    /// By query, where they were kept.
    pub(super) kept: &'a [Option<KeptTraversal>],
}

/// Memory of searches for queries and for rows.
pub(super) struct Walks<S: DistanceSource> {
    queries: Walk<S::Queue>,
    rows: Walk<<S::Computer as DistanceComputer>::Queue>,
}

impl<S: DistanceSource> Default for Walks<S> {
    fn default() -> Self {
        Self {
            queries: Walk::default(),
            rows: Walk::default(),
        }
    }
}

impl<S: DistanceSource> GraphSearches for OverVectors<'_, S> {
    type Scratch = Walks<S>;

    fn known(&self, query: usize, ef: usize) -> Option<&[u32]> {
        self.kept.get(query)?.as_ref()?.visited_ids(ef)
    }

    fn of_query<'s>(&self, query: usize, ef: usize, scratch: &'s mut Walks<S>) -> &'s Visits {
        let scorer = self.source.scorer(query);
        scratch.queries.to(self.graph, scorer, ef)
    }

    fn of_row<'s>(&self, row: u32, ef: usize, scratch: &'s mut Walks<S>) -> &'s Visits {
        let scorer = self.source.computer().scorer(row);
        scratch.rows.to(self.graph, scorer, ef)
    }

    fn redundant(&self, rows: &[u32]) -> RedundantLinks {
        RedundantLinks::of(self.graph, self.source.computer(), rows)
    }
}

/// Memory of one search.
#[derive(Default)]
struct Walk<Q> {
    traversal: Traversal<Q>,
    visits: Visits,
}

impl<Q: annatomy_hnsw::CandidateQueue> Walk<Q> {
    fn to(&mut self, graph: &Graph, scorer: impl QueryScorer<Queue = Q>, ef: usize) -> &Visits {
        annatomy_runtime::check();
        self.traversal.record(graph, scorer, ef, &mut self.visits);
        &self.visits
    }
}

/// One graph and how it is searched.
pub(super) struct OnGraph<'a, W> {
    pub(super) graph: &'a Graph,
    /// Per node, whether some path from the entry point reaches it.
    pub(super) reachable: &'a [bool],
    pub(super) searches: W,
    pub(super) data: &'a Dataset<'a>,
    /// The effort of the searches.
    pub(super) ef: usize,
}

impl<W: GraphSearches> OnGraph<'_, W> {
    /// The health of the graph, or of each of `segments`.
    pub(super) fn health(&self, segments: &[usize]) -> Vec<GraphHealth> {
        let whole = [self.data.base.rows()];
        let parts = if segments.len() > 1 { segments } else { &whole };
        let sampled = (ROWS / parts.len()).max(1);
        let mut start = 0;
        let parts = parts.iter().map(|&rows| {
            let part = start..start + rows as u32;
            start = part.end;
            part
        });
        let parts: Vec<Range<u32>> = parts.collect();
        // The walk of the links has one thread, the searches have the others.
        let walk = |rows: &Range<u32>| BaseLayer::of(self.graph, rows.clone());
        let (layers, visits) = rayon::join(
            || parts.iter().map(walk).collect::<Vec<_>>(),
            || self.visits_of_rows(),
        );
        let parts = parts.into_iter().zip(layers);
        parts
            .map(|(rows, layer)| self.of_rows(rows, layer, &visits, sampled))
            .collect()
    }

    fn of_rows(
        &self,
        rows: Range<u32>,
        layer: BaseLayer,
        visits: &[u32],
        sampled: usize,
    ) -> GraphHealth {
        let places = rows.start as usize..rows.end as usize;
        let sample: Vec<u32> = evenly(rows.len(), sampled)
            .map(|place| rows.start + place as u32)
            .collect();
        let links = self.searches.redundant(&sample);
        let reached = self.reachable[places.clone()].iter();
        let mut health = GraphHealth {
            rows: rows.len(),
            components: layer.sizes.len(),
            largest_component: layer.largest_size(),
            confined: layer.confined.len(),
            unreachable: reached.filter(|reached| !**reached).count(),
            in_degree: InDegree::of(layer.in_degrees),
            redundant_links: (links.links > 0).then(|| links.redundant as f64 / links.links as f64),
            ef: self.ef,
            self_recall: self.self_recall(&sample, rows.len()),
            hubs: Hubs::of(&visits[places], queries_counted(self.data)),
            warnings: Vec::new(),
        };
        health.warnings = health.found_wrong();
        health
    }

    /// How often the queries visit each row at `ef`.
    fn visits_of_rows(&self) -> Vec<u32> {
        let counts: Vec<AtomicU32> = (0..self.data.base.rows())
            .map(|_| AtomicU32::new(0))
            .collect();
        let scratch = PerThread::new(W::Scratch::default);
        let queries: Vec<usize> = evenly(self.data.queries.count(), QUERIES).collect();
        queries
            .par_iter()
            .with_max_len(TASK_QUERIES)
            .for_each(|&query| {
                // Sums do not depend on their order.
                let count = |row: u32| {
                    counts[row as usize].fetch_add(1, Ordering::Relaxed);
                };
                if let Some(rows) = self.searches.known(query, self.ef) {
                    rows.iter().copied().for_each(count);
                    return;
                }
                scratch.with(|scratch| {
                    let visits = self.searches.of_query(query, self.ef, scratch);
                    let rows = visits.nearest_first().iter().map(|visit| visit.id);
                    rows.for_each(count);
                });
            });
        counts.into_iter().map(AtomicU32::into_inner).collect()
    }

    /// The share of `sample`, drawn from `rows`, that a search for them visits.
    fn self_recall(&self, sample: &[u32], rows: usize) -> Option<Estimate> {
        if self.data.metric == Metric::InnerProduct {
            return None;
        }
        let scratch = PerThread::new(W::Scratch::default);
        let found = sample
            .par_iter()
            .with_max_len(TASK_QUERIES)
            .filter(|&&row| {
                scratch.with(|scratch| {
                    let visits = self.searches.of_row(row, self.ef, scratch);
                    visits.nearest_first().iter().any(|visit| visit.id == row)
                })
            })
            .count();
        let drawn = Population::Finite(rows as u64);
        let share = share_of(found as u64, sample.len() as u64, drawn)?;
        Some(Estimate {
            point: share.point,
            low: Some(share.low),
            high: Some(share.high),
            standard_error: None,
            n: sample.len(),
        })
    }
}

fn queries_counted(data: &Dataset<'_>) -> usize {
    data.queries.count().min(QUERIES)
}

/// At most `most` of `count` places, at even steps.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |place| place * count / taken)
}

impl InDegree {
    fn of(mut degrees: Vec<u32>) -> Self {
        degrees.sort_unstable();
        let Some(last) = degrees.len().checked_sub(1) else {
            return Self::default();
        };
        let links: u64 = degrees.iter().copied().map(u64::from).sum();
        let percentile = |percent: usize| degrees[(percent * degrees.len()).div_ceil(100) - 1];
        Self {
            zero: degrees.partition_point(|&degree| degree == 0),
            mean: links as f64 / degrees.len() as f64,
            min: degrees[0],
            p1: percentile(1),
            p5: percentile(5),
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
            max: degrees[last],
        }
    }
}

impl Hubs {
    /// Of the visits to each row; `None` without any.
    fn of(visits: &[u32], queries: usize) -> Option<Self> {
        let all: u64 = visits.iter().copied().map(u64::from).sum();
        if all == 0 {
            return None;
        }
        let mut sorted = visits.to_vec();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let top = visits.len().div_ceil(100);
        let on_top: u64 = sorted[..top].iter().copied().map(u64::from).sum();
        Some(Self {
            queries,
            visits: all,
            top_share: on_top as f64 / all as f64,
            random_share: random_share(
                all as f64 / visits.len() as f64,
                top as f64 / visits.len() as f64,
            ),
        })
    }
}

/// The share of all visits on the most visited `top` of the rows, where each row has a number of visits
/// of the Poisson distribution of this mean.
fn random_share(mean: f64, top: f64) -> f64 {
    // From 0 visits upwards, until the rows that are left are `top` of them.
    let (mut below, mut visits_below) = (0.0, 0.0);
    let mut logarithm = -mean;
    let mut count = 0.0_f64;
    loop {
        let probability = logarithm.exp();
        if below + probability >= 1.0 - top || count > mean + 60.0 * (mean.sqrt() + 1.0) {
            let rest = (1.0 - top - below).max(0.0);
            let share = 1.0 - (visits_below + rest * count) / mean;
            return share.clamp(0.0, 1.0);
        }
        below += probability;
        visits_below += probability * count;
        count += 1.0;
        logarithm += (mean / count).ln();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::{Along, Evaluation};
    use crate::exact;
    use crate::health::HealthWarning;
    use crate::testing::{HandGraph, dataset, graphs, line, noise, random_graph};
    use annatomy_eval::distance_source::OwnRows;
    use annatomy_hnsw::{EngineClass, VectorDistances};
    use annatomy_vectors::Matrix;

    fn of(
        graph: &HandGraph,
        data: &Dataset<'_>,
        segments: &[usize],
        ef: usize,
    ) -> Vec<GraphHealth> {
        knowing(graph, data, segments, (ef, &[]))
    }

    fn knowing(
        graph: &HandGraph,
        data: &Dataset<'_>,
        segments: &[usize],
        (ef, kept): (usize, &[Option<KeptTraversal>]),
    ) -> Vec<GraphHealth> {
        let rows = data.base.in_memory().expect("in memory");
        let source = OwnRows::new(VectorDistances::new(rows, Metric::L2), None);
        let graphs = graphs(std::slice::from_ref(graph), EngineClass::Raise, data);
        let on = OnGraph {
            graph: &graphs.all[0],
            reachable: &graphs.reachable[0],
            searches: OverVectors {
                graph: &graphs.all[0],
                source: &source,
                kept,
            },
            data,
            ef,
        };
        on.health(segments)
    }

    /// The traversals of all queries to `ef`, as advice keeps them.
    fn kept(graph: &HandGraph, data: &Dataset<'_>, ef: usize) -> Vec<Option<KeptTraversal>> {
        let rows = data.base.in_memory().expect("in memory");
        let on = Evaluation {
            source: &OwnRows::new(VectorDistances::new(rows, Metric::L2), None),
            data,
            truth: &exact::neighbors(data, 3, 1 << 20).expect("small"),
            graph: &Graph::freeze(graph),
            reachable: &vec![true; data.base.rows()],
            filter: None,
        };
        let along = Along {
            keeps: true,
            ..Along::default()
        };
        on.trace(&[3], ef, &along).kept
    }

    #[test]
    fn a_graph_made_by_hand_has_the_health_that_is_drawn() {
        // 0 ⇄ 1 ⇄ 2, and 2 → 3 ⇄ 4 with no way back; nothing leads to 5.
        let links = vec![vec![1], vec![0, 2], vec![1, 3], vec![4], vec![3], vec![0]];
        let data = dataset(line(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), None);
        let found = of(&HandGraph(links), &data, &[], 6).remove(0);
        assert_eq!(
            (found.rows, found.components, found.largest_component),
            (6, 3, 3)
        );
        assert_eq!((found.confined, found.unreachable), (2, 1));
        let degrees = found.in_degree;
        assert_eq!(
            (degrees.zero, degrees.min, degrees.p50, degrees.max),
            (1, 0, 1, 2)
        );
        assert_eq!(degrees.mean, 8.0 / 6.0);
        assert_eq!(
            found.redundant_links,
            Some(0.0),
            "neighbors on a line, and one long link alone"
        );
        // Every row is visited but 5, which no path reaches: 5 of 6 find themselves.
        let itself = found.self_recall.expect("L2");
        assert_eq!((itself.point, itself.n), (5.0 / 6.0, 6));
        assert_eq!(
            (itself.low, itself.high),
            (Some(5.0 / 6.0), Some(5.0 / 6.0)),
            "all rows"
        );
        let hubs = found.hubs.expect("visits");
        assert_eq!((hubs.queries, hubs.visits), (6, 30));
        assert_eq!(
            hubs.top_share,
            6.0 / 30.0,
            "one row of six is the top 1 %, rounded up"
        );
        assert_eq!(
            found.warnings,
            [
                HealthWarning::Unreachable { rows: 1 },
                HealthWarning::Confined { rows: 2 },
                HealthWarning::LosesItself {
                    ef: 6,
                    self_recall: 5.0 / 6.0
                },
            ]
        );
    }

    #[test]
    fn rows_that_are_reached_and_do_not_lead_back_are_a_warning() {
        // 0 → 1 → … → 5 → 6 ⇄ 7 ⇄ 8 ⇄ 9: six rows that lead to the largest component and not back.
        let mut links: Vec<Vec<u32>> = (1..=6).map(|next| vec![next]).collect();
        links.extend([vec![7], vec![6, 8], vec![7, 9], vec![8]]);
        let points: Vec<f32> = (0..10_u8).map(f32::from).collect();
        let data = dataset(line(&points), None);
        let found = of(&HandGraph(links), &data, &[], 10).remove(0);
        assert_eq!((found.components, found.largest_component), (7, 4));
        assert_eq!((found.confined, found.unreachable), (0, 0));
        let (components, outside) = (7, 6);
        let fragmented = HealthWarning::Fragmented {
            components,
            outside,
        };
        assert_eq!(found.warnings, [fragmented]);
    }

    #[test]
    fn visits_and_self_recall_are_those_of_searches_written_out_plainly() {
        let data = dataset(noise(60, 3, 8), None);
        let graph = random_graph(60, 2, &[9, 41], 3);
        let kept = kept(&graph, &data, 12);
        assert!(kept.iter().all(Option::is_some));
        for ef in [1, 4, 12, 13] {
            let found = of(&graph, &data, &[], ef).remove(0);
            let is_known = |kept: &Option<KeptTraversal>| {
                kept.as_ref()
                    .is_some_and(|kept| kept.visited_ids(ef).is_some())
            };
            assert_eq!(kept.iter().all(is_known), ef <= 12, "ef {ef}");
            let known = knowing(&graph, &data, &[], (ef, &kept)).remove(0);
            assert_eq!(known, found, "of kept traversals, ef {ef}");
            let mut visits = vec![0_u64; 60];
            let mut itself = 0;
            for query in 0..60 {
                let seen = graph.seen(&data, query, ef);
                itself += usize::from(seen.contains(&(query as u32)));
                seen.iter().for_each(|&row| visits[row as usize] += 1);
            }
            let all: u64 = visits.iter().sum();
            let hubs = found.hubs.expect("visits");
            assert_eq!(hubs.visits, all, "ef {ef}");
            assert_eq!(
                hubs.top_share,
                visits[visits_top(&visits)] as f64 / all as f64
            );
            assert_eq!(found.self_recall.expect("L2").point, itself as f64 / 60.0);
            assert_eq!(found.unreachable, 2);
        }
    }

    #[test]
    fn kept_traversals_are_asked_where_no_tie_decides_what_is_visited() {
        let values: Vec<f32> = (0..240_u32).map(|i| (i * i * 7 % 61 % 4) as f32).collect();
        let ties = Matrix::new(120, 2, values).expect("shape");
        let (data, graph) = (dataset(ties, None), random_graph(120, 3, &[], 4));
        let kept = kept(&graph, &data, 40);
        let mut counts = [0, 0];
        for ef in 1..=40 {
            let found = of(&graph, &data, &[], ef);
            assert_eq!(knowing(&graph, &data, &[], (ef, &kept)), found, "ef {ef}");
            for kept in kept.iter().flatten() {
                counts[usize::from(kept.visited_ids(ef).is_some())] += 1;
            }
        }
        assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
    }

    fn visits_top(visits: &[u64]) -> usize {
        (0..visits.len())
            .max_by_key(|&row| visits[row])
            .expect("rows")
    }

    #[test]
    fn segments_have_a_health_each() {
        let links = vec![vec![1], vec![0], vec![1, 0], vec![4], vec![3]];
        let data = dataset(line(&[0.0, 1.0, 2.0, 3.0, 4.0]), None);
        let found = of(&HandGraph(links), &data, &[3, 2], 5);
        let parts: Vec<_> = found
            .iter()
            .map(|part| {
                (
                    part.rows,
                    part.components,
                    part.largest_component,
                    part.in_degree.zero,
                )
            })
            .collect();
        assert_eq!(parts, [(3, 2, 2, 1), (2, 1, 2, 0)]);
    }

    #[test]
    fn visits_at_random_are_as_uneven_as_poisson_s() {
        // By scipy.stats.poisson.ppf of SciPy 1.17.
        for (mean, right) in SCIPY {
            let found = random_share(mean, 0.01);
            assert!((found - right).abs() < 2e-4, "{mean}: {found}, {right}");
        }
    }

    /// Means, and the mean of the quantile function above .99 × .01 / mean.
    const SCIPY: [(f64, f64); 5] = [
        (0.005, 1.0),
        (0.1, 0.148_374_15),
        (1.0, 0.044_348_765),
        (20.0, 0.016_432_461_25),
        (1000.0, 0.010_853_041_325),
    ];
}
