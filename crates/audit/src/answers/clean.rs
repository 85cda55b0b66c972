//! One answer's slots, sorted into neighbors and sentinels; each keeps its place.
//!
//! | slot | taken for |
//! |---|---|
//! | −1 at the end of a row of a ragged table | a slot that the short row does not have |
//! | a negative id | empty |
//! | an id that no row has, or of a row that is not allowed | empty |
//! | an id that stands earlier in the row | a duplicate |
//! | the last id repeated up to the row's end | padding; its first occurrence too, if it breaks the order of distances |
//! | an id with a distance that is not a number | empty |
//! | an id with an infinite distance or ±FLT_MAX | empty |
//! | the query itself, once | taken out, not missed |

use super::tables::Tables;
use crate::results::Sentinels;
use annatomy_eval::answers::AnswerSlots;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::EMPTY_SLOT;
use std::ops::Range;

/// Beyond this a float32 distance is a sentinel.
pub(super) const LARGEST_DISTANCE: f32 = 1e38;

/// One answer without its sentinels.
#[derive(Clone, Debug, Default)]
pub(crate) struct CleanRow {
    /// Base rows by place, the query itself taken out.
    pub(crate) answer: AnswerSlots,
    /// Their true distances, computed from the vectors; NaN in empty slots.
    pub(crate) distances: Vec<f32>,
    pub(crate) sentinels: Sentinels,
    /// Whether a slot is nearer than the one before it.
    pub(crate) out_of_order: bool,
}

pub(super) struct Cleaner<'c> {
    tables: &'c Tables,
    data: &'c Dataset<'c>,
    first_id: i64,
}

impl<'c> Cleaner<'c> {
    pub(super) fn new(tables: &'c Tables, data: &'c Dataset<'c>, first_id: i64) -> Self {
        Self {
            tables,
            data,
            first_id,
        }
    }

    /// The answer to query number `query`.
    pub(super) fn clean(&self, query: usize) -> CleanRow {
        let number = self.tables.places[query];
        let ids = self.tables.ids.row(number);
        let distances = self.tables.distances.as_ref();
        let distances = distances.map(|distances| distances.row(number));
        let mut sentinels = Sentinels::default();
        let held = self.held(ids);
        sentinels.missing_slots = ids.len() - held;
        let padding = self.padding(query, &ids[..held]);
        sentinels.padding = padding.len();
        let mut slots = Vec::with_capacity(ids.len());
        for (slot, &id) in ids.iter().enumerate() {
            let is_meant = slot < held && !padding.contains(&slot);
            let distance = distances.map(|distances| distances[slot]);
            slots.push(if is_meant {
                self.valid(query, id, distance, &mut sentinels)
            } else {
                None
            });
        }
        let answer = AnswerSlots::new(self.data.queries.own_id(query), slots);
        sentinels.duplicates = answer.repeats();
        sentinels.short_rows = usize::from(sentinels.slots() > 0);
        let true_distance = |slot: &Option<u32>| match slot {
            Some(id) => self.data.distance(query, *id),
            None => f32::NAN,
        };
        let distances: Vec<f32> = answer.slots().iter().map(true_distance).collect();
        CleanRow {
            out_of_order: is_out_of_order(&distances),
            answer,
            distances,
            sentinels,
        }
    }

    /// Slots that the row has: all, or in a ragged table those before the −1 it was filled up with.
    fn held(&self, ids: &[i64]) -> usize {
        if self.tables.ids.short_rows() == 0 {
            return ids.len();
        }
        let last = ids.iter().rposition(|&id| id != EMPTY_SLOT);
        last.map_or(0, |last| last + 1)
    }

    /// The slots in which the last id is repeated up to the row's end, as padding.
    fn padding(&self, query: usize, ids: &[i64]) -> Range<usize> {
        let end = ids.len();
        let Some(&last) = ids.last() else { return 0..0 };
        let Some(last_row) = self.base_row(last) else {
            return end..end;
        };
        let repeated = ids.iter().rev().take_while(|&&id| id == last).count();
        if repeated < 2 {
            return end..end;
        }
        let first = end - repeated;
        // The first of them may be a neighbor; not if it is nearer than the one before it, or
        // occurs earlier.
        let before = first
            .checked_sub(1)
            .and_then(|slot| self.base_row(ids[slot]));
        let distance = |row| self.data.distance(query, row);
        let in_order = before.is_none_or(|before| distance(last_row) >= distance(before));
        if in_order && !ids[..first].contains(&last) {
            first + 1..end
        } else {
            first..end
        }
    }

    fn base_row(&self, id: i64) -> Option<u32> {
        self.tables
            .base_row(id, self.first_id, self.data.base.rows())
    }

    fn valid(
        &self,
        query: usize,
        id: i64,
        distance: Option<f32>,
        sentinels: &mut Sentinels,
    ) -> Option<u32> {
        let row = self.base_row(id);
        let filter = self.data.filter.as_ref();
        let is_allowed = |row| filter.is_none_or(|filter| filter.allowed.holds(query, row));
        let count = match (row, distance) {
            (None, _) if id < 0 => &mut sentinels.negative_ids,
            (None, _) => &mut sentinels.ids_out_of_range,
            (Some(row), _) if !is_allowed(row) => &mut sentinels.not_allowed,
            (Some(_), Some(distance)) if distance.is_nan() => &mut sentinels.nan_distances,
            (Some(_), Some(distance)) if distance.abs() > LARGEST_DISTANCE => {
                &mut sentinels.sentinel_distances
            }
            (Some(row), _) => return Some(row),
        };
        *count += 1;
        None
    }
}

/// Whether a distance is less than the one before it; rounding may exchange two that nearly tie.
fn is_out_of_order(distances: &[f32]) -> bool {
    let filled = distances
        .iter()
        .copied()
        .filter(|distance| !distance.is_nan());
    let mut before = f32::NEG_INFINITY;
    for distance in filled {
        if distance < before - 1e-4 * before.abs() {
            return true;
        }
        before = distance;
    }
    false
}
