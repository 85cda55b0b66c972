//! A bit set over the places of a list, with SIMD selection and compression.
//!
//! Enters: columns of numbers and a limit. Leaves: the places whose numbers are below it, the values
//! at those places, differences of two sets. Cost: an instruction or two for eight or sixteen
//! places ([`kernels::under`], [`kernels::keep`]).

use annatomy_vectors::kernels;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::ops::Range;

const WORD: usize = u64::BITS as usize;

/// A set of places; its memory is reused from list to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BitSet {
    /// Place p is bit p mod 64 of word p / 64. Absent words are empty.
    words: Vec<u64>,
}

impl BitSet {
    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Becomes the places at which `members` is true.
    pub(crate) fn assign(&mut self, members: impl Iterator<Item = bool>) {
        self.words.clear();
        for (place, member) in members.enumerate() {
            if place % WORD == 0 {
                self.words.push(0);
            }
            self.words[place / WORD] |= u64::from(member) << (place % WORD);
        }
    }

    /// Becomes all places below `end`.
    pub(crate) fn set_below(&mut self, end: usize) {
        self.complement_of(&Self::default(), end);
    }

    /// Becomes the places of the numbers below `limit`, at most the first `most` of them.
    pub(crate) fn select_less_than(&mut self, numbers: &[u32], limit: u32, most: usize) {
        self.words.clear();
        let mut wanted = most;
        for numbers in numbers.chunks(WORD) {
            let word = kernels::under(numbers, limit);
            let found = word.count_ones() as usize;
            if found >= wanted {
                self.words.push(lowest(word, wanted));
                return;
            }
            wanted -= found;
            self.words.push(word);
        }
    }

    /// Becomes the places of the numbers that are at least `limit`.
    pub(crate) fn select_at_least(&mut self, numbers: &[u32], limit: u32) {
        self.words.clear();
        let from =
            |numbers: &[u32]| !kernels::under(numbers, limit) & u64::MAX >> (WORD - numbers.len());
        self.words.extend(numbers.chunks(WORD).map(from));
    }

    /// Keeps only the places of numbers below `limit`.
    pub(crate) fn retain_less_than(&mut self, numbers: &[u32], limit: u32) {
        for (word, numbers) in self.words.iter_mut().zip(numbers.chunks(WORD)) {
            *word &= kernels::under(numbers, limit);
        }
    }

    /// Becomes the complement of `other` among the places below `end`.
    pub(crate) fn complement_of(&mut self, other: &Self, end: usize) {
        self.words.clear();
        self.words
            .extend((0..end.div_ceil(WORD)).map(|index| !other.word(index)));
        let beyond = self.words.len() * WORD - end;
        if let Some(last) = self.words.last_mut() {
            *last &= u64::MAX >> beyond;
        }
    }

    /// Becomes the intersection of two sets.
    pub(crate) fn intersection_of(&mut self, one: &Self, other: &Self) {
        self.words.clear();
        self.words.extend(
            one.words
                .iter()
                .zip(&other.words)
                .map(|(one, other)| one & other),
        );
    }

    /// Whether `place` is a member.
    pub(crate) fn contains(&self, place: usize) -> bool {
        self.word(place / WORD) >> (place % WORD) & 1 != 0
    }

    /// Inserts `place`.
    pub(crate) fn insert(&mut self, place: usize) {
        self.words.resize(self.words.len().max(place / WORD + 1), 0);
        self.words[place / WORD] |= 1 << (place % WORD);
    }

    /// Removes `place`; returns whether it was a member.
    pub(crate) fn remove(&mut self, place: usize) -> bool {
        let bit = 1 << (place % WORD);
        self.words.get_mut(place / WORD).is_some_and(|word| {
            let was = *word & bit != 0;
            *word &= !bit;
            was
        })
    }

    /// The smallest place.
    pub(crate) fn first(&self) -> Option<usize> {
        let index = self.words.iter().position(|&word| word != 0)?;
        Some(index * WORD + self.words[index].trailing_zeros() as usize)
    }

    /// The first member from `begin` on; [`usize::MAX`] if there is none.
    pub(crate) fn next_member(&self, begin: usize) -> usize {
        let mut index = begin / WORD;
        let mut word = self.word(index) & u64::MAX << (begin % WORD);
        while word == 0 {
            index += 1;
            if index >= self.words.len() {
                return usize::MAX;
            }
            word = self.words[index];
        }
        index * WORD + word.trailing_zeros() as usize
    }

    /// The first place from `begin` on that is no member.
    pub(crate) fn next_gap(&self, begin: usize) -> usize {
        let mut index = begin / WORD;
        let mut word = !self.word(index) & u64::MAX << (begin % WORD);
        while word == 0 {
            index += 1;
            word = !self.word(index);
        }
        index * WORD + word.trailing_zeros() as usize
    }

    /// The largest place.
    pub(crate) fn last(&self) -> Option<usize> {
        let index = self.words.iter().rposition(|&word| word != 0)?;
        Some(index * WORD + self.words[index].ilog2() as usize)
    }

    /// Number of members.
    pub(crate) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Number of members within `range`.
    pub(crate) fn count_within(&self, range: Range<usize>) -> usize {
        let words = range.start / WORD..range.end.div_ceil(WORD);
        let count = |index: usize| {
            let begin = range.start.saturating_sub(index * WORD);
            let beyond = ((index + 1) * WORD).saturating_sub(range.end);
            (self.word(index) & u64::MAX << begin & u64::MAX >> beyond).count_ones() as usize
        };
        if range.is_empty() {
            0
        } else {
            words.map(count).sum()
        }
    }

    /// Number of members below `end` that are not in `other`.
    pub(crate) fn difference_count(&self, other: &Self, end: usize) -> usize {
        self.difference(other, end)
            .map(|(_, word)| word.count_ones() as usize)
            .sum()
    }

    /// Appends the values of `rows` at members that are not in `other`; members beyond the rows are
    /// ignored.
    pub(crate) fn difference_into(&self, other: &Self, rows: &[u32], taken: &mut Vec<u32>) {
        for (index, mut word) in self.difference(other, rows.len()) {
            while word != 0 {
                taken.push(rows[index * WORD + word.trailing_zeros() as usize]);
                word &= word - 1;
            }
        }
    }

    /// Replaces `into` by the values of `from` at the members (values of 32 bits).
    pub(crate) fn compress<T: Pod>(&self, from: &[T], into: &mut Vec<T>) {
        let from = &from[..from.len().min(self.words.len() * WORD)];
        into.resize(from.len(), T::zeroed());
        let mut found = 0;
        for (&word, from) in self.words.iter().zip(from.chunks(WORD)) {
            found += kernels::keep(cast_slice(from), word, cast_slice_mut(&mut into[found..]));
        }
        into.truncate(found);
    }

    fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or_default()
    }

    /// Word by word the members below `end` that are not in `other`.
    fn difference(&self, other: &Self, end: usize) -> impl Iterator<Item = (usize, u64)> {
        let words = self.words.iter().enumerate().take(end.div_ceil(WORD));
        words.map(move |(index, word)| {
            let beyond = ((index + 1) * WORD).saturating_sub(end);
            (index, word & !other.word(index) & u64::MAX >> beyond)
        })
    }
}

/// The lowest `count` bits that are set.
fn lowest(mut word: u64, count: usize) -> u64 {
    for _ in count..word.count_ones() as usize {
        word &= !(1 << word.ilog2());
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of(of: &[usize]) -> BitSet {
        let mut places = BitSet::default();
        places.assign(
            (0..of.iter().max().map_or(0, |last| last + 1)).map(|place| of.contains(&place)),
        );
        places
    }

    #[test]
    fn selected_places_are_counted_and_compressed() {
        let numbers: Vec<u32> = (0..200).map(|place| place * 37 % 200).collect();
        let values: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
        let mut found = BitSet::default();
        for (bar, count) in [
            (0, 9),
            (1, 9),
            (50, 9),
            (50, 0),
            (200, 200),
            (200, 64),
            (200, 63),
            (150, 128),
            (9, 500),
        ] {
            let expected: Vec<usize> = (0..200)
                .filter(|&place| numbers[place] < bar)
                .take(count)
                .collect();
            found.select_less_than(&numbers, bar, count);
            assert_eq!(
                (found.first(), found.last()),
                (expected.first().copied(), expected.last().copied())
            );
            assert_eq!(found.count(), expected.len());
            for range in [0..0, 0..200, 3..3, 60..70, 64..128, 63..129, 130..400] {
                let within = expected
                    .iter()
                    .filter(|&&place| range.contains(&place))
                    .count();
                assert_eq!(found.count_within(range.clone()), within, "{range:?}");
            }
            let mut gathered = vec![-1.0; 3];
            found.compress(&values, &mut gathered);
            assert_eq!(
                gathered,
                expected
                    .iter()
                    .map(|&place| values[place])
                    .collect::<Vec<_>>()
            );
            let mut others = BitSet::default();
            others.select_at_least(&numbers, bar);
            assert_eq!(others.count(), 200 - bar as usize);
            assert_eq!(
                others.first(),
                (0..200).find(|&place| numbers[place] >= bar)
            );
            found.retain_less_than(&numbers, bar / 2);
            assert_eq!(
                found.count(),
                expected
                    .iter()
                    .filter(|&&place| numbers[place] < bar / 2)
                    .count()
            );
        }
    }

    #[test]
    fn differences_and_intersections_of_two_sets() {
        let (one, other) = (set_of(&[0, 3, 64, 190]), set_of(&[3, 64, 65]));
        let mut set = BitSet::default();
        set.intersection_of(&one, &other);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(3), Some(64), 2)
        );
        set.complement_of(&other, 66);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(63), 63)
        );
        set.complement_of(&other, 0);
        assert_eq!((set.first(), set.last(), set.count()), (None, None, 0));
        set.set_below(70);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(69), 70)
        );
        let rows: Vec<u32> = (1000..1200).collect();
        let mut taken = Vec::new();
        one.difference_into(&other, &rows, &mut taken);
        other.difference_into(&one, &rows, &mut taken);
        assert_eq!(taken, [1000, 1190, 1065]);
        let difference_count = |end| {
            (
                one.difference_count(&other, end),
                other.difference_count(&one, end),
            )
        };
        assert_eq!(
            [0, 1, 65, 66, usize::MAX].map(difference_count),
            [(0, 0), (1, 0), (1, 0), (1, 1), (2, 1)]
        );
        one.difference_into(&other, &rows[..190], &mut taken);
        assert_eq!(taken[3..], [1000]);
        let mut set = one;
        assert!(set.remove(64) && !set.remove(64) && !set.remove(1000));
        assert_eq!(set, set_of(&[0, 3, 190]));
        set.insert(250);
        set.insert(64);
        assert_eq!(set, set_of(&[0, 3, 64, 190, 250]));
        assert_eq!(
            [0, 1, 64, 250, 251, 1000].map(|place| set.contains(place)),
            [true, false, true, true, false, false]
        );
    }
}
