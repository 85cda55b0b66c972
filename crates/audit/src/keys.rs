//! Primary keys of the base rows: read once, checked against the base and the labels of an index.
//!
//! Enters: a file of ids or ids in memory. Leaves: the data set named by them, so that answers,
//! allowed rows, tables, predictions and reports speak them. A column of ids next to VECTORS and the
//! labels of an index lead to the same place, `Dataset::ids`.

use super::error::{AuditError, in_file};
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{RowId, RowIds, RowIndex, read_row_ids};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ids as they were given, and where.
#[derive(Clone, Debug)]
pub(super) struct GivenIds {
    path: PathBuf,
    ids: Arc<RowIds>,
}

impl GivenIds {
    /// Out of a file.
    pub(super) fn read(path: &Path) -> Result<Self, AuditError> {
        let ids = read_row_ids(path).map_err(in_file(path))?;
        Ok(Self {
            path: path.to_owned(),
            ids: Arc::new(ids),
        })
    }

    /// Out of memory.
    pub(super) fn given(ids: Arc<RowIds>) -> Result<Self, AuditError> {
        let path = PathBuf::from("ids");
        ids.check().map_err(|error| in_file(&path)(error.into()))?;
        Ok(Self { path, ids })
    }

    /// Names the rows of `data`. Where an index gives its rows labels, those must be these ids, and say
    /// which row is whose.
    pub(super) fn name(self, data: &mut Dataset<'_>) -> Result<(), AuditError> {
        let Self { path, ids } = self;
        let rows = data.base.rows();
        if ids.len() != rows {
            return Err(AuditError::Shapes {
                path,
                what: "ids",
                found: ids.len(),
                other: data.name.clone(),
                expected: rows,
            });
        }
        let Some(labels) = &data.ids else {
            data.ids = Some(ids);
            return Ok(());
        };
        let index = RowIndex::new(&ids);
        let row_of = |label: &RowId| match label {
            RowId::Integer(label) => index.row_of_integer(*label),
            RowId::Unsigned(label) => index.row_of_unsigned(*label),
            RowId::Text(label) => index.row_of_text(label),
        };
        let mut places = Vec::with_capacity(rows);
        let (mut unknown, mut first) = (0, None);
        for row in 0..rows {
            let label = labels.get(row);
            if let Some(place) = row_of(&label) {
                places.push(place as usize);
            } else {
                unknown += 1;
                first = first.or(Some(label));
            }
        }
        if let Some(label) = first {
            let problem = format!(
                "the index calls {unknown} of its {rows} rows by labels that are not among these ids, the first {label}"
            );
            return Err(AuditError::Ids { path, problem });
        }
        let named = ids.select(&places);
        named
            .check()
            .map_err(|error| in_file(Path::new("the index"))(error.into()))?;
        data.ids = Some(Arc::new(named));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dataset, line};

    fn named(ids: RowIds, labels: Option<RowIds>) -> Result<RowIds, String> {
        let mut data = dataset(line(&[0.0, 1.0, 2.0]), None);
        data.ids = labels.map(Arc::new);
        let given = GivenIds::given(Arc::new(ids)).map_err(|error| error.to_string())?;
        given.name(&mut data).map_err(|error| error.to_string())?;
        Ok(data.ids.expect("named").as_ref().clone())
    }

    fn integers(ids: &[i64]) -> RowIds {
        RowIds::Integers(ids.to_vec())
    }

    #[test]
    fn ids_name_rows_and_the_labels_of_an_index_say_which() {
        assert_eq!(named(integers(&[7, 5, 6]), None), Ok(integers(&[7, 5, 6])));
        let labels = Some(integers(&[6, 7, 5]));
        assert_eq!(
            named(integers(&[7, 5, 6]), labels.clone()),
            Ok(integers(&[6, 7, 5]))
        );
        let texts = RowIds::Texts(["5", "6", "7"].map(str::to_owned).to_vec());
        let expected = RowIds::Texts(["6", "7", "5"].map(str::to_owned).to_vec());
        assert_eq!(named(texts, labels), Ok(expected));
    }

    #[test]
    fn ids_that_do_not_fit_are_refused_with_the_numbers() {
        let refused =
            |ids: &[i64], labels: Option<RowIds>| named(integers(ids), labels).unwrap_err();
        assert_eq!(refused(&[1, 2], None), "ids has 2 ids, and hand has 3");
        assert!(refused(&[1, 2, 1], None).starts_with("ids: row 2 has id 1, which row 0"));
        let other = Some(integers(&[1, 9, 8]));
        let words = "ids: the index calls 2 of its 3 rows by labels that are not among these ids, the first 9";
        assert_eq!(refused(&[1, 2, 3], other), words);
        let twice = Some(integers(&[1, 2, 2]));
        assert!(refused(&[1, 2, 3], twice).starts_with("the index: row 2 has id 2"));
    }
}
