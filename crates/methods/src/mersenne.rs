//! The Mersenne Twister (Matsumoto & Nishimura 1998, MT19937), which FAISS draws from.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// A generator of 32-bit numbers.
#[derive(Clone, Debug)]
pub(crate) struct Mersenne {
    words: [u32; WORDS],
    next: usize,
}

impl Mersenne {
    pub(crate) fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for place in 1..WORDS {
            let last = words[place - 1];
            words[place] = 1_812_433_253_u32
                .wrapping_mul(last ^ last >> 30)
                .wrapping_add(place as u32);
        }
        Self { words, next: WORDS }
    }

    pub(crate) fn draw(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    fn twist(&mut self) {
        for place in 0..WORDS {
            let (own, next) = (self.words[place], self.words[(place + 1) % WORDS]);
            let joined = own & 0x8000_0000 | next & 0x7fff_ffff;
            let odd = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
            self.words[place] = self.words[(place + SHIFT) % WORDS] ^ joined >> 1 ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C++ standard names the ten thousandth number of the default seed ([rand.predef]).
    #[test]
    fn the_ten_thousandth_number_is_the_standards() {
        let mut generator = Mersenne::new(5489);
        let last = (0..10_000).map(|_| generator.draw()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
