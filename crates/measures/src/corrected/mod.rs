//! The measures in corrected conventions: true distances, self excluded by id, geometry over filled
//! slots only.
//!
//! For each query: [`ExactSide::set`] once, then for each series of answers a [`ReturnedSide`] and
//! [`measure`], which fills one [`QueryMeasures`] per k. [`barycenter_shift`] is a function of its
//! own because it needs vectors.
//!
//! ```
//! use annatomy_measures::corrected::{ExactSide, ReturnedSide, Scratch, measure};
//!
//! let exact = ExactSide::new(&[1.0, 2.0, 3.0, 4.0]);
//! let returned = ReturnedSide::new(&[1.0, 3.0], &[0, 2]);
//! let mut measures = Vec::new();
//! measure(&exact, returned, &[1, 2, 4], &mut Scratch::default(), &mut measures);
//! assert_eq!(measures[0].overlap(), 1.0);
//! assert_eq!(measures[1].overlap(), 0.5);
//! assert_eq!(measures[2].fill(), 0.5);
//! assert_eq!(measures[2].relative_distance_error, 0.25); // (1/1 + 3/2) / 2 - 1
//! ```

mod barycenter;
mod exact_side;
mod logarithms;
mod measure;
mod overlap;
mod query_measures;
mod returned_side;
mod running;

pub use barycenter::barycenter_shift;
pub use exact_side::ExactSide;
pub(crate) use logarithms::sum_of_logarithms;
pub use measure::{Scratch, measure};
pub use overlap::TIE_TOLERANCE;
pub use query_measures::QueryMeasures;
pub use returned_side::{ReturnedList, ReturnedSide, UNKNOWN_RANK};
