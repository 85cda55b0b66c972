//! The sections on conditions that were required, and on queries drawn to a wanted precision.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::terminal::requirement_words;
use crate::text::number::{count, significant};
use annatomy_audit::{AuditResults, UntilResult};

/// A line for each condition; nothing without.
pub(super) fn conditions(html: &mut Html, results: &AuditResults) {
    if results.requirements.is_empty() {
        return;
    }
    html.section("conditions", "Conditions", |html| {
        html.prose(
            "A condition is *shown* if the worse end of the measure's 95 % interval keeps the bound.",
        );
        for result in &results.requirements {
            let class = if result.shown { "" } else { "notice" };
            html.within("p", class, |html| html.plain(&requirement_words(result)));
        }
    });
}

/// How many queries it took, and how many other widths take; nothing where a sample was asked for.
pub(super) fn until(html: &mut Html, results: &AuditResults) {
    let Some(until) = &results.until else { return };
    html.section("until", "Queries drawn", |html| {
        html.prose(&took(until));
        let head = [
            "*k*",
            "effort",
            "interval of mean overlap",
            "queries, about",
        ];
        let title = "Queries that an interval takes";
        let mut table = Table::new(title, Columns::Numbers, &head);
        for width in &until.widths {
            table.row([
                width.k.to_string(),
                width.ef.map_or("–".to_owned(), |ef| count(ef as u64)),
                format!("±{}", width.half_width),
                count(width.queries as u64),
            ]);
        }
        table.write(html);
    });
}

fn took(until: &UntilResult) -> String {
    let took = &until.took;
    let again = took.too_few.map_or(String::new(), |few| {
        format!(
            " A sample of {} was too few and is not used.",
            count(few as u64)
        )
    });
    let outcome = if took.reached {
        "as narrow as wanted".to_owned()
    } else {
        format!(
            "which would take about {} queries",
            count(took.needed as u64)
        )
    };
    format!(
        "Mean overlap to ±{} was wanted. A pilot of {} queries said how many to draw: {}.{again} The widest interval is ±{}, {outcome}.",
        took.wanted,
        count(took.pilot as u64),
        count(took.queries as u64),
        significant(took.half_width, 2),
    )
}
