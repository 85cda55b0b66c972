//! The neighbor-selection heuristic: prunes a candidate list to the links of a node.
//!
//! Walk the candidates from nearest to farthest and keep one only if no kept one rules it out:
//!
//! | rule | a kept one rules out a candidate | source |
//! |---|---|---|
//! | [`Closer`] | if it is strictly closer to it than the node is | Malkov & Yashunin 2018, algorithm 4, without extension and without keeping pruned candidates |
//! | [`Stretched`] | if α times its distance from it is no more than the node's | Subramanya et al. 2019, RobustPrune |
//!
//! Cost: at most candidates × kept comparisons, few in practice since one of the first kept ones
//! rules out most candidates; where rows have SQ8 codes, most of the others are settled by these.

use crate::distance::DistanceComputer;
use crate::queue::{LowerBoundFilter, QueryScorer, Scored};
use annatomy_vectors::value_of_order_key;

/// What a candidate is compared by is prefetched this many candidates before its turn.
const AHEAD: usize = 6;
/// Prefetched are the keys of the nearest kept ones, which mostly decide.
const KEPT_AHEAD: usize = 4;

/// When a kept candidate rules out another.
pub(crate) trait Occlusion: Copy + Sync {
    /// Whether a kept candidate does, whose key is `to_kept` for the candidate's `scorer`; that of the
    /// node is `to_origin`.
    fn rules_out<S: QueryScorer>(self, scorer: S, to_kept: u32, to_origin: u32) -> bool;

    /// The filter for kept ones that may; `None` where there is none.
    #[inline]
    fn filter<S: QueryScorer>(self, scorer: S, to_origin: u32) -> Option<LowerBoundFilter> {
        let _ = (scorer, to_origin);
        None
    }

    /// Whether none can, wherever it is; `false` where that is not known.
    fn is_safe<S: QueryScorer>(self, scorer: S, to_origin: u32) -> bool;
}

/// HNSW's rule.
#[derive(Clone, Copy)]
pub(crate) struct Closer;

impl Occlusion for Closer {
    fn rules_out<S: QueryScorer>(self, scorer: S, to_kept: u32, to_origin: u32) -> bool {
        scorer.strictly_closer(to_kept, to_origin)
    }

    #[inline]
    fn filter<S: QueryScorer>(self, scorer: S, to_origin: u32) -> Option<LowerBoundFilter> {
        scorer.lower_bound_filter(to_origin)
    }

    fn is_safe<S: QueryScorer>(self, scorer: S, to_origin: u32) -> bool {
        scorer.is_smallest(to_origin)
    }
}

/// Vamana's rule, over keys that are reduced distances.
#[derive(Clone, Copy)]
pub(crate) struct Stretched {
    /// α²: reduced distances are squares.
    pub(crate) squared: f32,
}

impl Occlusion for Stretched {
    fn rules_out<S: QueryScorer>(self, _scorer: S, to_kept: u32, to_origin: u32) -> bool {
        self.squared * value_of_order_key(to_kept) <= value_of_order_key(to_origin)
    }

    fn is_safe<S: QueryScorer>(self, _scorer: S, _to_origin: u32) -> bool {
        false
    }
}

/// A candidate whose fate is known, for equal rows after it.
#[derive(Clone, Copy)]
struct Previous {
    candidate: Scored,
    /// Its place among the kept ones; `None` if it was pruned.
    kept_at: Option<usize>,
}

/// Prunes `candidates`, ascending by (key, id) for the query `origin`, to at most `limit` kept
/// ones, in place.
///
/// Equal rows have equal keys, so that a repeat shares the fate of the row before it against the
/// kept ones before that. Without this, lists full of repeats cost kept² comparisons for each link.
pub(crate) fn prune(
    distances: &impl DistanceComputer,
    origin: u32,
    candidates: &mut Vec<Scored>,
    limit: usize,
    rule: impl Occlusion,
) {
    let mut kept = 0;
    let mut previous: Option<Previous> = None;
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
        let repeated = previous.filter(|previous| {
            previous.candidate.key == candidate.key
                && distances.is_same_row(previous.candidate.id, candidate.id)
        });
        // From which kept one on the comparison is open.
        let open = match repeated {
            Some(Previous { kept_at, .. }) => kept_at,
            None => Some(0),
        };
        let is_kept = rule.is_safe(scorer, to_origin)
            || open.is_some_and(|open| {
                !is_ruled_out(scorer, &candidates[open..kept], to_origin, rule)
            });
        previous = Some(Previous {
            candidate,
            kept_at: is_kept.then_some(kept),
        });
        if is_kept {
            candidates[kept] = candidate;
            kept += 1;
        }
    }
    candidates.truncate(kept);
}

/// Whether one of `kept` rules out the candidate of `scorer`. Most of those that do not are too far by their
/// codes already.
#[inline]
fn is_ruled_out<S: QueryScorer>(
    scorer: S,
    kept: &[Scored],
    to_origin: u32,
    rule: impl Occlusion,
) -> bool {
    let rules_out = |kept: &Scored| rule.rules_out(scorer, scorer.key(kept.id), to_origin);
    let Some(filter) = rule.filter(scorer, to_origin) else {
        return kept.iter().any(rules_out);
    };
    let (fours, rest) = kept.as_chunks();
    let of_four = |four: &[Scored; 4]| {
        let may_be_closer = scorer.may_be_closer_x4(four.map(|kept| kept.id), filter);
        let near = four.iter().zip(may_be_closer).filter(|(_, may_be)| *may_be);
        near.map(|(kept, _)| kept).any(rules_out)
    };
    fours.iter().any(of_four)
        || rest
            .iter()
            .any(|kept| scorer.may_be_closer(kept.id, filter) && rules_out(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::VectorDistances;
    use annatomy_vectors::{Matrix, Metric};
    use std::cell::Cell;

    thread_local! {
        /// Keys evaluated on this thread.
        static EVALUATED: Cell<usize> = const { Cell::new(0) };
    }

    /// Vector distances that count their evaluations, and know equal rows only if `KNOWS` says so.
    struct Counted<'v, const KNOWS: bool>(VectorDistances<'v>);

    #[derive(Clone, Copy)]
    struct CountedScorer<S, const KNOWS: bool>(S);

    impl<S: QueryScorer, const KNOWS: bool> QueryScorer for CountedScorer<S, KNOWS> {
        type Queue = S::Queue;

        fn key(self, id: u32) -> u32 {
            EVALUATED.set(EVALUATED.get() + 1);
            self.0.key(id)
        }

        fn is_smallest(self, key: u32) -> bool {
            KNOWS && self.0.is_smallest(key)
        }
    }

    impl<'v, const KNOWS: bool> DistanceComputer for Counted<'v, KNOWS> {
        type Scorer<'a>
            = CountedScorer<<VectorDistances<'v> as DistanceComputer>::Scorer<'a>, KNOWS>
        where
            Self: 'a;
        type Queue = <VectorDistances<'v> as DistanceComputer>::Queue;

        fn rows(&self) -> usize {
            self.0.rows()
        }

        fn scorer(&self, id: u32) -> Self::Scorer<'_> {
            CountedScorer(self.0.scorer(id))
        }

        fn is_same_row(&self, a: u32, b: u32) -> bool {
            KNOWS && self.0.is_same_row(a, b)
        }

        fn reverse_key(&self, candidate: u32, origin: u32, key: u32) -> u32 {
            self.0.reverse_key(candidate, origin, key)
        }
    }

    /// The list of row 0 pruned to `limit`, and how many keys were evaluated.
    fn pruned(distances: &impl DistanceComputer, limit: usize) -> (Vec<Scored>, usize) {
        let scorer = distances.scorer(0);
        let mut candidates: Vec<Scored> = (1..distances.rows() as u32)
            .map(|id| Scored {
                key: scorer.key(id),
                id,
            })
            .collect();
        candidates.sort_unstable();
        EVALUATED.set(0);
        prune(distances, 0, &mut candidates, limit, Closer);
        (candidates, EVALUATED.get())
    }

    #[test]
    fn repeats_are_kept_or_pruned_as_before_for_a_comparison_each() {
        // Rows 0, 2, 4, … are one point; the others lie on a line, every third of them repeated.
        let point = |row: usize| match row % 2 {
            0 => [0.3, 0.7],
            _ => [(row / 6) as f32, 0.1],
        };
        let values = (0..240).flat_map(point).collect();
        let rows = Matrix::new(240, 2, values).expect("shape");
        for metric in [Metric::L2, Metric::InnerProduct] {
            let distances = VectorDistances::new(rows.view(), metric);
            for limit in [1, 10, 64, 200] {
                let (kept, few) = pruned(&Counted::<true>(distances), limit);
                let (expected, many) = pruned(&Counted::<false>(distances), limit);
                assert_eq!(kept, expected, "{metric}, limit {limit}");
                assert!(few <= many, "{metric}: {few} of {many}");
                if metric == Metric::L2 && limit >= 64 {
                    assert!(4 * few < many, "limit {limit}: {few} of {many}");
                }
            }
        }
    }
}
