//! When rows join the exact neighbors E and the returned neighbors A, as k grows.
//!
//! Enters: E, and one returned list ([`Joins`]) or one answer per k ([`Difference`]), with exact ranks. Leaves: the rows
//! by which D = ΣE − ΣA changes. Cost: one pass over the lists; nothing here reads a vector.

use super::lists::{Answer, ReturnedRows, VisitedList};

/// Of one list that serves every k: which rows join which sum when; reused from list to list.
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

    /// The neighbor counts.
    pub(crate) fn ks(&self) -> &[usize] {
        &self.ks
    }

    /// By index of k: the rows that join E, those that join A, and how many more rows differ than at the k before.
    pub(crate) fn at(&self, k_index: usize) -> (&[u32], &[u32], i32) {
        (&self.exact[k_index], &self.returned[k_index], self.differing[k_index])
    }

    /// How many rows join one of the sums, over all k.
    pub(crate) fn changes(&self) -> usize {
        self.exact.iter().chain(&self.returned).map(Vec::len).sum()
    }

    /// Sorts by index of k the rows that join E or A, those that join both at once left out.
    pub(crate) fn sort(&mut self, exact: &[u32], returned: &ReturnedRows) {
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

    /// The rows in which E and A differ at one k: those missing from A, and those extra in it.
    pub(crate) fn sort_at(&mut self, exact: &[u32], returned: &ReturnedRows, k_index: usize) -> (&[u32], &[u32]) {
        let k = self.ks[k_index];
        let (missing, extra) = (&mut self.exact[k_index], &mut self.returned[k_index]);
        missing.clear();
        extra.clear();
        self.found.clear();
        self.found.resize(k, false);
        for (&row, &rank) in returned.ids.iter().zip(&returned.ranks).take(k) {
            match self.found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => extra.push(row),
            }
        }
        missing.extend(exact.iter().zip(&self.found).filter(|&(_, &found)| !found).map(|(&row, _)| row));
        (missing, extra)
    }
}

/// Of answers that change with k: the rows in which E and A differ, and how that set differs from the one before.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    at_hand: Differing,
    before: Differing,
    found: Vec<bool>,
    added: Vec<u32>,
    taken: Vec<u32>,
}

/// Both ascending.
#[derive(Debug, Default)]
struct Differing {
    /// Exact ranks of the rows of E that A misses.
    missing: Vec<u32>,
    /// Places in the visited list of the rows of A that are not in E.
    extra: Vec<u32>,
}

impl Differing {
    fn clear(&mut self) {
        self.missing.clear();
        self.extra.clear();
    }

    fn count(&self) -> usize {
        self.missing.len() + self.extra.len()
    }

    fn read(&mut self, k: usize, answer: &Answer, found: &mut Vec<bool>) {
        self.clear();
        found.clear();
        found.resize(k, false);
        for (&rank, &place) in answer.returned.ranks.iter().zip(answer.picked()) {
            match found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => self.extra.push(place),
            }
        }
        self.missing.extend((0..).zip(found.iter()).filter(|&(_, &found)| !found).map(|(rank, _)| rank));
    }
}

impl Difference {
    /// Begins a condition.
    pub(crate) fn begin(&mut self) {
        self.at_hand.clear();
    }

    /// Goes on to the answer held against `exact`, the exact neighbors of its k, of which the ones before were a part.
    ///
    /// Says whether the changes are of an empty sum, which is where they are fewer.
    pub(crate) fn advance(&mut self, exact: &[u32], visited: &VisitedList, answer: &Answer) -> bool {
        std::mem::swap(&mut self.at_hand, &mut self.before);
        self.at_hand.read(exact.len(), answer, &mut self.found);
        self.change(exact, &visited.ids);
        let anew = self.at_hand.count() <= self.added.len() + self.taken.len();
        if anew {
            self.before.clear();
            self.change(exact, &visited.ids);
        }
        anew
    }

    /// Whether E and A hold the same rows, as far as A is filled.
    pub(crate) fn is_empty(&self) -> bool {
        self.at_hand.count() == 0
    }

    /// The rows that D gains.
    pub(crate) fn added(&self) -> &[u32] {
        &self.added
    }

    /// The rows that D loses.
    pub(crate) fn taken(&self) -> &[u32] {
        &self.taken
    }

    fn change(&mut self, exact: &[u32], visited: &[u32]) {
        let Self { at_hand, before, added, taken, .. } = self;
        added.clear();
        taken.clear();
        changes(&before.missing, &at_hand.missing, exact, added, taken);
        changes(&before.extra, &at_hand.extra, visited, taken, added);
    }
}

/// The rows of `rows` at the places new in `now`, and at those gone from `before`.
fn changes(before: &[u32], now: &[u32], rows: &[u32], new: &mut Vec<u32>, gone: &mut Vec<u32>) {
    let mut before = before.iter().copied().peekable();
    for &place in now {
        while let Some(earlier) = before.next_if(|&earlier| earlier < place) {
            gone.push(rows[earlier as usize]);
        }
        if before.next_if_eq(&place).is_none() {
            new.push(rows[place as usize]);
        }
    }
    gone.extend(before.map(|earlier| rows[earlier as usize]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_lead_from_one_set_to_the_next() {
        let rows = [10, 11, 12, 13, 14, 15];
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        changes(&[0, 2, 5], &[1, 2, 4], &rows, &mut new, &mut gone);
        assert_eq!((new, gone), (vec![11, 14], vec![10, 15]));
    }
}
