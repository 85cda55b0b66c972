//! A bit set over 0..n: comparisons against a bound, set differences and gathering, a word of 64
//! members at a time.
//!
//! Enters: numbers and a bound. Leaves: the values at a set's members, or the difference of two
//! sets. Cost: an instruction or two for every eight or sixteen members.

use crate::kernels;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::ops::Range;

const WORD: usize = u64::BITS as usize;

/// A set of small integers, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitSet {
    /// Member m is bit m mod 64 of word m / 64. Missing words are empty.
    pub(super) words: Vec<u64>,
}

impl BitSet {
    /// Removes every member.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Makes it the set of the positions at which `are` yields true.
    pub fn assign(&mut self, are: impl Iterator<Item = bool>) {
        self.words.clear();
        for (place, is) in are.enumerate() {
            if place % WORD == 0 {
                self.words.push(0);
            }
            self.words[place / WORD] |= u64::from(is) << (place % WORD);
        }
    }

    /// Makes it 0..`end`.
    pub fn assign_first(&mut self, end: usize) {
        self.assign_complement(&Self::default(), end);
    }

    /// Makes it the positions of the first `count` numbers below `bound`.
    pub fn assign_less_than(&mut self, numbers: &[u32], bound: u32, count: usize) {
        self.words.clear();
        let mut wanted = count;
        for numbers in numbers.chunks(WORD) {
            let word = kernels::under(numbers, bound);
            let found = word.count_ones() as usize;
            if found >= wanted {
                self.words.push(lowest(word, wanted));
                return;
            }
            wanted -= found;
            self.words.push(word);
        }
    }

    /// Makes it the positions of the numbers that are at least `bound`.
    pub fn assign_at_least(&mut self, numbers: &[u32], bound: u32) {
        self.words.clear();
        let from =
            |numbers: &[u32]| !kernels::under(numbers, bound) & u64::MAX >> (WORD - numbers.len());
        self.words.extend(numbers.chunks(WORD).map(from));
    }

    /// Removes the positions of numbers that are at least `bound`.
    pub fn retain_less_than(&mut self, numbers: &[u32], bound: u32) {
        for (word, numbers) in self.words.iter_mut().zip(numbers.chunks(WORD)) {
            *word &= kernels::under(numbers, bound);
        }
    }

    /// Makes it the complement of `other` in 0..`end`.
    pub fn assign_complement(&mut self, other: &Self, end: usize) {
        self.words.clear();
        self.words
            .extend((0..end.div_ceil(WORD)).map(|index| !other.word(index)));
        let beyond = self.words.len() * WORD - end;
        if let Some(last) = self.words.last_mut() {
            *last &= u64::MAX >> beyond;
        }
    }

    /// Makes it the intersection of both.
    pub fn assign_intersection(&mut self, one: &Self, other: &Self) {
        self.words.clear();
        self.words.extend(
            one.words
                .iter()
                .zip(&other.words)
                .map(|(one, other)| one & other),
        );
    }

    /// Whether `place` is a member.
    pub fn contains(&self, place: usize) -> bool {
        self.word(place / WORD) >> (place % WORD) & 1 != 0
    }

    /// Adds `place`.
    pub fn insert(&mut self, place: usize) {
        self.words.resize(self.words.len().max(place / WORD + 1), 0);
        self.words[place / WORD] |= 1 << (place % WORD);
    }

    /// Removes `place`; whether it was a member.
    pub fn remove(&mut self, place: usize) -> bool {
        let bit = 1 << (place % WORD);
        self.words.get_mut(place / WORD).is_some_and(|word| {
            let was = *word & bit != 0;
            *word &= !bit;
            was
        })
    }

    /// The smallest member.
    pub fn first(&self) -> Option<usize> {
        let index = self.words.iter().position(|&word| word != 0)?;
        Some(index * WORD + self.words[index].trailing_zeros() as usize)
    }

    /// The smallest member from `begin` on; [`usize::MAX`] if there is none.
    pub fn next_member(&self, begin: usize) -> usize {
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

    /// The smallest number from `begin` on that is no member.
    pub fn next_gap(&self, begin: usize) -> usize {
        let mut index = begin / WORD;
        let mut word = !self.word(index) & u64::MAX << (begin % WORD);
        while word == 0 {
            index += 1;
            word = !self.word(index);
        }
        index * WORD + word.trailing_zeros() as usize
    }

    /// All members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| (WORD * index) as u32 + rest.trailing_zeros())
        })
    }

    /// The largest member.
    pub fn last(&self) -> Option<usize> {
        let index = self.words.iter().rposition(|&word| word != 0)?;
        Some(index * WORD + self.words[index].ilog2() as usize)
    }

    /// Number of members.
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Number of members within `range`.
    pub fn count_in(&self, range: Range<usize>) -> usize {
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
    pub fn count_difference(&self, other: &Self, end: usize) -> usize {
        self.difference(other, end)
            .map(|(_, word)| word.count_ones() as usize)
            .sum()
    }

    /// Appends to `difference` the values of `rows` at the members that are not in `other`; members
    /// beyond the rows are left out.
    pub fn difference_into(&self, other: &Self, rows: &[u32], difference: &mut Vec<u32>) {
        for (index, mut word) in self.difference(other, rows.len()) {
            while word != 0 {
                difference.push(rows[index * WORD + word.trailing_zeros() as usize]);
                word &= word - 1;
            }
        }
    }

    /// Replaces `into` by the values of `from` at the members. Values have 32 bits.
    pub fn gather<T: Pod>(&self, from: &[T], into: &mut Vec<T>) {
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

    /// The members below `end` that are not in `other`, word by word.
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

    fn places(of: &[usize]) -> BitSet {
        let mut places = BitSet::default();
        places.assign(
            (0..of.iter().max().map_or(0, |last| last + 1)).map(|place| of.contains(&place)),
        );
        places
    }

    #[test]
    fn members_by_comparison_are_counted_and_gathered() {
        let numbers: Vec<u32> = (0..200).map(|place| place * 37 % 200).collect();
        let values: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
        let mut found = BitSet::default();
        for (bound, count) in [
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
                .filter(|&place| numbers[place] < bound)
                .take(count)
                .collect();
            found.assign_less_than(&numbers, bound, count);
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
                assert_eq!(found.count_in(range.clone()), within, "{range:?}");
            }
            let mut gathered = vec![-1.0; 3];
            found.gather(&values, &mut gathered);
            assert_eq!(
                gathered,
                expected
                    .iter()
                    .map(|&place| values[place])
                    .collect::<Vec<_>>()
            );
            let mut rest = BitSet::default();
            rest.assign_at_least(&numbers, bound);
            assert_eq!(rest.count(), 200 - bound as usize);
            assert_eq!(
                rest.first(),
                (0..200).find(|&place| numbers[place] >= bound)
            );
            found.retain_less_than(&numbers, bound / 2);
            assert_eq!(
                found.count(),
                expected
                    .iter()
                    .filter(|&&place| numbers[place] < bound / 2)
                    .count()
            );
        }
    }

    #[test]
    fn differences_intersections_and_complements() {
        let (one, other) = (places(&[0, 3, 64, 190]), places(&[3, 64, 65]));
        let mut set = BitSet::default();
        set.assign_intersection(&one, &other);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(3), Some(64), 2)
        );
        set.assign_complement(&other, 66);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(63), 63)
        );
        set.assign_complement(&other, 0);
        assert_eq!((set.first(), set.last(), set.count()), (None, None, 0));
        set.assign_first(70);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(69), 70)
        );
        let rows: Vec<u32> = (1000..1200).collect();
        let mut difference = Vec::new();
        one.difference_into(&other, &rows, &mut difference);
        other.difference_into(&one, &rows, &mut difference);
        assert_eq!(difference, [1000, 1190, 1065]);
        let count_difference = |end| {
            (
                one.count_difference(&other, end),
                other.count_difference(&one, end),
            )
        };
        assert_eq!(
            [0, 1, 65, 66, usize::MAX].map(count_difference),
            [(0, 0), (1, 0), (1, 0), (1, 1), (2, 1)]
        );
        one.difference_into(&other, &rows[..190], &mut difference);
        assert_eq!(difference[3..], [1000]);
        let mut set = one;
        assert!(set.remove(64) && !set.remove(64) && !set.remove(1000));
        assert_eq!(set, places(&[0, 3, 190]));
        set.insert(250);
        set.insert(64);
        assert_eq!(set, places(&[0, 3, 64, 190, 250]));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 64, 190, 250]);
        assert_eq!(
            [0, 1, 65, 191, 251].map(|begin| set.next_member(begin)),
            [0, 3, 190, 250, usize::MAX]
        );
        assert_eq!(
            [0, 1, 64, 999].map(|begin| set.next_gap(begin)),
            [1, 1, 65, 999]
        );
        assert_eq!(
            [0, 1, 64, 250, 251, 1000].map(|place| set.contains(place)),
            [true, false, true, true, false, false]
        );
    }
}
