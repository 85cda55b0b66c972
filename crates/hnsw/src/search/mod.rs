//! Best-first search, the trace of every visit, and the answers of each engine class.

mod beam;
mod engine_class;
mod trace;

pub(crate) use beam::{DescentScratch, NoopRecord, descend, search_layer};
pub use beam::{Search, Traversal};
pub use engine_class::{Answer, EngineClass, UnknownEngineClass};
pub use trace::{Visit, Visits};
