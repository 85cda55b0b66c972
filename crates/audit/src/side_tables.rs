//! Side tables: what is given of rows and queries next to their vectors.
//!
//! Enters: primary keys of the base rows, the rows that queries may be answered with, a group per query;
//! as files or in memory. Leaves: a data set whose rows have those keys and whose filter those rows; the
//! groups, checked against the queries.

use super::error::AuditError;
use super::filter::{self, GivenRows};
use super::given::Given;
use super::groups::GivenGroups;
use super::keys::GivenIds;
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::FilterRule;

/// The side tables of one audit.
#[derive(Debug)]
pub(super) struct SideTables {
    pub(super) ids: Option<GivenIds>,
    pub(super) allowed: Option<GivenRows>,
    pub(super) groups: Option<GivenGroups>,
}

impl SideTables {
    /// Out of memory.
    pub(super) fn given(given: &mut Given<'_>) -> Result<Self, AuditError> {
        Ok(Self {
            ids: given.ids.take().map(GivenIds::given).transpose()?,
            allowed: given.allowed.take().map(GivenRows::given),
            groups: given.groups.take().map(GivenGroups::given),
        })
    }

    /// Joins them to `data`. Queries are never answered with `deleted` rows; the search filters by
    /// `rule`.
    pub(super) fn join(
        self,
        data: &mut Dataset<'_>,
        deleted: &[u32],
        rule: FilterRule,
    ) -> Result<Option<GivenGroups>, AuditError> {
        if let Some(groups) = &self.groups {
            groups.check(data)?;
        }
        if let Some(ids) = self.ids {
            ids.name(data)?;
        }
        let allowed = filter::allowed(self.allowed.as_ref(), deleted, data)?;
        data.filter = allowed.map(|allowed| Filter { allowed, rule });
        Ok(self.groups)
    }
}
