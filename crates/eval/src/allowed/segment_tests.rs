//! Answers of several segments, merged, under every filter rule: against plain searches of each.

use super::tests::{ROWS, descend, filters, plain};
use super::{Filter, exact_among};
use crate::distance_source::{DistanceSource, OwnRows};
use crate::ground_truth::GroundTruth;
use crate::query_state::{Cell, QueryState, Searched};
use crate::testing::noise;
use annatomy_hnsw::{
    EngineClass, FilterRule, Graph, Links, Parameters, VectorDistances, reachable, union,
};
use annatomy_knn::Queries;
use annatomy_vectors::{Matrix, Metric};

/// The first rows of the segments, and the end.
const BOUNDS: [usize; 5] = [0, 90, 91, 150, ROWS];
const CLASSES: [EngineClass; 3] = [
    EngineClass::StopEarly,
    EngineClass::Raise,
    EngineClass::RowCap,
];

fn segments(rows: &Matrix) -> Graph {
    let of_part = |bounds: &[usize]| {
        let part: Vec<usize> = (bounds[0]..bounds[1]).collect();
        let part = rows.view().select(&part);
        let computer = VectorDistances::new(part.view(), Metric::L2);
        Graph::build(&computer, &Parameters::faiss(3, 12, 1)).expect("a graph")
    };
    let graphs: Vec<Graph> = BOUNDS.windows(2).map(of_part).collect();
    union(&graphs).expect("few rows")
}

/// Runs `work` on the segments under each filter and rule, and under none.
fn under_every_rule(work: impl Fn(&Searched<'_, OwnRows<'_>>)) {
    let rows = noise(ROWS, 5, 44);
    let graph = segments(&rows);
    let source = OwnRows::new(VectorDistances::new(rows.view(), Metric::L2), None);
    let queries = Queries::AllRows(rows.view());
    for allowed in filters(ROWS) {
        let table = exact_among(rows.view(), queries, &allowed, 8, Metric::L2, 1 << 24);
        let truth = GroundTruth::of_lists(table.expect("enough"), queries, Metric::L2, ROWS);
        let on = Searched {
            source: &source,
            truth: &truth,
            graph: &graph,
            reachable: &reachable(&graph),
            filter: None,
        };
        for rule in FilterRule::ALL {
            let allowed = allowed.clone();
            let filter = Some(Filter { allowed, rule });
            let filter = filter.as_ref();
            work(&Searched { filter, ..on });
        }
    }
    let truth = GroundTruth::compute(&rows.view(), queries, 8, Metric::L2, 1 << 20);
    work(&Searched {
        source: &source,
        truth: &truth.expect("exact"),
        graph: &graph,
        reachable: &reachable(&graph),
        filter: None,
    });
}

/// Each segment searched plainly, cut and filtered as its engine does; all merged, then cut to k.
fn merged(
    on: &Searched<'_, OwnRows<'_>>,
    query: usize,
    class: EngineClass,
    (ef, k): (usize, usize),
) -> Vec<u32> {
    let scorer = on.source.scorer(query);
    let rule = on.filter.map(|filter| filter.rule);
    let holds = |id: u32| {
        on.filter
            .is_none_or(|filter| filter.allowed.holds(query, id))
    };
    let effort = class.effort(ef, k);
    let mut all = Vec::new();
    for entry in on.graph.entry_points() {
        let entry = descend(on.graph, scorer, entry);
        let counts = |id| rule != Some(FilterRule::CountAllowed) || holds(id);
        let mut rows = plain(on.graph, scorer, entry, effort, counts);
        if rule == Some(FilterRule::AfterSearch) {
            rows.truncate(effort);
        }
        rows.retain(|&(_, id)| holds(id));
        if class == EngineClass::RowCap {
            rows.truncate(ef);
        }
        all.extend(rows);
    }
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id).take(k).collect()
}

#[test]
fn merged_answers_are_those_of_plain_searches_of_each_segment() {
    under_every_rule(|on| {
        let mut state = QueryState::default();
        for query in (0..ROWS).step_by(31) {
            state.begin(on.truth, query);
            state.record(on, query, 60);
            for class in CLASSES {
                for (ef, k) in [(1, 1), (1, 9), (4, 9), (20, 5), (60, 12)] {
                    let found = state.ids(class, ef, k);
                    let right = merged(on, query, class, (ef, k));
                    assert_eq!(found, right, "{class}, query {query}, ef {ef}, k {k}");
                }
            }
        }
    });
}

#[test]
fn merged_answers_are_measured_as_they_are() {
    under_every_rule(|on| {
        let mut cells = Vec::new();
        for class in CLASSES {
            cells.extend([(1, 8), (3, 5), (40, 8)].map(|(ef, k)| Cell { class, ef, k }));
        }
        let mut state = QueryState::default();
        for query in (0..ROWS).step_by(43) {
            state.begin(on.truth, query);
            state.traverse_for_cells(on, query, 41, &cells);
            for cell in &cells {
                let Cell { class, ef, k } = *cell;
                let found = state.measure(on.truth, cell).expect("not refused");
                let mut right = merged(on, query, class, (ef, k + 1));
                right.retain(|&id| id != query as u32);
                right.truncate(k);
                assert_eq!(
                    state.returned().ids,
                    right,
                    "{class}, query {query}, ef {ef}"
                );
                let nearest = &state.exact.ids[..k];
                let common = right.iter().filter(|id| nearest.contains(id)).count();
                assert_eq!(found.measures.overlap_strict_count, common);
                assert_eq!(found.missing.total(), k - common);
            }
        }
    });
}
