//! Local intrinsic dimensionality: five named estimators over lists of distances.
//!
//! A convention is always a named option: [`Lid`] names it, [`Lid::of_query`] estimates at one
//! query and [`Lid::over_queries`] puts the queries' estimates together the way the estimator's
//! authors do.
//!
//! ```
//! use annatomy_measures::lid::Lid;
//!
//! let estimator: Lid = "maximum-likelihood".parse()?;
//! let lid = estimator.of_query(&[1.0, 2.0, 4.0]).expect("three different distances");
//! assert!((lid - 2.0 / 8.0_f64.ln()).abs() < 1e-12); // 2 / (ln 4/1 + ln 4/2)
//! # Ok::<(), annatomy_measures::lid::UnknownLid>(())
//! ```

mod estimators;
mod name;

pub use name::{Lid, UnknownLid};
