//! Which signed sums give the barycenter shifts of one query, and where their norms belong.
//!
//! For a list that serves every k, a row joins E at the first k above its exact rank and A at the first k above its
//! slot; where the two coincide it cancels and is never touched. With f of k slots filled, corrected conventions take
//! mean(E) − mean(A) = D/k − ΣA·(1/f − 1/k) for D = ΣE − ΣA, and the study, whose empty slots index the last row,
//! D/k − last·(k − f)/k. Where the two sets are equal the shift is 0 and nothing is read.

use super::barycenter::{ColumnBlocks, Scales, SignedSums};
use super::cells::{Block, Figure};
use super::lists::ReturnedRows;
use std::ops::Range;

/// The conventions a shift is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Corrected,
    Published,
}

/// A cell's shift: the norm of a snapshot, or exactly zero.
#[derive(Clone, Copy, Debug)]
struct Target {
    cell: usize,
    k_index: usize,
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
    /// Begins a query; the first sequence is ΣE/k, which the radius of E needs.
    pub(crate) fn begin(&mut self, ks: &[usize], exact: &[u32], exact_means: &[f32]) {
        self.sums.clear();
        self.targets.clear();
        self.exact.clear();
        self.exact.extend_from_slice(exact);
        self.exact_means.clear();
        self.exact_means.extend_from_slice(exact_means);
        let mut rank = 0;
        for &k in ks {
            self.sums.snapshot(false, &exact[rank..k], &[], whole(k));
            rank = k;
        }
        self.sums.end_sequence(&[]);
    }

    /// Adds the shifts of one returned list at the k of `k_range`, whose first cell is `cell`, for each of `readers`.
    pub(crate) fn add(
        &mut self,
        joins: &mut Joins,
        exact: &[u32],
        returned: &ReturnedRows,
        k_range: Range<usize>,
        cell: usize,
        readers: &[Reader],
    ) {
        if k_range.len() == 1 {
            joins.sort_at(exact, returned, k_range.start);
        } else {
            joins.sort(exact, returned);
        }
        let mut differing = 0;
        for k_index in k_range.clone() {
            let k = joins.ks[k_index];
            let filled = returned.ids.len().min(k);
            differing += joins.differing[k_index];
            let equal = differing == 0 && filled == k;
            let second = if filled == 0 { 0.0 } else { 1.0 / filled as f64 - 1.0 / k as f64 };
            let scales = if equal { Scales::default() } else { Scales { second, ..whole(k) } };
            // Made even where nothing will be read from it: it carries the changes forward.
            let snapshot = self.sums.snapshot(
                k_index == k_range.start || equal,
                if equal { &[] } else { &joins.exact[k_index] },
                if equal { &[] } else { &joins.returned[k_index] },
                scales,
            );
            for &reader in readers {
                let snapshot = match reader {
                    _ if equal => None,
                    Reader::Published if filled < k => {
                        let last = (k - filled) as f64 / k as f64;
                        Some(self.sums.snapshot(false, &[], &[], Scales { last, ..whole(k) }))
                    }
                    _ => Some(snapshot),
                };
                if filled > 0 || reader == Reader::Published {
                    self.targets.push(Target { cell: cell + k_index - k_range.start, k_index, reader, snapshot });
                }
            }
        }
        let short = returned.ids.len() < joins.ks[k_range.end - 1];
        self.sums.end_sequence(if short { &returned.ids } else { &[] });
    }

    /// Enters every shift as those of query number `query` of `block`, once the norms are there.
    pub(crate) fn write(&self, ks: &[usize], columns: &ColumnBlocks, query: usize, block: &mut Block) {
        let norms = self.sums.norms();
        let radii = self.radii(ks, columns);
        for target in &self.targets {
            let length = target.snapshot.map_or(0.0, |snapshot| norms[snapshot].sqrt());
            match target.reader {
                Reader::Corrected => {
                    let shift = if length == 0.0 { 0.0 } else { length / radii[target.k_index] };
                    let shift = if shift.is_finite() { shift } else { f64::NAN };
                    block.enter(query, target.cell, Figure::BarycenterShift, shift);
                }
                Reader::Published => {
                    let shift = length as f32 / self.exact_means[target.k_index];
                    block.published(query, target.cell).barycenter_shift = f64::from(shift);
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

fn whole(k: usize) -> Scales {
    Scales { sum: 1.0 / k as f64, ..Scales::default() }
}
