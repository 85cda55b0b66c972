//! The certificate: turns nearly sorted float32 candidates into the order that float64 brute force gives.
//!
//! Enters: candidates ascending by (computed separation, id), a bound on each computed value's error, and a way to
//! evaluate a separation in float64. Leaves: the first k in exact order, ties by id.
//!
//! for each run of candidates whose error intervals overlap in a chain
//!   one candidate alone     its place is certain; its value stays unless its relative error could show
//!   several                 evaluated in float64, sorted by (value, id)
//!
//! Two candidates whose intervals do not overlap are certainly in the right order, so sorting within runs suffices.
//! Cost: d flops per contested candidate; on real features a few percent of them are.

/// A row that may be among the nearest, with its computed separation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) separation: f32,
    pub(crate) id: u32,
}

impl Candidate {
    /// The order of candidates: by separation, ties by id.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.separation.total_cmp(&other.separation).then(self.id.cmp(&other.id))
    }
}

/// A separation whose possible relative error exceeds this is evaluated in float64 even when its place is certain,
/// so that distances near zero (duplicates, LID) are right too.
const RELATIVE_ERROR_SHOWN: f64 = 1e-3;

/// Puts the first `k` of `candidates` (ascending by (separation, id)) in exact order; returns how many were re-evaluated.
///
/// `candidates` must hold every row whose true separation can be among the k smallest.
pub(crate) fn certify(
    candidates: &mut [Candidate],
    k: usize,
    error_of: impl Fn(Candidate) -> f64,
    exact: impl Fn(u32) -> f64,
    contested: &mut Vec<(f64, u32)>,
) -> usize {
    let mut evaluated = 0;
    let mut start = 0;
    while start < candidates.len() && start < k {
        let end = end_of_run(candidates, start, &error_of);
        let run = &mut candidates[start..end];
        let alone = run.len() == 1;
        if !alone || error_of(run[0]) > RELATIVE_ERROR_SHOWN * f64::from(run[0].separation.abs()) {
            evaluated += run.len();
            contested.clear();
            contested.extend(run.iter().map(|candidate| (exact(candidate.id), candidate.id)));
            contested.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (candidate, &(separation, id)) in run.iter_mut().zip(contested.iter()) {
                *candidate = Candidate { separation: separation as f32, id };
            }
        }
        start = end;
    }
    evaluated
}

/// The end of the chain of overlapping error intervals that begins at `start`.
fn end_of_run(candidates: &[Candidate], start: usize, error_of: &impl Fn(Candidate) -> f64) -> usize {
    let mut reach = f64::from(candidates[start].separation) + error_of(candidates[start]);
    let mut end = start + 1;
    while end < candidates.len() {
        let (value, error) = (f64::from(candidates[end].separation), error_of(candidates[end]));
        if value - error > reach {
            break;
        }
        reach = reach.max(value + error);
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contested_runs_take_the_exact_order_and_certain_ones_stay() {
        let exact = [5.0, 1.02, 1.01, 1.01, 3.0];
        let mut candidates: Vec<Candidate> = [(1.0, 1), (1.005, 3), (1.01, 2), (3.0, 4), (5.0, 0)]
            .map(|(separation, id)| Candidate { separation, id })
            .to_vec();
        let evaluated = certify(&mut candidates, 5, |_| 0.02, |id| exact[id as usize], &mut Vec::new());
        let ids: Vec<u32> = candidates.iter().map(|c| c.id).collect();
        assert_eq!(ids, [2, 3, 1, 4, 0], "ties by id, the rest by exact value");
        assert_eq!(evaluated, 5, "the two certain ones too: 0.02 of 3 shows");
    }

    #[test]
    fn certain_places_are_not_evaluated() {
        let mut candidates: Vec<Candidate> = (0..10).map(|id| Candidate { separation: 1.0 + id as f32, id }).collect();
        let evaluated = certify(&mut candidates, 10, |_| 1e-6, |_| unreachable!("certain"), &mut Vec::new());
        assert_eq!(evaluated, 0);
    }
}
