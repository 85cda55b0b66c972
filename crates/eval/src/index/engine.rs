//! The graph of a live engine: what it saved, checked against the caller's rows.
//!
//! Enters: a [`SavedIndex`], which holds a copy of every vector. Leaves: the same graph over the
//! caller's own rows where those hold the same values, so that the copy can go; otherwise with the
//! engine's rows.

use super::{Index, IndexError, IndexFacts};
use annatomy_hnsw::import::{Arithmetic, EngineBuild, SavedIndex};
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, validate};
use std::borrow::Cow;

/// What an engine saved, taken apart.
#[derive(Debug)]
pub struct EngineIndex {
    /// The graph, searched in the engine's own order of summation.
    pub index: Index,
    /// The engine's rows, n × d, where they are not the caller's.
    pub rows: Option<Matrix>,
    /// What the engine calls each row, n labels, where that is not its number.
    pub labels: Option<Vec<i64>>,
}

/// Where two matrices of one shape first differ by more than rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The row.
    pub row: usize,
    /// The column.
    pub column: usize,
    /// The value in the first matrix.
    pub found: f32,
    /// The value in the second one.
    pub expected: f32,
}

/// The first place, row by row, where `given` and `kept` differ by more than rounding.
pub fn first_difference(given: MatrixView<'_>, kept: MatrixView<'_>) -> Option<Difference> {
    let differ = |found: f32, expected: f32| {
        (found - expected).abs() > 1e-5 * found.abs().max(expected.abs()).max(1e-3)
    };
    (0..given.rows()).find_map(|row| {
        let mut pairs = given.row(row).iter().zip(kept.row(row)).enumerate();
        let found = pairs.find(|(_, (found, expected))| differ(**found, **expected));
        found.map(|(column, (&found, &expected))| Difference {
            row,
            column,
            found,
            expected,
        })
    })
}

impl EngineIndex {
    /// `metric` where the engine does not save it; `arithmetic` by default that of this machine;
    /// `rows` are the vectors that were added, in the order of their ids.
    pub fn new(
        saved: SavedIndex,
        metric: Option<Metric>,
        arithmetic: Option<Arithmetic>,
        rows: Option<MatrixView<'_>>,
    ) -> Result<Self, IndexError> {
        validate::check_finite(saved.vectors.view()).map_err(|source| IndexError::Values {
            what: "index",
            source,
        })?;
        let metric = choose_metric(metric, saved.metric)?;
        let kept = saved.vectors.view();
        let same = rows.is_some_and(|rows| same_values(rows, kept));
        if let Some(rows) = rows.filter(|_| !same) {
            compare(rows, kept, metric, saved.labels.is_some())?;
        }
        let mut taken = Self::of_saved(saved, metric, arithmetic);
        if same {
            taken.rows = None;
        }
        Ok(taken)
    }

    /// The parts of `saved`, searched under `metric`; nothing is compared.
    pub fn of_saved(saved: SavedIndex, metric: Metric, arithmetic: Option<Arithmetic>) -> Self {
        let facts = IndexFacts {
            segments: Vec::new(),
            source: format!("{} index", saved.engine),
            class: saved.engine.class(),
            m: saved.m,
            ef_construction: saved.ef_construction,
            ef_search: saved.ef_search,
        };
        let build = EngineBuild::new(saved.engine, arithmetic);
        let columns = saved.vectors.columns();
        Self {
            index: Index::of_engine(saved.graph, metric, columns, build, facts),
            rows: Some(saved.vectors),
            labels: saved.labels,
        }
    }
}

fn choose_metric(asked: Option<Metric>, built: Option<Metric>) -> Result<Metric, IndexError> {
    match (asked, built) {
        // Of unit length, rows are compared alike by both; what the index says decides its
        // arithmetic.
        (Some(Metric::Cosine), Some(Metric::InnerProduct)) => Ok(Metric::InnerProduct),
        (Some(asked), Some(built)) if asked != built => Err(IndexError::Metric { asked, built }),
        (asked, built) => Ok(built.or(asked).unwrap_or(Metric::L2)),
    }
}

fn same_values(given: MatrixView<'_>, kept: MatrixView<'_>) -> bool {
    given.columns() == kept.columns() && given.values() == kept.values()
}

/// Rows that the engine calls by other names than their numbers are compared in shape alone.
fn compare(
    given: MatrixView<'_>,
    kept: MatrixView<'_>,
    metric: Metric,
    labeled: bool,
) -> Result<(), IndexError> {
    if (given.rows(), given.columns()) != (kept.rows(), kept.columns()) {
        return Err(IndexError::OtherRows {
            rows: given.rows(),
            columns: given.columns(),
            expected_rows: kept.rows(),
            expected_columns: kept.columns(),
        });
    }
    let unusable = |source| IndexError::Values { what: "X", source };
    validate::check(given, metric).map_err(unusable)?;
    if labeled {
        return Ok(());
    }
    let mut scaled = Cow::Borrowed(given.values());
    if metric == Metric::Cosine {
        let mut copy = given.to_matrix();
        normalize_rows(&mut copy).map_err(unusable)?;
        scaled = Cow::Owned(copy.values().to_vec());
    }
    let scaled = MatrixView::new(given.rows(), given.columns(), &scaled)
        .expect("the shape of the rows given");
    match first_difference(scaled, kept) {
        None => Ok(()),
        Some(Difference {
            row,
            column,
            found,
            expected,
        }) => Err(IndexError::OtherValues {
            row,
            column,
            found,
            expected,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, unit_noise};

    fn golden(name: &str) -> SavedIndex {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../hnsw/tests/goldens/");
        SavedIndex::read(format!("{folder}{name}")).expect("an index")
    }

    #[test]
    fn rounding_is_no_difference_and_a_hundred_thousandth_is() {
        let rows = Matrix::new(2, 3, vec![1.0, -2.0, 0.0, 4.0, 1e-4, 6.0]).expect("2 × 3");
        let changed = |row: usize, column: usize, value: f32| {
            let mut other = rows.clone();
            other.row_mut(row)[column] = value;
            first_difference(other.view(), rows.view())
        };
        assert_eq!(first_difference(rows.view(), rows.view()), None);
        assert_eq!(changed(1, 2, 6.000_05), None, "within 6e-5 of 6");
        let found = changed(1, 2, 6.000_1).expect("beyond it");
        let right = Difference {
            row: 1,
            column: 2,
            found: 6.000_1,
            expected: 6.0,
        };
        assert_eq!(found, right);
        // Near zero what counts is 1e-8.
        assert_eq!(changed(0, 2, 9e-9), None);
        assert!(changed(0, 2, 2e-8).is_some());
        assert_eq!(
            changed(0, 1, 2.0).map(|found| (found.row, found.column)),
            Some((0, 1))
        );
    }

    #[test]
    fn the_metric_of_the_index_stands_and_one_that_contradicts_it_is_refused() {
        use Metric::{Cosine, InnerProduct, L2};
        let chosen = |asked, built| choose_metric(asked, built).ok();
        assert_eq!(chosen(None, None), Some(L2));
        assert_eq!(chosen(Some(Cosine), None), Some(Cosine));
        assert_eq!(chosen(None, Some(InnerProduct)), Some(InnerProduct));
        assert_eq!(chosen(Some(L2), Some(L2)), Some(L2));
        assert_eq!(chosen(Some(Cosine), Some(InnerProduct)), Some(InnerProduct));
        for (asked, built) in [(L2, InnerProduct), (InnerProduct, L2), (Cosine, L2)] {
            let error = choose_metric(Some(asked), Some(built)).expect_err("refused");
            let words = error.to_string();
            let names = [asked, built].map(|metric| metric.to_string());
            assert!(names.iter().all(|name| words.contains(name)), "{words}");
        }
    }

    #[test]
    fn rows_that_the_engine_keeps_need_no_copy_and_others_are_refused() {
        let saved = golden("faiss_l2.index");
        let rows = saved.vectors.clone();
        let taken = |rows: &Matrix| {
            EngineIndex::new(golden("faiss_l2.index"), None, None, Some(rows.view()))
        };
        let same = taken(&rows).expect("the same values");
        assert!(same.rows.is_none() && same.labels.is_none());
        assert_eq!(same.index.graph(), &saved.graph);
        assert_eq!(
            (same.index.facts.m, same.index.metric()),
            (saved.m, Metric::L2)
        );
        // Off by rounding alone, the engine's own bits are searched.
        let mut rounded = rows.clone();
        rounded.row_mut(3)[1] *= 1.0 + 2e-6;
        assert_eq!(taken(&rounded).expect("rounding").rows, Some(rows.clone()));
        let mut other = rows.clone();
        other.row_mut(3)[1] += 0.5;
        let error = taken(&other).expect_err("another row");
        let place = matches!(
            error,
            IndexError::OtherValues {
                row: 3,
                column: 1,
                ..
            }
        );
        assert!(place, "{error}");
        let error = taken(&noise(7, rows.columns(), 1)).expect_err("seven rows");
        let shapes = matches!(error, IndexError::OtherRows { rows: 7, .. });
        assert!(shapes, "{error}");
        let whole = EngineIndex::new(golden("faiss_l2.index"), None, None, None);
        assert_eq!(whole.expect("its own rows").rows, Some(rows));
    }

    #[test]
    fn cosine_compares_directions_and_labels_leave_only_the_shape() {
        let kept = unit_noise(9, 4, 3);
        let scaled: Vec<f32> = kept.values().iter().map(|value| 3.0 * value).collect();
        let scaled = Matrix::new(9, 4, scaled).expect("9 × 4");
        let cosine = |labeled| compare(scaled.view(), kept.view(), Metric::Cosine, labeled);
        assert!(cosine(false).is_ok());
        let l2 = compare(scaled.view(), kept.view(), Metric::L2, false);
        assert!(matches!(l2, Err(IndexError::OtherValues { row: 0, .. })));
        let other = noise(9, 4, 8);
        assert!(
            compare(other.view(), kept.view(), Metric::L2, true).is_ok(),
            "named rows"
        );
        let narrow = noise(9, 3, 8);
        let error = compare(narrow.view(), kept.view(), Metric::L2, true).expect_err("columns");
        assert!(
            matches!(error, IndexError::OtherRows { columns: 3, .. }),
            "{error}"
        );
        let mut zero = other;
        zero.row_mut(2).fill(0.0);
        assert!(
            compare(zero.view(), kept.view(), Metric::Cosine, true).is_err(),
            "no direction"
        );
    }
}
