//! The sums of one query as a packed list of signed additions, and the snapshots wanted of them.
//!
//! Enters: the exact neighbors, then sequences of [changes](SumChanges). Leaves: pairs of additions
//! in the order in which [`accumulate`](super::accumulate) carries them out, and after that the
//! squared norm of each snapshot.
//!
//! Every sum has an index: 0 is the empty sum, r the prefix sum of the r nearest exact neighbors,
//! then follow the changed sums.

use super::changes::{Coefficients, Start, SumChanges};

/// Two rows, or two sums, that join the running sum, each times its sign. The result is stored
/// after every pair: no branch to mispredict.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdditionPair {
    /// Whether `terms` are indices of sums; else they are rows.
    pub(super) of_sums: bool,
    pub(super) terms: [u32; 2],
    /// 1 adds, −1 subtracts, 0 where there is no second term.
    pub(super) signs: [f32; 2],
    /// Index of the result.
    pub(super) result: u32,
}

/// The pairs up to number `end`, which start from the sum with index `from`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairRun {
    pub(super) from: u32,
    pub(super) end: u32,
}

/// The norm of difference·D, where D = the sum `sum` + P_k − P_prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    /// Where the norm belongs.
    pub(super) number: u32,
    pub(super) sum: u32,
    pub(super) k: u32,
    pub(super) prefix: u32,
    /// Coefficient of D.
    pub(super) difference: f32,
}

/// The norm of exact·ΣE + difference·D + last·x, x the last row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Combination {
    pub(super) snapshot: Snapshot,
    pub(super) exact: f32,
    pub(super) last: f32,
}

/// All sums and snapshots of one query; reused from query to query.
#[derive(Clone, Debug, Default)]
pub(super) struct SignedSums {
    /// The exact neighbors, nearest first.
    pub(super) exact: Vec<u32>,
    pub(super) pairs: Vec<AdditionPair>,
    pub(super) runs: Vec<PairRun>,
    /// How many sums there are.
    pub(super) sums: u32,
    /// Index of the running sum.
    running: u32,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) combinations: Vec<Combination>,
    /// Squared norms of all snapshots, by number, once [`accumulate`](super::accumulate) has run.
    pub(super) norms: Vec<f64>,
}

impl SignedSums {
    /// Begins a query. Snapshots 0, 1, … are ΣE/k at each of `ks`.
    pub(super) fn begin(&mut self, ks: &[usize], exact: &[u32]) {
        self.pairs.clear();
        self.runs.clear();
        self.snapshots.clear();
        self.combinations.clear();
        self.norms.clear();
        self.exact.clear();
        self.exact.extend_from_slice(exact);
        (self.sums, self.running) = (exact.len() as u32 + 1, 0);
        for &k in ks {
            let mean = Coefficients {
                exact: 1.0 / k as f64,
                ..Coefficients::default()
            };
            self.push_snapshot([k, k], 0, mean);
        }
    }

    /// Adds a snapshot at `k` after `changes`. Returns its number among all snapshots, or `None` if
    /// all coefficients are 0 and only the changes matter.
    pub(super) fn snapshot(
        &mut self,
        k: usize,
        changes: SumChanges<'_>,
        coefficients: Coefficients,
    ) -> Option<usize> {
        let from = match changes.start {
            Start::Continue => self.running,
            Start::Restart | Start::Separate => 0,
        };
        let sum = self.apply(from, changes);
        if changes.start != Start::Separate {
            self.running = sum;
        }
        if coefficients == Coefficients::default() {
            return None;
        }
        Some(self.push_snapshot([k, changes.prefix], sum, coefficients))
    }

    /// Changes the sum with index `from`; returns the index of the result.
    fn apply(&mut self, from: u32, changes: SumChanges<'_>) -> u32 {
        let first_pair = self.pairs.len();
        let result = self.sums;
        self.push_rows(changes, result);
        for &[begin, end] in changes.rank_ranges {
            self.pairs.push(AdditionPair {
                of_sums: true,
                terms: [begin, end],
                signs: [-1.0, 1.0],
                result,
            });
        }
        if self.pairs.len() == first_pair {
            return from;
        }
        self.sums += 1;
        let end = self.pairs.len() as u32;
        match self.runs.last_mut() {
            Some(run) if from + 1 == result => run.end = end,
            _ => self.runs.push(PairRun { from, end }),
        }
        result
    }

    /// Packs the rows of `changes` in pairs.
    fn push_rows(&mut self, changes: SumChanges<'_>, result: u32) {
        let added = changes.added.iter().map(|&row| (row, 1.0));
        let removed = changes.removed.iter().map(|&row| (row, -1.0));
        let mut rows = added.chain(removed);
        while let Some((row, sign)) = rows.next() {
            let (second, second_sign) = rows.next().unwrap_or((row, 0.0));
            self.pairs.push(AdditionPair {
                of_sums: false,
                terms: [row, second],
                signs: [sign, second_sign],
                result,
            });
        }
    }

    fn push_snapshot(
        &mut self,
        [k, prefix]: [usize; 2],
        sum: u32,
        coefficients: Coefficients,
    ) -> usize {
        let number = self.norms.len();
        self.norms.push(0.0);
        let snapshot = Snapshot {
            number: number as u32,
            sum,
            k: k as u32,
            prefix: prefix as u32,
            difference: coefficients.difference as f32,
        };
        let (exact, last) = (coefficients.exact as f32, coefficients.last as f32);
        if exact == 0.0 && last == 0.0 {
            self.snapshots.push(snapshot);
        } else {
            self.combinations.push(Combination {
                snapshot,
                exact,
                last,
            });
        }
        number
    }
}
