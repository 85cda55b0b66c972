//! 8-bit scalar quantization (SQ8): the quantizer, and codes as a lower-bound prefilter.

mod codes;
mod quantizer;
#[cfg(test)]
mod tests;

pub(super) use codes::Sq8Vector;
pub use codes::{Sq8Codes, Sq8Queries};
