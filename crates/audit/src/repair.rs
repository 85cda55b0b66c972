//! Neighbor tables with their bad rows replaced by exact search, in the form that UMAP's
//! `precomputed_knn` takes.

use super::answers::{Answers, CleanRow};
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{WriteError, write_ids, write_matrix};
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::TIE_TOLERANCE;
use annatomy_vectors::{MatrixView, PointId};
use std::path::{Path, PathBuf};

/// A table without empty slots.
#[derive(Clone, Debug, PartialEq)]
pub struct RepairedTable {
    /// Rows.
    pub rows: usize,
    /// Slots per row, the query itself in the first if the answers included it.
    pub columns: usize,
    /// Base rows, nearest first.
    pub ids: Vec<i64>,
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
    let mut table = RepairedTable {
        rows: answers.rows.len(),
        columns,
        ids: vec![],
        distances: vec![],
        replaced: 0,
    };
    for (query, row) in answers.rows.iter().enumerate() {
        if with_self {
            let own = data.queries.own_id(query);
            table.ids.extend(own.map(|own| data.label(own)));
            table.distances.push(0.0);
        }
        let nearest = &exact.ids(query)[..slots];
        let ids: Vec<u32> = row.answer.filled(slots).collect();
        if ids.len() == slots && !row.out_of_order && is_right(row, &ids, exact, query) {
            table.ids.extend(ids.iter().map(|&id| data.label(id)));
            table.distances.extend(&row.distances[..slots]);
        } else {
            table.replaced += 1;
            for id in nearest.iter().flatten() {
                table.ids.push(data.label(id.0));
                table.distances.push(data.distance(query, id.0));
            }
        }
    }
    table
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
    /// has `ids.distances.fvecs`.
    pub fn distances_path(path: &Path) -> PathBuf {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let ending = match ending.to_ascii_lowercase().as_str() {
            "ivecs" => "fvecs".to_owned(),
            "ibin" => "fbin".to_owned(),
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
        write_ids(path, self.rows, self.columns, &self.ids)?;
        let view =
            MatrixView::new(self.rows, self.columns, &self.distances).expect("a distance per id");
        write_matrix(&distances, view)?;
        Ok(distances)
    }
}
