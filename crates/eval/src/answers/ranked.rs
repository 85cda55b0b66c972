//! The returned list at any k: the filled ones of the first k slots, nearest first.
//!
//! Enters: slots with true distances and exact ranks. Leaves: columns as the measures read them.
//! Cost: one sort per answer, O(slots) for each k.

use annatomy_measures::corrected::ReturnedSide;
use annatomy_vectors::PointId;

/// One filled slot.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Filled {
    distance: f32,
    rank: u32,
    place: usize,
    id: u32,
}

/// One answer's filled slots in order of (distance, exact rank), each with its place.
#[derive(Clone, Debug, Default)]
pub struct RankedAnswer {
    filled: Vec<Filled>,
}

/// The filled ones of an answer's first k slots, nearest first.
#[derive(Clone, Debug, Default)]
pub struct AnswerPrefix {
    /// Base rows.
    pub ids: Vec<PointId>,
    /// True distances, ascending.
    pub distances: Vec<f32>,
    /// Exact ranks.
    pub ranks: Vec<u32>,
}

impl RankedAnswer {
    /// Replaces the answer. `distance_and_rank` gives the true distance of a base row and its
    /// 0-based place in the exact list, or `UNKNOWN_RANK`.
    pub fn read(
        &mut self,
        slots: &[Option<u32>],
        mut distance_and_rank: impl FnMut(usize, u32) -> (f32, u32),
    ) {
        self.filled.clear();
        for (place, slot) in slots.iter().enumerate() {
            if let Some(id) = *slot {
                let (distance, rank) = distance_and_rank(place, id);
                self.filled.push(Filled {
                    distance,
                    rank,
                    place,
                    id,
                });
            }
        }
        self.filled.sort_by(|a, b| {
            let by_distance = a.distance.total_cmp(&b.distance);
            by_distance.then(a.rank.cmp(&b.rank))
        });
    }

    /// Reads the list at `k` into `prefix`.
    pub fn prefix(&self, k: usize, prefix: &mut AnswerPrefix) {
        prefix.ids.clear();
        prefix.distances.clear();
        prefix.ranks.clear();
        for slot in self.filled.iter().filter(|slot| slot.place < k) {
            prefix.ids.push(PointId(slot.id));
            prefix.distances.push(slot.distance);
            prefix.ranks.push(slot.rank);
        }
    }
}

impl AnswerPrefix {
    /// The form that the measures read.
    pub fn side(&self) -> ReturnedSide<'_> {
        ReturnedSide::new(&self.distances, &self.ranks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_measures::corrected::UNKNOWN_RANK;

    #[test]
    fn each_k_reads_its_first_slots_nearest_first() {
        let mut answer = RankedAnswer::default();
        // Places 0 to 3: distance 5, empty, 1, 3.
        let slots = [Some(10), None, Some(11), Some(12)];
        let distances = [5.0, 0.0, 1.0, 3.0];
        let ranks = [UNKNOWN_RANK, 0, 0, 2];
        answer.read(&slots, |place, _| (distances[place], ranks[place]));
        let mut prefix = AnswerPrefix::default();
        let ids = |k: usize, prefix: &mut AnswerPrefix| {
            answer.prefix(k, prefix);
            prefix.ids.iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(ids(1, &mut prefix), [10]);
        assert_eq!(ids(3, &mut prefix), [11, 10]);
        assert_eq!(prefix.side().exact_ranks(), [0, UNKNOWN_RANK]);
        assert_eq!(ids(4, &mut prefix), [11, 12, 10]);
        assert_eq!(prefix.distances, [1.0, 3.0, 5.0]);
    }
}
