//! One recorded traversal answers what a separate search would, cell by cell, for every engine
//! class.

use crate::common::{Rule, clustered, plain_search};
use annatomy_hnsw::{
    Answer, DistanceComputer, EngineClass, Graph, Parameters, RankDistances, Traversal,
    VectorDistances, Visits,
};
use annatomy_knn::{PairTable, RankTable};
use annatomy_vectors::Metric;

const EFS: [usize; 9] = [1, 2, 5, 10, 16, 25, 40, 64, 120];
const KS: [usize; 6] = [1, 5, 20, 50, 100, 200];

fn compare<O: DistanceComputer>(
    graph: &Graph,
    oracle: &O,
    queries: impl Iterator<Item = u32> + Clone,
) -> usize {
    let mut traversal = Traversal::<O::Queue>::default();
    let mut visits = Visits::default();
    let mut cells = 0;
    let classes = [
        (EngineClass::StopEarly, Rule::StopEarly),
        (EngineClass::Raise, Rule::Raise),
        (EngineClass::RowCap, Rule::RowCap),
        (EngineClass::BeamIsK, Rule::BeamIsK),
    ];
    for (class, rule) in &classes {
        let mut of_class = 0;
        for query in queries.clone() {
            traversal.record(graph, oracle.scorer(query), 200, &mut visits);
            for ef in EFS {
                for k in KS {
                    let predicted: Vec<u32> = visits.rows(visits.answer(*class, ef, k)).collect();
                    let searched = plain_search(graph, oracle, query, ef, k, rule);
                    assert_eq!(
                        predicted, searched,
                        "{class}, query {query}, ef {ef}, k {k}"
                    );
                    of_class += 1;
                }
            }
        }
        assert!(of_class >= 1_000, "{class}: {of_class} cells");
        cells += of_class;
    }
    for query in queries {
        traversal.record(graph, oracle.scorer(query), 200, &mut visits);
        for ef in EFS {
            for k in KS {
                let refused = visits.answer(EngineClass::Refuse, ef, k) == Answer::Refused;
                assert_eq!(refused, k > ef, "refuse, ef {ef}, k {k}");
                if !refused {
                    let predicted: Vec<u32> = visits
                        .rows(visits.answer(EngineClass::Refuse, ef, k))
                        .collect();
                    assert_eq!(
                        predicted,
                        plain_search(graph, oracle, query, ef, k, &Rule::StopEarly)
                    );
                }
            }
        }
    }
    cells
}

#[test]
fn cells_read_from_ranks_equal_separate_searches() {
    let points = clustered(2_000, 24, 9, 1);
    let table = PairTable::new(points.view(), Metric::L2, 10).expect("table");
    let ranks = RankTable::new(&table).expect("ranks");
    let oracle = RankDistances(&ranks);
    let graph = Graph::build(&oracle, &Parameters::faiss(8, 40, 3)).expect("graph");
    assert!(compare(&graph, &oracle, (0..2_000).step_by(97)) >= 4_000);
}

#[test]
fn cells_read_from_vectors_equal_separate_searches() {
    let points = clustered(2_000, 24, 9, 2);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let graph = Graph::build(&oracle, &Parameters::hnswlib(8, 40, 3)).expect("graph");
    assert!(compare(&graph, &oracle, (0..2_000).step_by(97)) >= 4_000);
}

#[test]
fn required_ef_is_the_smallest_that_visits() {
    let points = clustered(1_500, 16, 5, 3);
    let oracle = VectorDistances::new(points.view(), Metric::L2);
    let graph = Graph::build(&oracle, &Parameters::paper(6, 30, 1)).expect("graph");
    let mut traversal = Traversal::<annatomy_hnsw::HeapQueue>::default();
    let mut visits = Visits::default();
    for query in (0..1_500).step_by(211) {
        traversal.record(&graph, oracle.scorer(query), 150, &mut visits);
        let efs: Vec<usize> = (1..=150).collect();
        assert!(
            visits
                .visited_at_each(&efs)
                .eq(efs.iter().map(|&ef| visits.visited(ef)))
        );
        for visit in visits.nearest_first() {
            let ef = visits.required_ef(visit.arrival);
            if ef <= 150 {
                assert!(visits.visited(ef) > visit.arrival as usize);
            }
            assert!(ef == 1 || visits.visited(ef - 1) <= visit.arrival as usize);
        }
    }
}
