//! The LID estimators compared with scikit-dimension (`golden/lid.py`), closed forms and laws.

use annatomy_measures::lid::Lid;
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/lid.json")).expect("valid JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn assert_close(name: &str, found: Option<f64>, expected: f64) {
    let found = found.expect("a finite estimate");
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs(),
        "{name}: {found} against {expected}"
    );
}

#[test]
fn estimates_at_a_query_agree_with_scikit_dimension() {
    for query in golden()["queries"].as_array().expect("queries") {
        let distances: Vec<f32> = numbers(&query["distances"])
            .iter()
            .map(|&d| d as f32)
            .collect();
        for lid in Lid::ALL.into_iter().filter(|&lid| lid != Lid::TwoNn) {
            let expected = query[lid.name()].as_f64().expect("a number");
            assert_close(lid.name(), lid.of_query(&distances), expected);
        }
    }
}

#[test]
fn estimates_over_queries_agree_with_the_definitions() {
    let golden = golden();
    let queries = golden["queries"].as_array().expect("queries");
    let estimates: Vec<f64> = queries
        .iter()
        .map(|q| q["maximum-likelihood"].as_f64().expect("a number"))
        .collect();
    for lid in [Lid::MaximumLikelihood, Lid::MacKayGhahramani] {
        let expected = golden["over_queries"][lid.name()]
            .as_f64()
            .expect("a number");
        assert_close(lid.name(), lid.over_queries(&estimates), expected);
        assert_eq!(lid.over_queries(&[]), None);
    }
}

#[test]
fn two_nn_agrees_with_scikit_dimension() {
    let golden = golden();
    let ratios = numbers(&golden["two_nn"]["ratios"]);
    let expected = |key: &str| golden["two_nn"][key].as_f64().expect("a number");
    let estimates: Vec<f64> = ratios.iter().map(|ratio| 1.0 / ratio.ln()).collect();
    assert_close(
        "maximum likelihood",
        Lid::TwoNn.over_queries(&estimates),
        expected("maximum_likelihood"),
    );
}

#[test]
fn two_nn_reads_the_first_two_distances() {
    assert_close(
        "two-nn",
        Lid::TwoNn.of_query(&[0.0, 1.0, 2.0, 7.0]),
        1.0 / 2.0_f64.ln(),
    );
    assert_eq!(Lid::TwoNn.of_query(&[1.0, 1.0, 7.0]), None);
}

#[test]
fn evenly_filled_balls_have_their_dimension() {
    // In dimension m the i-th of k points of an even ball lies at about (i/k)^(1/m): μ/(w−μ) → m,
    // the others likewise.
    for m in [1.0, 4.0, 12.0] {
        let distances: Vec<f32> = (1..=5000)
            .map(|i| (f64::from(i) / 5000.0).powf(1.0 / m) as f32)
            .collect();
        for lid in [
            Lid::MaximumLikelihood,
            Lid::Amsaleg,
            Lid::MacKayGhahramani,
            Lid::MethodOfMoments,
        ] {
            let found = lid.of_query(&distances).expect("different distances");
            assert!((found / m - 1.0).abs() < 2e-3, "{lid}, m = {m}: {found}");
        }
    }
}

#[test]
fn equal_or_too_few_distances_have_no_dimension() {
    for lid in Lid::ALL {
        for distances in [&[][..], &[1.0], &[0.0, 0.0, 1.0], &[0.1; 9]] {
            assert_eq!(lid.of_query(distances), None, "{lid}, {distances:?}");
        }
    }
}

#[test]
fn names_round_trip() {
    for lid in Lid::ALL {
        assert_eq!(lid.name().parse(), Ok(lid));
        assert_eq!(
            serde_json::to_string(&lid).expect("serializes"),
            format!("{:?}", lid.name())
        );
    }
    let error = "mle".parse::<Lid>().expect_err("unknown").to_string();
    assert!(
        error.contains("\"mle\"") && error.contains("maximum-likelihood"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_estimator_depends_on_the_unit(mut distances in prop::collection::vec(0.1_f32..9.0, 2..80), power in -9..9) {
        distances.sort_by(f32::total_cmp);
        let scaled: Vec<f32> = distances.iter().map(|d| d * 2.0_f32.powi(power)).collect();
        for lid in Lid::ALL {
            match (lid.of_query(&distances), lid.of_query(&scaled)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-6 * a.abs()),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }
}
