//! Methods besides a plain graph: codes, cells, transforms and rerank, as FAISS, usearch and DiskANN save them,
//! or built here.
//!
//! The path through this crate: [`Method::read`] or [`Method::of_parts`] → [`Searcher`], in the
//! arithmetic of an instruction set → one [record](annatomy_hnsw::Visits) per query, from which every
//! (effort, k) is read (of an NSG, one per query and effort) →
//! [`required`] efforts of the true neighbors, and [`stages`] that lost them.
//!
//! A search has up to four stages, and each can lose a neighbor:
//!
//! | stage | what it does | effort |
//! |---|---|---|
//! | transform | PCA, OPQ, rotation, L2 normalization | |
//! | codes | scalar or product quantization, float16 | |
//! | routing | which rows are looked at: cells (IVF), or a graph (HNSW, NSG) | nprobe, efSearch, L |
//! | rerank | exact distances of the first `k_factor`·k | k_factor |

#![deny(missing_docs)]

mod arithmetic;
mod build;
mod cells;
mod codes;
mod cost;
mod diskann;
mod faiss;
mod kept;
mod mersenne;
mod method;
mod nearest;
mod nsg;
mod product_sums;
pub mod required;
mod rotation;
mod scan;
mod scan_order;
mod scorer;
mod searcher;
pub mod stages;
mod usearch;

pub use build::{KMeans, k_means};
pub use cells::{CellFacts, Cells, Coarse};
pub use codes::{Codes, ProductQuantizer, Quantizer, ScalarKind, ScalarQuantizer, eight_bit_rows};
pub use cost::SearchCost;
pub use diskann::DiskAnnFiles;
pub use method::{GraphRouting, Method, Rerank, Routing};
pub use nsg::NsgRouting;
pub use rotation::Transform;
pub use searcher::{QueryScratch, Searcher, Wanted};
