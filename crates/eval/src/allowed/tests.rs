//! Answers under a filter against plain searches, written as the engines write theirs.

use super::{Allowed, Filter, exact_among};
use crate::distance_source::DistanceSource;
use crate::ground_truth::GroundTruth;
use crate::query_state::{Cell, QueryState, Searched};
use crate::surface::{Figure, RequiredEfs};
use crate::testing::{noise, on_graph};
use annatomy_hnsw::{EngineClass, FilterRule, Graph, Links, QueryScorer};
use annatomy_knn::Queries;
use annatomy_vectors::{Matrix, Metric};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet};

pub(super) const ROWS: usize = 220;

/// hnswlib's `searchBaseLayerST` with a filter, or FAISS's `search_from_candidates` with a
/// selector: the allowed rows found, nearest first, as (key, id).
pub(super) fn plain(
    graph: &Graph,
    scorer: impl QueryScorer,
    entry: u32,
    ef: usize,
    counts: impl Fn(u32) -> bool,
) -> Vec<(u32, u32)> {
    let mut seen = HashSet::from([entry]);
    let mut visited = vec![(scorer.key(entry), entry)];
    let mut pending = BinaryHeap::from([Reverse((scorer.key(entry), entry))]);
    let mut best: BTreeSet<(u32, u32)> = BTreeSet::new();
    if counts(entry) {
        best.insert((scorer.key(entry), entry));
    }
    while let Some(Reverse((key, id))) = pending.pop() {
        let nearer = best.range(..(key, 0)).count();
        if nearer >= ef {
            break;
        }
        for &link in graph.links(id, 0) {
            if seen.insert(link) {
                let key = scorer.key(link);
                visited.push((key, link));
                pending.push(Reverse((key, link)));
                if counts(link) {
                    best.insert((key, link));
                }
            }
        }
    }
    visited.sort_unstable();
    visited
}

/// The greedy descent through the upper layers, of the only segment.
fn entry(graph: &Graph, scorer: impl QueryScorer) -> u32 {
    descend(graph, scorer, graph.entry_point().expect("rows"))
}

/// The greedy descent from one entry point.
pub(super) fn descend(graph: &Graph, scorer: impl QueryScorer, mut at: u32) -> u32 {
    for level in (1..=graph.level(at)).rev() {
        loop {
            let links = graph.links(at, level).iter().copied();
            let next = links
                .chain([at])
                .min_by_key(|&id| (scorer.key(id), id != at));
            let next = next.expect("itself at least");
            if next == at {
                break;
            }
            at = next;
        }
    }
    at
}

pub(super) fn filters(queries: usize) -> Vec<Allowed> {
    let every = |step: usize| (0..ROWS as u32).step_by(step).collect::<Vec<_>>();
    let near = |from: u32| (from..ROWS as u32).collect::<Vec<_>>();
    let mut filters: Vec<Allowed> = [every(1), every(2), every(9), near(180)]
        .map(|list| Allowed::new(ROWS, queries, &[list]).expect("rows"))
        .into();
    let own: Vec<Vec<u32>> = (0..queries).map(|query| every(2 + query % 5)).collect();
    filters.push(Allowed::new(ROWS, queries, &own).expect("rows"));
    filters
}

fn with_filter(
    rows: &Matrix,
    allowed: &Allowed,
    rule: FilterRule,
    k: usize,
    work: impl Fn(&Searched<'_, crate::distance_source::OwnRows<'_>>),
) {
    let filter = Filter {
        allowed: allowed.clone(),
        rule,
    };
    on_graph(rows.view(), Metric::L2, k, |on| {
        let queries = Queries::AllRows(rows.view());
        let table = exact_among(rows.view(), queries, allowed, k, Metric::L2, 1 << 24);
        let truth = GroundTruth::of_lists(table.expect("enough"), queries, Metric::L2, ROWS);
        work(&Searched {
            truth: &truth,
            filter: Some(&filter),
            ..*on
        });
    });
}

#[test]
fn answers_are_those_of_a_plain_search_under_every_rule() {
    let rows = noise(ROWS, 6, 31);
    let mut looked = 0;
    for allowed in filters(ROWS) {
        for rule in FilterRule::ALL {
            with_filter(&rows, &allowed, rule, 8, |on| {
                let mut state = QueryState::default();
                for query in (0..ROWS).step_by(23) {
                    state.begin(on.truth, query);
                    state.traverse(on, query, 60);
                    let scorer = on.source.scorer(query);
                    for ef in [1, 5, 20, 60] {
                        let holds = |id| allowed.holds(query, id);
                        let counts = |id| rule != FilterRule::CountAllowed || holds(id);
                        let visited = plain(on.graph, scorer, entry(on.graph, scorer), ef, counts);
                        let handed_on = match rule {
                            FilterRule::AfterSearch => &visited[..visited.len().min(ef)],
                            _ => &visited[..],
                        };
                        let passing = handed_on
                            .iter()
                            .map(|visit| visit.1)
                            .filter(|&id| holds(id));
                        for k in [1, 4, 9] {
                            let expected: Vec<u32> = passing.clone().take(k).collect();
                            let found = state.ids(EngineClass::StopEarly, ef, k);
                            assert_eq!(found, expected, "{rule}, query {query}, ef {ef}, k {k}");
                        }
                    }
                }
            });
            looked += 1;
        }
    }
    assert_eq!(looked, 15);
}

#[test]
fn measures_count_allowed_rows_alone_and_causes_add_up() {
    let rows = noise(ROWS, 6, 8);
    for allowed in filters(ROWS) {
        for rule in FilterRule::ALL {
            with_filter(&rows, &allowed, rule, 8, |on| {
                let mut state = QueryState::default();
                for query in (0..ROWS).step_by(17) {
                    state.begin(on.truth, query);
                    state.traverse(on, query, 40);
                    for (ef, k) in [(3, 8), (12, 5), (40, 8)] {
                        let class = EngineClass::Raise;
                        let found = state.measure(on.truth, &Cell { class, ef, k });
                        let found = found.expect("not refused");
                        let returned = &state.returned().ids;
                        assert!(returned.iter().all(|&id| allowed.holds(query, id)));
                        assert!(!returned.contains(&(query as u32)));
                        let nearest = &state.exact.ids[..k];
                        let common = returned.iter().filter(|id| nearest.contains(id)).count();
                        assert_eq!(found.measures.overlap_strict_count, common);
                        assert_eq!(found.missing.total(), k - common);
                    }
                }
            });
        }
    }
}

#[test]
fn required_efs_under_a_filter_are_those_of_answers() {
    let rows = noise(ROWS, 6, 77);
    for allowed in filters(ROWS) {
        for rule in [FilterRule::CountAll, FilterRule::CountAllowed] {
            with_filter(&rows, &allowed, rule, 8, |on| {
                let ks = [3, 8];
                let required = RequiredEfs::record(on, &ks, 50);
                let mut state = QueryState::default();
                for ef in [1, 4, 13, 50] {
                    for (k_index, &k) in ks.iter().enumerate() {
                        let overlaps: Vec<f64> =
                            required.at(Figure::Overlap, k_index, ef).collect();
                        let fills: Vec<f64> = required.at(Figure::Fill, k_index, ef).collect();
                        for query in (0..ROWS).step_by(29) {
                            state.begin(on.truth, query);
                            state.traverse(on, query, 50);
                            let class = EngineClass::StopEarly;
                            let found = state.measure(on.truth, &Cell { class, ef, k });
                            let found = found.expect("not refused").measures;
                            assert_eq!(found.overlap(), overlaps[query], "{rule}, ef {ef}, k {k}");
                            assert_eq!(found.fill(), fills[query], "{rule}, ef {ef}, k {k}");
                        }
                    }
                }
            });
        }
    }
}
