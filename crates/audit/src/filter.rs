//! Which rows queries may be answered with: what was given, less the rows that the index holds as
//! deleted.
//!
//! Enters: a mask or ids as they were given, by the names that the engine has for rows. Leaves: the
//! filter of the data set, with the rule by which the engine searches.

use super::error::AuditError;
use super::load::in_file;
use super::request::AuditRequest;
use annatomy_eval::allowed::{Allowed, Filter};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::index::Index;
use annatomy_formats::{AnswerTable, Selection, read_selection};
use annatomy_hnsw::{EngineClass, FilterRule};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What was given, and where.
#[derive(Clone, Debug)]
pub(super) struct GivenRows {
    pub(super) path: PathBuf,
    pub(super) rows: Selection,
}

/// The filter over the base of `data`; `None` where every row is allowed.
pub(super) fn filter(
    given: Option<&GivenRows>,
    deleted: &[u32],
    data: &Dataset<'_>,
    rule: FilterRule,
) -> Result<Option<Filter>, AuditError> {
    if given.is_none() && deleted.is_empty() {
        return Ok(None);
    }
    let rows = data.base.rows();
    let mut lists: Vec<Vec<u32>> = match given {
        Some(given) => given.lists(data)?,
        None => vec![(0..rows as u32).collect()],
    };
    if !deleted.is_empty() {
        let mut is_deleted = vec![false; rows];
        for &row in deleted {
            is_deleted[row as usize] = true;
        }
        for list in &mut lists {
            list.retain(|&row| !is_deleted[row as usize]);
        }
    }
    let allowed = Allowed::new(rows, data.queries.count(), &lists);
    let path = given.map_or(Path::new("the index"), |given| &given.path);
    let problem = |error: annatomy_eval::allowed::MaskError| AuditError::Allowed {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let allowed = allowed.map_err(problem)?;
    Ok(Some(Filter { allowed, rule }))
}

/// The rule of the engines of a class: FAISS counts all rows, pgvector filters what a search found,
/// the others count allowed rows.
fn rule_of(class: EngineClass) -> FilterRule {
    match class {
        EngineClass::StopEarly => FilterRule::CountAll,
        EngineClass::RowCap => FilterRule::AfterSearch,
        EngineClass::Raise | EngineClass::Refuse | EngineClass::BeamIsK => FilterRule::CountAllowed,
    }
}

/// The rule asked for, or that of the engine that searches.
pub(super) fn rule(request: &AuditRequest, index: Option<&Index>) -> FilterRule {
    let class = match index {
        Some(index) => index.facts.class,
        None => request.graphs.preset.engine_class(),
    };
    request.filter_rule.unwrap_or_else(|| rule_of(class))
}

impl GivenRows {
    /// Reads a file of them.
    pub(super) fn read(path: &Path) -> Result<Self, AuditError> {
        let rows = read_selection(path).map_err(in_file(path))?;
        let path = path.to_owned();
        Ok(Self { path, rows })
    }

    /// From memory.
    pub(super) fn given(rows: Selection) -> Self {
        let path = PathBuf::from("allowed");
        Self { path, rows }
    }

    /// One list for all queries, or one per query measured.
    fn lists(&self, data: &Dataset<'_>) -> Result<Vec<Vec<u32>>, AuditError> {
        match &self.rows {
            Selection::Mask { columns, values } => self.of_mask(*columns, values, data),
            Selection::Ids(table) => self.of_ids(table, data),
        }
    }

    fn of_mask(
        &self,
        columns: usize,
        values: &[bool],
        data: &Dataset<'_>,
    ) -> Result<Vec<Vec<u32>>, AuditError> {
        let rows = data.base.rows();
        if columns != rows {
            return Err(self.wrong(format!(
                "a mask over {columns} rows, and the base has {rows}"
            )));
        }
        let masks: Vec<&[bool]> = values.chunks_exact(columns).collect();
        let meant = |mask: &[bool]| {
            let rows = (0..).zip(mask).filter(|(_, meant)| **meant);
            rows.map(|(row, _)| row).collect()
        };
        let places = self.places(masks.len(), data)?;
        Ok(places
            .into_iter()
            .map(|place| meant(masks[place]))
            .collect())
    }

    fn of_ids(&self, table: &AnswerTable, data: &Dataset<'_>) -> Result<Vec<Vec<u32>>, AuditError> {
        let labels = data.labels.as_deref();
        let row_of_label: Option<HashMap<i64, u32>> =
            labels.map(|labels| labels.iter().copied().zip(0..).collect());
        let rows = data.base.rows();
        let row_of = |id: i64| match &row_of_label {
            Some(rows) => rows.get(&id).copied(),
            None => u32::try_from(id).ok().filter(|&row| (row as usize) < rows),
        };
        let mut lists = Vec::new();
        for place in self.places(table.rows(), data)? {
            let mut list = Vec::new();
            for &id in table.row(place) {
                match row_of(id) {
                    Some(row) => list.push(row),
                    None if id == annatomy_formats::EMPTY_SLOT => {}
                    None => {
                        return Err(self.wrong(format!(
                            "row {place} allows {id}, which names none of the base's {rows} rows"
                        )));
                    }
                }
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// The rows of the table that are meant: the only one, or those of the queries measured.
    fn places(&self, found: usize, data: &Dataset<'_>) -> Result<Vec<usize>, AuditError> {
        let queries = &data.queries;
        if found == 1 {
            return Ok(vec![0]);
        }
        if found == queries.population {
            return Ok(queries.numbers.clone());
        }
        if found == queries.count() {
            return Ok((0..found).collect());
        }
        Err(self.wrong(format!(
            "{found} rows for {} queries: expected one for all, or one per query",
            queries.population
        )))
    }

    fn wrong(&self, problem: String) -> AuditError {
        AuditError::Allowed {
            path: self.path.clone(),
            problem,
        }
    }
}
