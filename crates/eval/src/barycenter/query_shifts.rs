//! Which sums the barycenter shifts of one query need, and in which cells their norms belong.
//!
//! Enters: for each list at each k, the changes to D = ΣE − ΣA. Leaves: snapshots to compute, and
//! from their norms the shifts. With f of k slots filled,
//! mean(E) − mean(A) = ΣE/k − ΣA/f = (1/k − 1/f)·ΣE + D/f. The study reads empty slots as the last
//! row, which adds −last·(k − f)/k. Equal sets have shift 0 and no vector is read.

use super::changes::{Coefficients, SumChanges};
use super::column_blocks::ColumnBlocks;
use super::signed_sums::SignedSums;

/// The conventions that a shift is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Over filled slots, in units of the radius of E.
    Corrected,
    /// As in the published study: empty slots are the last row, in units of the mean squared
    /// distance.
    Published,
}

/// Where the shift of one list at one k belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which k.
    pub k_index: usize,
    /// Which cell of the caller's table.
    pub cell: usize,
}

impl Cell {
    /// The cell `offset` values of k further on.
    pub(super) fn after(self, offset: usize) -> Self {
        Self {
            k_index: self.k_index + offset,
            cell: self.cell + offset,
        }
    }
}

/// One list at one k.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListAtK {
    pub(super) cell: Cell,
    pub(super) k: usize,
    pub(super) filled: usize,
    /// Whether it holds the k nearest of E and nothing else.
    pub(super) is_exact: bool,
}

/// A shift to come: the norm of a snapshot, or exactly zero without one.
#[derive(Clone, Copy, Debug)]
struct Target {
    cell: Cell,
    convention: Convention,
    snapshot: Option<usize>,
}

/// The sums and shifts of one query; reused from query to query.
#[derive(Debug, Default)]
pub(super) struct QueryShifts {
    pub(super) sums: SignedSums,
    targets: Vec<Target>,
    exact_means: Vec<f32>,
}

impl QueryShifts {
    /// Begins a query with its exact neighbors and their mean squared distance at each k.
    pub(super) fn begin(&mut self, ks: &[usize], exact: &[u32], exact_means: &[f32]) {
        self.sums.begin(ks, exact);
        self.targets.clear();
        self.exact_means.clear();
        self.exact_means.extend_from_slice(exact_means);
    }

    /// The exact neighbors.
    pub(super) fn exact(&self) -> &[u32] {
        &self.sums.exact
    }

    /// Adds the shift of one list at one k. Conventions with the same coefficients share a
    /// snapshot.
    pub(super) fn add(
        &mut self,
        list: ListAtK,
        mut changes: SumChanges<'_>,
        conventions: &[Convention],
    ) {
        let mut previous = None;
        for &convention in conventions {
            let coefficients = coefficients(list, convention);
            let snapshot = match previous {
                Some((same, snapshot)) if same == coefficients => snapshot,
                _ => self.sums.snapshot(list.k, changes, coefficients),
            };
            previous = Some((coefficients, snapshot));
            changes = changes.unchanged();
            if list.filled > 0 || convention == Convention::Published {
                self.targets.push(Target {
                    cell: list.cell,
                    convention,
                    snapshot,
                });
            }
        }
    }

    /// Reports every shift with its cell, once the norms are computed; NaN where it is not defined.
    pub(super) fn report(
        &self,
        ks: &[usize],
        columns: &ColumnBlocks,
        mut report: impl FnMut(Cell, Convention, f64),
    ) {
        let radii = self.radii(ks, columns);
        for target in &self.targets {
            let (k_index, convention) = (target.cell.k_index, target.convention);
            let length = match target.snapshot {
                Some(snapshot) => self.sums.norms[snapshot].sqrt(),
                None => 0.0,
            };
            let shift = match convention {
                Convention::Corrected if length == 0.0 => 0.0,
                Convention::Corrected => length / radii[k_index],
                Convention::Published => f64::from(length as f32 / self.exact_means[k_index]),
            };
            let is_defined = convention == Convention::Published || shift.is_finite();
            let shift = if is_defined { shift } else { f64::NAN };
            report(target.cell, convention, shift);
        }
    }

    /// Root mean square distance of E to its own barycenter at each k: mean ‖x‖² − ‖mean‖², or by
    /// the definition where the two nearly cancel.
    fn radii(&self, ks: &[usize], columns: &ColumnBlocks) -> Vec<f64> {
        let (mut rank, mut total) = (0, 0.0);
        let mut radii = Vec::with_capacity(ks.len());
        for (&k, &mean_squared) in ks.iter().zip(&self.sums.norms) {
            let exact = &self.sums.exact[..k];
            let norms = exact[rank..].iter().map(|&row| columns.norm_squared(row));
            total += norms.sum::<f64>();
            rank = k;
            let mean_norm = total / k as f64;
            let difference = mean_norm - mean_squared;
            let cancels = difference < 1e-3 * mean_norm;
            let squared = if cancels {
                columns.radius_squared(exact)
            } else {
                difference
            };
            radii.push(squared.sqrt());
        }
        radii
    }
}

/// The combination of sums whose norm is the length of the shift.
fn coefficients(list: ListAtK, convention: Convention) -> Coefficients {
    match convention {
        _ if list.is_exact => Coefficients::default(),
        Convention::Corrected if list.filled == 0 => Coefficients::default(),
        Convention::Corrected => Coefficients::over_filled(list.filled, list.k),
        Convention::Published => Coefficients::over_slots(list.filled, list.k),
    }
}
