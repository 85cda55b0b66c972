//! `report.html`: one page that says what a study found, with its figures and every number's
//! definition.
//!
//! Enters: [`StudyResults`](annatomy_study::results::StudyResults). Leaves: a single file that needs
//! no other. The figures are inline, the style sheet too; the only addresses in it are plain links
//! to the sources. One file per section under `sections`, in the order of the page; `view` reads
//! the results over runs, `number` prints them, `writer` and `table` escape them.
//!
//! **Every sentence is chosen by the numbers**: what a study does not show, its report does not
//! say.

mod audit;
mod audit_cells;
mod audit_headline;
mod conditions;
mod groups;
mod growth;
mod health;
mod illustration;
mod page;
mod published_intervals;
mod reproduced;
mod sections;
mod segments;
mod selectivity;
mod stages;
mod table;
mod view;
mod where_lost;
mod writer;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use audit::{audit_html, write_audit};
pub use illustration::Illustration;
pub use page::{ReportError, html, html_with, write};
pub use reproduced::write_reproduced;
pub(crate) use writer::Html;
