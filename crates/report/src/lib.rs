//! All wording and drawing: numbers as text, the verdict on a terminal, pages, figures.
//!
//! Enters: results of a study or an audit, which are plain data. Leaves: text, HTML, SVG, PNG.

#![deny(missing_docs)]

mod explorer;
pub mod figures;
mod html;
mod terminal;
mod text;

pub use explorer::{LabelCount, Pictures, RowMedia};
pub use html::{
    Illustration, ReportError, audit_html, html, html_with, write, write_audit, write_reproduced,
};
pub use terminal::{
    comparison, junit, methods_verdict, note_words, plan_words, requirement_words, verdict,
};
