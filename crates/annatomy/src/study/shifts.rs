//! Which signed sums give the barycenter shifts of one query, and where their norms belong.
//!
//! For a list that serves every k, a row joins E at the first k above its exact rank and A at the first k above its
//! slot; where the two coincide it cancels and is never touched. With f of k slots filled, corrected conventions take
//! mean(E) − mean(A) = D/k − ΣA·(1/f − 1/k) for D = ΣE − ΣA, and the study, whose empty slots index the last row,
//! D/k − last·(k − f)/k. Where the two sets are equal the shift is 0 and nothing is summed.

use super::barycenter::{Change, ColumnBlocks, Scales, SignedSums};
use super::cells::{Block, Figure};
use super::lists::ReturnedRows;
use annatomy_geometry::corrected::UNKNOWN_RANK;
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

/// The snapshots of one query and the cells they belong to; reused from query to query.
#[derive(Debug, Default)]
pub(crate) struct Shifts {
    ks: Vec<usize>,
    /// For each slot, the index of the first k above it.
    first_k_of_slot: Vec<u16>,
    targets: Vec<Target>,
    /// Changes by index of k.
    buckets: Vec<Vec<Change>>,
    /// By index of k, how many rows become different less how many become equal.
    differing: Vec<i32>,
    found: Vec<bool>,
}

impl Shifts {
    /// Begins a query; the first sequence is ΣE/k, which the radius of E needs.
    pub(crate) fn begin(&mut self, sums: &mut SignedSums, ks: &[usize], exact: &[u32]) {
        sums.clear();
        self.targets.clear();
        if self.ks != ks {
            self.ks = ks.to_vec();
            self.first_k_of_slot =
                (0..ks.last().copied().unwrap_or(0)).map(|slot| ks.partition_point(|&k| k <= slot) as u16).collect();
            self.buckets = vec![Vec::new(); ks.len()];
            self.differing = vec![0; ks.len()];
        }
        let mut rank = 0;
        for &k in ks {
            exact[rank..k].iter().for_each(|&id| sums.change(id, 1.0));
            rank = k;
            sums.snapshot(false, Scales { sum: 1.0 / k as f64, ..Scales::default() });
        }
        sums.end_sequence([]);
    }

    /// Adds the shifts of one returned list at the k of `k_range`, whose first cell is `cell`, for each of `readers`.
    pub(crate) fn add(
        &mut self,
        sums: &mut SignedSums,
        exact: &[u32],
        returned: &ReturnedRows,
        k_range: Range<usize>,
        cell: usize,
        readers: &[Reader],
    ) {
        if k_range.len() == 1 {
            self.sort_changes_at(exact, returned, k_range.start);
        } else {
            self.sort_changes(exact, returned);
        }
        let mut differing = 0;
        for k_index in k_range.clone() {
            let k = self.ks[k_index];
            let filled = returned.ids.len().min(k);
            differing += self.differing[k_index];
            self.buckets[k_index].iter().for_each(|change| sums.change(change.row, change.weight));
            let equal = differing == 0 && filled == k;
            let starts_anew = k_index == k_range.start;
            let whole = Scales { sum: 1.0 / k as f64, ..Scales::default() };
            // The snapshot is made even where nothing will be read from it: it carries the changes forward.
            let second = if filled == 0 { 0.0 } else { 1.0 / filled as f64 - 1.0 / k as f64 };
            let snapshot = sums.snapshot(starts_anew, Scales { second, ..whole });
            for &reader in readers {
                let snapshot = match reader {
                    _ if equal => None,
                    Reader::Published if filled < k => {
                        Some(sums.snapshot(false, Scales { last: (k - filled) as f64 / k as f64, ..whole }))
                    }
                    _ => Some(snapshot),
                };
                if filled > 0 || reader == Reader::Published {
                    self.targets.push(Target { cell: cell + k_index - k_range.start, k_index, reader, snapshot });
                }
            }
        }
        let largest_k = self.ks[k_range.end - 1];
        let short = returned.ids.len() < largest_k;
        sums.end_sequence(returned.ids.iter().copied().filter(|_| short));
    }

    /// Sorts by index of k the rows that join E or A, those that join both at once left out.
    fn sort_changes(&mut self, exact: &[u32], returned: &ReturnedRows) {
        self.buckets.iter_mut().for_each(Vec::clear);
        self.differing.fill(0);
        self.found.clear();
        self.found.resize(self.first_k_of_slot.len(), false);
        let slots = returned.ids.iter().zip(&returned.ranks).zip(&self.first_k_of_slot);
        for ((&row, &rank), &joins_returned) in slots {
            let joins_exact = match self.first_k_of_slot.get(rank as usize) {
                Some(&first) if rank != UNKNOWN_RANK => Some(first),
                _ => None,
            };
            if joins_exact.is_some() {
                self.found[rank as usize] = true;
            }
            if joins_exact == Some(joins_returned) {
                continue;
            }
            self.buckets[usize::from(joins_returned)].push(Change { row, weight: -1.0 });
            let first = joins_exact.map_or(joins_returned, |exact| exact.min(joins_returned));
            self.differing[usize::from(first)] += 1;
            if let Some(joins_exact) = joins_exact {
                self.buckets[usize::from(joins_exact)].push(Change { row, weight: 1.0 });
                self.differing[usize::from(joins_exact.max(joins_returned))] -= 1;
            }
        }
        for ((&row, &found), &joins) in exact.iter().zip(&self.found).zip(&self.first_k_of_slot) {
            if !found {
                self.buckets[usize::from(joins)].push(Change { row, weight: 1.0 });
                self.differing[usize::from(joins)] += 1;
            }
        }
    }

    /// The rows in which E and A differ at one k.
    fn sort_changes_at(&mut self, exact: &[u32], returned: &ReturnedRows, k_index: usize) {
        let k = self.ks[k_index];
        let bucket = &mut self.buckets[k_index];
        bucket.clear();
        self.found.clear();
        self.found.resize(k, false);
        for (&row, &rank) in returned.ids.iter().zip(&returned.ranks).take(k) {
            match self.found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => bucket.push(Change { row, weight: -1.0 }),
            }
        }
        let missing = exact.iter().zip(&self.found).filter(|&(_, &found)| !found);
        bucket.extend(missing.map(|(&row, _)| Change { row, weight: 1.0 }));
        self.differing[k_index] = bucket.len() as i32;
    }

    /// Writes every shift, given the norms of all snapshots.
    pub(crate) fn write(
        &self,
        norms: &[f64],
        columns: &ColumnBlocks,
        exact: &[u32],
        exact_means: &[f32],
        block: &mut Block,
    ) {
        let radii = self.radii(norms, columns, exact);
        for target in &self.targets {
            let length = target.snapshot.map_or(0.0, |snapshot| norms[snapshot].sqrt());
            match target.reader {
                Reader::Corrected => {
                    let shift = if length == 0.0 { 0.0 } else { length / radii[target.k_index] };
                    block.enter(target.cell, Figure::BarycenterShift, if shift.is_finite() { shift } else { f64::NAN });
                }
                Reader::Published => {
                    block.published(target.cell).barycenter_shift =
                        f64::from(length as f32 / exact_means[target.k_index]);
                }
            }
        }
    }

    /// Root mean square distance of E to its own barycenter, per k: mean ‖x‖² − ‖mean‖², by the definition where the
    /// two nearly cancel.
    fn radii(&self, norms: &[f64], columns: &ColumnBlocks, exact: &[u32]) -> Vec<f64> {
        let (mut rank, mut total) = (0, 0.0);
        let mut radii = Vec::with_capacity(self.ks.len());
        for (&k, &mean_squared) in self.ks.iter().zip(norms) {
            total += exact[rank..k].iter().map(|&row| columns.norm_squared(row)).sum::<f64>();
            rank = k;
            let mean_norm = total / k as f64;
            let difference = mean_norm - mean_squared;
            let squared = if difference < 1e-3 * mean_norm { columns.radius_squared(&exact[..k]) } else { difference };
            radii.push(squared.sqrt());
        }
        radii
    }
}
