//! Squared distances and inner products, as fast as the processor at hand allows.
//!
//! Enters: slices of one length. Leaves: one number per pair; of values and their bars ([`below`],
//! [`under`]) one bit each; of values and such bits the values chosen ([`keep`]). Rows kept in
//! bytes have whole distances ([`l2_squared_bytes`]). Every kernel exists once per instruction set:
//!
//! | file | needs | lanes × sums |
//! |---|---|---|
//! | `scalar` | nothing | 8 × 1, left to the compiler |
//! | `avx2` | AVX2, FMA, F16C, POPCNT | 8 × 4 |
//! | `avx512` | AVX-512F, AVX-512BW and the above | 16 × 4 |
//! | `neon` | aarch64 | 4 × 4 |
//!
//! The choice is made once per process and [`instructions`] names it. Values are float32 or float16
//! ([`Stored`]), and sums float32. Four laws hold on every instruction set; tie-breaking by id
//! leans on the first two:
//!
//! 1. **Symmetry.** `l2_squared(a, b)` and `l2_squared(b, a)` are the same bits, as are the two
//!    orders of `dot`.
//! 2. **A batch is its members.** `l2_squared_x4(q, rows)[i]` is, bit for bit, `l2_squared(q,
//!    rows[i])`.
//! 3. **float16 is storage.** Values kept in 16 bits give the bits that they give widened to 32.
//! 4. **float64 decides alike everywhere.** The `_f64` forms give the same bits on every instruction
//!    set, so that machines of different kinds agree on the order of rows.
//!
//! In float32 another instruction set may give other bits: sums run in another order. The bound for all of
//! them, from Higham 2002, section 4.2, is `|computed − exact| ≤ 1.01·(d + 2)·u·Σ|terms|`, u = 2⁻²⁴
//! (2⁻⁵³ for the `_f64` forms), so long as nothing overflows or underflows.
//!
//! Slices of different lengths are a caller's mistake: debug builds panic, release builds use the
//! shorter length. NaN and infinity go through as IEEE arithmetic has it. Does not: take roots,
//! normalize, or check values.

mod dispatch;
mod estimate;
mod instruction_set;
pub mod int8;
mod prefetch;
mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(test)]
mod tests;

pub use dispatch::{
    Kernels, below, detected, dot, dot_f64, dot_x4, instructions, keep, l2_squared,
    l2_squared_bytes, l2_squared_bytes_x4, l2_squared_f64, l2_squared_x4, under,
};
pub use estimate::reciprocal_square_root_estimate;
pub use instruction_set::{Stored, StoredKind};
pub use prefetch::{prefetch, prefetch_whole, prefetches_whole};
