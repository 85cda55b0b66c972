//! The Vamana graph: the same at any thread count, its degree bound, and complete at full effort.

use crate::common::clustered;
use annatomy_hnsw::{
    BuildError, DistanceComputer, Graph, Links, PairDistances, ReducedKeys, Search, Traversal,
    VamanaParameters, VectorDistances, Visits, medoid, reachable,
};
use annatomy_knn::PairTable;
use annatomy_vectors::{Matrix, Metric};

const PARAMETERS: VamanaParameters = VamanaParameters {
    m: 6,
    beam: 40,
    alpha: 1.2,
    seed: 3,
};

fn built<D: ReducedKeys>(threads: usize, distances: &D, points: &Matrix) -> Graph {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("pool");
    let start = medoid(points.view()).expect("rows");
    pool.install(|| Graph::build_vamana(distances, &PARAMETERS, start).expect("graph"))
}

#[test]
fn the_same_seed_gives_the_same_graph_at_any_thread_count_and_from_a_table() {
    let points = clustered(1_000, 12, 7, 5);
    let distances = VectorDistances::new(points.view(), Metric::L2);
    let one = built(1, &distances, &points);
    assert_eq!(one, built(2, &distances, &points));
    let table = PairTable::new(points.view(), Metric::L2, 10).expect("small");
    let of_table = built(1, &PairDistances(&table), &points);
    assert_eq!(of_table, built(2, &PairDistances(&table), &points));
    let start = medoid(points.view());
    assert_eq!((one.entry_point(), of_table.entry_point()), (start, start));
}

#[test]
fn nodes_keep_to_the_bound_and_a_search_of_all_rows_finds_every_neighbor() {
    let points = clustered(1_000, 12, 7, 5);
    let distances = VectorDistances::new(points.view(), Metric::L2);
    let graph = built(2, &distances, &points);
    let degree = |node: u32| graph.links(node, 0).len();
    assert!((0..1_000).all(|node| (1..=12).contains(&degree(node))));
    assert!((0..1_000).all(|node| !graph.links(node, 0).contains(&node)));
    assert!(reachable(&graph).iter().all(|&reached| reached));
    let mut search = Search::default();
    let mut found = Vec::new();
    for query in [0, 77, 999] {
        search.nearest(&graph, distances.scorer(query), 1_000, &mut found);
        assert_eq!((found.len(), found[0].id), (1_000, query));
    }
}

/// α lets a detour be longer, so more links are kept than by the paper's first pass alone.
#[test]
fn a_larger_alpha_keeps_more_links() {
    let points = clustered(600, 12, 7, 5);
    let distances = VectorDistances::new(points.view(), Metric::L2);
    let links = |alpha: f32| {
        let parameters = VamanaParameters {
            m: 40,
            alpha,
            ..PARAMETERS
        };
        let graph = Graph::build_vamana(&distances, &parameters, 0).expect("graph");
        graph.base_links()
    };
    assert!(links(1.0) < links(1.2) && links(1.2) < links(1.5));
    let narrow = VamanaParameters {
        alpha: 0.9,
        ..PARAMETERS
    };
    let refused = Graph::build_vamana(&distances, &narrow, 0);
    assert!(matches!(refused, Err(BuildError::Alpha { .. })));
}

#[test]
fn an_effort_expands_a_prefix_of_the_rows_that_a_larger_one_does() {
    let points = clustered(600, 12, 7, 5);
    let distances = VectorDistances::new(points.view(), Metric::L2);
    let graph = built(1, &distances, &points);
    let (mut traversal, mut visits, mut alone) =
        (Traversal::default(), Visits::default(), Visits::default());
    for query in [5, 300] {
        let scorer = distances.scorer(query);
        traversal.record(&graph, scorer, 64, &mut visits);
        assert_eq!(traversal.descended(), 0, "one layer");
        for effort in [1, 4, 16, 64] {
            traversal.record(&graph, scorer, effort, &mut alone);
            let expanded: Vec<u32> = visits.expanded(effort).collect();
            let right: Vec<u32> = alone.expanded(effort).collect();
            assert_eq!(expanded, right, "effort {effort}");
            // Every visit but the start is a link of an expanded row.
            let links = expanded.iter().flat_map(|&row| graph.links(row, 0));
            let mut seen: Vec<u32> = links.copied().chain(graph.entry_point()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), visits.visited(effort), "effort {effort}");
        }
    }
}
