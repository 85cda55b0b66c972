//! The certificate of exact neighbors: reranks ambiguous candidates (a floating-point filter, as
//! Shewchuk 1997) into the order that float64 brute force gives.
//!
//! Enters: candidates ascending by (computed reduced distance, id), a bound on each computed
//! value's error, and ways to evaluate a reduced distance again. Leaves: the first k in exact order,
//! ties by id.
//!
//! for each run of candidates whose error intervals overlap in a chain
//!   one candidate alone     its place is certain; its value stays unless its relative error could show
//!   several                 ambiguous: evaluated in float32 from differences, which do not cancel as products do; sorted
//!     for each run whose sharper intervals still overlap
//!       several             evaluated in float64, sorted by (value, id)
//!
//! Two candidates whose intervals do not overlap are certainly in the right order, so sorting
//! within runs suffices. Cost: d flops per ambiguous candidate, twice for those that differences
//! leave open.

use std::collections::HashMap;
use std::ops::Range;

/// A row that may be among the nearest, with its computed reduced distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) reduced: f32,
    pub(crate) id: u32,
}

impl Candidate {
    /// The order of candidates: by reduced distance, ties by id.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.reduced
            .total_cmp(&other.reduced)
            .then(self.id.cmp(&other.id))
    }
}

/// Exact evaluation of one query's reduced distances.
pub(crate) trait Evaluate {
    /// Appends reduced distances in float32 that are sharper than those of products, and returns a
    /// bound on their relative error; `None` where there is no such way.
    fn sharper(&self, ids: &[u32], reduced: &mut Vec<f32>) -> Option<f64>;

    /// The reduced distance that decides.
    fn exact(&self, id: u32) -> f64;

    /// The first row equal to row `id`, where rows repeat in numbers that make it worth knowing.
    fn representative(&self, id: u32) -> Option<u32> {
        let _ = id;
        None
    }
}

/// Reused from query to query.
#[derive(Default)]
pub(crate) struct Reranker {
    runs: Vec<Range<usize>>,
    runs_left: Vec<Range<usize>>,
    /// The rows to evaluate, repeats once.
    ids: Vec<u32>,
    /// For every ambiguous candidate, its place in `ids`.
    slots: Vec<u32>,
    slot_of: HashMap<u32, u32>,
    sharper: Vec<f32>,
    exact: ExactValues,
}

/// The float64 values of one run.
#[derive(Default)]
struct ExactValues {
    values: Vec<(f64, u32)>,
    /// Of rows that repeat, by their representative.
    of_repeats: HashMap<u32, f64>,
}

/// A reduced distance whose possible relative error exceeds this is evaluated again even when its
/// place is certain, so that distances near zero (duplicates, LID) are right too.
const RELATIVE_ERROR_SHOWN: f64 = 1e-3;

/// What underflowing squares may add up to, for up to 10⁸ columns.
pub(crate) const UNDERFLOW: f64 = 1e-36;

impl Reranker {
    /// Puts the first `k` of `candidates` (ascending by (reduced distance, id)) in exact order;
    /// returns how many were ambiguous.
    ///
    /// `candidates` must hold every row whose true reduced distance can be among the k smallest.
    pub(crate) fn certify(
        &mut self,
        candidates: &mut [Candidate],
        k: usize,
        error_of: impl Fn(Candidate) -> f64,
        evaluate: &impl Evaluate,
    ) -> usize {
        let Self {
            runs,
            runs_left,
            ids,
            slots,
            slot_of,
            sharper,
            exact,
        } = self;
        ambiguous_runs(candidates, k, error_of, runs);
        ids.clear();
        slots.clear();
        slot_of.clear();
        for candidate in runs.iter().flat_map(|run| &candidates[run.clone()]) {
            let slot = match evaluate.representative(candidate.id) {
                Some(representative) => *slot_of.entry(representative).or_insert(ids.len() as u32),
                None => ids.len() as u32,
            };
            if slot as usize == ids.len() {
                ids.push(candidate.id);
            }
            slots.push(slot);
        }
        sharper.clear();
        let relative_error = evaluate.sharper(ids, sharper);
        let mut slots_left = slots.iter();
        for run in runs.iter() {
            let ambiguous = &mut candidates[run.clone()];
            let Some(relative_error) = relative_error else {
                rerank(ambiguous, exact, evaluate);
                continue;
            };
            ambiguous
                .iter_mut()
                .zip(&mut slots_left)
                .for_each(|(candidate, &slot)| candidate.reduced = sharper[slot as usize]);
            ambiguous.sort_unstable_by(Candidate::order);
            ambiguous_runs(
                ambiguous,
                k - run.start,
                |candidate| sharp_error(candidate, relative_error),
                runs_left,
            );
            runs_left
                .iter()
                .for_each(|run| rerank(&mut ambiguous[run.clone()], exact, evaluate));
        }
        slots.len()
    }
}

/// Fills `runs` with those that begin among the first `k` and whose order or value is ambiguous.
fn ambiguous_runs(
    candidates: &[Candidate],
    k: usize,
    error_of: impl Fn(Candidate) -> f64,
    runs: &mut Vec<Range<usize>>,
) {
    runs.clear();
    let (mut run, mut reach, mut is_ambiguous) = (0..0, f64::NEG_INFINITY, false);
    for (place, &candidate) in candidates.iter().enumerate() {
        let (value, error) = (f64::from(candidate.reduced), error_of(candidate));
        if place == 0 || value - error > reach {
            if is_ambiguous {
                runs.push(run);
            }
            if place >= k {
                return;
            }
            (run, is_ambiguous) = (place..place, error > RELATIVE_ERROR_SHOWN * value.abs());
        } else {
            is_ambiguous = true;
        }
        run.end = place + 1;
        reach = reach.max(value + error);
    }
    if is_ambiguous {
        runs.push(run);
    }
}

/// A bound on the error of a reduced distance that was summed from differences.
fn sharp_error(candidate: Candidate, relative_error: f64) -> f64 {
    let computed = f64::from(candidate.reduced);
    // The relative error is one of the true value, which may be larger than the computed one by as
    // much.
    if computed.is_finite() {
        relative_error / (1.0 - relative_error) * computed + UNDERFLOW
    } else {
        f64::INFINITY
    }
}

/// Evaluates a run in float64 and sorts it.
fn rerank(run: &mut [Candidate], exact: &mut ExactValues, evaluate: &impl Evaluate) {
    let ExactValues { values, of_repeats } = exact;
    values.clear();
    of_repeats.clear();
    for candidate in run.iter() {
        let value = match evaluate.representative(candidate.id) {
            Some(representative) => *of_repeats
                .entry(representative)
                .or_insert_with(|| evaluate.exact(candidate.id)),
            None => evaluate.exact(candidate.id),
        };
        values.push((value, candidate.id));
    }
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (candidate, &(reduced, id)) in run.iter_mut().zip(values.iter()) {
        *candidate = Candidate {
            reduced: reduced as f32,
            id,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// True reduced distances by id; sharper ones are off by a relative error of either sign.
    struct Known<'k> {
        exact: &'k [f64],
        relative_error: Option<f64>,
        settled: std::cell::RefCell<Vec<u32>>,
    }

    impl Evaluate for Known<'_> {
        fn sharper(&self, ids: &[u32], reduced: &mut Vec<f32>) -> Option<f64> {
            let error = self.relative_error?;
            let sign = |id: u32| if id.is_multiple_of(2) { 0.9 } else { -0.9 };
            reduced.extend(
                ids.iter()
                    .map(|&id| (self.exact[id as usize] * (1.0 + sign(id) * error)) as f32),
            );
            Some(error)
        }

        fn exact(&self, id: u32) -> f64 {
            self.settled.borrow_mut().push(id);
            self.exact[id as usize]
        }
    }

    /// As `Known`, where ids of equal exact value are equal rows.
    struct Repeating<'k>(Known<'k>);

    impl Evaluate for Repeating<'_> {
        fn sharper(&self, ids: &[u32], reduced: &mut Vec<f32>) -> Option<f64> {
            self.0.sharper(ids, reduced)
        }

        fn exact(&self, id: u32) -> f64 {
            self.0.exact(id)
        }

        fn representative(&self, id: u32) -> Option<u32> {
            let value = self.0.exact[id as usize];
            let mut others = (0..)
                .zip(self.0.exact)
                .filter(|(_, other)| **other == value);
            let first = others.next()?.0;
            others.next().map(|_| first)
        }
    }

    #[test]
    fn equal_rows_are_evaluated_once_a_run() {
        let exact: Vec<f64> = (0..300)
            .map(|id| {
                if id % 3 == 0 {
                    1.0
                } else {
                    2.0 + f64::from(id) * 1e-9
                }
            })
            .collect();
        for relative_error in [None, Some(1e-6)] {
            let mut found: Vec<Candidate> =
                (0..300).map(|id| Candidate { reduced: 1.5, id }).collect();
            let evaluate = Repeating(known(&exact, relative_error));
            let ambiguous = Reranker::default().certify(&mut found, 300, |_| 2.0, &evaluate);
            assert_eq!(ambiguous, 300);
            let repeats = (0..300).step_by(3);
            let expected: Vec<u32> = repeats.chain((0..300).filter(|id| id % 3 != 0)).collect();
            assert_eq!(ids(&found), expected, "ties by id");
            let evaluated = evaluate.0.settled.into_inner();
            assert_eq!(
                evaluated.len(),
                201,
                "200 rows that do not repeat, and one that does"
            );
        }
    }

    fn known(exact: &[f64], relative_error: Option<f64>) -> Known<'_> {
        Known {
            exact,
            relative_error,
            settled: std::cell::RefCell::default(),
        }
    }

    fn candidates<const N: usize>(pairs: [(f32, u32); N]) -> Vec<Candidate> {
        pairs
            .map(|(reduced, id)| Candidate { reduced, id })
            .to_vec()
    }

    fn ids(candidates: &[Candidate]) -> Vec<u32> {
        candidates.iter().map(|candidate| candidate.id).collect()
    }

    #[test]
    fn contested_runs_take_the_exact_order_and_certain_ones_stay() {
        let exact = [5.0, 1.02, 1.01, 1.01, 3.0];
        for relative_error in [None, Some(0.02), Some(0.004), Some(1e-6)] {
            let mut found = candidates([(1.0, 1), (1.005, 3), (1.01, 2), (3.0, 4), (5.0, 0)]);
            let evaluate = known(&exact, relative_error);
            let ambiguous = Reranker::default().certify(&mut found, 5, |_| 0.02, &evaluate);
            assert_eq!(
                ids(&found),
                [2, 3, 1, 4, 0],
                "ties by id, the rest by exact value"
            );
            assert_eq!(ambiguous, 5, "the two certain ones too: 0.02 of 3 shows");
        }
    }

    #[test]
    fn float64_decides_only_what_differences_leave_open() {
        let exact = [1.0, 1.01, 1.010_001, 1.02];
        let mut found = candidates([(1.005, 2), (1.01, 3), (1.011, 0), (1.012, 1)]);
        let evaluate = known(&exact, Some(1e-5));
        assert_eq!(
            Reranker::default().certify(&mut found, 4, |_| 0.02, &evaluate),
            4
        );
        assert_eq!(ids(&found), [0, 1, 2, 3]);
        let mut settled = evaluate.settled.into_inner();
        settled.sort_unstable();
        assert_eq!(settled, [1, 2]);
    }

    #[test]
    fn separations_too_small_for_float32_squares_are_left_to_float64() {
        let exact = [3e-40, 2e-40, 1e-30];
        let mut found = candidates([(0.0, 0), (0.0, 1), (0.0, 2)]);
        Reranker::default().certify(&mut found, 3, |_| 1e-3, &known(&exact, Some(1e-6)));
        assert_eq!(ids(&found), [1, 0, 2]);
    }

    #[test]
    fn certain_places_are_not_evaluated() {
        let mut found: Vec<Candidate> = (0..10)
            .map(|id| Candidate {
                reduced: 1.0 + id as f32,
                id,
            })
            .collect();
        let ambiguous =
            Reranker::default().certify(&mut found, 10, |_| 1e-6, &known(&[], Some(1e-6)));
        assert_eq!(ambiguous, 0);
    }
}
