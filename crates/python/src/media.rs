//! Text and pictures of rows for the page of an audit.

use crate::errors::raised;
use annatomy::audit::AuditOutcome;
use annatomy::report::{Pictures, RowMedia};
use annatomy_embed::source::Source;
use annatomy_embed::thumbnails::thumbnails;
use pyo3::prelude::*;
use std::path::PathBuf;

/// What the rows of a page are called and look like; the Python half fills it in.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Shown {
    labels: Option<Vec<String>>,
    images: Option<PathBuf>,
    image_names: Option<Vec<String>>,
    page_megabytes: usize,
}

impl Shown {
    /// That of the rows that a reader may see; pictures are read from their source.
    pub(crate) fn of(&self, outcome: &AuditOutcome) -> PyResult<RowMedia> {
        let mut media = RowMedia::default();
        let Some(explored) = &outcome.explored else {
            return Ok(media);
        };
        let data = &outcome.results.data;
        let shown = RowMedia::rows_shown(explored, data.queries_are_base_rows);
        if let Some(labels) = &self.labels {
            media
                .add_labels(explored, data.rows, &shown, labels)
                .map_err(raised)?;
        }
        if let Some(path) = &self.images {
            let source = Source::open(path).map_err(raised)?;
            let budget = self.page_megabytes.saturating_mul(1_000_000);
            let names = self.image_names.as_deref();
            let made = thumbnails(source, names, &shown, budget).map_err(raised)?;
            let pictures = Pictures {
                jpegs: made.pictures,
                over_budget: made.over_budget,
                not_found: made.not_found,
                page_megabytes: self.page_megabytes,
            };
            media.add_pictures(explored, &pictures);
        }
        Ok(media)
    }
}
