//! What a search takes from the system after the first few: nothing.

#[path = "it/common.rs"]
mod common;

use annatomy_hnsw::import::{Engine, EngineBuild, EngineDistances};
use annatomy_hnsw::{
    Graph, Parameters, QueryScorer, RankDistances, Search, Sq8Codes, Traversal, VectorDistances,
    Visits,
};
use annatomy_knn::{PairTable, RankTable};
use annatomy_vectors::{Matrix, Metric};
use common::clustered;
use half::f16;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const QUERIES: u32 = 50;

/// Blocks asked of the system by a second round of the same searches.
fn blocks<V: QueryScorer>(graph: &Graph, view: impl Fn(u32) -> V) -> u64 {
    let (mut search, mut traversal) = (
        Search::<V::Queue>::default(),
        Traversal::<V::Queue>::default(),
    );
    let (mut visits, mut found) = (Visits::default(), Vec::new());
    let mut round = || {
        let before = dhat::HeapStats::get().total_blocks;
        for query in 0..QUERIES {
            search.nearest(graph, view(query), 60, &mut found);
            traversal.record(graph, view(query), 60, &mut visits);
            assert_eq!(
                visits.nearest_first()[0].id,
                found[0].id,
                "both find the nearest"
            );
        }
        dhat::HeapStats::get().total_blocks - before
    };
    assert!(
        round() > 0,
        "the first searches grow their rooms, or nothing is counted"
    );
    round()
}

#[test]
fn searches_allocate_nothing_once_their_rooms_have_grown() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let rows = clustered(2_000, 24, 9, 1);
    let oracle = VectorDistances::new(rows.view(), Metric::L2);
    let graph = Graph::build(&oracle, &Parameters::faiss(8, 40, 3)).expect("graph");
    assert_eq!(
        blocks(&graph, |query| oracle.scorer_for(rows.row(query as usize))),
        0,
        "vectors"
    );

    let long = clustered(2_000, 64, 9, 1);
    let sketch = Sq8Codes::of(long.view(), Metric::L2).expect("worth it");
    let sketched = sketch.queries(long.view());
    let encoded = VectorDistances::new(long.view(), Metric::L2);
    let view =
        |query: u32| encoded.scorer_with_codes(long.row(query as usize), Some(&sketched), query);
    assert_eq!(blocks(&graph, view), 0, "vectors with a sketch");

    let halves: Vec<f16> = rows
        .values()
        .iter()
        .map(|&value| f16::from_f32(value))
        .collect();
    let halves = Matrix::new(rows.rows(), rows.columns(), halves).expect("shape");
    let oracle = VectorDistances::new(halves.view(), Metric::Cosine);
    assert_eq!(
        blocks(&graph, |query| oracle.scorer_for(rows.row(query as usize))),
        0,
        "float16 vectors"
    );

    let ranks = RankTable::new(&PairTable::new(rows.view(), Metric::L2, 10).expect("table"))
        .expect("ranks");
    let table = RankDistances(&ranks);
    assert_eq!(
        blocks(&graph, |query| annatomy_hnsw::DistanceComputer::scorer(
            &table, query
        )),
        0,
        "ranks"
    );

    for engine in [Engine::Faiss, Engine::Hnswlib] {
        let oracle = EngineDistances::new(
            rows.view(),
            Metric::L2,
            EngineBuild::on_this_machine(engine),
        );
        assert_eq!(
            blocks(&graph, |query| oracle.scorer_for(rows.row(query as usize))),
            0,
            "as {engine}"
        );
    }
}
