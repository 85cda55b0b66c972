//! The tables of ids and distances, checked against the queries and against each other.

use crate::error::{AuditError, check_equal, in_file};
use crate::given::GivenAnswers;
use crate::load::OpenAnswers;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{
    AnswerTable, BenchmarkRun, IdTable, NumberedAnswers, ReadError, Role, RowId, RowIds, RowIndex,
    Source, VectorFile,
};
use annatomy_vectors::Matrix;
use std::path::{Path, PathBuf};

/// Ids as they stand, or row numbers in the place of primary keys; one row per query of the
/// population.
pub(super) struct Tables {
    pub(super) name: String,
    /// The run that made them, where the file says so.
    pub(super) run: Option<BenchmarkRun>,
    pub(super) ids: AnswerTable,
    pub(super) distances: Option<Matrix>,
    /// The row of the tables that answers each query measured.
    pub(super) places: Vec<usize>,
    /// Whether ids were primary keys, and are row numbers here.
    pub(super) named: bool,
    /// The ids that no row has, in the order of the numbers from n on that stand for them here.
    pub(super) unknown: Vec<RowId>,
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
        let named = data.ids.is_some();
        let answers = numbered(ids, data).map_err(in_file(&path))?;
        Ok(Self {
            name,
            run,
            ids: answers.table,
            distances,
            places,
            named,
            unknown: answers.unknown,
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
        let named = data.ids.is_some();
        let answers = numbered(ids, data).map_err(in_file(path))?;
        Ok(Self {
            name,
            run: None,
            ids: answers.table,
            distances,
            places,
            named,
            unknown: answers.unknown,
        })
    }

    /// The base row that `id` names, if any; ids count from `first_id`.
    #[expect(clippy::unused_self, reason = "the ids of this table are row numbers")]
    pub(super) fn base_row(&self, id: i64, first_id: i64, rows: usize) -> Option<u32> {
        usize::try_from(id.checked_sub(first_id)?)
            .ok()
            .filter(|&row| row < rows)
            .map(|row| row as u32)
    }

    /// Every row that an id of the queries measured can name, counted from 0 or from 1.
    pub(super) fn named_rows(&self, rows: usize) -> Vec<usize> {
        let mut named = Vec::new();
        for &place in &self.places {
            for &id in self.ids.row(place) {
                let either = [0, 1].map(|first_id| self.base_row(id, first_id, rows));
                named.extend(either.into_iter().flatten().map(|row| row as usize));
            }
        }
        named.sort_unstable();
        named.dedup();
        named
    }

    /// Reads ids as those of `column`, in a base of `rows` rows.
    pub(super) fn rename(&mut self, column: &RowIds, rows: usize) {
        let ids = IdTable::from(std::mem::replace(
            &mut self.ids,
            AnswerTable::from_ids(1, vec![]),
        ));
        let found = RowIndex::new(column).numbered(&ids, rows);
        (self.ids, self.unknown, self.named) = (found.table, found.unknown, true);
    }
}

/// `ids` by row number, if `data` has primary keys.
fn numbered(ids: IdTable, data: &Dataset) -> Result<NumberedAnswers, ReadError> {
    match &data.ids {
        Some(names) => Ok(RowIndex::new(names).numbered(&ids, data.base.rows())),
        None => Ok(NumberedAnswers {
            table: ids.into_answers()?,
            unknown: Vec::new(),
        }),
    }
}

/// Refuses distances of another shape than the ids.
fn check_distances(
    path: &Path,
    ids: &IdTable,
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
fn queries_in_file(path: &Path, data: &Dataset, answers: &IdTable) -> Option<PathBuf> {
    if !data.queries.are_base_rows() || answers.rows() == data.queries.population {
        return None;
    }
    let source = Source::parse(path);
    let test = VectorFile::open_member(source.path(), Role::Queries.customary_name()).ok()?;
    let fits = test.rows() == answers.rows() && test.columns() == data.base.columns();
    fits.then(|| source.path().to_owned())
}
