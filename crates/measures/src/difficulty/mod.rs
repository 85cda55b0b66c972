//! How hard a data set is for any index, and how an answer is out of order: a first form.
//!
//! [`Hubness`] and [`relative_contrast`] look at the exact neighbors alone; [`rank_displacement`]
//! and [`trustworthiness`] at what was returned.

mod contrast;
mod displacement;
mod hubness;

pub use contrast::relative_contrast;
pub use displacement::{rank_displacement, trustworthiness};
pub use hubness::{Hubness, k_occurrences};
