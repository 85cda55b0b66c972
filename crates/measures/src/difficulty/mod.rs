//! How hard a data set is for any index, and how far an answer is from the true order.
//!
//! [`Hubness`] and [`relative_contrast`] read the exact neighbors alone, [`trustworthiness`] and
//! [`continuity`] the ranks between two orders.

mod contrast;
mod hubness;
mod trustworthiness;

pub use contrast::relative_contrast;
pub use hubness::{Hubness, k_occurrences};
pub use trustworthiness::{continuity, trustworthiness};
