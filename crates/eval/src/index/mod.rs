//! One graph over one set of rows: built, searched as an engine would, and its whole (ef, k)
//! surface read.
//!
//! [`Index`] owns a graph and borrows its rows at each call; it keeps rows of its own only where
//! the metric needs other ones (cosine: scaled to unit length). [`EngineIndex`] makes one of what an
//! engine saved; [`IndexFacts`] is what a report says of either.
//!
//! ```
//! use annatomy_eval::index::{Index, SurfaceRequest};
//! use annatomy_hnsw::{EngineClass, Parameters};
//! use annatomy_vectors::Metric;
//!
//! let rows = annatomy_builtin::resnet50_like(200, 1)?;
//! let index = Index::build(rows.view(), Metric::L2, &Parameters::faiss(8, 40, 0), 1 << 30)?;
//! let class = EngineClass::StopEarly;
//! let request = SurfaceRequest { efs: &[5, 50], ks: &[10, 20], class, memory_budget_bytes: 1 << 30 };
//! let surface = index.surface(rows.view(), None, &request)?;
//! assert_eq!((surface.overlap.len(), surface.efs.len()), (4, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod build;
mod dispatch;
mod encoding;
mod engine;
mod error;
mod facts;
mod kept_rows;
mod surface;
mod surface_part;
#[cfg(test)]
mod surface_part_tests;
#[cfg(test)]
mod surface_tests;

pub use build::Index;
pub use engine::EngineIndex;
pub use engine::{Difference, first_difference};
pub use error::IndexError;
pub use facts::IndexFacts;
pub use surface::SurfaceRequest;
pub use surface_part::{SurfacePart, SurfacePartError};
