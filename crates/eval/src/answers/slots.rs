//! The slots of one answer.

use std::collections::HashSet;

/// The slots of one answer by place, the query's own id taken out; an empty slot is `None`.
///
/// ```
/// use annatomy_eval::answers::AnswerSlots;
///
/// let returned = [Some(7), Some(3), None, Some(3), Some(5)];
/// let answer = AnswerSlots::new(Some(7), returned);
/// assert_eq!(answer.slots(), [Some(3), None, None, Some(5)]);
/// assert_eq!((answer.repeats(), answer.holds_query()), (1, true));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerSlots {
    slots: Vec<Option<u32>>,
    repeats: usize,
    holds_query: bool,
}

impl AnswerSlots {
    /// The slots in the order returned. The first that holds `query` is taken out; `query` is
    /// `None` for held-out queries. Slots that repeat an earlier id become empty.
    pub fn new(query: Option<u32>, returned: impl IntoIterator<Item = Option<u32>>) -> Self {
        let mut answer = Self::default();
        let mut seen = HashSet::new();
        for slot in returned {
            match slot {
                Some(id) if !seen.insert(id) => {
                    answer.repeats += 1;
                    answer.slots.push(None);
                }
                Some(id) if Some(id) == query => answer.holds_query = true,
                slot => answer.slots.push(slot),
            }
        }
        answer
    }

    /// All slots, by place.
    pub fn slots(&self) -> &[Option<u32>] {
        &self.slots
    }

    /// The ids in the first `k` slots.
    pub fn filled(&self, k: usize) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().take(k).flatten().copied()
    }

    /// Slots that repeat an earlier id.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// Whether the query itself was returned.
    pub fn holds_query(&self) -> bool {
        self.holds_query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_repeats_first_leave_one_of_ten_slots_filled() {
        let returned = [4; 10].into_iter().chain(10..20).map(Some);
        let answer = AnswerSlots::new(None, returned);
        assert_eq!(answer.filled(10).collect::<Vec<_>>(), [4]);
        assert_eq!((answer.filled(20).count(), answer.repeats()), (11, 9));
    }

    #[test]
    fn five_empty_slots_first_leave_five_of_ten() {
        let returned = [None; 5].into_iter().chain((10..20).map(Some));
        let answer = AnswerSlots::new(None, returned);
        assert_eq!(answer.filled(10).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    }

    #[test]
    fn the_query_is_taken_out_once_wherever_it_stands() {
        for place in 0..3 {
            let mut returned = vec![Some(1), Some(2)];
            returned.insert(place, Some(9));
            let answer = AnswerSlots::new(Some(9), returned);
            assert_eq!(answer.slots(), [Some(1), Some(2)]);
        }
        let twice = AnswerSlots::new(Some(9), [Some(9), Some(9), Some(1)]);
        assert_eq!((twice.slots(), twice.repeats()), (&[None, Some(1)][..], 1));
        let held_out = AnswerSlots::new(None, [Some(9)]);
        assert_eq!(
            (held_out.slots(), held_out.holds_query()),
            (&[Some(9)][..], false)
        );
    }
}
