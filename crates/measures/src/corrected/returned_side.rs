//! What an engine returned for one query.
//!
//! Enters: ids, or the ranks already known. Leaves: filled slots only, nearest first, each with its
//! place in the exact list.

use std::collections::HashMap;

use annatomy_vectors::PointId;

/// The rank of a returned point that is not in the exact list.
pub const UNKNOWN_RANK: u32 = u32::MAX;

/// The filled slots of one answer, nearest first, self excluded, every id once.
///
/// Distances ascend, and a point of the exact list carries the exact list's distance (to the tie
/// tolerance). `exact_ranks[i]` is the 0-based place of the i-th returned point in the exact list,
/// or [`UNKNOWN_RANK`].
#[derive(Clone, Copy, Debug)]
pub struct ReturnedSide<'a> {
    distances: &'a [f32],
    exact_ranks: &'a [u32],
}

impl<'a> ReturnedSide<'a> {
    /// The answer with these true distances and ranks.
    ///
    /// # Panics
    /// If the two differ in length.
    pub fn new(distances: &'a [f32], exact_ranks: &'a [u32]) -> Self {
        assert_eq!(
            distances.len(),
            exact_ranks.len(),
            "one rank per returned distance"
        );
        debug_assert!(distances.is_sorted(), "returned distances ascend");
        Self {
            distances,
            exact_ranks,
        }
    }

    /// True distances of the filled slots.
    pub fn distances(&self) -> &'a [f32] {
        self.distances
    }

    /// Ranks of the filled slots in the exact list.
    pub fn exact_ranks(&self) -> &'a [u32] {
        self.exact_ranks
    }
}

/// An owned answer whose ranks were found from its ids.
#[derive(Clone, Debug, Default)]
pub struct ReturnedList {
    ids: Vec<PointId>,
    distances: Vec<f32>,
    exact_ranks: Vec<u32>,
}

impl ReturnedList {
    /// The filled slots of `ids`, nearest first: empty slots, repeated ids and `query` itself are
    /// left out.
    ///
    /// `distances` holds one true distance per slot; that of an empty slot is not read. `query` is
    /// `None` for held-out queries. `exact_ids` is the exact list, self excluded. Points are put in
    /// order by (distance, exact rank).
    ///
    /// # Panics
    /// If `ids` and `distances` differ in length.
    pub fn new(
        query: Option<PointId>,
        exact_ids: &[PointId],
        ids: &[Option<PointId>],
        distances: &[f32],
    ) -> Self {
        assert_eq!(ids.len(), distances.len(), "one distance per slot");
        let ranks: HashMap<PointId, u32> = exact_ids.iter().copied().zip(0..).collect();
        let mut seen: std::collections::HashSet<PointId> = query.into_iter().collect();
        let mut slots: Vec<(f32, u32, PointId)> = Vec::with_capacity(ids.len());
        for (id, &distance) in ids.iter().zip(distances) {
            if let Some(id) = id.filter(|&id| seen.insert(id)) {
                slots.push((
                    distance,
                    ranks.get(&id).copied().unwrap_or(UNKNOWN_RANK),
                    id,
                ));
            }
        }
        slots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Self::from_slots(&slots)
    }

    fn from_slots(slots: &[(f32, u32, PointId)]) -> Self {
        Self {
            ids: slots.iter().map(|slot| slot.2).collect(),
            distances: slots.iter().map(|slot| slot.0).collect(),
            exact_ranks: slots.iter().map(|slot| slot.1).collect(),
        }
    }

    /// The ids that remain, nearest first.
    pub fn ids(&self) -> &[PointId] {
        &self.ids
    }

    /// The form that [`measure`](super::measure) reads.
    pub fn side(&self) -> ReturnedSide<'_> {
        ReturnedSide::new(&self.distances, &self.exact_ranks)
    }
}
