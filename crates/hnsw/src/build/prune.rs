//! The neighbor-selection heuristic: prunes a candidate list to the links of a node.
//!
//! Walk the candidates from nearest to farthest and keep one only if no kept one is strictly closer
//! to it than the node is (Malkov & Yashunin 2018, algorithm 4, without extension and without
//! keeping pruned candidates). Cost: at most candidates × kept comparisons, few in practice since
//! one of the first kept ones rules out most candidates.

use crate::distance::DistanceComputer;
use crate::queue::{QueryScorer, Scored};

/// What a candidate is compared by is prefetched this many candidates before its turn.
const AHEAD: usize = 6;
/// Prefetched are the keys of the nearest kept ones, which mostly decide.
const KEPT_AHEAD: usize = 4;

/// Prunes `candidates`, ascending by (key, id) for the query `origin`, to at most `limit` kept
/// ones, in place.
pub(crate) fn prune(
    distances: &impl DistanceComputer,
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
            distances.prefetch(ahead.id, first_kept.chain([origin]));
        }
        let scorer = distances.scorer(candidate.id);
        let to_origin = distances.reverse_key(candidate.id, origin, candidate.key);
        let is_ruled_out = candidates[..kept]
            .iter()
            .any(|other| scorer.strictly_closer(scorer.key(other.id), to_origin));
        if !is_ruled_out {
            candidates[kept] = candidate;
            kept += 1;
        }
    }
    candidates.truncate(kept);
}
