//! Which candidates a node links to: the neighbor-selection heuristic.
//!
//! Walk the candidates from nearest to farthest and keep one only if no kept one is closer to it
//! than the node is (Malkov & Yashunin 2018, algorithm 4, without extension and without keeping
//! pruned candidates). Cost: at most candidates × kept comparisons, few in practice since most
//! candidates are shadowed by one of the first kept.

use crate::distance::{DistanceComputer, QueryScorer};
use crate::queue::Scored;

/// What a candidate will be compared by is fetched this many candidates before its turn.
const AHEAD: usize = 6;
/// Of the kept ones only so many, the nearest: they mostly decide.
const KEPT_AHEAD: usize = 4;

/// Thins `candidates`, ascending by (key, id) as `origin` sees them, to at most `limit` kept ones,
/// in place.
pub(crate) fn prune(
    oracle: &impl DistanceComputer,
    origin: u32,
    candidates: &mut Vec<Scored>,
    limit: usize,
) {
    let mut kept = 0;
    for index in 0..candidates.len() {
        if kept == limit {
            break;
        }
        let candidate = candidates[index];
        if let Some(ahead) = candidates.get(index + AHEAD) {
            let first_kept = candidates[..kept.min(KEPT_AHEAD)]
                .iter()
                .map(|kept| kept.id);
            oracle.prefetch(ahead.id, first_kept.chain([origin]));
        }
        let view = oracle.scorer(candidate.id);
        let back = oracle.reverse_key(candidate.id, origin, candidate.key);
        let shadowed = candidates[..kept]
            .iter()
            .any(|other| view.strictly_closer(view.key(other.id), back));
        if !shadowed {
            candidates[kept] = candidate;
            kept += 1;
        }
    }
    candidates.truncate(kept);
}
