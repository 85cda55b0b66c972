//! The audit under filters of several selectivities.

use crate::built_here::request;
use annatomy_audit::{
    AuditError, AuditOutcome, AuditRequest, FilterKind, Given, GivenAnswers, audit_given,
};
use annatomy_builtin::resnet50_like;
use annatomy_formats::{AnswerTable, Selection};
use annatomy_hnsw::FilterRule;
use annatomy_vectors::Matrix;
use annatomy_vectors::subset::numpy_choice;

const ROWS: usize = 400;

fn rows() -> Matrix {
    let wide = resnet50_like(ROWS, 5).expect("rows");
    let narrow = (0..ROWS).flat_map(|row| wide.row(row)[..32].to_vec());
    Matrix::new(ROWS, 32, narrow.collect()).expect("shape")
}

fn audited(request: &AuditRequest, given: Given<'_>) -> Result<AuditOutcome, AuditError> {
    audit_given(request, given)
}

fn of(rows: &Matrix) -> Given<'_> {
    Given {
        rows: Some(rows.view()),
        ..Given::default()
    }
}

/// The rows that a filter lets through, found again from the definition.
fn allowed(rows: &Matrix, kind: FilterKind, share: f64, seed: u64) -> Vec<i64> {
    let count = (share * ROWS as f64).round() as usize;
    let chosen = match kind {
        FilterKind::Random => numpy_choice(seed, ROWS, count).expect("a draw"),
        FilterKind::Nearest => {
            let center = numpy_choice(seed, ROWS, 1).expect("a draw")[0];
            let squared = |row: &usize| -> f64 {
                let pairs = rows.row(*row).iter().zip(rows.row(center));
                pairs
                    .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                    .sum()
            };
            let mut all: Vec<usize> = (0..ROWS).collect();
            all.sort_by(|a, b| squared(a).total_cmp(&squared(b)));
            all.truncate(count);
            all
        }
    };
    chosen.into_iter().map(|row| row as i64).collect()
}

#[test]
fn every_filter_gives_what_an_audit_of_its_rows_gives() {
    let rows = rows();
    for rule in FilterRule::ALL {
        let request = AuditRequest {
            efs: vec![12, 40],
            filter_rule: Some(rule),
            selectivities: vec![0.05, 0.3, 1.0],
            ..request()
        };
        let found = audited(&request, of(&rows)).expect("an audit").results;
        assert_eq!(found.selectivity.len(), 6);
        for at in &found.selectivity {
            let ids = allowed(&rows, at.kind, at.share, request.seed);
            assert_eq!(
                (at.allowed, at.rule.as_str()),
                (ids.len(), rule.to_string().as_str())
            );
            let table = AnswerTable::from_ids(ids.len(), ids);
            let given = Given {
                allowed: Some(Selection::Ids(table.into())),
                ..of(&rows)
            };
            // 20 rows are too few for k = 20 where each query is one of them.
            let ks: Vec<usize> = [5, 20].into_iter().filter(|&k| k < at.allowed).collect();
            let alone = AuditRequest {
                ks: Some(ks.clone()),
                selectivities: Vec::new(),
                ..request.clone()
            };
            let alone = audited(&alone, given).expect("an audit").results;
            assert_eq!(at.efforts.len(), 2 * ks.len(), "{:?} {}", at.kind, at.share);
            for (one, other) in at.efforts.iter().zip(&alone.efforts) {
                assert_eq!(
                    (one.k, one.ef, one.overlap),
                    (other.k, other.ef, other.overlap)
                );
                assert_eq!((one.fill, one.visited), (other.fill, other.visited));
            }
            assert_eq!(
                json(&at.advice),
                json(&alone.advice),
                "{:?} {}",
                at.kind,
                at.share
            );
        }
    }
}

/// Advice has no equality; its JSON has.
fn json(advice: &[annatomy_audit::Advice]) -> String {
    serde_json::to_string(advice).expect("plain data")
}

#[test]
fn without_efforts_the_ones_advised_without_a_filter_are_looked_at() {
    let rows = rows();
    let request = AuditRequest {
        selectivities: vec![0.5],
        ..request()
    };
    let found = audited(&request, of(&rows)).expect("an audit").results;
    let advised: Vec<usize> = found
        .advice
        .iter()
        .map(|advice| {
            advice
                .recommended
                .as_ref()
                .map(|shown| shown.ef)
                .or(advice.ef)
        })
        .map(|ef| ef.expect("an ef"))
        .collect();
    for at in &found.selectivity {
        let efs: Vec<usize> = at.efforts.iter().filter_map(|cell| cell.ef).collect();
        assert_eq!(efs, advised);
    }
}

#[test]
fn a_filter_smaller_than_any_k_has_no_figures() {
    let rows = rows();
    let request = AuditRequest {
        selectivities: vec![0.002],
        ..request()
    };
    let found = audited(&request, of(&rows)).expect("an audit").results;
    for at in &found.selectivity {
        assert_eq!(at.allowed, 1);
        assert!(at.efforts.is_empty() && at.advice.is_empty());
    }
}

#[test]
fn what_no_filter_can_be_drawn_for_is_refused_with_its_number() {
    let rows = rows();
    let refused = |request: &AuditRequest, given: Given<'_>, words: &str| {
        let error = audited(request, given).expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    };
    for share in [0.0, -0.5, 1.5, f64::NAN] {
        let selectivities = vec![0.5, share];
        let request = AuditRequest {
            selectivities,
            ..request()
        };
        refused(
            &request,
            of(&rows),
            &format!("selectivity {share}: expected"),
        );
    }
    let request = AuditRequest {
        selectivities: vec![0.5],
        ..request()
    };
    let answers = Given {
        answers: Some(GivenAnswers {
            name: "answers".to_owned(),
            ids: AnswerTable::from_ids(20, vec![3; 20 * ROWS]).into(),
            distances: None,
        }),
        ..of(&rows)
    };
    refused(&request, answers, "selectivity is of a graph");
    let given = Given {
        allowed: Some(Selection::Mask {
            columns: ROWS,
            values: vec![true; ROWS],
        }),
        ..of(&rows)
    };
    refused(&request, given, "it goes without allowed rows");
}
