//! Sets of places in a list, one bit each: what is chosen by comparing is counted, compared and
//! gathered by the word.
//!
//! Enters: numbers and a bar they must be below. Leaves: the values at the places of a set, or what
//! two sets do not share. Cost: an instruction or two for every eight or sixteen places.

use annatomy_vectors::kernels;
use pulp::bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::ops::Range;

const WORD: usize = u64::BITS as usize;

/// A set of places; reused from list to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Place p is bit p mod 64 of word p / 64. Words that are not there are empty.
    words: Vec<u64>,
}

impl Places {
    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Holds the places that `are` says, one after another.
    pub(crate) fn set(&mut self, are: impl Iterator<Item = bool>) {
        self.words.clear();
        for (place, is) in are.enumerate() {
            if place % WORD == 0 {
                self.words.push(0);
            }
            self.words[place / WORD] |= u64::from(is) << (place % WORD);
        }
    }

    /// Holds the places below `end`.
    pub(crate) fn set_first(&mut self, end: usize) {
        self.set_others(&Self::default(), end);
    }

    /// Holds the places of the numbers below `bar`: of the first `count` of them, if there are
    /// more.
    pub(crate) fn set_under(&mut self, numbers: &[u32], bar: u32, count: usize) {
        self.words.clear();
        let mut wanted = count;
        for numbers in numbers.chunks(WORD) {
            let word = kernels::under(numbers, bar);
            let found = word.count_ones() as usize;
            if found >= wanted {
                self.words.push(lowest(word, wanted));
                return;
            }
            wanted -= found;
            self.words.push(word);
        }
    }

    /// Holds the places of the numbers from `bar` on.
    pub(crate) fn set_from(&mut self, numbers: &[u32], bar: u32) {
        self.words.clear();
        let from =
            |numbers: &[u32]| !kernels::under(numbers, bar) & u64::MAX >> (WORD - numbers.len());
        self.words.extend(numbers.chunks(WORD).map(from));
    }

    /// Leaves only the places of numbers below `bar`.
    pub(crate) fn retain_under(&mut self, numbers: &[u32], bar: u32) {
        for (word, numbers) in self.words.iter_mut().zip(numbers.chunks(WORD)) {
            *word &= kernels::under(numbers, bar);
        }
    }

    /// Holds the places below `end` that are not in `other`.
    pub(crate) fn set_others(&mut self, other: &Self, end: usize) {
        self.words.clear();
        self.words
            .extend((0..end.div_ceil(WORD)).map(|index| !other.word(index)));
        let beyond = self.words.len() * WORD - end;
        if let Some(last) = self.words.last_mut() {
            *last &= u64::MAX >> beyond;
        }
    }

    /// Holds the places that are in both.
    pub(crate) fn set_common(&mut self, one: &Self, other: &Self) {
        self.words.clear();
        self.words.extend(
            one.words
                .iter()
                .zip(&other.words)
                .map(|(one, other)| one & other),
        );
    }

    /// Whether `place` is in it.
    pub(crate) fn contains(&self, place: usize) -> bool {
        self.word(place / WORD) >> (place % WORD) & 1 != 0
    }

    /// Puts `place` in.
    pub(crate) fn insert(&mut self, place: usize) {
        self.words.resize(self.words.len().max(place / WORD + 1), 0);
        self.words[place / WORD] |= 1 << (place % WORD);
    }

    /// Takes `place` out; says whether it was there.
    pub(crate) fn remove(&mut self, place: usize) -> bool {
        let bit = 1 << (place % WORD);
        self.words.get_mut(place / WORD).is_some_and(|word| {
            let was = *word & bit != 0;
            *word &= !bit;
            was
        })
    }

    /// The first place.
    pub(crate) fn first(&self) -> Option<usize> {
        let index = self.words.iter().position(|&word| word != 0)?;
        Some(index * WORD + self.words[index].trailing_zeros() as usize)
    }

    /// The first number from `begin` on that is a place, or that is none; [`usize::MAX`] if there
    /// is none.
    pub(crate) fn next(&self, begin: usize, is: bool) -> usize {
        let wanted = |word: u64| if is { word } else { !word };
        let mut index = begin / WORD;
        let mut word = wanted(self.word(index)) & u64::MAX << (begin % WORD);
        while word == 0 {
            index += 1;
            if is && index >= self.words.len() {
                return usize::MAX;
            }
            word = wanted(self.word(index));
        }
        index * WORD + word.trailing_zeros() as usize
    }

    /// The last place.
    pub(crate) fn last(&self) -> Option<usize> {
        let index = self.words.iter().rposition(|&word| word != 0)?;
        Some(index * WORD + self.words[index].ilog2() as usize)
    }

    /// Number of places.
    pub(crate) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Number of places within `range`.
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

    /// Number of places below `end` that are not in `other`.
    pub(crate) fn count_beyond(&self, other: &Self, end: usize) -> usize {
        self.beyond(other, end)
            .map(|(_, word)| word.count_ones() as usize)
            .sum()
    }

    /// Appends those of `rows` whose places are not in `other`; places beyond the rows do not
    /// count.
    pub(crate) fn take_beyond(&self, other: &Self, rows: &[u32], taken: &mut Vec<u32>) {
        for (index, mut word) in self.beyond(other, rows.len()) {
            while word != 0 {
                taken.push(rows[index * WORD + word.trailing_zeros() as usize]);
                word &= word - 1;
            }
        }
    }

    /// Replaces `into` by the values of `from` at the places. Values are of 32 bits.
    pub(crate) fn gather<T: Pod>(&self, from: &[T], into: &mut Vec<T>) {
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

    /// Word by word what is below `end` and not in `other`.
    fn beyond(&self, other: &Self, end: usize) -> impl Iterator<Item = (usize, u64)> {
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

    fn places(of: &[usize]) -> Places {
        let mut places = Places::default();
        places
            .set((0..of.iter().max().map_or(0, |last| last + 1)).map(|place| of.contains(&place)));
        places
    }

    #[test]
    fn what_is_under_a_bar_is_found_counted_and_gathered() {
        let numbers: Vec<u32> = (0..200).map(|place| place * 37 % 200).collect();
        let values: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
        let mut found = Places::default();
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
            found.set_under(&numbers, bar, count);
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
            found.gather(&values, &mut gathered);
            assert_eq!(
                gathered,
                expected
                    .iter()
                    .map(|&place| values[place])
                    .collect::<Vec<_>>()
            );
            let mut others = Places::default();
            others.set_from(&numbers, bar);
            assert_eq!(others.count(), 200 - bar as usize);
            assert_eq!(
                others.first(),
                (0..200).find(|&place| numbers[place] >= bar)
            );
            found.retain_under(&numbers, bar / 2);
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
    fn sets_are_held_against_one_another() {
        let (one, other) = (places(&[0, 3, 64, 190]), places(&[3, 64, 65]));
        let mut set = Places::default();
        set.set_common(&one, &other);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(3), Some(64), 2)
        );
        set.set_others(&other, 66);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(63), 63)
        );
        set.set_others(&other, 0);
        assert_eq!((set.first(), set.last(), set.count()), (None, None, 0));
        set.set_first(70);
        assert_eq!(
            (set.first(), set.last(), set.count()),
            (Some(0), Some(69), 70)
        );
        let rows: Vec<u32> = (1000..1200).collect();
        let mut taken = Vec::new();
        one.take_beyond(&other, &rows, &mut taken);
        other.take_beyond(&one, &rows, &mut taken);
        assert_eq!(taken, [1000, 1190, 1065]);
        let count_beyond = |end| (one.count_beyond(&other, end), other.count_beyond(&one, end));
        assert_eq!(
            [0, 1, 65, 66, usize::MAX].map(count_beyond),
            [(0, 0), (1, 0), (1, 0), (1, 1), (2, 1)]
        );
        one.take_beyond(&other, &rows[..190], &mut taken);
        assert_eq!(taken[3..], [1000]);
        let mut set = one;
        assert!(set.remove(64) && !set.remove(64) && !set.remove(1000));
        assert_eq!(set, places(&[0, 3, 190]));
        set.insert(250);
        set.insert(64);
        assert_eq!(set, places(&[0, 3, 64, 190, 250]));
        assert_eq!(
            [0, 1, 64, 250, 251, 1000].map(|place| set.contains(place)),
            [true, false, true, true, false, false]
        );
    }
}
