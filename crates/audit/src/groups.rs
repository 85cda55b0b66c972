//! Loss by group: queries of one class, language or tenant, each with its share of all loss.
//!
//! Enters: a name per query of the population, and the table of all queries measured. Leaves: per
//! (k, effort) a [`GroupsAt`], the group with the least overlap first. A share of the loss above the
//! share of the queries says that a group loses more than its part.

use super::by_group::{Group, GroupsAt};
use super::error::{AuditError, in_file};
use super::estimates::drawn_from;
use super::per_query::PerQuery;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::read_labels;
use annatomy_measures::estimate::{Estimate, Population, bounded_mean};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most groups; more are names of single queries.
const MOST_GROUPS: usize = 1_000;

/// A name per query of the population, and where it was given.
#[derive(Clone, Debug)]
pub(super) struct GivenGroups {
    path: PathBuf,
    names: Vec<String>,
}

impl GivenGroups {
    /// Out of a file.
    pub(super) fn read(path: &Path) -> Result<Self, AuditError> {
        let names = read_labels(path).map_err(in_file(path))?;
        Ok(Self {
            path: path.to_owned(),
            names,
        })
    }

    /// Out of memory.
    pub(super) fn given(names: Vec<String>) -> Self {
        let path = PathBuf::from("groups");
        Self { path, names }
    }

    /// Refuses another number of names than there are queries, and too many groups.
    pub(super) fn check(&self, data: &Dataset<'_>) -> Result<(), AuditError> {
        let population = data.queries.population;
        if self.names.len() != population {
            let queries = if data.queries.are_base_rows() {
                "the base"
            } else {
                "the file of queries"
            };
            return Err(AuditError::Shapes {
                path: self.path.clone(),
                what: "rows",
                found: self.names.len(),
                other: queries.to_owned(),
                expected: population,
            });
        }
        let mut names: Vec<&String> = self.names.iter().collect();
        names.sort_unstable();
        names.dedup();
        if names.len() > MOST_GROUPS {
            let (groups, path) = (names.len(), self.path.clone());
            let problem = format!(
                "{groups} groups of {population} queries: at most {MOST_GROUPS} are compared"
            );
            return Err(AuditError::Ids { path, problem });
        }
        Ok(())
    }

    /// The groups of every (k, effort) of `table`.
    pub(super) fn find(&self, data: &Dataset<'_>, table: &PerQuery) -> Vec<GroupsAt> {
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        for name in &self.names {
            *sizes.entry(name).or_default() += 1;
        }
        let is_finite = drawn_from(data) != Population::Unlimited;
        let mut found = Vec::new();
        for cell in table.rows.chunk_by(|a, b| (a.k, a.ef) == (b.k, b.ef)) {
            let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (place, row) in cell.iter().enumerate() {
                let name = &self.names[table.numbers[row.query]];
                members.entry(name).or_default().push(place);
            }
            let lost: f64 = cell.iter().map(|row| 1.0 - row.overlap).sum();
            let mut groups: Vec<Group> = Vec::with_capacity(members.len());
            for (name, places) in members {
                let rows = || places.iter().map(|&place| &cell[place]);
                let overlaps: Vec<f64> = rows().map(|row| row.overlap).collect();
                let population = if is_finite {
                    Population::Finite(sizes[name])
                } else {
                    Population::Unlimited
                };
                let lids = rows().map(|row| row.lid).filter(|lid| lid.is_finite());
                let own: f64 = overlaps.iter().map(|overlap| 1.0 - overlap).sum();
                groups.push(Group {
                    name: name.to_owned(),
                    queries: places.len(),
                    overlap: bounded_mean(&overlaps, population),
                    fill: rows().map(|row| row.fill).sum::<f64>() / places.len() as f64,
                    lid: Estimate::of(&lids.collect::<Vec<f64>>()).map(|lid| lid.point),
                    share_of_queries: places.len() as f64 / cell.len() as f64,
                    share_of_loss: (lost > 0.0).then(|| own / lost),
                });
            }
            let overlap = |group: &Group| group.overlap.map_or(1.0, |overlap| overlap.point);
            groups.sort_by(|a, b| overlap(a).total_cmp(&overlap(b)));
            found.push(GroupsAt {
                k: cell[0].k,
                ef: cell[0].ef,
                groups,
            });
        }
        found
    }
}
