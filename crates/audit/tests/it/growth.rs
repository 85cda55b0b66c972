//! The smallest ef over samples of the rows.

use crate::built_here::{audited, request};
use annatomy_audit::{AuditError, AuditRequest, Given, GivenAnswers, Growth, audit_given};
use annatomy_builtin::resnet50_like;
use annatomy_formats::{AnswerTable, Selection};
use annatomy_vectors::Matrix;
use annatomy_vectors::subset::numpy_choice;

const ROWS: usize = 1_700;
const QUERIES: usize = 60;

fn rows(count: usize) -> Matrix {
    let wide = resnet50_like(count, 5).expect("rows");
    let narrow = (0..count).flat_map(|row| wide.row(row)[..24].to_vec());
    Matrix::new(count, 24, narrow.collect()).expect("shape")
}

fn selected(of: &Matrix, rows: impl ExactSizeIterator<Item = usize>) -> Matrix {
    let count = rows.len();
    let values = rows.flat_map(|row| of.row(row).to_vec()).collect();
    Matrix::new(count, of.columns(), values).expect("shape")
}

fn given<'g>(rows: &'g Matrix, queries: &'g Matrix) -> Given<'g> {
    Given {
        rows: Some(rows.view()),
        queries: Some(queries.view()),
        ..Given::default()
    }
}

fn grown() -> AuditRequest {
    AuditRequest {
        growth: Growth::Measured,
        ..reached()
    }
}

/// A target that a graph of M = 4 reaches at every size.
fn reached() -> AuditRequest {
    AuditRequest {
        targets: vec!["overlap=0.8".parse().expect("a target")],
        ..request()
    }
}

#[test]
fn every_point_is_the_advice_of_an_audit_of_its_sample() {
    let all = rows(ROWS + QUERIES);
    let base = selected(&all, 0..ROWS);
    let queries = selected(&all, ROWS..ROWS + QUERIES);
    let found = audit_given(&grown(), given(&base, &queries)).expect("an audit");
    let growth = found.results.growth.expect("was asked for");
    assert_eq!((growth.rows, growth.queries, growth.m), (ROWS, QUERIES, 4));
    assert_eq!(
        growth.points.len(),
        2 * (3 * 4 + 1),
        "k × (seeds × sizes, and n)"
    );
    // The first seed and the last: others are no different.
    let checked = growth.points.iter().filter(|point| point.seed != 8);
    for point in checked.filter(|point| point.k == 5 || point.rows < 500) {
        let mut sample = numpy_choice(point.seed, ROWS, ROWS).expect("an order");
        sample.truncate(point.rows);
        sample.sort_unstable();
        let sample = selected(&base, sample.into_iter());
        let alone = AuditRequest {
            ks: Some(vec![point.k]),
            seed: point.seed,
            ..reached()
        };
        let alone = audit_given(&alone, given(&sample, &queries)).expect("an audit");
        let advice = &alone.results.advice[0];
        assert_eq!(
            (advice.k, advice.ef),
            (point.k, point.ef),
            "{} rows",
            point.rows
        );
    }
    let law = growth.laws[0].law.as_ref().expect("five sizes");
    let ahead: Vec<usize> = growth.laws[0].forecasts.iter().map(|at| at.rows).collect();
    assert_eq!((law.sizes, ahead), (5, vec![ROWS, 10 * ROWS, 100 * ROWS]));
    for at in &growth.laws[0].forecasts {
        assert!(
            1.0 <= at.low && at.low <= at.ef && at.ef <= at.high,
            "{at:?}"
        );
    }
}

#[test]
fn base_rows_that_are_queries_are_in_no_sample() {
    let (count, out) = (1_800, 180);
    let base = rows(count);
    let growth = audited(&base, &grown())
        .results
        .growth
        .expect("was asked for");
    assert_eq!((growth.rows, growth.queries), (count - out, out));
    let other = AuditRequest {
        threads: 1,
        ..grown()
    };
    let again = audited(&base, &other)
        .results
        .growth
        .expect("was asked for");
    let json = |found| serde_json::to_string(found).expect("plain data");
    assert_eq!(json(&growth), json(&again), "at any number of threads");
}

#[test]
fn what_has_no_growth_is_refused_with_the_numbers() {
    let base = rows(500);
    let of = |given: Given<'_>| match audit_given(&grown(), given) {
        Err(AuditError::Request(words)) => words,
        other => panic!("{other:?}"),
    };
    let given = || Given {
        rows: Some(base.view()),
        ..Given::default()
    };
    assert!(
        of(given()).contains("growth over 500 rows, 50 of them"),
        "{}",
        of(given())
    );
    let answers = AnswerTable::from_ids(20, vec![0; 500 * 20]);
    let answered = Given {
        answers: Some(GivenAnswers {
            name: "answers".to_owned(),
            ids: answers.into(),
            distances: None,
        }),
        ..given()
    };
    assert!(of(answered).contains("answers given are of one size"));
    let filtered = Given {
        allowed: Some(Selection::Ids(
            AnswerTable::from_ids(40, (0..40).collect()).into(),
        )),
        ..given()
    };
    assert!(of(filtered).contains("without allowed rows"));
}
