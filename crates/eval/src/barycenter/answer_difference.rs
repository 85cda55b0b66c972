//! Incremental symmetric difference E △ A_k of answers that change with k.
//!
//! Enters: E, and for each k one answer read from a traversal. Leaves: the changes from the answer
//! of one k to that of the next, or from the empty sum where that takes fewer additions. Cost: a
//! few passes over bit sets for each answer.

use super::changes::{Start, SumChanges};
use super::prefix_encoding::PrefixEncoding;
use crate::lists::{Answer, VisitedList};
use annatomy_vectors::BitSet;

/// E △ A_k of the answers of one condition. Reused from condition to condition.
#[derive(Debug, Default)]
pub(super) struct AnswerDifference {
    current: AnswerRows,
    previous: AnswerRows,
    encoding: PrefixEncoding,
    start: Start,
}

/// The rows of one answer, as bit sets.
#[derive(Debug, Default)]
struct AnswerRows {
    /// By exact rank, whether A has the row.
    found: BitSet,
    /// One more than the largest of these ranks.
    ranks: usize,
    /// Places in the visited list of the rows of A that are not in E.
    false_positives: BitSet,
}

impl AnswerRows {
    fn clear(&mut self) {
        self.found.clear();
        self.ranks = 0;
        self.false_positives.clear();
    }

    fn read(&mut self, visited: &VisitedList, answer: &Answer) {
        // A row of E is in A if it was visited, and is no farther than the last row of A.
        self.found
            .assign_less_than(&visited.arrival_of_rank, answer.visited as u32, usize::MAX);
        let end = answer.picked.last().map_or(0, |last| last + 1);
        self.found
            .retain_less_than(&visited.place_of_rank, end as u32);
        self.ranks = self.found.last().map_or(0, |last| last + 1);
        self.false_positives
            .assign_intersection(&answer.picked, &visited.false_positives);
    }
}

impl AnswerDifference {
    /// Begins a condition.
    pub(super) fn restart(&mut self) {
        self.current.clear();
        self.encoding.restart();
    }

    /// Goes on to the answer of the next k.
    pub(super) fn advance(&mut self, exact: &[u32], visited: &VisitedList, answer: &Answer) {
        std::mem::swap(&mut self.current, &mut self.previous);
        self.current.read(visited, answer);
        if self.additions_from_empty() <= self.additions_from_previous() {
            self.start = Start::Restart;
            self.previous.clear();
            self.encoding.restart();
        } else {
            self.start = Start::Continue;
            self.encoding.clear_changes();
        }
        let Self {
            current,
            previous,
            encoding,
            ..
        } = self;
        // Rows that left A are added to S, rows that joined it are removed from S.
        previous
            .found
            .difference_into(&current.found, exact, &mut encoding.added);
        previous.false_positives.difference_into(
            &current.false_positives,
            &visited.ids,
            &mut encoding.added,
        );
        current.found.difference_into(
            &previous.found,
            &exact[..encoding.ranks],
            &mut encoding.removed,
        );
        current.false_positives.difference_into(
            &previous.false_positives,
            &visited.ids,
            &mut encoding.removed,
        );
        encoding.extend(exact, &current.found, current.ranks);
    }

    /// How many additions the answer costs from the empty sum. Ranks beyond those encoded so far
    /// cost the same either way and are not counted.
    fn additions_from_empty(&self) -> usize {
        let (current, encoded) = (&self.current, self.encoding.ranks);
        let misses = encoded.min(current.ranks) - current.found.count_in(0..encoded);
        misses + current.false_positives.count()
    }

    /// How many additions the answer costs from the answer before it.
    fn additions_from_previous(&self) -> usize {
        let (current, previous, encoded) = (&self.current, &self.previous, self.encoding.ranks);
        let joined = current.found.count_difference(&previous.found, encoded);
        let left = previous.found.count_difference(&current.found, encoded);
        let (new, old) = (&current.false_positives, &previous.false_positives);
        joined
            + left
            + new.count_difference(old, usize::MAX)
            + old.count_difference(new, usize::MAX)
    }

    /// Replaces the current answer by the k nearest of E.
    pub(super) fn assign_exact_prefix(&mut self, k: usize) {
        self.restart();
        self.current.found.assign_first(k);
        self.current.ranks = k;
        self.encoding.assign_prefix(k);
        self.start = Start::Restart;
    }

    /// How S changes with the last step.
    pub(super) fn changes(&self) -> SumChanges<'_> {
        self.encoding.changes(self.start)
    }

    /// Whether the answer holds the nearest of E and nothing else.
    pub(super) fn is_exact_prefix(&self) -> bool {
        let current = &self.current;
        current.false_positives.count() == 0 && current.found.count() == current.ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::barycenter::tests::{IdSums, visited_list};
    use crate::lists::Columns;
    use annatomy_measures::corrected::UNKNOWN_RANK;

    #[test]
    fn an_answer_is_its_prefix_less_the_sum() {
        let exact: Vec<u32> = (100..112).collect();
        // Rows with late arrivals are found by large k alone; the last two are false positives.
        let ids = [50, 100, 101, 102, 104, 105, 107, 110, 111, 7, 8];
        let none = UNKNOWN_RANK;
        let ranks = [none, 0, 1, 2, 4, 5, 7, 10, 11, none, none];
        let arrivals = [0, 1, 7, 2, 8, 3, 4, 5, 6, 9, 10];
        let visited = visited_list(exact.len(), &ids, &ranks, &arrivals);
        let columns = Columns {
            ids: true,
            ..Columns::default()
        };
        // (k, visits). The last answers are smaller again: rows leave.
        let steps = [
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
        ];
        let (mut answer, mut difference) = (Answer::default(), AnswerDifference::default());
        for _ in 0..2 {
            let mut sums = IdSums::new(&exact);
            let mut continued = 0;
            difference.restart();
            for (k, visits) in steps {
                answer.read(&visited, visits, k, columns);
                difference.advance(&exact, &visited, &answer);
                let changes = difference.changes();
                continued += usize::from(changes.start == Start::Continue);
                let expected = IdSums::total(&answer.returned.ids);
                assert_eq!(sums.apply(changes), expected, "k = {k}");
                assert_eq!(difference.is_exact_prefix(), k == 1);
            }
            assert!(continued > 3, "{continued} answers continue the sum");
        }
    }
}
