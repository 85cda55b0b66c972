//! Best-first search, the trace of every visit, and the answers of each engine class.

mod beam;
mod engine_class;
mod engine_search;
mod filter_rule;
mod groups;
mod merge;
mod record;
mod searches;
mod trace;

pub(crate) use beam::{DescentScratch, descend, search_layer};
pub use engine_class::{Answer, EngineClass, UnknownEngineClass};
pub use engine_search::EngineSearch;
pub use filter_rule::{FilterRule, UnknownFilterRule};
pub use groups::ScanRecord;
pub(crate) use record::{NoopRecord, SearchRecord};
pub use searches::{Search, Traversal};
pub use trace::{Visit, VisitCounts, Visits};
