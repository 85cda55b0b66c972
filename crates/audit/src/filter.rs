//! Which rows queries may be answered with: what was given, less the rows that the index holds as
//! deleted.
//!
//! Enters: a mask or ids as they were given, by the names that the engine has for rows. Leaves: the
//! rows of the base that they mean.

use super::error::{AuditError, in_file};
use annatomy_eval::allowed::Allowed;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{IdTable, NumberedAnswers, RowIndex, Selection, read_selection};
use std::path::{Path, PathBuf};

/// What was given, and where.
#[derive(Clone, Debug)]
pub(super) struct GivenRows {
    pub(super) path: PathBuf,
    pub(super) rows: Selection,
}

/// The rows of the base of `data` that are allowed; `None` where every row is.
pub(super) fn allowed(
    given: Option<&GivenRows>,
    deleted: &[u32],
    data: &Dataset<'_>,
) -> Result<Option<Allowed>, AuditError> {
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
    allowed.map(Some).map_err(problem)
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

    fn of_ids(&self, table: &IdTable, data: &Dataset<'_>) -> Result<Vec<Vec<u32>>, AuditError> {
        let rows = data.base.rows();
        let NumberedAnswers { table, unknown } = match &data.ids {
            Some(ids) => RowIndex::new(ids).numbered(table, rows),
            None => NumberedAnswers {
                table: table.clone().into_answers().map_err(in_file(&self.path))?,
                unknown: Vec::new(),
            },
        };
        let mut lists = Vec::new();
        for place in self.places(table.rows(), data)? {
            let mut list = Vec::new();
            for &id in table.row(place) {
                let row = usize::try_from(id).ok().filter(|&row| row < rows);
                match row {
                    Some(row) => list.push(row as u32),
                    None if id == annatomy_formats::EMPTY_SLOT => {}
                    None => {
                        let beyond = usize::try_from(id).ok();
                        let named = beyond.and_then(|row| unknown.get(row - rows));
                        let id = named.map_or(id.to_string(), ToString::to_string);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dataset, line};
    use annatomy_eval::dataset::QueryRows;
    use annatomy_formats::{AnswerTable, RowIds};
    use std::sync::Arc;

    /// Six rows on a line; rows 1 and 4 of them are the queries that are measured.
    fn data() -> Dataset<'static> {
        let mut data = dataset(line(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), None);
        data.queries = QueryRows::base_rows(vec![1, 4], 6);
        data
    }

    fn mask(columns: usize, rows: &str) -> GivenRows {
        let values = rows
            .chars()
            .filter(|sign| *sign != ' ')
            .map(|sign| sign == 'x');
        let values = values.collect();
        GivenRows::given(Selection::Mask { columns, values })
    }

    fn ids(columns: usize, ids: &[i64]) -> GivenRows {
        let table = AnswerTable::from_ids(columns, ids.to_vec());
        GivenRows::given(Selection::Ids(table.into()))
    }

    /// What each of the two queries may be answered with.
    fn of(given: &GivenRows, deleted: &[u32], data: &Dataset<'_>) -> [Vec<u32>; 2] {
        let found = allowed(Some(given), deleted, data)
            .expect("rows")
            .expect("a filter");
        [0, 1].map(|query| found.of(query).collect())
    }

    fn refused(given: &GivenRows, data: &Dataset<'_>) -> String {
        allowed(Some(given), &[], data)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn a_mask_is_of_all_queries_of_those_measured_or_of_the_population() {
        let data = data();
        let shared = of(&mask(6, "x..x.x"), &[], &data);
        assert_eq!(shared, [vec![0, 3, 5], vec![0, 3, 5]]);
        let measured = of(&mask(6, "x.....  .xx..."), &[], &data);
        assert_eq!(measured, [vec![0], vec![1, 2]]);
        let all = "x.....  .x....  ..x...  ...x..  ....xx  .....x";
        assert_eq!(
            of(&mask(6, all), &[], &data),
            [vec![1], vec![4, 5]],
            "rows 1 and 4 of it"
        );
    }

    #[test]
    fn ids_are_rows_or_labels_and_empty_slots_fill_short_lists() {
        let mut data = data();
        let lists = ids(3, &[5, 0, -1, 2, 2, 3]);
        assert_eq!(of(&lists, &[], &data), [vec![0, 5], vec![2, 3]]);
        let named = RowIds::Integers(vec![60, 50, 40, 30, 20, 10]);
        data.ids = Some(Arc::new(named));
        assert_eq!(of(&ids(2, &[10, 60]), &[], &data), [vec![0, 5], vec![0, 5]]);
        let words = refused(&ids(2, &[10, 5]), &data);
        assert!(
            words.contains("row 0 allows 5") && words.contains("6 rows"),
            "{words}"
        );
    }

    #[test]
    fn deleted_rows_are_taken_out_of_what_is_given_and_of_all() {
        let data = data();
        assert_eq!(
            of(&mask(6, "xx.x.."), &[1, 5], &data),
            [vec![0, 3], vec![0, 3]]
        );
        let alone = allowed(None, &[0, 2], &data)
            .expect("rows")
            .expect("a filter");
        assert_eq!(alone.of(1).collect::<Vec<_>>(), [1, 3, 4, 5]);
        assert!(alone.is_shared());
        assert!(allowed(None, &[], &data).expect("nothing").is_none());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_numbers() {
        let data = data();
        let words = refused(&mask(5, "xx.x."), &data);
        assert!(
            words.contains("a mask over 5 rows, and the base has 6"),
            "{words}"
        );
        let words = refused(&ids(1, &[0, 1, 2]), &data);
        assert!(words.contains("3 rows for 6 queries"), "{words}");
        for id in [6, -2] {
            let words = refused(&ids(1, &[id]), &data);
            assert!(words.contains(&format!("row 0 allows {id}")), "{words}");
        }
    }
}
