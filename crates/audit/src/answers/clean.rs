//! One answer's slots, sorted into neighbors and what stands in their place.
//!
//! | slot | taken for |
//! |---|---|
//! | a negative id | empty |
//! | an id that no row has | empty |
//! | an id that stands earlier in the row | a duplicate |
//! | the last id repeated up to the row's end | padding; its first occurrence too, if it breaks the order of distances |
//! | an id with a distance that is not a number | empty |
//! | an id with an infinite distance or ±FLT_MAX | empty |
//! | the query itself | left out, not missed |

use super::tables::Tables;
use crate::results::Sentinels;
use annatomy_eval::dataset::Dataset;

/// Beyond this a float32 distance stands for nothing.
const LARGEST_DISTANCE: f32 = 1e38;

/// One answer without its sentinels.
#[derive(Clone, Debug, Default)]
pub(crate) struct CleanRow {
    /// Valid, distinct base rows, the query left out, in the order given.
    pub(crate) ids: Vec<u32>,
    /// Their true distances, computed from the vectors.
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
        let slots = self.tables.ids.row(number);
        let distances = self
            .tables
            .distances
            .as_ref()
            .map(|distances| distances.row(number));
        let own = self.data.queries.own_id(query);
        let mut row = CleanRow::default();
        let meant = self.without_padding(query, slots, &mut row.sentinels);
        for (slot, &id) in slots[..meant].iter().enumerate() {
            let Some(id) = self.valid(
                id,
                distances.map(|distances| distances[slot]),
                &mut row.sentinels,
            ) else {
                continue;
            };
            if row.ids.contains(&id) {
                row.sentinels.duplicates += 1;
            } else if Some(id) != own {
                row.ids.push(id);
            }
        }
        row.sentinels.short_rows = usize::from(row.sentinels.slots() > 0);
        row.distances = row
            .ids
            .iter()
            .map(|&id| self.data.distance(query, id))
            .collect();
        // Rounding may turn two neighbors at nearly the same distance around.
        row.out_of_order = row
            .distances
            .windows(2)
            .any(|pair| pair[1] < pair[0] - 1e-4 * pair[0].abs());
        row
    }

    /// How many of the slots are meant: less an id that is repeated up to the end in place of
    /// nothing.
    fn without_padding(&self, query: usize, slots: &[i64], sentinels: &mut Sentinels) -> usize {
        let Some(&last) = slots.last() else { return 0 };
        let Some(last_row) = self.base_row(last) else {
            return slots.len();
        };
        let repeated = slots.iter().rev().take_while(|&&id| id == last).count();
        if repeated < 2 {
            return slots.len();
        }
        let first = slots.len() - repeated;
        // The first of them may be a neighbor; not if it is nearer than the one before it, or stood
        // there before.
        let before = first
            .checked_sub(1)
            .and_then(|slot| self.base_row(slots[slot]));
        let in_order = before.is_none_or(|before| {
            self.data.distance(query, last_row) >= self.data.distance(query, before)
        });
        let meant = if in_order && !slots[..first].contains(&last) {
            first + 1
        } else {
            first
        };
        sentinels.padding += slots.len() - meant;
        meant
    }

    fn base_row(&self, id: i64) -> Option<u32> {
        self.tables
            .base_row(id, self.first_id, self.data.base.rows())
    }

    fn valid(&self, id: i64, distance: Option<f32>, sentinels: &mut Sentinels) -> Option<u32> {
        let row = self.base_row(id);
        let count = match (row, distance) {
            (None, _) if id < 0 => &mut sentinels.negative_ids,
            (None, _) => &mut sentinels.ids_out_of_range,
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
