//! What the exact neighbors E and the returned neighbors A do not share, as k grows.
//!
//! Enters: E, and one returned list ([`Reach`], [`Apart`]) or one answer per k ([`Difference`]),
//! with exact ranks. Leaves: the rows, and stretches of E, by which D = ΣE − ΣA [changes](Changes).
//! Cost: one pass over the lists; nothing here reads a vector.
//!
//! Let P_r be the sum of the r nearest of E, which all lists share. Where A has nearly all of E, it
//! is told by what it leaves out; where it has little, by what it has. A [`Cover`] goes from one to
//! the other and back, stretch by stretch:
//!
//!   found      x x x x · x x x · · · x · · · · x x x x · x      two left out in a row open a stretch of E
//!   touched            −       |     +         |       −        two found in a row close it
//!
//! (signs as they change ΣA). Where a stretch is closed, P at its one end joins the sum and P at
//! the other leaves it: it costs two touches, and what was found in it. The last one, if it is
//! open, costs not even those two: D takes P where it begins.

use super::kernel::{Change, Changes};
use crate::lists::{Answer, ReturnedRows, VisitedList};
use annatomy_vectors::BitSet;

/// The rows of E that A has, up to some rank, as a sum that is kept: with r the
/// [reach](Self::reach) and S the sum of all changes, ΣA is P_r − S. Reused from list to list.
#[derive(Debug, Default)]
struct Cover {
    /// So many ranks of E are told of.
    ranks: usize,
    /// Where the last stretch begins, if it is open.
    open: Option<usize>,
    added: Vec<u32>,
    taken: Vec<u32>,
    stretches: Vec<[u32; 2]>,
}

impl Cover {
    /// Begins a list or an answer with an empty sum.
    fn begin(&mut self) {
        (self.ranks, self.open) = (0, None);
        self.go_on();
    }

    /// Begins the next changes.
    fn go_on(&mut self) {
        self.added.clear();
        self.taken.clear();
        self.stretches.clear();
    }

    /// Tells of the ranks up to `end`; `found` are those of A.
    fn extend(&mut self, exact: &[u32], found: &BitSet, end: usize) {
        let mut rank = self.ranks;
        loop {
            // What A has in an open stretch is told, and else what it has not.
            let has = self.open.is_some();
            rank = if has {
                found.next_member(rank)
            } else {
                found.next_gap(rank)
            };
            if rank >= end {
                break;
            }
            let two_in_a_row = rank + 1 < end && found.contains(rank + 1) == has;
            match self.open {
                None if two_in_a_row => self.open = Some(rank),
                None => self.added.push(exact[rank]),
                Some(begin) if two_in_a_row => {
                    self.stretches.push([begin as u32, rank as u32]);
                    self.open = None;
                }
                Some(_) => self.taken.push(exact[rank]),
            }
            rank += 1;
        }
        self.ranks = self.ranks.max(end);
    }

    /// r.
    fn reach(&self) -> usize {
        self.open.unwrap_or(self.ranks)
    }

    fn changes(&self, change: Change) -> Changes<'_> {
        Changes {
            change,
            added: &self.added,
            taken: &self.taken,
            stretches: &self.stretches,
            reach: self.reach(),
        }
    }
}

/// Of one list that serves every k. Reused from list to list.
#[derive(Debug, Default)]
pub struct Reach {
    /// By exact rank, whether A has the row.
    found: BitSet,
    cover: Cover,
    slots: usize,
    strange: usize,
}

impl Reach {
    /// Begins a list.
    pub(crate) fn begin(&mut self) {
        self.found.clear();
        self.cover.begin();
        (self.slots, self.strange) = (0, 0);
    }

    /// Goes on to the first `k` slots.
    pub(crate) fn advance(&mut self, exact: &[u32], returned: &ReturnedRows, k: usize) {
        let Self {
            found,
            cover,
            slots,
            strange,
        } = self;
        cover.go_on();
        let next = *slots..returned.len().min(k);
        *slots = next.end;
        let mut ranks = cover.ranks;
        for (&row, &rank) in returned.ids[next.clone()].iter().zip(&returned.ranks[next]) {
            let rank = rank as usize;
            if rank >= exact.len() {
                cover.taken.push(row);
                *strange += 1;
                continue;
            }
            found.insert(rank);
            if rank < cover.ranks {
                // It was left out before; lists that measure with other rounding than E are not
                // quite in its order.
                cover.taken.push(row);
            }
            ranks = ranks.max(rank + 1);
        }
        cover.extend(exact, found, ranks);
    }

    /// Whether A is the nearest of E, as far as it is filled.
    pub(crate) fn is_whole(&self) -> bool {
        self.strange == 0 && self.slots == self.cover.ranks
    }

    /// How D changes with the last step.
    pub(crate) fn changes(&self, change: Change) -> Changes<'_> {
        self.cover.changes(change)
    }
}

/// The rows in which a list differs at one k from exact neighbors that are not the query's own;
/// reused.
#[derive(Debug, Default)]
pub struct Apart {
    found: Vec<bool>,
    missing: Vec<u32>,
    extra: Vec<u32>,
}

impl Apart {
    /// Those missing from A, and those extra in it.
    pub(crate) fn differing(
        &mut self,
        exact: &[u32],
        returned: &ReturnedRows,
        k: usize,
    ) -> (&[u32], &[u32]) {
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

/// Of answers that change with k: each goes on from the one before, or begins anew where that
/// touches fewer rows. Reused from condition to condition.
#[derive(Debug, Default)]
pub struct Difference {
    at_hand: Differing,
    before: Differing,
    cover: Cover,
    change: Change,
}

#[derive(Debug, Default)]
struct Differing {
    /// By exact rank, whether A has the row.
    found: BitSet,
    /// The first rank beyond all of them.
    ranks: usize,
    /// BitSet in the visited list of the rows of A that are not in E.
    strange: BitSet,
}

impl Differing {
    fn clear(&mut self) {
        self.found.clear();
        self.ranks = 0;
        self.strange.clear();
    }

    fn read(&mut self, visited: &VisitedList, answer: &Answer) {
        // A row of E was found if it was visited, and is no farther than the last of A.
        self.found
            .assign_less_than(&visited.arrival_of_rank, answer.visited as u32, usize::MAX);
        let end = answer.picked.last().map_or(0, |last| last + 1);
        self.found
            .retain_less_than(&visited.place_of_rank, end as u32);
        self.ranks = self.found.last().map_or(0, |last| last + 1);
        self.strange
            .assign_intersection(&answer.picked, &visited.false_positives);
    }
}

impl Difference {
    /// Begins a condition.
    pub(crate) fn begin(&mut self) {
        self.at_hand.clear();
        self.cover.begin();
    }

    /// Goes on to the answer of the next k.
    pub(crate) fn advance(&mut self, exact: &[u32], visited: &VisitedList, answer: &Answer) {
        let Self {
            at_hand,
            before,
            cover,
            change,
        } = self;
        std::mem::swap(at_hand, before);
        at_hand.read(visited, answer);
        // Ranks that no answer reached before cost the same either way.
        let (told, all) = (cover.ranks, usize::MAX);
        let left_out = told.min(at_hand.ranks) - at_hand.found.count_in(0..told);
        let anew = left_out + at_hand.strange.count();
        let further = at_hand.found.count_difference(&before.found, told)
            + before.found.count_difference(&at_hand.found, told)
            + at_hand.strange.count_difference(&before.strange, all)
            + before.strange.count_difference(&at_hand.strange, all);
        if anew <= further {
            *change = Change::Restart;
            before.clear();
            cover.begin();
        } else {
            *change = Change::Continue;
            cover.go_on();
        }
        before
            .found
            .difference_into(&at_hand.found, exact, &mut cover.added);
        before
            .strange
            .difference_into(&at_hand.strange, &visited.ids, &mut cover.added);
        at_hand
            .found
            .difference_into(&before.found, &exact[..cover.ranks], &mut cover.taken);
        at_hand
            .strange
            .difference_into(&before.strange, &visited.ids, &mut cover.taken);
        cover.extend(exact, &at_hand.found, at_hand.ranks);
    }

    /// The same where that answer is the k nearest of E.
    pub(crate) fn advance_to_all(&mut self, k: usize) {
        self.begin();
        self.at_hand.found.assign_first(k);
        (self.at_hand.ranks, self.cover.ranks) = (k, k);
        self.change = Change::Restart;
    }

    /// How D changes with the last step.
    pub(crate) fn changes(&self) -> Changes<'_> {
        self.cover.changes(self.change)
    }

    /// Whether A is the nearest of E, as far as it is filled.
    pub(crate) fn is_empty(&self) -> bool {
        self.at_hand.strange.count() == 0 && self.at_hand.found.count() == self.at_hand.ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{Columns, NEVER};
    use annatomy_measures::corrected::UNKNOWN_RANK;

    /// Sums row ids as a study sums their vectors.
    struct Ids<'e> {
        exact: &'e [u32],
        sum: i64,
        touched: usize,
    }

    impl Ids<'_> {
        fn nearest(&self, count: usize) -> i64 {
            total(&self.exact[..count])
        }

        /// ΣA after `changes`.
        fn change(&mut self, changes: Changes<'_>) -> i64 {
            if changes.change == Change::Restart {
                self.sum = 0;
            }
            self.sum += total(changes.added) - total(changes.taken);
            for &[from, to] in changes.stretches {
                self.sum += self.nearest(to as usize) - self.nearest(from as usize);
            }
            self.touched += changes.added.len() + changes.taken.len() + 2 * changes.stretches.len();
            self.nearest(changes.reach) - self.sum
        }
    }

    fn total(rows: &[u32]) -> i64 {
        rows.iter().map(|&row| i64::from(row)).sum()
    }

    #[test]
    fn a_list_is_what_it_reaches_less_the_changes() {
        let exact: Vec<u32> = (100..140).collect();
        // Ranks 2 and 3 are left out first: a stretch, of which 4 is found, and 2 late; 5 and 6
        // close it. The next is from 10 to 23 with 14 and 18 found, and 12 late, when it is closed;
        // the last is open. Two rows are none of E.
        let ranks = [
            0,
            1,
            4,
            2,
            u32::MAX,
            5,
            6,
            7,
            u32::MAX,
            8,
            9,
            14,
            18,
            23,
            24,
            25,
            26,
            33,
            36,
            12,
            30,
        ];
        let ids: Vec<u32> = (0..)
            .zip(ranks)
            .map(|(slot, rank)| exact.get(rank as usize).map_or(slot, |&row| row))
            .collect();
        let returned = ReturnedRows {
            ids: ids.clone(),
            ranks: ranks.to_vec(),
            ..ReturnedRows::default()
        };
        let mut reach = Reach::default();
        for _ in 0..2 {
            let mut of_list = Ids {
                exact: &exact,
                sum: 0,
                touched: 0,
            };
            let mut stretches = 0;
            reach.begin();
            for k in [1, 3, 4, 7, 17, 18, 21, 30] {
                reach.advance(&exact, &returned, k);
                let changes = reach.changes(Change::Continue);
                stretches += changes.stretches.len();
                assert_eq!(
                    of_list.change(changes),
                    total(&ids[..k.min(ids.len())]),
                    "k = {k}"
                );
                assert_eq!(reach.is_whole(), k == 1);
            }
            // Ends of stretches; 4 and 2, 14, 18 and 12, 33, 30 and 36; the two strange.
            assert_eq!((stretches, of_list.touched), (2, 4 + 8 + 2));
        }
    }

    #[test]
    fn an_answer_is_what_it_reaches_less_the_changes() {
        let exact: Vec<u32> = (100..112).collect();
        // The query itself, then rows of which the ones with late arrivals are found by large k
        // alone; the last are none of E.
        let places = [
            UNKNOWN_RANK,
            0,
            1,
            2,
            4,
            5,
            7,
            10,
            11,
            UNKNOWN_RANK,
            UNKNOWN_RANK,
        ];
        let ids: Vec<u32> = vec![50, 100, 101, 102, 104, 105, 107, 110, 111, 7, 8];
        let arrivals = vec![0, 1, 7, 2, 8, 3, 4, 5, 6, 9, 10];
        let mut visited = VisitedList {
            ids,
            ranks: places.to_vec(),
            ..VisitedList::default()
        };
        visited.arrival_of_rank = vec![NEVER; exact.len()];
        visited.place_of_rank = vec![NEVER; exact.len()];
        for (place, (&rank, &arrival)) in (0..).zip(places.iter().zip(&arrivals)) {
            if rank != UNKNOWN_RANK {
                visited.arrival_of_rank[rank as usize] = arrival;
                visited.place_of_rank[rank as usize] = place;
            }
        }
        visited.arrivals = arrivals;
        visited.false_positives.assign(
            places
                .iter()
                .enumerate()
                .map(|(place, &rank)| place > 0 && rank == UNKNOWN_RANK),
        );
        let columns = Columns {
            ids: true,
            ..Columns::default()
        };
        let (mut answer, mut difference) = (Answer::default(), Difference::default());
        for _ in 0..2 {
            let mut of_answer = Ids {
                exact: &exact,
                sum: 0,
                touched: 0,
            };
            let mut continued = 0;
            difference.begin();
            // The last answers are smaller again: what was found is lost.
            for (k, seen) in [
                (1, 2),
                (3, 4),
                (4, 5),
                (5, 7),
                (6, 8),
                (7, 9),
                (8, 10),
                (9, 11),
                (4, 11),
                (3, 5),
            ] {
                answer.read(&visited, seen, k, columns);
                difference.advance(&exact, &visited, &answer);
                let changes = difference.changes();
                continued += usize::from(changes.change == Change::Continue);
                assert_eq!(
                    of_answer.change(changes),
                    total(&answer.returned.ids),
                    "k = {k}"
                );
                assert_eq!(difference.is_empty(), k == 1);
            }
            assert!(
                continued > 3,
                "{continued} answers go on from the ones before"
            );
        }
    }
}
