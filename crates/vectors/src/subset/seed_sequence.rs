//! NumPy's `SeedSequence`: a 64-bit seed hashed into as many well-mixed words as asked for.
//!
//! After Melissa O'Neill's `seed_seq` design ("Developing a `seed_seq` Alternative", 2015). Without
//! spawn keys, and for seeds of at most two 32-bit words, which is all that [`super::numpy_choice`]
//! takes.

const POOL_WORDS: usize = 4;

const FILL_START: u32 = 0x43b0_d7e5;
const FILL_FACTOR: u32 = 0x931e_8875;
const DRAW_START: u32 = 0x8b51_f9dd;
const DRAW_FACTOR: u32 = 0x58f3_8ded;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;

/// The mixed pool of one seed.
pub(super) struct SeedSequence {
    pool: [u32; POOL_WORDS],
}

impl SeedSequence {
    /// The pool of `seed`, its low word first.
    pub(super) fn new(seed: u64) -> Self {
        let mut hash = Hash {
            constant: FILL_START,
            factor: FILL_FACTOR,
        };
        let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.next(word));
        for source in 0..POOL_WORDS {
            for target in 0..POOL_WORDS {
                if source != target {
                    pool[target] = mix(pool[target], hash.next(pool[source]));
                }
            }
        }
        Self { pool }
    }

    /// `N` words of 64 bits, each from two of 32, low half first.
    pub(super) fn words<const N: usize>(&self) -> [u64; N] {
        let mut hash = Hash {
            constant: DRAW_START,
            factor: DRAW_FACTOR,
        };
        let mut halves = self
            .pool
            .iter()
            .cycle()
            .map(|&word| u64::from(hash.next(word)));
        std::array::from_fn(|_| {
            let mut half = || halves.next().expect("a cycle over four words has no end");
            let low = half();
            low | half() << 32
        })
    }
}

/// A multiplicative hash whose constant changes with every word.
struct Hash {
    constant: u32,
    factor: u32,
}

impl Hash {
    fn next(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.factor);
        let word = word.wrapping_mul(self.constant);
        word ^ word >> 16
    }
}

fn mix(left: u32, right: u32) -> u32 {
    let mixed = MIX_LEFT
        .wrapping_mul(left)
        .wrapping_sub(MIX_RIGHT.wrapping_mul(right));
    mixed ^ mixed >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numpy_s() {
        // numpy.random.SeedSequence(seed).generate_state(4, numpy.uint64)
        assert_eq!(SeedSequence::new(0).words(), ZERO);
        assert_eq!(SeedSequence::new(42).words(), FORTY_TWO);
        assert_eq!(SeedSequence::new(u64::MAX).words(), LARGEST);
    }

    const ZERO: [u64; 4] = [
        15_793_235_383_387_715_774,
        12_390_638_538_380_655_177,
        2_361_836_109_651_742_017,
        3_188_717_715_514_472_916,
    ];
    const FORTY_TWO: [u64; 4] = [
        11_465_652_750_463_011_511,
        15_382_171_918_060_459_190,
        9_018_504_550_953_525_431,
        3_703_499_796_004_394_495,
    ];
    const LARGEST: [u64; 4] = [
        12_591_116_029_944_179_981,
        1_268_942_265_879_420_026,
        1_998_214_320_288_580_263,
        12_063_755_697_402_456_310,
    ];
}
