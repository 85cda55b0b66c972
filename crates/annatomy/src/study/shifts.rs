//! Which sums give the barycenter shifts of one query, and where their norms belong.
//!
//! Two ways lead from the sets E and A of one k to the next; the one that touches fewer rows is taken:
//!
//! * **difference**: keep D = ΣE − ΣA. A row joins E at the first k above its exact rank and A at the first k above its
//!   slot; where the two coincide it cancels and is never touched. Best where the sets are nearly equal, and where the
//!   answer changes with k: D then goes on from k to k, or begins anew where that touches fewer rows.
//! * **walk**: keep ΣA; ΣE is there already. Best for one list that serves every k and misses much.
//!
//! With f of k slots filled, mean(E) − mean(A) = ΣE/k − ΣA/f = (1/k − 1/f)·ΣE + D/f.
//! The study's empty slots index the last row, which adds −last·(k − f)/k. Equal sets have shift 0 and nothing is read.

use super::barycenter::{Change, ColumnBlocks, Scales, SignedSums};
use super::cells::{Block, Figure};
use super::joins::{Difference, Joins};
use super::lists::{Answer, ReturnedRows, VisitedList};

/// The conventions a shift is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Corrected,
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
pub(crate) struct QueryShifts {
    pub(crate) sums: SignedSums,
    targets: Vec<Target>,
    exact: Vec<u32>,
    exact_means: Vec<f32>,
}

/// Where the shift of one list at one k goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) k_index: usize,
    pub(crate) cell: usize,
}

impl QueryShifts {
    /// Begins a query.
    pub(crate) fn begin(&mut self, ks: &[usize], exact: &[u32], exact_means: &[f32]) {
        self.sums.begin(ks, exact);
        self.targets.clear();
        self.exact.clear();
        self.exact.extend_from_slice(exact);
        self.exact_means.clear();
        self.exact_means.extend_from_slice(exact_means);
    }

    /// Adds the shifts of one returned list that serves every k, whose first cell is `cell`, for each of `readers`.
    pub(crate) fn add_list(
        &mut self,
        joins: &mut Joins,
        exact: &[u32],
        returned: &ReturnedRows,
        cell: usize,
        readers: &[Reader],
    ) {
        joins.sort(exact, returned);
        let filled = returned.ids.len();
        let largest_k = joins.ks()[joins.ks().len() - 1];
        let corrected_and_short = filled < largest_k && readers.contains(&Reader::Corrected);
        // A walk refers to the query's own ΣE, which the study's lists need not be held against.
        let walks = corrected_and_short || (joins.changes() > filled && exact == self.exact);
        let (mut differing, mut slot) = (0, 0);
        for (k_index, &k) in joins.ks().iter().enumerate() {
            let (joins_exact, joins_returned, more) = joins.at(k_index);
            differing += more;
            let equal = differing == 0 && filled >= k;
            let first = if k_index == 0 { Change::Restart } else { Change::Continue };
            let place = Place { k_index, cell: cell + k_index };
            if walks {
                let slots = slot..filled.min(k);
                slot = slots.end;
                self.add_walk(place, k, slots.end, equal, (first, &returned.ids[slots], &[]), readers);
            } else if equal {
                self.add_difference(place, k, filled, equal, (Change::Restart, &[], &[]), readers);
            } else {
                let changes = (first, joins_exact, joins_returned);
                self.add_difference(place, k, filled, equal, changes, readers);
            }
        }
    }

    /// Adds the shift of an answer that serves one k; `place` goes through the k of a condition in order.
    pub(crate) fn add_answer(
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
        let filled = answer.returned.ids.len();
        let anew = difference.advance(&self.exact[..k], visited, answer);
        let equal = difference.is_empty() && filled >= k;
        let change = if anew { Change::Restart } else { Change::Continue };
        let mut changes = (change, difference.added(), difference.taken());
        for &reader in readers {
            let scales = match reader {
                _ if equal => Scales::default(),
                Reader::Corrected if filled == 0 => Scales::default(),
                Reader::Corrected => of_filled(filled, k),
                Reader::Published => of_slots(filled, k),
            };
            let snapshot = self.sums.snapshot(place.k_index, changes.0, changes.1, changes.2, scales);
            changes = (Change::Continue, &[], &[]);
            if filled > 0 || reader == Reader::Published {
                self.targets.push(Target { place, reader, snapshot: (!equal).then_some(snapshot) });
            }
        }
    }

    /// Adds the shift of a list at one k, held against other exact neighbors than the query's own.
    pub(crate) fn add_apart(
        &mut self,
        joins: &mut Joins,
        exact: &[u32],
        returned: &ReturnedRows,
        place: Place,
        reader: Reader,
    ) {
        let (k, filled) = (joins.ks()[place.k_index], returned.ids.len());
        let (missing, extra) = joins.sort_at(exact, returned, place.k_index);
        let changes = (Change::Apart, missing, extra);
        let equal = changes.1.is_empty() && changes.2.is_empty();
        self.add_difference(place, k, filled, equal, changes, &[reader]);
    }

    /// A snapshot of D = ΣE − ΣA.
    fn add_difference(
        &mut self,
        place: Place,
        k: usize,
        filled: usize,
        equal: bool,
        (change, added, taken): (Change, &[u32], &[u32]),
        readers: &[Reader],
    ) {
        let scales = if equal { Scales::default() } else { of_slots(filled, k) };
        let snapshot = self.sums.snapshot(place.k_index, change, added, taken, scales);
        for &reader in readers {
            self.targets.push(Target { place, reader, snapshot: (!equal).then_some(snapshot) });
        }
    }

    /// A snapshot of ΣA, `filled` of k slots.
    fn add_walk(
        &mut self,
        place: Place,
        k: usize,
        filled: usize,
        equal: bool,
        (change, added, taken): (Change, &[u32], &[u32]),
        readers: &[Reader],
    ) {
        let exact = 1.0 / k as f64;
        let mut changes = (change, added, taken);
        for &reader in readers {
            let scales = match reader {
                _ if equal => Scales::default(),
                Reader::Corrected if filled == 0 => Scales::default(),
                Reader::Corrected => Scales { exact, sum: -1.0 / filled as f64, last: 0.0 },
                Reader::Published => Scales { exact, sum: -exact, last: empty_share(filled, k) },
            };
            let snapshot = self.sums.snapshot(place.k_index, changes.0, changes.1, changes.2, scales);
            changes = (Change::Continue, &[], &[]);
            if filled > 0 || reader == Reader::Published {
                self.targets.push(Target { place, reader, snapshot: (!equal).then_some(snapshot) });
            }
        }
    }

    /// Enters every shift as those of query number `query` of `block`, once the norms are there.
    pub(crate) fn write(&self, ks: &[usize], columns: &ColumnBlocks, query: usize, block: &mut Block) {
        let norms = self.sums.norms();
        let radii = self.radii(ks, columns);
        for target in &self.targets {
            let length = target.snapshot.map_or(0.0, |snapshot| norms[snapshot].sqrt());
            match target.reader {
                Reader::Corrected => {
                    let shift = if length == 0.0 { 0.0 } else { length / radii[target.place.k_index] };
                    let shift = if shift.is_finite() { shift } else { f64::NAN };
                    block.enter(query, target.place.cell, Figure::BarycenterShift, shift);
                }
                Reader::Published => {
                    let shift = length as f32 / self.exact_means[target.place.k_index];
                    block.published(query, target.place.cell).barycenter_shift = f64::from(shift);
                }
            }
        }
    }

    /// Root mean square distance of E to its own barycenter, per k: mean ‖x‖² − ‖mean‖², by the definition where the
    /// two nearly cancel.
    fn radii(&self, ks: &[usize], columns: &ColumnBlocks) -> Vec<f64> {
        let (mut rank, mut total) = (0, 0.0);
        let mut radii = Vec::with_capacity(ks.len());
        for (&k, &mean_squared) in ks.iter().zip(self.sums.norms()) {
            total += self.exact[rank..k].iter().map(|&row| columns.norm_squared(row)).sum::<f64>();
            rank = k;
            let mean_norm = total / k as f64;
            let difference = mean_norm - mean_squared;
            let cancels = difference < 1e-3 * mean_norm;
            let squared = if cancels { columns.radius_squared(&self.exact[..k]) } else { difference };
            radii.push(squared.sqrt());
        }
        radii
    }
}

/// ΣE/k − ΣA/k − empty slots, in terms of D.
fn of_slots(filled: usize, k: usize) -> Scales {
    Scales { sum: 1.0 / k as f64, last: empty_share(filled, k), ..Scales::default() }
}

/// ΣE/k − ΣA/filled, in terms of D.
fn of_filled(filled: usize, k: usize) -> Scales {
    let (all, some) = (1.0 / k as f64, 1.0 / filled as f64);
    Scales { exact: all - some, sum: some, ..Scales::default() }
}

/// The scale of the last row, which the study takes for every empty slot.
fn empty_share(filled: usize, k: usize) -> f64 {
    -(k.saturating_sub(filled) as f64) / k as f64
}
