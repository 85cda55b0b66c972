//! Which sums give the barycenter shifts of one query, and where their norms belong.
//!
//! All shifts come from D = ΣE − ΣA, and D from the rows that E and A do not share:
//!
//! * one list that serves every k goes on from k to k as far as it [reaches](Reach) into E;
//! * an answer that changes with k does too, with its [difference](Difference) to the answer at the
//!   k before, or begins anew where that touches fewer rows;
//! * a list held against other exact neighbors than the query's own (the study's, where rows
//!   repeat) stands [apart](Apart).
//!
//! With f of k slots filled, mean(E) − mean(A) = ΣE/k − ΣA/f = (1/k − 1/f)·ΣE + D/f. The study's
//! empty slots index the last row, which adds −last·(k − f)/k. Equal sets have shift 0 and nothing
//! is read.

use super::kernel::{Change, Changes, ColumnBlocks, Scales, SignedSums};
use super::symmetric_difference::{Apart, Difference, Reach};
use crate::lists::{Answer, ReturnedRows, VisitedList};

/// The conventions a shift is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Over filled slots, in units of the radius of E.
    Corrected,
    /// As the published study: empty slots are the last row, in units of the mean distance.
    Published,
}

/// A cell's shift: the norm of a snapshot, or exactly zero.
#[derive(Clone, Copy, Debug)]
struct Target {
    place: Place,
    reader: Reader,
    snapshot: Option<usize>,
}

/// One query's shifts, waiting for the norms; reused from query to query.
#[derive(Debug, Default)]
pub struct QueryShifts {
    pub(super) sums: SignedSums,
    targets: Vec<Target>,
    exact_means: Vec<f32>,
}

/// Where the shift of one list at one k goes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which k.
    pub k_index: usize,
    /// Which cell of the caller's table.
    pub cell: usize,
}

impl Place {
    /// The place so many k further on.
    fn after(self, more: usize) -> Self {
        Self {
            k_index: self.k_index + more,
            cell: self.cell + more,
        }
    }
}

/// One list at one k, held against E.
#[derive(Clone, Copy, Debug)]
struct Held {
    k: usize,
    filled: usize,
    equal: bool,
}

impl QueryShifts {
    /// Begins a query.
    pub fn begin(&mut self, ks: &[usize], exact: &[u32], exact_means: &[f32]) {
        self.sums.begin(ks, exact);
        self.targets.clear();
        self.exact_means.clear();
        self.exact_means.extend_from_slice(exact_means);
    }

    /// Adds the shifts of one returned list that serves every k, from `place` on, for each of
    /// `readers`.
    pub fn add_list(
        &mut self,
        reach: &mut Reach,
        ks: &[usize],
        returned: &ReturnedRows,
        place: Place,
        readers: &[Reader],
    ) {
        reach.begin();
        for (index, &k) in ks.iter().enumerate() {
            reach.advance(self.sums.exact(), returned, k);
            let filled = returned.len().min(k);
            let change = if index == 0 {
                Change::Restart
            } else {
                Change::Continue
            };
            let equal = reach.is_whole() && filled == k;
            self.add(
                place.after(index),
                Held { k, filled, equal },
                reach.changes(change),
                readers,
            );
        }
    }

    /// Adds the shift of an answer that serves one k; `place` goes through the k of a condition in
    /// order.
    pub fn add_answer(
        &mut self,
        difference: &mut Difference,
        visited: &VisitedList,
        answer: &Answer,
        k: usize,
        place: Place,
        readers: &[Reader],
    ) {
        if place.k_index == 0 {
            difference.begin();
        }
        if readers.is_empty() {
            return;
        }
        let filled = answer.returned.len();
        difference.advance(self.sums.exact(), visited, answer);
        let equal = difference.is_empty() && filled >= k;
        self.add(
            place,
            Held { k, filled, equal },
            difference.changes(),
            readers,
        );
    }

    /// The same where that answer is the exact neighbors: its shift is 0.
    pub fn add_exact_answer(
        &mut self,
        difference: &mut Difference,
        k: usize,
        place: Place,
        readers: &[Reader],
    ) {
        difference.advance_to_all(k);
        self.add(
            place,
            Held {
                k,
                filled: k,
                equal: true,
            },
            difference.changes(),
            readers,
        );
    }

    /// Adds the study's shifts of a list, from `place` on, held against other exact neighbors than
    /// the query's own.
    pub fn add_apart(
        &mut self,
        apart: &mut Apart,
        ks: &[usize],
        exact: &[u32],
        returned: &ReturnedRows,
        place: Place,
    ) {
        for (index, &k) in ks.iter().enumerate() {
            let (missing, extra) = apart.differing(exact, returned, k);
            let equal = missing.is_empty() && extra.is_empty();
            let changes = Changes {
                change: Change::Apart,
                added: missing,
                taken: extra,
                stretches: &[],
                reach: k,
            };
            let held = Held {
                k,
                filled: returned.len().min(k),
                equal,
            };
            self.add(place.after(index), held, changes, &[Reader::Published]);
        }
    }

    /// Adds the shift of one list at one k, a snapshot for all readers that see the same.
    fn add(&mut self, place: Place, held: Held, mut changes: Changes<'_>, readers: &[Reader]) {
        let Held { k, filled, equal } = held;
        let mut before = None;
        for &reader in readers {
            let scales = match reader {
                _ if equal => Scales::default(),
                Reader::Corrected if filled == 0 => Scales::default(),
                Reader::Corrected => of_filled(filled, k),
                Reader::Published => of_slots(filled, k),
            };
            let snapshot = match before {
                Some((same, snapshot)) if same == scales => snapshot,
                _ => self.sums.snapshot(k, changes, scales),
            };
            before = Some((scales, snapshot));
            changes = Changes {
                change: Change::Continue,
                added: &[],
                taken: &[],
                stretches: &[],
                ..changes
            };
            if filled > 0 || reader == Reader::Published {
                self.targets.push(Target {
                    place,
                    reader,
                    snapshot,
                });
            }
        }
    }

    /// Reports every shift with its place, once the norms are computed; NaN where it is not defined.
    pub fn each(
        &self,
        ks: &[usize],
        columns: &ColumnBlocks,
        mut report: impl FnMut(Place, Reader, f64),
    ) {
        let norms = self.sums.norms();
        let radii = self.radii(ks, columns);
        for &Target {
            place,
            reader,
            snapshot,
        } in &self.targets
        {
            let length = snapshot.map_or(0.0, |snapshot| norms[snapshot].sqrt());
            let shift = match reader {
                Reader::Corrected if length == 0.0 => 0.0,
                Reader::Corrected => length / radii[place.k_index],
                Reader::Published => f64::from(length as f32 / self.exact_means[place.k_index]),
            };
            let defined = reader == Reader::Published || shift.is_finite();
            report(place, reader, if defined { shift } else { f64::NAN });
        }
    }

    /// Root mean square distance of E to its own barycenter, per k: mean ‖x‖² − ‖mean‖², by the
    /// definition where the two nearly cancel.
    fn radii(&self, ks: &[usize], columns: &ColumnBlocks) -> Vec<f64> {
        let (mut rank, mut total) = (0, 0.0);
        let mut radii = Vec::with_capacity(ks.len());
        for (&k, &mean_squared) in ks.iter().zip(self.sums.norms()) {
            total += self.sums.exact()[rank..k]
                .iter()
                .map(|&row| columns.norm_squared(row))
                .sum::<f64>();
            rank = k;
            let mean_norm = total / k as f64;
            let difference = mean_norm - mean_squared;
            let cancels = difference < 1e-3 * mean_norm;
            let squared = if cancels {
                columns.radius_squared(&self.sums.exact()[..k])
            } else {
                difference
            };
            radii.push(squared.sqrt());
        }
        radii
    }
}

/// ΣE/k − ΣA/k − empty slots, in terms of D.
fn of_slots(filled: usize, k: usize) -> Scales {
    Scales {
        sum: 1.0 / k as f64,
        last: empty_share(filled, k),
        ..Scales::default()
    }
}

/// ΣE/k − ΣA/filled, in terms of D.
fn of_filled(filled: usize, k: usize) -> Scales {
    let (all, some) = (1.0 / k as f64, 1.0 / filled as f64);
    Scales {
        exact: all - some,
        sum: some,
        ..Scales::default()
    }
}

/// The scale of the last row, which the study takes for every empty slot.
fn empty_share(filled: usize, k: usize) -> f64 {
    -(k.saturating_sub(filled) as f64) / k as f64
}
