//! A bit set with rank support: counts per block of 1,024 numbers.
//!
//! The smallest member and the number of members below any number (its rank) read the counts of
//! blocks and the words of one block.

use super::BitSet;

const WORD: usize = u64::BITS as usize;
/// Words of a counted block.
const BLOCK: usize = 16;

/// A set of integers in 0..n with rank queries; n is fixed by [`reset`](Self::reset).
#[derive(Clone, Debug, Default)]
pub struct RankedBitSet {
    bits: BitSet,
    /// Members of each block of BLOCK words.
    blocks: Vec<u16>,
}

impl RankedBitSet {
    /// Makes it the empty set over 0..`numbers`.
    pub fn reset(&mut self, numbers: usize) {
        let words = numbers.div_ceil(WORD * BLOCK) * BLOCK;
        self.bits.words.clear();
        self.bits.words.resize(words, 0);
        self.blocks.clear();
        self.blocks.resize(words / BLOCK, 0);
    }

    /// Adds `number`; whether it is new.
    #[inline]
    pub fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (number as usize / WORD, 1u64 << (number % u64::BITS));
        if self.bits.words[word] & bit != 0 {
            return false;
        }
        self.bits.words[word] |= bit;
        self.blocks[word / BLOCK] += 1;
        true
    }

    /// Whether `number` is a member.
    #[inline]
    pub fn contains(&self, number: u32) -> bool {
        self.bits.words[number as usize / WORD] >> (number % u64::BITS) & 1 != 0
    }

    /// Removes `number`, which must be a member.
    #[inline]
    pub fn remove(&mut self, number: u32) {
        let word = number as usize / WORD;
        self.bits.words[word] &= !(1 << (number % u64::BITS));
        self.blocks[word / BLOCK] -= 1;
    }

    /// The smallest member.
    #[inline]
    pub fn first(&self) -> Option<u32> {
        let block = self.blocks.iter().position(|&members| members > 0)?;
        let words = &self.bits.words[block * BLOCK..(block + 1) * BLOCK];
        let (index, word) = words.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some((WORD * (block * BLOCK + index)) as u32 + word.trailing_zeros())
    }

    /// Number of members below `number`.
    #[inline]
    pub fn rank(&self, number: u32) -> usize {
        let word = number as usize / WORD;
        let block = word / BLOCK;
        let blocks: u32 = self.blocks[..block]
            .iter()
            .map(|&members| u32::from(members))
            .sum();
        let words: u32 = self.bits.words[block * BLOCK..word]
            .iter()
            .map(|word| word.count_ones())
            .sum();
        let rest = (self.bits.words[word] & ((1u64 << (number % u64::BITS)) - 1)).count_ones();
        (blocks + words + rest) as usize
    }

    /// All members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_members_are_those_of_a_sorted_list() {
        let mut set = RankedBitSet::default();
        for seed in 0..3u32 {
            set.reset(5_000);
            let mut members: Vec<u32> = (0..400).map(|i| (i * 7919 + seed * 31) % 5_000).collect();
            for (place, &member) in members.iter().enumerate() {
                assert_eq!(set.insert(member), !members[..place].contains(&member));
            }
            members.sort_unstable();
            members.dedup();
            let removed = members.remove(0);
            set.remove(removed);
            assert_eq!(set.iter().collect::<Vec<_>>(), members);
            assert_eq!(set.first(), members.first().copied());
            for number in [0, 1, 63, 64, 1_023, 1_024, 2_500, 4_999] {
                assert_eq!(set.contains(number), members.contains(&number));
                let below = members.iter().filter(|&&member| member < number).count();
                assert_eq!(set.rank(number), below, "below {number}");
            }
        }
    }
}
