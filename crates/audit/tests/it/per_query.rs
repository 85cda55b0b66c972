//! The table of queries, the effort that is shown to suffice, and conditions: against searches of the
//! same graph.

use crate::built_here::{self, audited};
use annatomy_audit::{AuditRequest, Given, Requirement, audit_given};
use annatomy_builtin::resnet50_like;
use annatomy_eval::index::Index;
use annatomy_hnsw::EngineClass;
use annatomy_knn::{Queries, exact_knn};
use annatomy_measures::lid::Lid;
use annatomy_vectors::Metric;

const ROWS: usize = 300;
const BUDGET: u64 = 1 << 30;

fn request(sample: Option<usize>) -> AuditRequest {
    AuditRequest {
        targets: vec!["overlap=0.9".parse().expect("a target")],
        sample,
        ..built_here::request()
    }
}

#[test]
fn every_query_has_what_a_search_of_the_same_graph_gives_it() {
    let rows = resnet50_like(ROWS, 21).expect("rows");
    let mut request = request(None);
    request.efs = vec![12, 40];
    let outcome = audited(&rows, &request);
    let parameters = request.graphs.preset.parameters(4, 30, request.seed);
    let index = Index::build(rows.view(), Metric::L2, &parameters, BUDGET).expect("an index");
    let whose = Queries::AllRows(rows.view());
    let exact = exact_knn(&rows.view(), whose, 20, Metric::L2, BUDGET).expect("exact");
    assert_eq!(outcome.per_query.rows.len(), 2 * 2 * ROWS);
    let class = EngineClass::StopEarly;
    let found = |k: usize, ef: usize, query: usize| {
        let table = index
            .search(rows.view(), None, k, ef, class)
            .expect("a search");
        let nearest = &exact.ids(query)[..k];
        let ids = table.ids(query).iter().flatten();
        ids.filter(|&&id| nearest.contains(&Some(id))).count()
    };
    for row in outcome.per_query.rows.iter().step_by(131) {
        let (query, ef) = (row.query, row.ef.expect("an effort"));
        let expected = found(row.k, ef, query) as f64 / row.k as f64;
        assert!((row.overlap_strict - expected).abs() < 1e-12, "{row:?}");
        let missing = row.unreachable + row.unvisited + row.cut_off + row.tied + row.displaced;
        let lacking = row.k as f64 * (1.0 - row.overlap_strict);
        assert!((missing - lacking).abs() < 1e-9, "causes add up: {row:?}");
        let lid = Lid::MaximumLikelihood.of_query(&exact.distances(query)[..row.k]);
        assert!((row.lid - lid.expect("distances")).abs() < 1e-6 * row.lid);
        assert!((row.nearest_distance - f64::from(exact.distances(query)[0])).abs() < 1e-5);
        if row.required_ef.is_finite() {
            let required = row.required_ef as usize;
            assert_eq!(found(row.k, required, query), row.k, "{row:?}");
            assert!(
                required == 1 || found(row.k, required - 1, query) < row.k,
                "{row:?}"
            );
        }
    }
    let names: Vec<String> = outcome
        .per_query
        .columns()
        .into_iter()
        .map(|column| column.name)
        .collect();
    let first = [
        "query",
        "k",
        "ef",
        "overlap",
        "overlap_strict",
        "fill",
        "unreachable",
        "unvisited",
        "displaced",
        "tied",
        "required_ef",
        "visited",
        "lid",
        "contrast",
        "self_hit",
    ];
    assert_eq!(names[..first.len()], first);
}

#[test]
fn with_every_row_a_query_the_ef_of_one_graph_is_certain() {
    let rows = resnet50_like(ROWS, 22).expect("rows");
    let outcome = audited(&rows, &request(None));
    for advice in &outcome.results.advice {
        let ef = advice.ef.expect("within reach");
        let shown = advice.recommended.as_ref().expect("shown");
        assert_eq!(
            (advice.ef_low, advice.ef_high, shown.ef),
            (Some(ef), Some(ef), ef)
        );
        assert!(shown.judged.is_none(), "nothing is left to chance");
        let reached = shown.reached.expect("a figure");
        assert_eq!(reached.low, Some(reached.point));
    }
}

#[test]
fn the_recommended_ef_is_shown_by_the_sample_and_judged_on_its_other_half() {
    let rows = resnet50_like(ROWS, 23).expect("rows");
    let outcome = audited(&rows, &request(Some(120)));
    for advice in &outcome.results.advice {
        let shown = advice.recommended.as_ref().expect("shown");
        assert_eq!(Some(shown.ef), advice.ef_high);
        assert!(shown.ef >= advice.ef.expect("within reach"));
        assert!(shown.reached.expect("a figure").low >= Some(0.9));
        let judged = shown.judged.expect("half a sample");
        assert_eq!((judged.chosen_on, judged.judged_on), (60, 60));
        assert_eq!(judged.reached.n, 60);
        // Every second query of the table, from the second on, is the half that judges.
        let at = audited(
            &rows,
            &AuditRequest {
                efs: vec![judged.ef],
                ..request(Some(120))
            },
        );
        let at_k = at.per_query.rows.iter().filter(|row| row.k == advice.k);
        let half: Vec<f64> = at_k.skip(1).step_by(2).map(|row| row.overlap).collect();
        let mean = half.iter().sum::<f64>() / half.len() as f64;
        assert!(
            (judged.reached.point - mean).abs() < 1e-9,
            "{mean}: {judged:?}"
        );
    }
    let few = audited(&rows, &request(Some(20)));
    let unshown = few
        .results
        .advice
        .iter()
        .filter(|advice| advice.recommended.is_none());
    for advice in unshown {
        assert!(advice.queries_needed > Some(20), "{advice:?}");
    }
}

#[test]
fn conditions_are_shown_or_not_by_the_worse_end() {
    let rows = resnet50_like(ROWS, 24).expect("rows");
    let conditions = [
        "overlap@5>=0.5",
        "overlap@7>=0.999",
        "fill@5>=1",
        "robust@0.6@5>=0.2",
    ];
    let request = AuditRequest {
        efs: vec![20],
        requirements: conditions
            .iter()
            .map(|text| text.parse::<Requirement>().expect("a condition"))
            .collect(),
        ..request(None)
    };
    let outcome = audited(&rows, &request);
    let results = &outcome.results.requirements;
    let shown: Vec<bool> = results.iter().map(|result| result.shown).collect();
    assert_eq!(shown, [true, false, true, true], "{results:?}");
    let k7 = outcome.per_query.rows.iter().filter(|row| row.k == 7);
    let overlaps: Vec<f64> = k7.map(|row| row.overlap).collect();
    let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    let found = results[1].found.expect("a figure");
    assert_eq!(
        overlaps.len(),
        ROWS,
        "k = 7 is measured since it is required"
    );
    assert!((found.point - mean).abs() < 1e-12);
    let none = AuditRequest {
        efs: Vec::new(),
        ..request
    };
    let given = Given {
        rows: Some(rows.view()),
        ..Given::default()
    };
    let error = audit_given(&none, given)
        .expect_err("no effort")
        .to_string();
    assert!(error.contains("ef is needed"), "{error}");
}

#[test]
fn loss_is_followed_from_the_easiest_fifth_to_the_hardest() {
    let rows = resnet50_like(ROWS, 25).expect("rows");
    let request = AuditRequest {
        efs: vec![10],
        ..request(None)
    };
    let outcome = audited(&rows, &request);
    for lost in &outcome.results.where_lost {
        assert_eq!(lost.parts.len(), 5);
        let pairs = lost.parts.windows(2);
        assert!(
            pairs.clone().all(|pair| pair[0].to <= pair[1].from),
            "{lost:?}"
        );
        let of_cell = outcome.per_query.rows.iter().filter(|row| row.k == lost.k);
        let count = of_cell.clone().count();
        let all: f64 = of_cell.map(|row| row.overlap).sum::<f64>() / count as f64;
        let parts = lost.parts.iter().map(|part| part.overlap.expect("queries"));
        let mean = parts.map(|part| part.point * part.n as f64).sum::<f64>() / count as f64;
        assert!((mean - all).abs() < 1e-9, "{mean} and {all}");
    }
    let by: Vec<&str> = outcome
        .results
        .where_lost
        .iter()
        .map(|lost| lost.by)
        .collect();
    assert_eq!(by[..3], ["lid", "contrast", "nearest_distance"]);
}
