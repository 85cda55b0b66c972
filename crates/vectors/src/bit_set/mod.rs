//! Bit sets over 0..n: [`BitSet`], and [`RankedBitSet`] with the rank of any number in O(n / 1024).

mod plain;
mod ranked;

pub use plain::BitSet;
pub use ranked::RankedBitSet;
