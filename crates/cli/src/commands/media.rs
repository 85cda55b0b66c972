//! Pictures and names of rows, for the report of an audit.

use crate::arguments::AuditArguments;
use crate::failure::Failure;
use annatomy::audit::{AuditOutcome, Explored};
use annatomy::report::RowMedia;
use annatomy_embed::source::Source;
use annatomy_embed::thumbnails::thumbnails;
use annatomy_formats::{read_labels, read_regular_text};
use annatomy_runtime::printable_path;
use std::collections::BTreeSet;
use std::path::Path;

/// Bytes of an ids file.
const MOST_ID_BYTES: u64 = 1 << 30;

/// What the arguments name, for the rows that the report shows.
pub fn of_rows(arguments: &AuditArguments, outcome: &AuditOutcome) -> Result<RowMedia, Failure> {
    let mut media = RowMedia::default();
    let Some(explored) = &outcome.explored else {
        return Ok(media);
    };
    let wanted = wanted(explored, outcome.results.data.queries_are_base_rows);
    let name = |row: u32| match &explored.labels {
        Some(labels) => labels[row as usize].to_string(),
        None => row.to_string(),
    };
    if let Some(path) = &arguments.labels {
        let labels = read_labels(path).map_err(|error| failed(path, &error))?;
        let rows = outcome.results.data.rows;
        if labels.len() != rows {
            let count = labels.len();
            let words = format!("{count} labels of {rows} rows");
            return Err(failed(path, &words));
        }
        for &row in &wanted {
            media.labels.insert(name(row), labels[row as usize].clone());
        }
    }
    if let Some(path) = &arguments.images {
        let ids = match &arguments.vectors {
            Some(vectors) => ids_of(vectors)?,
            None => None,
        };
        let source = Source::open(path).map_err(Failure::work)?;
        let budget = arguments.page_megabytes.saturating_mul(1_000_000);
        let made = thumbnails(source, ids.as_deref(), &wanted, budget).map_err(Failure::work)?;
        for (row, jpeg) in &made.pictures {
            media.add_jpeg(name(*row), jpeg);
        }
        if made.over_budget > 0 {
            media.notes.push(format!(
                "Pictures of {} rows are left out: the page holds {} MB of them (--page-megabytes).",
                made.over_budget, arguments.page_megabytes
            ));
        }
        if made.not_found > 0 {
            media.notes.push(format!(
                "{} rows have no picture in the source that can be read.",
                made.not_found
            ));
        }
    }
    Ok(media)
}

/// The rows that a reader may see, the most important first: the queries, then the neighbors of all
/// by rank.
fn wanted(explored: &Explored, queries_are_rows: bool) -> Vec<u32> {
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

/// The lines of the ids file next to the vectors, if there is one.
fn ids_of(vectors: &Path) -> Result<Option<Vec<String>>, Failure> {
    let path = vectors.with_extension("ids.txt");
    if !path.exists() {
        return Ok(None);
    }
    let text = read_regular_text(&path, MOST_ID_BYTES).map_err(|error| failed(&path, &error))?;
    Ok(Some(text.lines().map(str::to_owned).collect()))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::work(format!("{}: {error}", printable_path(path)))
}
