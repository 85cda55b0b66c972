//! Audits of the same 2,000 queries compared: a planted loss is found, and equal indexes are not called
//! different more often than the level says.

use annatomy_audit::{AuditRequest, Comparison, Given, GivenAnswers, audit_given, compare};
use annatomy_formats::{AnswerTable, write_columns};
use annatomy_vectors::Matrix;
use std::fs;
use std::path::Path;

const ROWS: usize = 400;
const QUERIES: usize = 2_000;
const K: usize = 10;

/// Numbers in 0..1 by SplitMix64 (Steele, Lea & Flood 2014).
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn rows(&mut self, rows: usize) -> Matrix {
        let values = (0..rows * 3).map(|_| self.uniform() as f32);
        Matrix::new(rows, 3, values.collect()).expect("rows × 3")
    }
}

/// Base rows, queries, and the ids of every query's neighbors.
struct World {
    base: Matrix,
    queries: Matrix,
    exact: Vec<i64>,
}

impl World {
    fn new() -> Self {
        let mut draws = Draws(3);
        let (base, queries) = (draws.rows(ROWS), draws.rows(QUERIES));
        let mut exact = Vec::new();
        for query in 0..QUERIES {
            let far = |row: &i64| -> f64 {
                let pairs = base.row(*row as usize).iter().zip(queries.row(query));
                pairs
                    .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                    .sum()
            };
            let mut rows: Vec<i64> = (0..ROWS as i64).collect();
            rows.sort_by(|a, b| far(a).total_cmp(&far(b)));
            exact.extend(&rows[..K]);
        }
        Self {
            base,
            queries,
            exact,
        }
    }

    /// The audit of answers that lack each neighbor with the probability `lost`, left in `folder` as the
    /// command leaves it. Queries differ: half of them lose nothing.
    fn audit(&self, folder: &Path, lost: f64, draws: &mut Draws) {
        let mut ids = self.exact.clone();
        for (place, id) in ids.iter_mut().enumerate() {
            let is_hard = (place / K).is_multiple_of(2);
            if is_hard && draws.uniform() < 2.0 * lost {
                *id = -1;
            }
        }
        let given = Given {
            rows: Some(self.base.view()),
            queries: Some(self.queries.view()),
            answers: Some(GivenAnswers {
                name: "answers".to_owned(),
                ids: AnswerTable::from_ids(K, ids).into(),
                distances: None,
            }),
            ..Given::default()
        };
        let request = AuditRequest {
            ks: Some(vec![5, K]),
            threads: 2,
            ..AuditRequest::default()
        };
        let found = audit_given(&request, given).expect("an audit");
        let json = serde_json::to_string(&found.results).expect("plain data");
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("audit.json"), json).expect("a file");
        write_columns(folder.join("per_query.npz"), &found.per_query.columns()).expect("a file");
    }
}

fn is_called(found: &Comparison) -> bool {
    found.changes.iter().any(|change| change.is_significant)
}

#[test]
fn a_loss_of_one_point_is_found_with_2000_queries_and_equal_indexes_are_seldom_called() {
    let world = World::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let mut draws = Draws(11);
    for _ in 0..10 {
        world.audit(&a, 0.03, &mut draws);
        world.audit(&b, 0.04, &mut draws);
        let found = compare(&a, &b).expect("the same queries");
        assert_eq!(found.queries, QUERIES);
        let at_10 = found
            .changes
            .iter()
            .find(|change| change.k == K && change.measure == "overlap");
        let at_10 = at_10.expect("overlap");
        assert!(at_10.is_significant && at_10.b < at_10.a, "{at_10:?}");
    }
    let mut called = 0;
    let mut outside = 0;
    for _ in 0..100 {
        world.audit(&a, 0.03, &mut draws);
        world.audit(&b, 0.03, &mut draws);
        let found = compare(&a, &b).expect("the same queries");
        called += usize::from(is_called(&found));
        let at_10 = found
            .changes
            .iter()
            .find(|change| change.k == K && change.measure == "overlap");
        let difference = at_10.expect("overlap").paired.difference;
        let ends = difference.low.zip(difference.high).expect("an interval");
        outside += usize::from(ends.0 > 0.0 || ends.1 < 0.0);
    }
    println!("called different: {called} of 100; intervals without 0: {outside} of 100");
    // The level is .05: 5 are expected at most, and 11 or more have a chance of 1 %.
    assert!(
        called <= 10,
        "{called} of 100 equal indexes called different"
    );
    assert!(outside <= 11, "{outside} of 100 intervals without 0");
    // The same answers twice differ in nothing.
    world.audit(&a, 0.03, &mut Draws(5));
    world.audit(&b, 0.03, &mut Draws(5));
    let found = compare(&a, &b).expect("the same queries");
    assert!(!is_called(&found) && found.changes.iter().all(|change| change.a == change.b));
}
