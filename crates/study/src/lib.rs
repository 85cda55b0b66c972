//! The published study, run after run: plan, measure, keep, resume.
//!
//! [`Study`] turns [`Settings`](crate::results::Settings) into
//! [`StudyResults`](crate::results::StudyResults); each finished run is kept in the output folder,
//! so that a study goes on after a kill and ends with the same bytes.
//!
//! **No result depends on the number of threads.**

#![deny(missing_docs)]

mod cells;
mod checkpoint;
pub mod config;
mod cost;
mod data;
mod design;
mod driver;
mod error;
mod exact_answers;
mod explore;
mod fingerprint;
mod methods;
mod order;
mod plan;
mod query;
mod record;
mod reduce;
pub mod reference;
pub mod results;
mod run;

pub use checkpoint::{CheckpointError, Start, claim_for_results};
pub use cost::TooCostly;
pub use data::BUILTIN_ROWS;
pub use driver::{Execution, RunsElsewhere, Study};
pub use error::StudyError;
pub use plan::{Condition, GraphPlan, Plan, alpha_effort};
