//! How engines answer where only some rows are allowed: three rules, all lookups in one trace.
//!
//! | rule | engines | search of effort ef | answer |
//! |---|---|---|---|
//! | count all | FAISS (`IDSelector`) | stops as without a filter | the k best allowed rows of what was visited |
//! | count allowed | hnswlib (filter, deleted rows), usearch, Lucene | stops at the first pop with ef allowed rows strictly nearer | the same |
//! | after the search | pgvector (iterative scan off) | stops as without a filter | the ef nearest visited rows, then the filter, then k |

use super::engine_class::EngineClass;
use std::fmt;
use std::str::FromStr;

/// What a filter does to a search and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterRule {
    /// The search counts every row, and returns allowed ones.
    CountAll,
    /// The search counts allowed rows alone, and goes on until there are ef of them.
    CountAllowed,
    /// The search knows of no filter; its ef rows are filtered.
    AfterSearch,
}

/// A name that is no filter rule's.
#[derive(Debug, thiserror::Error)]
#[error("unknown filter rule {0:?}: expected count-all, count-allowed or after-search")]
pub struct UnknownFilterRule(String);

impl FilterRule {
    /// Every rule, in the order of the module's table.
    pub const ALL: [Self; 3] = [Self::CountAll, Self::CountAllowed, Self::AfterSearch];

    /// The rule of the engines of a class: FAISS counts all rows, pgvector filters what a search
    /// found, the others count allowed rows.
    pub fn of(class: EngineClass) -> Self {
        match class {
            EngineClass::StopEarly => Self::CountAll,
            EngineClass::RowCap => Self::AfterSearch,
            EngineClass::Raise | EngineClass::Refuse | EngineClass::BeamIsK => Self::CountAllowed,
        }
    }
}

impl FromStr for FilterRule {
    type Err = UnknownFilterRule;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = |rule: &Self| rule.to_string() == name;
        let rule = Self::ALL.into_iter().find(named);
        rule.ok_or_else(|| UnknownFilterRule(name.to_owned()))
    }
}

impl fmt::Display for FilterRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CountAll => "count-all",
            Self::CountAllowed => "count-allowed",
            Self::AfterSearch => "after-search",
        })
    }
}
