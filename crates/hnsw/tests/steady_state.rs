//! What a search takes from the system after the first few: nothing.

mod common;

use annatomy_hnsw::import::{Engine, EngineOracle};
use annatomy_hnsw::{
    Graph, Parameters, RankOracle, Search, Sketch, Traversal, VectorOracle, View, Visits,
};
use annatomy_knn::{RankTable, SeparationTable};
use annatomy_vectors::{Matrix, Metric};
use common::clustered;
use half::f16;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const QUERIES: u32 = 50;

/// Blocks asked of the system by a second round of the same searches.
fn blocks<V: View>(graph: &Graph, view: impl Fn(u32) -> V) -> u64 {
    let (mut search, mut traversal) = (
        Search::<V::Frontier>::default(),
        Traversal::<V::Frontier>::default(),
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
    let oracle = VectorOracle::new(rows.view(), Metric::L2);
    let graph = Graph::build(&oracle, &Parameters::faiss(8, 40, 3)).expect("graph");
    assert_eq!(
        blocks(&graph, |query| oracle.view_of(rows.row(query as usize))),
        0,
        "vectors"
    );

    let long = clustered(2_000, 64, 9, 1);
    let sketch = Sketch::of(long.view(), Metric::L2).expect("worth it");
    let sketched = sketch.queries(long.view());
    let beside = VectorOracle::new(long.view(), Metric::L2);
    let view = |query: u32| beside.view_beside(long.row(query as usize), Some(&sketched), query);
    assert_eq!(blocks(&graph, view), 0, "vectors with a sketch");

    let halves: Vec<f16> = rows
        .values()
        .iter()
        .map(|&value| f16::from_f32(value))
        .collect();
    let halves = Matrix::new(rows.rows(), rows.columns(), halves).expect("shape");
    let oracle = VectorOracle::new(halves.view(), Metric::Cosine);
    assert_eq!(
        blocks(&graph, |query| oracle.view_of(rows.row(query as usize))),
        0,
        "float16 vectors"
    );

    let ranks = RankTable::new(&SeparationTable::new(rows.view(), Metric::L2, 10).expect("table"))
        .expect("ranks");
    let table = RankOracle(&ranks);
    assert_eq!(
        blocks(&graph, |query| annatomy_hnsw::Oracle::view(&table, query)),
        0,
        "ranks"
    );

    for engine in [Engine::Faiss, Engine::Hnswlib] {
        let oracle = EngineOracle::new(rows.view(), Metric::L2, engine);
        assert_eq!(
            blocks(&graph, |query| oracle.view_of(rows.row(query as usize))),
            0,
            "as {engine}"
        );
    }
}
