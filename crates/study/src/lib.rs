//! The published study, run after run: plan, measure, keep, resume.
//!
//! [`Study`] turns [`Settings`](crate::results::Settings) into
//! [`StudyResults`](crate::results::StudyResults); each finished run is kept in the output folder,
//! so that a study goes on after a kill and ends with the same bytes.
//!
//! **No result depends on the number of threads.**

#![deny(missing_docs)]

mod cells;
pub mod config;
mod cost;
mod data;
mod error;
mod exact_answers;
mod fingerprint;
mod plan;
mod query;
mod record;
mod reduce;
pub mod reference;
pub mod results;
mod run;
mod store;
mod whole;

pub use cost::TooCostly;
pub use data::BUILTIN_ROWS;
pub use error::StudyError;
pub use plan::{Condition, GraphPlan, Plan, alpha_effort};
pub use store::{Start, StoreError, claim_for_results};
pub use whole::{Execution, Study};
