//! Trustworthiness compared with scikit-learn (`golden/trustworthiness.py`).

use annatomy_measures::difficulty::trustworthiness;
use serde_json::Value;

#[test]
fn trustworthiness_agrees_with_scikit_learn() {
    let golden: Value =
        serde_json::from_str(include_str!("../golden/trustworthiness.json")).expect("valid JSON");
    let count = |value: &Value| usize::try_from(value.as_u64().expect("a count")).expect("fits");
    let row = |row: &Value| {
        row.as_array()
            .expect("a row")
            .iter()
            .map(|rank| count(rank) as u32)
            .collect()
    };
    let ranks: Vec<Vec<u32>> = golden["ranks"]
        .as_array()
        .expect("rows")
        .iter()
        .map(row)
        .collect();
    let found = trustworthiness(
        count(&golden["n"]),
        count(&golden["k"]),
        ranks.iter().map(Vec::as_slice),
    );
    let expected = golden["trustworthiness"].as_f64().expect("a number");
    assert!(
        (found.expect("k < n/2") - expected).abs() < 1e-12,
        "{found:?} against {expected}"
    );
}
