//! What the exact neighbors E and the returned neighbors A do not share, as k grows.
//!
//! Enters: E, and one returned list ([`Reach`], [`Apart`]) or one answer per k ([`Difference`]), with exact ranks. Leaves: the
//! rows by which D = ΣE − ΣA changes. Cost: one pass over the lists; nothing here reads a vector.

use super::lists::{Answer, ReturnedRows, VisitedList};
use super::places::Places;

/// Of one list that serves every k: how far it reaches into E, and what it leaves out up to there.
///
/// With P_r the sum of the r nearest of E, and r the first rank beyond every row of A that is in E: ΣA is P_r, less the rows
/// left out, and the rows of A that are not in E. So D = ΣE − ΣA takes P at k and at r, and a sum that changes with what is
/// left out and what is strange alone. Reused from list to list.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// By exact rank, whether A has the row.
    found: Vec<bool>,
    slots: usize,
    ranks: usize,
    left_out: usize,
    strange: usize,
    added: Vec<u32>,
    taken: Vec<u32>,
}

impl Reach {
    /// Begins a list.
    pub(crate) fn begin(&mut self) {
        self.found.clear();
        (self.slots, self.ranks, self.left_out, self.strange) = (0, 0, 0, 0);
    }

    /// Goes on to the first `k` slots.
    pub(crate) fn advance(&mut self, exact: &[u32], returned: &ReturnedRows, k: usize) {
        self.found.resize(exact.len(), false);
        self.added.clear();
        self.taken.clear();
        let slots = self.slots..returned.len().min(k);
        self.slots = slots.end;
        let mut ranks = self.ranks;
        for (&row, &rank) in returned.ids[slots.clone()].iter().zip(&returned.ranks[slots]) {
            let rank = rank as usize;
            let Some(found) = self.found.get_mut(rank) else {
                self.taken.push(row);
                self.strange += 1;
                continue;
            };
            *found = true;
            if rank < self.ranks {
                // It was left out before; lists that measure with other rounding than E are not quite in its order.
                self.taken.push(row);
                self.left_out -= 1;
            }
            ranks = ranks.max(rank + 1);
        }
        let passed = exact[self.ranks..ranks].iter().zip(&self.found[self.ranks..ranks]);
        self.added.extend(passed.filter(|&(_, &found)| !found).map(|(&row, _)| row));
        self.left_out += self.added.len();
        self.ranks = ranks;
    }

    /// r.
    pub(crate) fn ranks(&self) -> usize {
        self.ranks
    }

    /// Whether A is the nearest of E, as far as it is filled.
    pub(crate) fn is_whole(&self) -> bool {
        self.left_out == 0 && self.strange == 0
    }

    /// The rows that the sum gains: those now left out.
    pub(crate) fn added(&self) -> &[u32] {
        &self.added
    }

    /// The rows that the sum loses: those no longer left out, and those not in E.
    pub(crate) fn taken(&self) -> &[u32] {
        &self.taken
    }
}

/// The rows in which a list differs at one k from exact neighbors that are not the query's own; reused.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    found: Vec<bool>,
    missing: Vec<u32>,
    extra: Vec<u32>,
}

impl Apart {
    /// Those missing from A, and those extra in it.
    pub(crate) fn differing(&mut self, exact: &[u32], returned: &ReturnedRows, k: usize) -> (&[u32], &[u32]) {
        self.missing.clear();
        self.extra.clear();
        self.found.clear();
        self.found.resize(k, false);
        for (&row, &rank) in returned.ids.iter().zip(&returned.ranks).take(k) {
            match self.found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => self.extra.push(row),
            }
        }
        let missing = exact.iter().zip(&self.found).filter(|&(_, &found)| !found);
        self.missing.extend(missing.map(|(&row, _)| row));
        (&self.missing, &self.extra)
    }
}

/// Of answers that change with k: how far each reaches into E, as a [`Reach`] does, and how what it leaves out and what is
/// strange differ from those of the answer before. Reused from condition to condition.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    at_hand: Differing,
    before: Differing,
    found: Places,
    added: Vec<u32>,
    taken: Vec<u32>,
}

#[derive(Debug, Default)]
struct Differing {
    /// One answer's r.
    ranks: usize,
    /// Exact ranks below r of the rows that A leaves out.
    left_out: Places,
    /// Places in the visited list of the rows of A that are not in E.
    strange: Places,
}

impl Differing {
    fn clear(&mut self) {
        self.ranks = 0;
        self.left_out.clear();
        self.strange.clear();
    }

    fn count(&self) -> usize {
        self.left_out.count() + self.strange.count()
    }

    /// How many rows it has that `other` has not.
    fn count_beyond(&self, other: &Self) -> usize {
        self.left_out.count_beyond(&other.left_out) + self.strange.count_beyond(&other.strange)
    }

    /// Reads an answer; `found` is room to work in.
    fn read(&mut self, visited: &VisitedList, answer: &Answer, found: &mut Places) {
        // By exact rank, whether A has the row: it was visited, and is no farther than the last of A.
        found.set_under(&visited.arrival_of_rank, answer.visited as u32, usize::MAX);
        let end = answer.picked.last().map_or(0, |last| last + 1);
        found.retain_under(&visited.place_of_rank, end as u32);
        self.ranks = found.last().map_or(0, |last| last + 1);
        self.left_out.set_others(found, self.ranks);
        self.strange.set_common(&answer.picked, &visited.strange);
    }
}

impl Difference {
    /// Begins a condition.
    pub(crate) fn begin(&mut self) {
        self.at_hand.clear();
    }

    /// Goes on to the answer of the next k; says whether the changes are of an empty sum, which is where they are fewer.
    pub(crate) fn advance(&mut self, exact: &[u32], visited: &VisitedList, answer: &Answer) -> bool {
        let Self { at_hand, before, found, added, taken } = self;
        std::mem::swap(at_hand, before);
        at_hand.read(visited, answer, found);
        let anew = at_hand.count() <= at_hand.count_beyond(before) + before.count_beyond(at_hand);
        if anew {
            before.clear();
        }
        added.clear();
        taken.clear();
        at_hand.left_out.take_beyond(&before.left_out, exact, added);
        before.strange.take_beyond(&at_hand.strange, &visited.ids, added);
        before.left_out.take_beyond(&at_hand.left_out, exact, taken);
        at_hand.strange.take_beyond(&before.strange, &visited.ids, taken);
        anew
    }

    /// r.
    pub(crate) fn ranks(&self) -> usize {
        self.at_hand.ranks
    }

    /// Whether A is the nearest of E, as far as it is filled.
    pub(crate) fn is_empty(&self) -> bool {
        self.at_hand.count() == 0
    }

    /// The rows that the sum gains.
    pub(crate) fn added(&self) -> &[u32] {
        &self.added
    }

    /// The rows that the sum loses.
    pub(crate) fn taken(&self) -> &[u32] {
        &self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::lists::{Columns, NEVER};
    use annatomy_geometry::corrected::UNKNOWN_RANK;

    #[test]
    fn a_list_is_what_it_reaches_less_what_it_leaves_out() {
        let exact: Vec<u32> = (100..112).collect();
        // Ranks 3 and 5 are missing, rank 2 comes after rank 4, and two rows are none of E.
        let ranks = vec![0, 1, 4, 2, u32::MAX, 6, 7, u32::MAX];
        let ids = vec![100, 101, 104, 102, 7, 106, 107, 8];
        let returned = ReturnedRows { ids: ids.clone(), ranks, ..ReturnedRows::default() };
        let mut reach = Reach::default();
        for _ in 0..2 {
            let mut sum = 0;
            reach.begin();
            for k in [1, 3, 4, 7, 10] {
                reach.advance(&exact, &returned, k);
                sum += reach.added().iter().sum::<u32>() as i32 - reach.taken().iter().sum::<u32>() as i32;
                let of_list = ids.iter().take(k).sum::<u32>() as i32;
                assert_eq!(exact[..reach.ranks()].iter().sum::<u32>() as i32 - sum, of_list, "k = {k}");
                assert_eq!(reach.is_whole(), k == 1);
            }
        }
    }

    #[test]
    fn an_answer_is_what_it_reaches_less_what_it_leaves_out() {
        let exact: Vec<u32> = (100..108).collect();
        // The query itself, then rows of which the ones with late arrivals are found by large k alone; the last are none of E.
        let ranks = vec![UNKNOWN_RANK, 0, 1, 2, 4, 5, 7, UNKNOWN_RANK, UNKNOWN_RANK];
        let ids: Vec<u32> = vec![50, 100, 101, 102, 104, 105, 107, 7, 8];
        let arrivals = vec![0, 1, 6, 2, 7, 3, 4, 5, 8];
        let mut visited = VisitedList { ids, arrivals, ranks, ..VisitedList::default() };
        visited.arrival_of_rank = vec![1, 6, 2, NEVER, 7, 3, NEVER, 4];
        visited.place_of_rank = vec![1, 2, 3, NEVER, 4, 5, NEVER, 6];
        visited.strange.set([true, false, false, false, false, false, false, true, true].into_iter());
        let columns = Columns { ids: true, ..Columns::default() };
        let (mut answer, mut difference) = (Answer::default(), Difference::default());
        for _ in 0..2 {
            let (mut sum, mut continued) = (0, 0);
            difference.begin();
            for (k, seen) in [(1, 2), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9)] {
                answer.read(&visited, seen, k, columns);
                if difference.advance(&exact, &visited, &answer) {
                    sum = 0;
                } else {
                    continued += 1;
                }
                sum += difference.added().iter().sum::<u32>() as i32 - difference.taken().iter().sum::<u32>() as i32;
                let of_answer = answer.returned.ids.iter().sum::<u32>() as i32;
                assert_eq!(exact[..difference.ranks()].iter().sum::<u32>() as i32 - sum, of_answer, "k = {k}");
                assert_eq!(difference.is_empty(), k == 1);
            }
            assert!(continued > 1, "some answers go on from the ones before");
        }
    }
}
