//! Neighbor tables with their bad rows searched again, exactly: what UMAP's `precomputed_knn` and
//! its kin can take.

use super::answers::Answers;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{WriteError, write_ids, write_matrix};
use annatomy_knn::NeighborTable;
use annatomy_vectors::{MatrixView, PointId};
use std::path::{Path, PathBuf};

/// A table of whole rows.
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
        let limit = exact.distances(query)[slots - 1];
        let limit = limit + limit.abs() * 1e-6;
        // The exact list's own float32 distances may lie a few parts in a million below those
        // computed here.
        let is_right = |(&id, &distance): (&u32, &f32)| {
            distance <= limit || exact.ids(query)[..slots].contains(&Some(PointId(id)))
        };
        let right =
            row.ids.len() >= slots && row.ids.iter().zip(&row.distances).take(slots).all(is_right);
        if with_self {
            table
                .ids
                .extend(data.queries.own_id(query).map(|own| data.label(own)));
            table.distances.push(0.0);
        }
        if right && !row.out_of_order {
            table
                .ids
                .extend(row.ids[..slots].iter().map(|&id| data.label(id)));
            table.distances.extend(&row.distances[..slots]);
        } else {
            table.replaced += 1;
            let nearest = exact.ids(query)[..slots].iter().flatten();
            table
                .distances
                .extend(nearest.clone().map(|id| data.distance(query, id.0)));
            table.ids.extend(nearest.map(|id| data.label(id.0)));
        }
    }
    table
}

impl RepairedTable {
    /// Writes the ids to `path` and the distances beside it, `.distances` before the ending;
    /// returns where those are.
    ///
    /// # Errors
    /// If a file cannot be written, or its ending names no format of ids.
    pub fn write(&self, path: &Path) -> Result<PathBuf, WriteError> {
        let ending = path.extension().map_or(String::new(), |ending| {
            format!(".{}", ending.to_string_lossy())
        });
        let beside = path.with_extension(format!("distances{ending}"));
        write_ids(path, self.rows, self.columns, &self.ids)?;
        let view =
            MatrixView::new(self.rows, self.columns, &self.distances).expect("a distance per id");
        write_matrix(&beside, view)?;
        Ok(beside)
    }
}
