//! Matrix products (GEMM) of row blocks, with a running bound on their rounding.
//!
//! Enters: two blocks of float32 rows, in panels. Leaves: their inner products, left rows × right
//! rows.
//!
//! for each slice of DEPTH columns
//!   for each right panel                 its slice stays in the first cache
//!     for each left panel                their slices stay in the second
//!       `kernel`                         sums in registers; a share of the next right slice is prefetched meanwhile
//!       dst += sums                      so that one sum has at most DEPTH terms
//!
//! The bound is a running one (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.3):
//! every rounding errs by at most u times the partial sum it rounds, which over the columns J is at
//! most ‖`x_J`‖·‖`y_J`‖. All of them together, by Cauchy and Schwarz, are at most u·W(x)·W(y),
//! W²(x) = Σ‖`x_J`‖² over all partial sums: one number per row, see [`RoundingCoefficients`]. Half
//! of what counting terms gives (§3.1), since a partial sum covers half of its slice on average.
//!
//! Cost: 2·rows·rows·d flops. Does not: run in parallel, choose blocks (see `pair_table`,
//! `all_pairs`, `streaming`).

mod kernel;
mod panels;
mod rounding;
mod shape;
#[cfg(test)]
mod tests;
mod tile;

pub(crate) use kernel::Wanted;
pub(crate) use panels::{Panels, Side, interleave};
pub(crate) use rounding::{DEPTH, RoundingCoefficients, UNIT};
pub(crate) use tile::{TILE, Tile};
