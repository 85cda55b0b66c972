//! The SQ8 lower-bound prefilter changes no graph and no answer: only how many rows are read.

use crate::common::clustered;
use annatomy_hnsw::{
    DistanceComputer, EngineClass, Graph, HeapQueue, Parameters, Search, Sq8Codes, Traversal,
    VectorDistances, Visits,
};
use annatomy_vectors::{Matrix, Metric};
use half::f16;

const ROWS: usize = 3_000;

/// Clustered rows, every fifth of them one of ten that stand many times, so that ties cross the
/// edge of a beam.
fn crowded(columns: usize) -> Matrix {
    let mut rows = clustered(ROWS, columns, 60, 1);
    for row in (0..ROWS).step_by(5) {
        let twin = rows.row(row / 5 % 10).to_vec();
        rows.row_mut(row).copy_from_slice(&twin);
    }
    rows
}

#[test]
fn graphs_and_searches_are_the_same_with_codes() {
    for columns in [48, 96, 130] {
        let rows = crowded(columns);
        let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
        let plain = VectorDistances::new(rows.view(), Metric::L2);
        let oracle = plain.with_codes(Some(&codes));
        let parameters = Parameters::faiss(8, 60, 3);
        let graph = Graph::build(&oracle, &parameters).expect("graph");
        assert!(
            graph == Graph::build(&plain, &parameters).expect("graph"),
            "{columns} columns"
        );
        let mut searches = [Search::<HeapQueue>::default(), Search::default()];
        let [mut found, mut expected] = [Vec::new(), Vec::new()];
        let queries = clustered(100, columns, 60, 2);
        let encoded = codes.queries(queries.view());
        for ef in [1, 7, 40, 200] {
            for query in 0..100 {
                let row = queries.row(query as usize);
                searches[0].nearest(&graph, plain.scorer_for(row), ef, &mut expected);
                searches[1].nearest(
                    &graph,
                    oracle.scorer_with_codes(row, Some(&encoded), query),
                    ef,
                    &mut found,
                );
                assert_eq!(found, expected, "{columns} columns, ef {ef}, query {query}");
                searches[0].nearest(&graph, plain.scorer(query), ef, &mut expected);
                searches[1].nearest(&graph, oracle.scorer(query), ef, &mut found);
                assert_eq!(found, expected, "{columns} columns, ef {ef}, row {query}");
            }
        }
    }
}

#[test]
fn float16_rows_have_sketches_too() {
    let rows = crowded(64);
    let halves: Vec<f16> = rows
        .values()
        .iter()
        .map(|&value| f16::from_f32(value))
        .collect();
    let halves = Matrix::new(ROWS, 64, halves).expect("shape");
    let codes = Sq8Codes::of(halves.view(), Metric::L2).expect("worth it");
    let plain = VectorDistances::new(halves.view(), Metric::L2);
    let parameters = Parameters::hnswlib(8, 60, 3);
    let graph = Graph::build(&plain.with_codes(Some(&codes)), &parameters).expect("graph");
    assert!(graph == Graph::build(&plain, &parameters).expect("graph"));
}

/// Of each answer up to `most` rows the same are read, with the same arrivals but for the order
/// within one expansion.
#[test]
fn traversals_for_the_nearest_count_every_visit_and_tell_fewer() {
    let rows = crowded(96);
    let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
    let oracle = VectorDistances::new(rows.view(), Metric::L2).with_codes(Some(&codes));
    let graph = Graph::build(&oracle, &Parameters::faiss(8, 60, 3)).expect("graph");
    let (mut traversal, [mut whole, mut nearest]) = (
        Traversal::<HeapQueue>::default(),
        [(); 2].map(|()| Visits::default()),
    );
    let (mut recorded, mut visited) = (0, 0);
    for (ef, most) in [(120, 120), (120, 30), (60, 61)] {
        for query in (0..ROWS as u32).step_by(53) {
            traversal.record(&graph, oracle.scorer(query), ef, &mut whole);
            traversal.record_for_k(&graph, oracle.scorer(query), ef, most, &mut nearest);
            if most > ef {
                assert_eq!(
                    nearest.nearest_first(),
                    whole.nearest_first(),
                    "all are recorded where all may be wanted"
                );
            }
            recorded += nearest.nearest_first().len();
            visited += whole.nearest_first().len();
            for asked in 1..=ef {
                assert_eq!(
                    nearest.visited(asked),
                    whole.visited(asked),
                    "V({asked}) of {query}"
                );
                for k in [1, 10, most] {
                    let of = |visits: &Visits| {
                        visits
                            .rows(visits.answer(EngineClass::StopEarly, asked, k))
                            .collect::<Vec<_>>()
                    };
                    assert_eq!(of(&nearest), of(&whole), "ef {asked}, k {k}, query {query}");
                }
            }
            for visit in nearest.nearest_first() {
                let same = whole
                    .nearest_first()
                    .iter()
                    .find(|other| other.id == visit.id)
                    .expect("visited");
                assert_eq!(
                    nearest.required_ef(visit.arrival),
                    whole.required_ef(same.arrival)
                );
            }
        }
    }
    assert!(
        recorded * 10 < visited * 9,
        "{recorded} of {visited} visits recorded"
    );
}
