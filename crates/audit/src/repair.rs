//! Neighbor tables with their bad rows replaced by exact search, in the form that UMAP's
//! `precomputed_knn` takes.

use super::answers::{Answers, CleanRow};
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{SlotIds, WriteError, write_id_table, write_matrix};
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::TIE_TOLERANCE;
use annatomy_vectors::{MatrixView, Metric, PointId};
use std::path::{Path, PathBuf};

/// A table without empty slots.
#[derive(Clone, Debug, PartialEq)]
pub struct RepairedTable {
    /// Rows.
    pub rows: usize,
    /// Slots per row, the query itself in the first if the answers included it.
    pub columns: usize,
    /// Ids of base rows, nearest first.
    pub ids: SlotIds,
    /// True distances.
    pub distances: Vec<f32>,
    /// Rows that were replaced.
    pub replaced: usize,
}

/// `exact` holds at least as many neighbors as the answers have slots. A row stays if all its
/// neighbors are right.
pub(super) fn repair(answers: &Answers, data: &Dataset, exact: &NeighborTable) -> RepairedTable {
    let slots = answers.slots;
    let with_self = answers.facts.self_included && data.queries.are_base_rows();
    let columns = slots + usize::from(with_self);
    let (mut rows, mut distances): (Vec<i64>, _) = (vec![], vec![]);
    let mut replaced = 0;
    for (query, row) in answers.rows.iter().enumerate() {
        if with_self {
            let own = data.queries.own_id(query);
            rows.extend(own.map(i64::from));
            distances.extend(own.map(|own| match data.metric {
                Metric::InnerProduct => data.distance(query, own),
                Metric::L2 | Metric::Cosine => 0.0,
            }));
        }
        let nearest = &exact.ids(query)[..slots];
        let ids: Vec<u32> = row.answer.filled(slots).collect();
        if ids.len() == slots && !row.out_of_order && is_right(row, &ids, exact, query) {
            rows.extend(ids.iter().map(|&id| i64::from(id)));
            distances.extend(&row.distances[..slots]);
        } else {
            replaced += 1;
            for id in nearest.iter().flatten() {
                rows.push(id.0.into());
                distances.push(data.distance(query, id.0));
            }
        }
    }
    RepairedTable {
        rows: answers.rows.len(),
        columns,
        ids: data.slot_ids(rows),
        distances,
        replaced,
    }
}

/// Whether all of a full row's neighbors are exact ones, or tie with the farthest of them.
fn is_right(row: &CleanRow, ids: &[u32], exact: &NeighborTable, query: usize) -> bool {
    let slots = ids.len();
    let limit = f64::from(exact.distances(query)[slots - 1]);
    let limit = limit + limit.abs() * TIE_TOLERANCE;
    // The exact list's own float32 distances may lie a few parts in a million below those computed
    // here.
    let nearest = &exact.ids(query)[..slots];
    ids.iter().zip(&row.distances).all(|(&id, &distance)| {
        f64::from(distance) <= limit || nearest.contains(&Some(PointId(id)))
    })
}

impl RepairedTable {
    /// Where the distances of a table at `path` go: `ids.npy` has `ids.distances.npy`, `ids.ivecs`
    /// has `ids.distances.fvecs`, `ids.jsonl` has `ids.distances.npy`.
    pub fn distances_path(path: &Path) -> PathBuf {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let ending = match ending.to_ascii_lowercase().as_str() {
            "ivecs" => "fvecs".to_owned(),
            "ibin" => "fbin".to_owned(),
            "jsonl" | "ndjson" | "csv" | "parquet" => "npy".to_owned(),
            _ => ending.into_owned(),
        };
        path.with_extension(format!("distances.{ending}"))
    }

    /// Writes the ids to `path` and the distances next to it, `.distances` before the ending;
    /// returns where those are.
    ///
    /// # Errors
    /// If a file cannot be written, or its ending names no format of ids.
    pub fn write(&self, path: &Path) -> Result<PathBuf, WriteError> {
        let distances = Self::distances_path(path);
        write_id_table(path, self.columns, &self.ids)?;
        let view =
            MatrixView::new(self.rows, self.columns, &self.distances).expect("a distance per id");
        write_matrix(&distances, view)?;
        Ok(distances)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers;
    use crate::exact;
    use crate::given::GivenAnswers;
    use crate::testing::{dataset, line};
    use annatomy_formats::{AnswerTable, RowIds, read_distances, read_id_table};
    use std::sync::Arc;

    fn integers(ids: &[i64]) -> SlotIds {
        SlotIds::Integers(ids.to_vec())
    }

    /// Answers of a base whose rows lie on a line.
    fn repaired(
        points: &[f32],
        columns: usize,
        ids: Vec<i64>,
        labels: Option<Vec<i64>>,
    ) -> RepairedTable {
        let mut data = dataset(line(points), None);
        data.ids = labels.map(|labels| Arc::new(RowIds::Integers(labels)));
        let given = GivenAnswers {
            name: String::new(),
            ids: AnswerTable::from_ids(columns, ids).into(),
            distances: None,
        };
        let answers = answers::given(Some(given), &data).expect("of one shape");
        let answers = answers.expect("given");
        let truth = exact::neighbors(&data, answers.slots, 1 << 20).expect("small");
        repair(&answers, &data, truth.table().expect("lists"))
    }

    #[test]
    fn rows_that_are_right_stay_and_all_others_are_searched_again() {
        // Rows at 0, 1, 3, 7, 15.
        let points = [0.0, 1.0, 3.0, 7.0, 15.0];
        let table = repaired(
            &points,
            2,
            vec![
                1, 2, // right
                0, 3, // 3 is not among the two nearest
                1, -1, // a slot is empty
                1, 2, // not nearest first
                3, 2, // right
            ],
            None,
        );
        assert_eq!((table.rows, table.columns, table.replaced), (5, 2, 3));
        assert_eq!(table.ids, integers(&[1, 2, 0, 2, 1, 0, 2, 1, 3, 2]));
        assert_eq!(
            table.distances,
            [1.0, 3.0, 1.0, 2.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]
        );
    }

    #[test]
    fn a_row_as_far_as_the_last_neighbor_stays() {
        // The neighbors of 0 at distance 2 are row 1 and row 2: either may be returned.
        let table = repaired(&[0.0, 2.0, -2.0, 9.0], 1, vec![2, 0, 0, 1], None);
        assert_eq!((table.replaced, table.ids), (0, integers(&[2, 0, 0, 1])));
    }

    #[test]
    fn the_query_itself_comes_first_where_answers_hold_it_and_rows_have_labels() {
        let labels = vec![70, 60, 50];
        let ids = vec![70, 60, 60, 70, 50, 70];
        let table = repaired(&[0.0, 1.0, 5.0], 2, ids, Some(labels));
        assert_eq!((table.columns, table.replaced), (2, 1));
        assert_eq!(
            table.ids,
            integers(&[70, 60, 60, 70, 50, 60]),
            "the last row's 70 is farther than 60"
        );
        assert_eq!(table.distances, [0.0, 1.0, 0.0, 1.0, 0.0, 4.0]);
    }

    #[test]
    fn tables_are_read_back_as_they_were_written() {
        let table = repaired(&[0.0, 1.0, 3.0], 2, vec![1, 2, 0, 2, 1, 0], None);
        let folder = tempfile::tempdir().expect("a folder");
        for (name, of_distances) in [
            ("ids.npy", "ids.distances.npy"),
            ("ids.ivecs", "ids.distances.fvecs"),
            ("ids.ibin", "ids.distances.fbin"),
            ("ids.jsonl", "ids.distances.npy"),
            ("ids.csv", "ids.distances.npy"),
        ] {
            let path = folder.path().join(name);
            let distances = table.write(&path).expect("written");
            assert_eq!(distances, folder.path().join(of_distances));
            let (ids, _) = read_id_table(&path).expect("ids");
            assert_eq!((ids.rows(), ids.ids()), (3, &table.ids));
            let read = read_distances(&distances).expect("distances");
            assert_eq!(read.values(), table.distances);
        }
    }

    #[test]
    fn under_an_inner_product_the_query_s_own_distance_is_no_zero() {
        let mut data = dataset(line(&[2.0, 1.0, 3.0]), None);
        data.metric = annatomy_vectors::Metric::InnerProduct;
        let ids = AnswerTable::from_ids(2, vec![0, 2, 1, 2, 2, 1]);
        let given = GivenAnswers {
            name: String::new(),
            ids: ids.into(),
            distances: None,
        };
        let answers = answers::given(Some(given), &data)
            .expect("of one shape")
            .expect("given");
        let truth = exact::neighbors(&data, 1, 1 << 20).expect("small");
        let table = repair(&answers, &data, truth.table().expect("lists"));
        // Products with itself: 4, 1, 9; of the last row row 0 is the largest other, 6.
        assert_eq!(
            (table.ids, table.replaced),
            (integers(&[0, 2, 1, 2, 2, 0]), 1)
        );
        assert_eq!(table.distances, [-4.0, -6.0, -1.0, -3.0, -9.0, -6.0]);
    }
}
