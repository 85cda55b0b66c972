//! SQ8 lower-bound prefilter: integer products leave out pairs that float32 products would push
//! nowhere.
//!
//! Enters: prepared rows, and per query the pruning threshold of its top-k buffer. Leaves: the pairs
//! whose reduced distance may be below it, with the float32 products that the tile kernel would
//! give, bit for bit. Buffers, certificate and answers are therefore those of a search without it.
//!
//! A row x is x̂ + e, x̂ = s·c with whole c in ±127, or ±63 with AVX2. For any two rows (Cauchy and Schwarz)
//!
//!   ⟨x, y⟩ = ⟨x̂, ŷ⟩ + ⟨x̂, `e_y`⟩ + ⟨`e_x`, y⟩ ≤ `s_x`·`s_y`·⟨`c_x`, `c_y`⟩ + ‖x̂‖·‖`e_y`‖ + ‖`e_x`‖·‖y‖
//!
//! A rotation R changes no inner product, so x may be R·x where that makes ‖e‖ smaller ([`rotation`]); its own
//! rounding is part of ‖e‖. The rounding of the float32 product, of norms and of the bound itself is a multiple of
//! ‖x‖·‖y‖ and ‖x‖² + ‖y‖², see [`codes`]. What is left is a lower bound on the *computed* reduced
//! distance: a pair at or above the threshold by it would not have been pushed.
//!
//! for each tile of queries × base rows
//!   integer products                      64 multiplications an instruction; 16,384 with AMX
//!   bound ≥ threshold?                    one pass over the tile
//!   float32 products of the others        8 pairs at a time, sums in the tile kernel's order: `slices`
//!
//! Cost: a tenth of the float32 products with AMX, three tenths with VNNI, half of them with AVX2, bounds included, and 9 to 30
//! products' time for each pair that is left; [`Yield`] decides whether that pays.

mod codes;
mod quantizer;
mod rotation;
mod slices;
mod tile;
mod yields;

pub(crate) use codes::{CodedBase, CodedQueries, Coder, rotation_for};
pub use rotation::Rotation;
pub(crate) use tile::CodeTile;
pub(crate) use yields::{Prefiltering, Yield};
