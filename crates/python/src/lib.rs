//! The compiled half of the Python package: NumPy arrays in, the Rust crates at work, NumPy arrays
//! out.
//!
//! One file per thing that Python sees. Arrays enter as views on NumPy's own memory ([`arrays`]);
//! long work runs on its own pool without the interpreter's lock and stops on Ctrl-C ([`work`]);
//! errors become `ValueError` or `OSError` with the core's message ([`errors`]). Defaults,
//! conversions, result classes and documentation are the Python half's (`python/annatomy`). Holds
//! no science.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what Python hands over arrives by value"
)]
#![expect(
    clippy::too_many_arguments,
    reason = "the Python half names every argument"
)]

mod arrays;
mod audit;
mod compare;
mod elsewhere;
mod errors;
mod fidelity;
mod hnsw;
#[cfg(feature = "hnsw_rs")]
mod hnsw_rs;
mod ids;
mod lid;
mod media;
mod neighbors;
mod partial;
mod plan;
mod rows;
mod study;
mod surface;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::audit::{
        AuditResults, SavedMethod, audit, audit_default_ks, audit_method, audit_queries,
    };
    #[pymodule_export]
    use crate::compare::{Comparison, compare};
    #[pymodule_export]
    use crate::elsewhere::{scaled_rows, shard_facts, tick};
    #[pymodule_export]
    use crate::fidelity::{fidelity, trustworthiness};
    #[pymodule_export]
    use crate::hnsw::Hnsw;
    #[cfg(feature = "hnsw_rs")]
    #[pymodule_export]
    use crate::hnsw_rs::HnswRs;
    #[pymodule_export]
    use crate::ids::Ids;
    #[pymodule_export]
    use crate::lid::{lid, lid_estimators, lid_over_queries};
    #[pymodule_export]
    use crate::neighbors::{exact_knn, settle, subset};
    #[pymodule_export]
    use crate::partial::{
        Partial, checksum_of_array, checksum_of_queries, file_facts, merge_order,
        merge_order_of_files, partial_of_file, partial_of_rows, read_queries, read_rows,
    };
    #[pymodule_export]
    use crate::plan::plan_of_file;
    #[pymodule_export]
    use crate::study::{
        StudyResults, study, study_config, study_config_notes, study_defaults, study_run,
    };
    #[pymodule_export]
    use crate::surface::SurfacePart;
    #[pymodule_export]
    use crate::work::{instructions, version};
}
