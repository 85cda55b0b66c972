//! All measures of one query for many k.
//!
//! Enters: the exact side, one answer, ascending k. Leaves: one [`QueryMeasures`] per k, in the
//! caller's memory.
//!
//! count overlaps: histogram of max(slot, rank)      O(K)
//! for each k ascending
//!   advance the running sums to slot k              O(K) altogether
//!   read exact prefix sums, write the row           O(1)
//!
//! Source: the definitions of the design page, section 3. Does not: compute barycenters, which need
//! vectors.

use super::overlap::{OverlapCounts, count_for_one_k};
use super::running::Running;
use super::{ExactSide, QueryMeasures, ReturnedSide};

/// Memory that [`measure`] reuses from query to query; one per thread.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    counts: OverlapCounts,
}

/// Measures `returned` against `exact` at every k of `ks`, replacing the contents of `measures`.
///
/// `ks` ascends and each lies in 1..=`exact.len()`. An answer that grows with k (one list serves
/// all k) needs one call; an answer that is another list at each k needs one call per k.
///
/// # Panics
/// If a k is 0, exceeds the exact list, or is less than the one before.
pub fn measure(
    exact: &ExactSide,
    returned: ReturnedSide<'_>,
    ks: &[usize],
    scratch: &mut Scratch,
    measures: &mut Vec<QueryMeasures>,
) {
    measures.clear();
    let Some(&largest_k) = ks.last() else { return };
    assert!(ks[0] > 0 && ks.is_sorted(), "ks ascend from at least 1");
    assert!(
        largest_k <= exact.len(),
        "{} exact neighbors do not reach k = {largest_k}",
        exact.len()
    );
    if ks.len() > 1 {
        scratch.counts.start(returned, largest_k);
    }
    let mut running = Running::default();
    for &k in ks {
        running.advance(exact, returned, k);
        let counts = match ks.len() {
            1 => count_for_one_k(exact, returned, k),
            _ => scratch.counts.at(exact, returned, k),
        };
        measures.push(row(exact, &running, k, counts));
    }
}

fn row(
    exact: &ExactSide,
    running: &Running,
    k: usize,
    (strict, tie_aware): (usize, usize),
) -> QueryMeasures {
    QueryMeasures {
        k,
        filled: running.filled,
        overlap_strict_count: strict,
        overlap_count: tie_aware,
        mean_exact_distance: exact.mean_distance(k),
        mean_returned_distance: running.mean_distance(),
        relative_distance_error: running.relative_error(),
        ranks_left_out: running.ranks_left_out,
        lid_exact: exact.lid(k),
        lid_returned: running.lid(),
        zero_exact: exact.zeros(k),
        zero_returned: running.zeros,
    }
}
