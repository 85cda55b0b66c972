//! Which links of an expanded row are new in a search: an epoch mark per row, and a look one row ahead.
//!
//! Enters: the links of a row that is expanded, and those of the row that probably comes next. Leaves: of the
//! first those that are new, marked from now on; of the second those that are new as yet, for prefetching. A
//! row that comes as expected is not looked up again. Cost: two bytes a row, a load for each link.

use super::candidates::RowLinks;

/// The marks of one search after another.
#[derive(Debug, Default)]
pub(crate) struct Unseen {
    /// 16 bits, so that the marks of many rows stay in cache; cleared once in 65,535 searches.
    epoch: u16,
    marks: Vec<u16>,
    now: Vec<u32>,
    /// The row that probably comes next.
    next: Option<u32>,
    ahead: Vec<u32>,
}

impl Unseen {
    /// Begins a search over `rows` rows.
    pub(crate) fn reset(&mut self, rows: usize) {
        self.next = None;
        self.epoch = self.epoch.wrapping_add(1);
        if self.marks.len() != rows || self.epoch == 0 {
            self.marks.clear();
            self.marks.resize(rows, 0);
            self.epoch = 1;
        }
    }

    /// Marks a row that was evaluated before the search began.
    pub(crate) fn mark(&mut self, row: u32) {
        self.marks[row as usize] = self.epoch;
    }

    /// Marks the links of `expanded`, and looks at those of `likely_next`.
    #[inline]
    pub(crate) fn expand(&mut self, expanded: RowLinks<'_>, likely_next: Option<RowLinks<'_>>) {
        let Self {
            epoch,
            marks,
            now,
            next,
            ahead,
        } = self;
        let epoch = *epoch;
        if *next == Some(expanded.row) {
            std::mem::swap(now, ahead);
            for &id in &*now {
                marks[id as usize] = epoch;
            }
        } else {
            keep(expanded.links, now, |id| {
                std::mem::replace(&mut marks[id as usize], epoch) != epoch
            });
        }
        *next = likely_next.map(|next| next.row);
        let links = likely_next.map_or(&[][..], |next| next.links);
        keep(links, ahead, |id| marks[id as usize] != epoch);
    }

    /// The new links of the row that was expanded last, in their order.
    pub(crate) fn now(&self) -> &[u32] {
        &self.now
    }

    /// The new links of the row that probably comes next, in their order.
    pub(crate) fn ahead(&self) -> &[u32] {
        &self.ahead
    }
}

/// Writes those of `ids` that `is_new` to `kept`, in their order, without a branch: which are is hard to predict.
#[inline]
fn keep(ids: &[u32], kept: &mut Vec<u32>, mut is_new: impl FnMut(u32) -> bool) {
    kept.resize(ids.len(), 0);
    let mut count = 0;
    for &id in ids {
        kept[count] = id;
        count += usize::from(is_new(id));
    }
    kept.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph of 40 rows, some without links: those of row r are r·r mod 41 and so on, r mod 5 of them.
    fn links(row: u32) -> Vec<u32> {
        (0..row % 5)
            .map(|link| (row * row + 7 * link) % 40)
            .collect()
    }

    #[test]
    fn what_is_new_does_not_depend_on_what_was_expected_next() {
        let mut unseen = Unseen::default();
        for search in 0..200u32 {
            unseen.reset(40);
            let mut seen = std::collections::HashSet::new();
            let entry = search * 11 % 40;
            unseen.mark(entry);
            seen.insert(entry);
            let expanded = |step: u32| (search * 3 + step * (search % 7 + 1)) % 40;
            for step in 0..12 {
                // The row that comes, another one, itself, or none.
                let expected = match (search + step) % 4 {
                    0 => None,
                    1 => Some(expanded(step)),
                    2 => Some((expanded(step) + 1) % 40),
                    _ => Some(expanded(step + 1)),
                };
                let (now, next) = (links(expanded(step)), expected.map(|row| (row, links(row))));
                let of_next = next
                    .as_ref()
                    .map(|(row, links)| RowLinks { row: *row, links });
                let row = expanded(step);
                unseen.expand(RowLinks { row, links: &now }, of_next);
                let is_new = now.iter().filter(|&&id| seen.insert(id));
                assert_eq!(unseen.now(), is_new.copied().collect::<Vec<_>>());
                let next = next.map_or_else(Vec::new, |(_, links)| links);
                let ahead = next.iter().filter(|&id| !seen.contains(id));
                assert_eq!(unseen.ahead(), ahead.copied().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn marks_are_cleared_when_epochs_begin_again() {
        let mut unseen = Unseen::default();
        let all: Vec<u32> = (0..5).collect();
        for _ in 0..u32::from(u16::MAX) + 3 {
            unseen.reset(5);
            unseen.expand(
                RowLinks {
                    row: 0,
                    links: &all,
                },
                None,
            );
            assert_eq!(unseen.now(), all);
        }
        unseen.reset(6);
        unseen.expand(
            RowLinks {
                row: 0,
                links: &[5],
            },
            None,
        );
        assert_eq!(unseen.now(), [5], "another graph");
    }
}
