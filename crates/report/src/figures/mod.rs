//! Figures: every curve of a study or an audit as SVG, and PNG from the very same drawing.
//!
//! Enters: [`StudyResults`] or [`AuditResults`]. Leaves: [`Figure`]s, drawn by a small SVG writer
//! of our own: the chart libraries lack interval bands with gaps, labels at the lines' ends
//! that keep apart, or byte-determinism, and the writer is shorter than their configuration would
//! be. PNG is rendered by `resvg` with the font embedded here, so that a figure looks the same on
//! any machine.

mod audit;
mod captions;
mod chart;
mod curves;
mod effort;
mod growth;
mod labels;
mod methods;
mod palette;
mod png;
mod scale;
mod selectivity;
mod surface;
mod svg;

#[cfg(test)]
mod tests;

use annatomy_audit::AuditResults;
use annatomy_hnsw::EngineClass;
use annatomy_study::results::{StudyResults, SurfaceGrid, WriteError, write_file};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// One drawing with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// File name without ending, such as `efSearch_study_overlap`.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// The drawing.
    pub svg: String,
}

/// Why figures cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// A file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The rasterizer refused a drawing.
    #[error("{name}.svg cannot be rendered: {reason}")]
    Render {
        /// The figure.
        name: String,
        /// What the rasterizer says.
        reason: String,
    },
}

/// Every figure that `results` have data for.
pub fn all(results: &StudyResults) -> Vec<Figure> {
    let mut figures = curves::figures(results);
    figures.extend(surface::figure(results));
    figures.extend(effort::figure(results));
    figures.extend(methods::figures(results));
    figures
}

/// The name of the figure of overlap against selectivity.
pub(crate) const SELECTIVITY: &str = "audit_selectivity";

/// The name of the figure of the smallest ef against rows.
pub(crate) const GROWTH: &str = "audit_growth";

/// Overlap, its tail and fill against ef; overlap against selectivity, where it was asked for; none where
/// no graph was looked at.
pub fn of_audit(results: &AuditResults) -> Vec<Figure> {
    let mut figures = audit::figures(results);
    figures.extend(selectivity::figure(results));
    figures.extend(growth::figure(results));
    figures
}

/// The (ef, k) surface of one index, read as an engine of `class` answers; `None` if it has no
/// cell.
pub fn surface(grid: &SurfaceGrid, class: EngineClass) -> Option<Figure> {
    surface::figure_of(grid, class)
}

/// Style rules that turn figures dark inside an HTML page: every color but the surface's by its
/// dark counterpart.
///
/// To stand under `@media (prefers-color-scheme: dark)`.
pub fn dark_style() -> String {
    palette::dark_rules()
}

/// Writes every figure of a study under `folder`; see [`write()`].
pub fn write_all(folder: &Path, results: &StudyResults) -> Result<(), FigureError> {
    write(folder, &all(results))
}

/// Writes `figures/NAME.svg` and `figures/NAME.png` under `folder`; drawn on the current rayon pool.
pub fn write(folder: &Path, figures: &[Figure]) -> Result<(), FigureError> {
    let folder = folder.join("figures");
    let renderer = png::Renderer::new();
    figures.par_iter().with_max_len(1).try_for_each(|figure| {
        let path = |ending: &str| -> PathBuf { folder.join(format!("{}.{ending}", figure.name)) };
        write_file(&path("svg"), figure.svg.as_bytes())?;
        let png = renderer
            .render(&figure.svg)
            .map_err(|reason| FigureError::Render {
                name: figure.name.clone(),
                reason,
            })?;
        write_file(&path("png"), &png)?;
        Ok(())
    })
}
