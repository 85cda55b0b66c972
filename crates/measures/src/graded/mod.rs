//! Overlap graded by rank and by distance: what a plain count of common ids does not tell.
//!
//! Enters: one query's exact distances and its answer as a
//! [`ReturnedSide`](crate::corrected::ReturnedSide). Leaves: one figure per measure, each from 0 to 1
//! unless it says otherwise.
//!
//! | measure | asks | misleads where |
//! |---|---|---|
//! | [`lcmc`] | how much more of the neighborhood came back than by chance? | n is large: it is the overlap then |
//! | [`epsilon_recall`] | how many returned rows are near enough? | distances concentrate: everything is near enough |
//! | [`inverse_ratio`] | how much farther are the returned rows? | distances concentrate, or slots are empty: those do not count |
//! | [`rank_biased_overlap`] | do the lists agree, the nearest ranks counting most? | p is small and k large: the far ranks count nothing |
//! | [`displacement`] | how far from their ranks do true neighbors stand? | few are returned: only those that are count |
//!
//! Cost O(k) each. `docs/measures` has a page for each.

mod displacement;
mod epsilon_recall;
mod inverse_ratio;
mod lcmc;
mod rank_biased_overlap;
mod series;

pub use displacement::displacement;
pub use epsilon_recall::{Epsilon, epsilon_recall};
pub use inverse_ratio::inverse_ratio;
pub use lcmc::{chance_overlap, lcmc};
pub use rank_biased_overlap::{PersistenceError, rank_biased_overlap};
pub use series::{Graded, SeriesOf, SeriesScratch, graded_series};
