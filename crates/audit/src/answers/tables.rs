//! The tables of ids and distances, checked against the queries and against each other.

use crate::error::{AuditError, check_equal};
use crate::given::GivenAnswers;
use crate::load::OpenAnswers;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{AnswerTable, BenchmarkRun, Role, Source, VectorFile};
use annatomy_vectors::Matrix;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Ids as they stand, one row per query of the population.
pub(super) struct Tables {
    pub(super) name: String,
    /// The run that made them, where the file says so.
    pub(super) run: Option<BenchmarkRun>,
    pub(super) ids: AnswerTable,
    pub(super) distances: Option<Matrix>,
    /// The row of the tables that answers each query measured.
    pub(super) places: Vec<usize>,
    /// The base row behind each name that an index gives its rows.
    pub(super) row_of_label: Option<HashMap<i64, u32>>,
}

impl Tables {
    /// The tables of an open file, checked against the queries and against each other.
    pub(super) fn new(opened: OpenAnswers, data: &Dataset) -> Result<Self, AuditError> {
        let OpenAnswers {
            path,
            run,
            ids,
            distances,
        } = opened;
        let queries = if data.queries.are_base_rows() {
            "the base"
        } else {
            "the file of queries"
        };
        if let Some(queries) = queries_in_file(&path, data, &ids) {
            return Err(AuditError::QueriesNotGiven {
                path: path.clone(),
                found: ids.rows(),
                expected: data.queries.population,
                queries,
            });
        }
        let population = data.queries.population;
        check_equal(&path, "rows", ids.rows(), queries, population)?;
        check_distances(&path, &ids, distances.as_ref(), "the file of distances")?;
        let (name, places) = (path.display().to_string(), data.queries.numbers.clone());
        Ok(Self {
            name,
            run,
            ids,
            distances,
            places,
            row_of_label: rows_of_labels(data),
        })
    }

    pub(super) fn given(answers: GivenAnswers, data: &Dataset) -> Result<Self, AuditError> {
        let GivenAnswers {
            name,
            ids,
            distances,
        } = answers;
        let path = Path::new(&name);
        let places = if ids.rows() == data.queries.count() {
            (0..ids.rows()).collect()
        } else {
            let population = data.queries.population;
            check_equal(path, "rows", ids.rows(), "the table of queries", population)?;
            data.queries.numbers.clone()
        };
        check_distances(path, &ids, distances.as_ref(), "the table of distances")?;
        Ok(Self {
            name,
            run: None,
            ids,
            distances,
            places,
            row_of_label: rows_of_labels(data),
        })
    }

    /// The base row that `id` names, if any; ids count from `first_id`.
    pub(super) fn base_row(&self, id: i64, first_id: i64, rows: usize) -> Option<u32> {
        match &self.row_of_label {
            Some(row_of_label) => row_of_label.get(&id).copied(),
            None => usize::try_from(id.checked_sub(first_id)?)
                .ok()
                .filter(|&row| row < rows)
                .map(|row| row as u32),
        }
    }
}

/// Refuses distances of another shape than the ids.
fn check_distances(
    path: &Path,
    ids: &AnswerTable,
    distances: Option<&Matrix>,
    other: &str,
) -> Result<(), AuditError> {
    let Some(distances) = distances else {
        return Ok(());
    };
    check_equal(path, "rows", ids.rows(), other, distances.rows())?;
    check_equal(path, "columns", ids.columns(), other, distances.columns())
}

/// The file of answers, if it holds a matrix `test` of as many rows as the answers and the base has
/// another number of rows: a benchmark's file, given without `--queries`.
fn queries_in_file(path: &Path, data: &Dataset, answers: &AnswerTable) -> Option<PathBuf> {
    if !data.queries.are_base_rows() || answers.rows() == data.queries.population {
        return None;
    }
    let source = Source::parse(path);
    let test = VectorFile::open_member(source.path(), Role::Queries.customary_name()).ok()?;
    let fits = test.rows() == answers.rows() && test.columns() == data.base.columns();
    fits.then(|| source.path().to_owned())
}

fn rows_of_labels(data: &Dataset) -> Option<HashMap<i64, u32>> {
    data.labels
        .as_ref()
        .map(|labels| labels.iter().copied().zip(0..).collect())
}
