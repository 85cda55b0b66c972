//! The page of a study: its sections in order, and the file, which is written completely or not at
//! all.

use super::illustration::Illustration;
use super::sections;
use super::view::View;
use super::writer::Html;
use crate::explorer::{RowMedia, Subject};
use crate::text::number::counted;
use annatomy_formats::write_atomically;
use annatomy_study::results::StudyResults;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) const STYLE: &str = include_str!("style.css");

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}")]
pub struct ReportError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// Writes `report.html` under `folder`, by way of a temporary file in the same folder.
pub fn write(folder: &Path, results: &StudyResults) -> Result<(), ReportError> {
    write_text(folder, &html(results))
}

pub(super) fn write_text(folder: &Path, text: &str) -> Result<(), ReportError> {
    let path = folder.join("report.html");
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| write_atomically(&path, |file| file.write_all(text.as_bytes())));
    written.map_err(|source| ReportError { path, source })
}

/// The page's text.
pub fn html(results: &StudyResults) -> String {
    let figures = crate::figures::all(results);
    let illustrations: Vec<Illustration<'_>> = figures.iter().map(Illustration::from).collect();
    html_with(results, &illustrations)
}

/// The page's text with figures of the caller's choice.
pub fn html_with(results: &StudyResults, figures: &[Illustration<'_>]) -> String {
    let view = View::new(results);
    let mut html = Html::default();
    begin(
        &mut html,
        &format!(
            "annatomy: {} over {}",
            results.settings.data,
            counted(results.runs.len() as u64, "run", "runs")
        ),
    );
    html.within("header", "", |html| sections::headline::write(html, &view));
    html.within("main", "", |html| {
        sections::experiments::write(html, &view, figures);
        sections::surface::write(html, &view, figures);
        explorer(html, results);
        sections::breakpoints::write(html, &view);
        sections::conventions::write(html, &view);
        sections::engines::write(html, &view);
        sections::tail::write(html, &view);
        sections::order::write(html, &view);
        sections::methods::write(html, &view, figures);
        sections::facts::write(html, &view);
    });
    html.within("footer", "", |html| {
        sections::settings::write(html, &view);
        sections::sources::write(html);
    });
    html.trusted("</body>\n</html>\n");
    html.finish()
}

/// Queries of the first run under every (ef, k), where they were recorded.
fn explorer(html: &mut Html, results: &StudyResults) {
    let explored = results.runs.iter().find_map(|run| run.explored.as_ref());
    let Some(explored) = explored else { return };
    if let Some(subject) = Subject::of_study(results, explored.names.len()) {
        crate::explorer::section(html, &subject, explored, &RowMedia::default());
    }
}

/// Everything up to the body: title, style, colors for light and dark.
pub(super) fn begin(html: &mut Html, title: &str) {
    html.trusted("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.trusted("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.trusted("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.within("title", "", |html| html.plain(title));
    html.within("style", "", |html| {
        html.trusted(STYLE);
        let dark = crate::figures::dark_style();
        html.trusted(&format!(
            "@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n"
        ));
    });
    html.trusted("</head>\n<body>\n");
}
