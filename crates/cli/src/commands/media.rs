//! Pictures and names of rows, for the report of an audit.

use crate::arguments::AuditArguments;
use crate::failure::Failure;
use annatomy::audit::AuditOutcome;
use annatomy::report::{Pictures, RowMedia};
use annatomy_embed::source::Source;
use annatomy_embed::thumbnails::thumbnails;
use annatomy_formats::{read_labels, read_regular_text};
use annatomy_runtime::printable_path;
use std::path::Path;

/// Bytes of an ids file.
const MOST_ID_BYTES: u64 = 1 << 30;

/// What the arguments name, for the rows that the report shows.
pub fn of_rows(arguments: &AuditArguments, outcome: &AuditOutcome) -> Result<RowMedia, Failure> {
    let mut media = RowMedia::default();
    let Some(explored) = &outcome.explored else {
        return Ok(media);
    };
    let data = &outcome.results.data;
    let shown = RowMedia::rows_shown(explored, data.queries_are_base_rows);
    if let Some(path) = &arguments.labels {
        let labels = read_labels(path).map_err(|error| failed(path, &error))?;
        media
            .add_labels(explored, data.rows, &shown, &labels)
            .map_err(|error| failed(path, &error))?;
    }
    if let Some(path) = &arguments.images {
        let ids = match &arguments.vectors {
            Some(vectors) => ids_of(vectors)?,
            None => None,
        };
        let source = Source::open(path).map_err(Failure::work)?;
        let budget = arguments.page_megabytes.saturating_mul(1_000_000);
        let made = thumbnails(source, ids.as_deref(), &shown, budget).map_err(Failure::work)?;
        let pictures = Pictures {
            jpegs: made.pictures,
            over_budget: made.over_budget,
            not_found: made.not_found,
            page_megabytes: arguments.page_megabytes,
        };
        media.add_pictures(explored, &pictures);
    }
    Ok(media)
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
