//! Overlap as the study takes it.

/// `len(np.intersect1d(exact, returned)) / k`: distinct ids in common over k.
///
/// Sorts copies: O(k log k). −1 in `returned` matches only a −1 in `exact`.
pub fn row_overlap(exact: &[i64], returned: &[i64], k: usize) -> f64 {
    let exact = distinct(exact);
    let common = distinct(returned)
        .iter()
        .filter(|id| exact.binary_search(id).is_ok())
        .count();
    common as f64 / k as f64
}

fn distinct(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}
