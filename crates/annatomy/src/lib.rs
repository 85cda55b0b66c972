//! annatomy: where an HNSW search stops returning your nearest neighbors, why, and what effort gets them back.
//!
//! The face of the libraries behind it; nothing is defined here.
//!
//! * [`study`]: the published protocol, run after run; [`config`] its settings, [`results`] what it finds, [`published`] the
//!   figures it is compared with;
//! * [`audit`]: your vectors, your index, your answers;
//! * [`index`], [`fidelity`]: one graph and its (ef, k) surface; the measures of any engine's answers;
//! * [`report`], [`figures`]: pages, verdicts and pictures.

#![deny(missing_docs)]

pub use annatomy_audit as audit;
pub use annatomy_builtin as builtin;
pub use annatomy_eval::{engines, fidelity, index};
pub use annatomy_report::{self as report, figures};
pub use annatomy_runtime as runtime;
pub use annatomy_study::{self as study, config, reference as published, results};
