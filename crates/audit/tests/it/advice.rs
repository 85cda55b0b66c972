//! Advice, curves and causes of graphs built here, against searches of the same graphs and against
//! float64 distances.

use crate::built_here::{self, audited};
use annatomy_audit::{AuditRequest, GraphRequest, Target};
use annatomy_builtin::resnet50_like;
use annatomy_eval::index::Index;
use annatomy_hnsw::EngineClass;
use annatomy_knn::{NeighborTable, Queries, exact_knn};
use annatomy_vectors::{Matrix, Metric};

const ROWS: usize = 300;
const BUDGET: u64 = 1 << 30;

fn request(targets: &[&str]) -> AuditRequest {
    let parsed = |target: &&str| target.parse::<Target>().expect("a target");
    AuditRequest {
        targets: targets.iter().map(parsed).collect(),
        ..built_here::request()
    }
}

/// The graph that the audit builds.
fn index(rows: &Matrix, request: &AuditRequest) -> Index {
    let GraphRequest {
        preset,
        m,
        ef_construction,
        ..
    } = request.graphs;
    let parameters = preset.parameters(m, ef_construction, request.seed);
    Index::build(rows.view(), Metric::L2, &parameters, BUDGET).expect("an index")
}

/// Mean overlap of a table with the exact neighbors, by id.
fn overlap(found: &NeighborTable, exact: &NeighborTable) -> f64 {
    let mut common = 0;
    for query in 0..found.queries() {
        let nearest = &exact.ids(query)[..found.k()];
        let ids = found.ids(query).iter().flatten();
        common += ids.filter(|&&id| nearest.contains(&Some(id))).count();
    }
    common as f64 / (found.queries() * found.k()) as f64
}

#[test]
fn the_advised_ef_is_the_smallest_whose_search_meets_the_target() {
    let rows = resnet50_like(ROWS, 4).expect("rows");
    let request = request(&["overlap=0.9"]);
    let outcome = audited(&rows, &request);
    let index = index(&rows, &request);
    let whose = Queries::AllRows(rows.view());
    let exact = exact_knn(&rows.view(), whose, 20, Metric::L2, BUDGET).expect("exact");
    assert_eq!(outcome.results.advice.len(), 2);
    for advice in &outcome.results.advice {
        let at = |ef: usize| {
            let found = index
                .search(rows.view(), None, advice.k, ef, EngineClass::StopEarly)
                .expect("a search");
            overlap(&found, &exact)
        };
        let ef = advice.ef.expect("within reach");
        assert!(at(ef) >= 0.9, "k {}: ef {ef} gives {}", advice.k, at(ef));
        assert!(
            ef == 1 || at(ef - 1) < 0.9,
            "k {}: ef {ef} is the least",
            advice.k
        );
        let reached = advice.reached.expect("a figure").point;
        assert!((reached - at(ef)).abs() < 1e-3, "{reached} and {}", at(ef));
        assert!(advice.ef_low <= advice.ef && advice.ef <= advice.ef_high.or(advice.ef));
        assert_eq!(advice.alpha, Some(ef as f64 / advice.k as f64));
    }
}

#[test]
fn curves_grow_with_ef_and_end_where_every_reachable_row_is_found() {
    let rows = resnet50_like(ROWS, 5).expect("rows");
    let outcome = audited(&rows, &request(&["overlap=0.9"]));
    for curve in &outcome.results.curves {
        assert_eq!(curve.efs[0], 1);
        assert!(curve.efs.is_sorted_by(|a, b| a < b), "{:?}", curve.efs);
        for column in [&curve.overlap, &curve.fill] {
            let points: Vec<f64> = column.iter().flatten().map(|value| value.point).collect();
            assert_eq!(points.len(), curve.efs.len());
            assert!(points.is_sorted(), "more effort never finds less");
        }
        let advice = &outcome.results.advice;
        let best = advice.iter().find(|advice| advice.k == curve.k).expect("k");
        let last = curve.overlap.last().copied().flatten().expect("a point");
        assert!((last.point - best.best_overlap).abs() < 1e-3, "{last:?}");
    }
}

#[test]
fn causes_of_every_cell_add_up_to_what_is_missing() {
    let rows = resnet50_like(ROWS, 6).expect("rows");
    let request = AuditRequest {
        efs: vec![3, 12, 60],
        ..request(&["overlap=0.9"])
    };
    let outcome = audited(&rows, &request);
    let cells = outcome
        .results
        .efforts
        .iter()
        .chain(&outcome.results.engines);
    let mut looked = 0;
    for cell in cells.filter(|cell| !cell.refused) {
        let strict = cell.overlap_strict.expect("a figure").point;
        let missing = &cell.missing;
        let causes = [
            missing.unreachable,
            missing.unvisited,
            missing.cut_off,
            missing.tied,
            missing.displaced,
        ];
        let expected = cell.k as f64 * (1.0 - strict);
        let sum: f64 = causes.iter().sum();
        assert!(
            (sum - expected).abs() < 1e-6,
            "{} k {}: {sum}",
            cell.who,
            cell.k
        );
        looked += 1;
    }
    assert!(looked > 10, "{looked} cells");
}

#[test]
fn a_target_that_no_ef_meets_names_what_a_denser_graph_would_do() {
    // Two links a row leave rows that no path reaches.
    let rows = resnet50_like(ROWS, 8).expect("rows");
    let mut request = request(&["overlap=1"]);
    request.graphs.m = 2;
    request.graphs.ef_construction = 4;
    let outcome = audited(&rows, &request);
    let unmet: Vec<_> = outcome
        .results
        .advice
        .iter()
        .filter(|advice| advice.ef.is_none())
        .collect();
    assert!(!unmet.is_empty(), "some rows are out of reach");
    for advice in &unmet {
        assert!(advice.best_overlap < 1.0 && advice.largest_ef == ROWS);
    }
    let remedy = outcome.results.remedy.expect("a denser graph was built");
    assert_eq!(remedy.m, 4);
    assert_eq!(remedy.advice.len(), unmet.len());
}

#[test]
fn the_worst_queries_are_those_with_the_least_overlap() {
    let rows = resnet50_like(ROWS, 9).expect("rows");
    let request = AuditRequest {
        efs: vec![4],
        ..request(&["overlap=0.9"])
    };
    let outcome = audited(&rows, &request);
    let index = index(&rows, &request);
    let whose = Queries::AllRows(rows.view());
    let exact = exact_knn(&rows.view(), whose, 20, Metric::L2, BUDGET).expect("exact");
    let found = index
        .search(rows.view(), None, 20, 4, EngineClass::StopEarly)
        .expect("a search");
    let mut overlaps: Vec<f64> = (0..ROWS)
        .map(|query| {
            let nearest = &exact.ids(query)[..20];
            let ids = found.ids(query).iter().flatten();
            ids.filter(|&&id| nearest.contains(&Some(id))).count() as f64 / 20.0
        })
        .collect();
    let cell = &outcome.results.efforts[1];
    assert_eq!((cell.k, cell.ef), (20, Some(4)));
    for worst in &cell.worst {
        let query: usize = worst.query.to_string().parse().expect("a row");
        assert!(
            (worst.overlap - overlaps[query]).abs() < 0.051,
            "query {query}"
        );
    }
    overlaps.sort_by(f64::total_cmp);
    let least = cell.worst.first().expect("one").overlap;
    assert!((least - overlaps[0]).abs() < 0.051, "ties at most differ");
    let p5 = cell.overlap_p5.expect("a figure").point;
    assert!(p5 <= overlaps[ROWS / 10] + 1e-9, "a twentieth has less");
}
