//! The section on filters of several selectivities: overlap, fill, cost and advice of each.

use super::illustration::Illustration;
use super::sections::illustrations;
use super::table::{Columns, Table};
use super::writer::Html;
use crate::figures::Figure;
use crate::terminal::{advice_words, kind_word};
use crate::text::number::{count, share, significant};
use annatomy_audit::{AuditResults, CellResult, SelectivityResult};
use annatomy_measures::estimate::Estimate;

/// The figures and the table; nothing where no selectivity was asked for.
pub(super) fn selectivity(html: &mut Html, results: &AuditResults, figures: &[Figure]) {
    let Some(first) = results.selectivity.first() else {
        return;
    };
    html.section("selectivity", "Under filters", |html| {
        html.prose(&format!(
            "The same graph and queries, answered with allowed rows alone, as an engine searches whose rule is `{}`. *Random* \
             filters allow rows drawn at random, *nearest* ones the rows around one that was drawn, as where a filter goes with \
             the vectors. Overlap is with the exact neighbors among the allowed rows.",
            first.rule
        ));
        let drawn: Vec<Illustration<'_>> = figures.iter().map(Illustration::from).collect();
        let names: Vec<&str> = drawn.iter().map(|figure| figure.name).collect();
        illustrations::row(html, &drawn, &names);
        table(html, &results.selectivity);
    });
}

fn table(html: &mut Html, results: &[SelectivityResult]) {
    let head = [
        "filter",
        "allowed rows",
        "*k*",
        "`ef`",
        "overlap",
        "95 %",
        "fill",
        "distances a query",
        "`ef` shown to suffice",
    ];
    let mut table = Table::new("Filters of several selectivities", Columns::Numbers, &head);
    for result in results {
        let name = format!(
            "{}, {} %",
            kind_word(result.kind),
            significant(100.0 * result.share, 3)
        );
        if result.efforts.is_empty() {
            table.row([name, count(result.allowed as u64), "none".to_owned()]);
            continue;
        }
        for cell in &result.efforts {
            table.row(row(&name, result, cell));
        }
    }
    table.write(html);
}

fn row(name: &str, result: &SelectivityResult, cell: &CellResult) -> Vec<String> {
    let none = || "–".to_owned();
    let point = |estimate: Option<Estimate>| estimate.map_or_else(none, |found| share(found.point));
    let ends = cell
        .overlap
        .and_then(|overlap| overlap.low.zip(overlap.high));
    let advice = result.advice.iter().filter(|advice| advice.k == cell.k);
    let advice: Vec<String> = advice.map(advice_words).collect();
    vec![
        name.to_owned(),
        count(result.allowed as u64),
        cell.k.to_string(),
        cell.ef.map_or_else(none, |ef| count(ef as u64)),
        point(cell.overlap),
        ends.map_or_else(none, |(low, high)| {
            format!("{} to {}", share(low), share(high))
        }),
        point(cell.fill),
        cell.visited
            .map_or_else(none, |visited| count(visited.round() as u64)),
        advice.join(", "),
    ]
}
