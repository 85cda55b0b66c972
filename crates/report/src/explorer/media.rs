//! Text and pictures of the rows that an audit's page shows.
//!
//! Enters: labels of all rows, thumbnails of some. Leaves: [`RowMedia`], by what the page calls a row,
//! with a note on what is left out.

use super::sections::base64;
use annatomy_eval::explored::Explored;
use std::collections::{BTreeMap, BTreeSet};

/// Text and pictures of rows.
#[derive(Clone, Debug, Default)]
pub struct RowMedia {
    /// Text by row.
    pub labels: BTreeMap<String, String>,
    /// Pictures by row, as data URLs; of held-out queries by `q` and their place.
    pub pictures: BTreeMap<String, String>,
    /// What was left out, in words.
    pub notes: Vec<String>,
}

/// Thumbnails of rows, and how many rows have none.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// JPEG files by row.
    pub jpegs: BTreeMap<u32, Vec<u8>>,
    /// Rows for which the page has no room.
    pub over_budget: usize,
    /// Rows without a picture that can be read.
    pub not_found: usize,
    /// The room, in megabytes.
    pub page_megabytes: usize,
}

/// There is not one label per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{labels} labels of {rows} rows")]
pub struct LabelCount {
    /// Labels given.
    pub labels: usize,
    /// Rows of the base.
    pub rows: usize,
}

impl RowMedia {
    /// The rows that a reader may see, the most important first: the queries, where they are base
    /// rows, then the neighbors of all by rank.
    pub fn rows_shown(explored: &Explored, queries_are_rows: bool) -> Vec<u32> {
        let exact = &explored.exact;
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        let mut add = |row: u32| {
            if seen.insert(row) {
                rows.push(row);
            }
        };
        if queries_are_rows {
            explored.rows_of_queries.iter().for_each(|&row| add(row));
        }
        for rank in 0..exact.k {
            let column = exact.ids.iter().skip(rank).step_by(exact.k);
            column.for_each(|&row| add(row));
        }
        if let Some(answers) = &explored.answers {
            let slots = answers.ids.iter().zip(&answers.first_k);
            let filled = slots.filter(|&(_, &first_k)| first_k > 0);
            filled.for_each(|(&row, _)| add(row));
        }
        rows
    }

    /// Takes those of `labels`, one per row of the base, that belong to rows `shown`.
    ///
    /// # Errors
    /// If there is not one label for each of the base's `rows`.
    pub fn add_labels(
        &mut self,
        explored: &Explored,
        rows: usize,
        shown: &[u32],
        labels: &[String],
    ) -> Result<(), LabelCount> {
        if labels.len() != rows {
            let labels = labels.len();
            return Err(LabelCount { labels, rows });
        }
        for &row in shown {
            let label = labels[row as usize].clone();
            self.labels.insert(name(explored, row), label);
        }
        Ok(())
    }

    /// Takes pictures, and notes what lacks one.
    pub fn add_pictures(&mut self, explored: &Explored, pictures: &Pictures) {
        for (&row, jpeg) in &pictures.jpegs {
            let address = format!("data:image/jpeg;base64,{}", base64(jpeg));
            self.pictures.insert(name(explored, row), address);
        }
        if pictures.over_budget > 0 {
            self.notes.push(format!(
                "Pictures of {} rows are left out: the page holds {} MB of them (page-megabytes).",
                pictures.over_budget, pictures.page_megabytes
            ));
        }
        if pictures.not_found > 0 {
            self.notes.push(format!(
                "{} rows have no picture in the source that can be read.",
                pictures.not_found
            ));
        }
    }
}

/// What the page calls a row: the engine's label, where there is one.
fn name(explored: &Explored, row: u32) -> String {
    match &explored.labels {
        Some(labels) => labels[row as usize].to_string(),
        None => row.to_string(),
    }
}
