//! Which sums give the barycenter shifts of one query, and where their norms belong.
//!
//! Two ways lead from the sets E and A of one k to the next; the one that touches fewer rows is taken:
//!
//! * **difference**: keep D = ΣE − ΣA. A row joins E at the first k above its exact rank and A at the first k above its
//!   slot; where the two coincide it cancels and is never touched. Best where the sets are nearly equal.
//! * **walk**: keep ΣA, from each returned list to the next; ΣE is there already. Best where they are not, and the way
//!   when f of k slots are filled: mean(E) − mean(A) = ΣE/k − ΣA/f.
//!
//! The study's empty slots index the last row, which adds −last·(k − f)/k. Equal sets have shift 0 and nothing is read.

use super::barycenter::{Change, ColumnBlocks, Scales, SignedSums};
use super::cells::{Block, Figure};
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

/// Works out which rows join which sum when; reused from list to list.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    ks: Vec<usize>,
    /// For each slot, the index of the first k above it.
    first_k_of_slot: Vec<u16>,
    /// By index of k, the rows that join E and those that join A.
    exact: Vec<Vec<u32>>,
    returned: Vec<Vec<u32>>,
    /// By index of k, how many rows become different less how many become equal.
    differing: Vec<i32>,
    found: Vec<bool>,
    /// Places in the visited list of the rows in ΣA, where lists are walked.
    walked: Vec<u32>,
    /// Whether ΣA of the condition at hand has begun.
    walking: bool,
    added: Vec<u32>,
    taken: Vec<u32>,
}

impl Joins {
    /// Prepares for the neighbor counts `ks`.
    pub(crate) fn set_ks(&mut self, ks: &[usize]) {
        if self.ks != ks {
            self.ks = ks.to_vec();
            self.first_k_of_slot =
                (0..ks.last().copied().unwrap_or(0)).map(|slot| ks.partition_point(|&k| k <= slot) as u16).collect();
            self.exact = vec![Vec::new(); ks.len()];
            self.returned = vec![Vec::new(); ks.len()];
            self.differing = vec![0; ks.len()];
        }
    }

    /// Sorts by index of k the rows that join E or A, those that join both at once left out.
    fn sort(&mut self, exact: &[u32], returned: &ReturnedRows) {
        self.exact.iter_mut().chain(&mut self.returned).for_each(Vec::clear);
        self.differing.fill(0);
        self.found.clear();
        self.found.resize(self.first_k_of_slot.len(), false);
        let slots = returned.ids.iter().zip(&returned.ranks).zip(&self.first_k_of_slot);
        for ((&row, &rank), &joins_returned) in slots {
            let Some(&joins_exact) = self.first_k_of_slot.get(rank as usize) else {
                self.returned[usize::from(joins_returned)].push(row);
                self.differing[usize::from(joins_returned)] += 1;
                continue;
            };
            self.found[rank as usize] = true;
            if joins_exact != joins_returned {
                self.exact[usize::from(joins_exact)].push(row);
                self.returned[usize::from(joins_returned)].push(row);
                self.differing[usize::from(joins_exact.min(joins_returned))] += 1;
                self.differing[usize::from(joins_exact.max(joins_returned))] -= 1;
            }
        }
        for ((&row, &found), &joins) in exact.iter().zip(&self.found).zip(&self.first_k_of_slot) {
            if !found {
                self.exact[usize::from(joins)].push(row);
                self.differing[usize::from(joins)] += 1;
            }
        }
    }

    /// The rows in which E and A differ at one k.
    fn sort_at(&mut self, exact: &[u32], returned: &ReturnedRows, k_index: usize) {
        let k = self.ks[k_index];
        let (in_exact, in_returned) = (&mut self.exact[k_index], &mut self.returned[k_index]);
        in_exact.clear();
        in_returned.clear();
        self.found.clear();
        self.found.resize(k, false);
        for (&row, &rank) in returned.ids.iter().zip(&returned.ranks).take(k) {
            match self.found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => in_returned.push(row),
            }
        }
        let missing = exact.iter().zip(&self.found).filter(|&(_, &found)| !found);
        in_exact.extend(missing.map(|(&row, _)| row));
        self.differing[k_index] = (in_exact.len() + in_returned.len()) as i32;
    }
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
        let largest_k = joins.ks[joins.ks.len() - 1];
        let changes: usize = joins.exact.iter().chain(&joins.returned).map(Vec::len).sum();
        let corrected_and_short = filled < largest_k && readers.contains(&Reader::Corrected);
        // A walk refers to the query's own ΣE, which the study's lists need not be held against.
        let walks = corrected_and_short || (changes > filled && exact == self.exact);
        let (mut differing, mut slot) = (0, 0);
        for k_index in 0..joins.ks.len() {
            let k = joins.ks[k_index];
            differing += joins.differing[k_index];
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
                let changes = (first, &joins.exact[k_index][..], &joins.returned[k_index][..]);
                self.add_difference(place, k, filled, equal, changes, readers);
            }
        }
    }

    /// Adds the shift of an answer that serves one k, the next of a condition whose answers grow with k.
    pub(crate) fn add_answer(
        &mut self,
        joins: &mut Joins,
        visited: &VisitedList,
        answer: &Answer,
        place: Place,
        readers: &[Reader],
    ) {
        let (k, filled) = (joins.ks[place.k_index], answer.returned.ids.len());
        if place.k_index == 0 {
            joins.walked.clear();
            joins.walking = false;
        }
        if readers.is_empty() {
            return;
        }
        joins.sort_at(&self.exact, &answer.returned, place.k_index);
        let differing = joins.exact[place.k_index].len() + joins.returned[place.k_index].len();
        answer.changes_from(&joins.walked, visited, &mut joins.added, &mut joins.taken);
        let short = filled < k;
        if !short && differing <= joins.added.len() + joins.taken.len() {
            let changes = (Change::Apart, &joins.exact[place.k_index][..], &joins.returned[place.k_index][..]);
            self.add_difference(place, k, filled, differing == 0, changes, readers);
        } else {
            let change = if joins.walking { Change::Continue } else { Change::Restart };
            joins.walking = true;
            let equal = differing == 0 && !short;
            self.add_walk(place, k, filled, equal, (change, &joins.added, &joins.taken), readers);
            joins.walked.clear();
            joins.walked.extend_from_slice(answer.picked());
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
        joins.sort_at(exact, returned, place.k_index);
        let (k, filled) = (joins.ks[place.k_index], returned.ids.len());
        let changes = (Change::Apart, &joins.exact[place.k_index][..], &joins.returned[place.k_index][..]);
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
        let whole = Scales { sum: 1.0 / k as f64, last: empty_share(filled, k), ..Scales::default() };
        let scales = if equal { Scales::default() } else { whole };
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

/// The scale of the last row, which the study takes for every empty slot.
fn empty_share(filled: usize, k: usize) -> f64 {
    -(k.saturating_sub(filled) as f64) / k as f64
}
