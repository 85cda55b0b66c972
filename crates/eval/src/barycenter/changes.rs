//! How one sum of vectors follows from another: rows and rank ranges, added or removed.
//!
//! P_r is the prefix sum of the r nearest exact neighbors.

/// Which sum the changes start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// The empty sum; the result is the new running sum.
    #[default]
    Restart,
    /// The running sum, which the result replaces.
    Continue,
    /// The empty sum; the running sum stays as it is.
    Separate,
}

/// The changes that lead to D = S + P_k − P_prefix, where S is the changed sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct SumChanges<'c> {
    pub(super) start: Start,
    /// Rows added to S.
    pub(super) added: &'c [u32],
    /// Rows subtracted from S.
    pub(super) removed: &'c [u32],
    /// Ranks of exact neighbors, from and up to: P_to − P_from is added to S.
    pub(super) rank_ranges: &'c [[u32; 2]],
    /// How many of the nearest exact neighbors S is relative to.
    pub(super) prefix: usize,
}

impl SumChanges<'_> {
    /// No change to the running sum, with the same prefix.
    pub(super) fn unchanged(self) -> Self {
        Self {
            start: Start::Continue,
            added: &[],
            removed: &[],
            rank_ranges: &[],
            prefix: self.prefix,
        }
    }
}

/// The coefficients of the linear combination exact·ΣE + difference·D + last·x, x the last row of
/// the data; all are 0 if only the changes matter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Coefficients {
    /// Of the sum of the k nearest exact neighbors.
    pub(super) exact: f64,
    /// Of D.
    pub(super) difference: f64,
    /// Of the last row.
    pub(super) last: f64,
}

impl Coefficients {
    /// ΣE/k − ΣA/k less the empty slots, each of which the study reads as the last row.
    pub(super) fn over_slots(filled: usize, k: usize) -> Self {
        Self {
            difference: 1.0 / k as f64,
            last: -(k.saturating_sub(filled) as f64) / k as f64,
            ..Self::default()
        }
    }

    /// ΣE/k − ΣA/filled = (1/k − 1/filled)·ΣE + D/filled.
    pub(super) fn over_filled(filled: usize, k: usize) -> Self {
        let (per_k, per_filled) = (1.0 / k as f64, 1.0 / filled as f64);
        Self {
            exact: per_k - per_filled,
            difference: per_filled,
            ..Self::default()
        }
    }
}
