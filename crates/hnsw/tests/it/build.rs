//! The graph: the same at any thread count and from either oracle, connected, and complete at full
//! effort.

use crate::common::clustered;
use annatomy_hnsw::{
    DistanceComputer, Graph, HeapQueue, InsertionOrder, Links, Parameters, RankDistances, Search,
    VectorDistances, reachable,
};
use annatomy_knn::{PairTable, RankTable};
use annatomy_vectors::{Matrix, Metric};

fn build_on(threads: usize, points: &Matrix, parameters: &Parameters) -> Graph {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("pool");
    pool.install(|| {
        Graph::build(&VectorDistances::new(points.view(), Metric::L2), parameters).expect("graph")
    })
}

#[test]
fn the_same_seed_gives_the_same_graph_at_any_thread_count() {
    let points = clustered(3_000, 12, 7, 5);
    for parameters in [
        Parameters::faiss(8, 60, 1),
        Parameters::hnswlib(8, 60, 1),
        Parameters::paper(8, 60, 1),
    ] {
        let one = build_on(1, &points, &parameters);
        assert_eq!(one, build_on(2, &points, &parameters));
        assert_eq!(one, build_on(7, &points, &parameters));
    }
    let other = build_on(2, &points, &Parameters::faiss(8, 60, 2));
    assert_ne!(
        other,
        build_on(2, &points, &Parameters::faiss(8, 60, 1)),
        "the seed matters"
    );
}

#[test]
fn graphs_built_at_once_are_those_built_one_after_another() {
    let points = clustered(2_000, 12, 7, 5);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let all: Vec<Parameters> = [(8, 60, 1), (8, 20, 1), (5, 60, 1), (8, 60, 2)]
        .map(|(m, ef, seed)| Parameters::faiss(m, ef, seed))
        .to_vec();
    let expected: Vec<Graph> = all
        .iter()
        .map(|parameters| build_on(2, &points, parameters))
        .collect();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        assert_eq!(
            pool.install(|| Graph::build_all(&oracle, &all))
                .expect("graphs"),
            expected,
            "{threads} threads"
        );
    }
    let error = Graph::build_all(
        &oracle,
        &[Parameters::faiss(8, 60, 1), Parameters::faiss(1, 60, 1)],
    );
    assert!(error.expect_err("M = 1").to_string().contains("M = 1"));
    assert!(
        Graph::build_all(&oracle, &[])
            .expect("no graphs")
            .is_empty()
    );
}

#[test]
fn ranks_and_vectors_build_the_same_graph() {
    // Small integers: every separation is exact in float32 on both paths, ties included.
    let mut points = clustered(1_200, 40, 6, 8);
    points
        .values_mut()
        .iter_mut()
        .for_each(|value| *value = (*value * 400.0).round());
    let table = PairTable::new(points.view(), Metric::L2, 1).expect("table");
    let ranks = RankTable::new(&table).expect("ranks");
    let parameters = Parameters::faiss(6, 40, 11);
    let from_ranks = Graph::build(&RankDistances(&ranks), &parameters).expect("graph");
    assert_eq!(from_ranks, build_on(2, &points, &parameters));
}

#[test]
fn lists_keep_their_limits_and_name_other_nodes() {
    let points = clustered(2_000, 8, 4, 9);
    let parameters = Parameters::faiss(5, 50, 4);
    let graph = build_on(2, &points, &parameters);
    for node in 0..2_000 {
        for level in 0..=graph.level(node) {
            let links = graph.links(node, level);
            assert!(links.len() <= parameters.capacity(level));
            assert!(
                links
                    .iter()
                    .all(|&link| link != node && graph.level(link) >= level)
            );
            let mut distinct = links.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), links.len(), "node {node} links twice");
        }
    }
    assert!(reachable(&graph).into_iter().all(|reached| reached));
}

#[test]
fn full_effort_on_a_connected_graph_finds_every_neighbor() {
    let points = clustered(800, 10, 5, 10);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let graph = build_on(2, &points, &Parameters::faiss(8, 80, 2));
    let exact = PairTable::new(points.view(), Metric::L2, 50).expect("table");
    let mut search = Search::<HeapQueue>::default();
    let mut found = Vec::new();
    for query in 0..800 {
        search.nearest(&graph, oracle.scorer(query), 800, &mut found);
        assert_eq!(found.len(), 800);
        let ids: Vec<u32> = found.iter().take(51).map(|seen| seen.id).collect();
        assert_eq!(ids, exact.nearest(query as usize));
    }
}

#[test]
fn duplicates_and_tiny_sets_build() {
    let same = Matrix::new(300, 3, vec![1.5; 900]).expect("shape");
    assert_eq!(
        build_on(2, &same, &Parameters::faiss(4, 20, 1)).nodes(),
        300
    );
    for rows in 0..4 {
        let few = Matrix::new(rows, 2, (0..2 * rows).map(|i| i as f32).collect()).expect("shape");
        assert_eq!(
            build_on(2, &few, &Parameters::faiss(4, 20, 1)).nodes(),
            rows
        );
    }
}

#[test]
fn impossible_parameters_are_refused_with_their_numbers() {
    let points = clustered(10, 2, 1, 1);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let error = |parameters: Parameters| {
        Graph::build(&oracle, &parameters)
            .expect_err("refused")
            .to_string()
    };
    assert!(error(Parameters::faiss(1, 10, 0)).contains("M = 1"));
    assert!(error(Parameters::faiss(8, 0, 0)).contains("ef_construction = 0"));
}

#[test]
fn a_listed_order_is_followed_and_anything_else_is_refused() {
    let points = clustered(600, 8, 7, 5);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let parameters = Parameters::faiss(6, 30, 3);
    let as_given = Parameters {
        insertion_order: InsertionOrder::AsGiven,
        ..parameters
    };
    let by_number: Vec<u32> = (0..600).collect();
    let in_order = |order: &[u32]| Graph::build_in_order(&oracle, &parameters, order);
    let expected = Graph::build(&oracle, &as_given).expect("graph");
    assert_eq!(in_order(&by_number).expect("graph"), expected);
    let backwards: Vec<u32> = (0..600).rev().collect();
    let other = in_order(&backwards).expect("graph");
    assert_ne!(other, expected, "the order matters");
    // The same levels, whatever the order.
    let levels = |graph: &Graph| (0..600).map(|node| graph.level(node)).collect::<Vec<_>>();
    assert_eq!(levels(&other), levels(&expected));
    let mut twice = by_number.clone();
    twice[7] = 8;
    for wrong in [&by_number[1..], &twice, &[]] {
        let error = in_order(wrong).expect_err("no permutation").to_string();
        assert!(error.contains("600 rows"), "{error}");
    }
}
