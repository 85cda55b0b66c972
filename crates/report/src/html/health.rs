//! The section on the health of graphs: components, in-degrees, self-recall, hubs; warnings first.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::terminal::{GraphWords, warning_words};
use crate::text::number::{count, share, significant};
use annatomy_audit::{AuditResults, GraphHealth};

/// Two tables with a row for each graph or segment; nothing where no graph was looked at.
pub(super) fn health(html: &mut Html, results: &AuditResults) {
    let graphs = results.graphs.iter();
    let all: Vec<&GraphHealth> = graphs.flat_map(|graphs| &graphs.health).collect();
    let Some(first) = all.first() else { return };
    let are_segments = results.segments.is_some();
    let words = GraphWords::of(results);
    html.section("health", "Health of the graph", |html| {
        for (number, health) in all.iter().enumerate() {
            for warning in &health.warnings {
                let which = match (all.len(), are_segments) {
                    (1, _) => String::new(),
                    (_, true) => format!("Segment {}: ", number + 1),
                    (_, false) => format!("Graph {number}: "),
                };
                html.within("p", "notice", |html| {
                    html.plain(&format!("{which}{}", warning_words(words, warning, health)));
                });
            }
        }
        html.prose(&format!(
            "The base layer as a directed graph, and searches on it at `{}` {}. *Confined* rows have no path to the largest \
             component. A *redundant* link is one that the neighbor-selection heuristic would prune. *On hubs* is the share of \
             all visits on the most visited 1 % of the rows, next to what as many visits at random would give.",
            words.effort, first.ef
        ));
        links(html, &all);
        searches(html, &all);
    });
}

fn links(html: &mut Html, all: &[&GraphHealth]) {
    let head = [
        "graph",
        "rows",
        "components",
        "outside the largest",
        "confined",
        "unreachable",
        "in-degree 0",
        "min",
        "p1",
        "p5",
        "median",
        "p95",
        "p99",
        "max",
    ];
    let mut table = Table::new("Links", Columns::Numbers, &head)
        .grouped(&[("", 6), ("links that point to a row", 8)]);
    for (number, health) in all.iter().enumerate() {
        let degrees = &health.in_degree;
        let counts = [
            health.rows,
            health.components,
            health.rows - health.largest_component,
            health.confined,
            health.unreachable,
            degrees.zero,
        ];
        let quantiles = [
            degrees.min,
            degrees.p1,
            degrees.p5,
            degrees.p50,
            degrees.p95,
            degrees.p99,
            degrees.max,
        ];
        let mut row = vec![number.to_string()];
        row.extend(counts.map(|value| count(value as u64)));
        row.extend(quantiles.map(|value| count(value.into())));
        table.row(row);
    }
    table.write(html);
}

fn searches(html: &mut Html, all: &[&GraphHealth]) {
    let head = [
        "graph",
        "self-recall",
        "on hubs",
        "at random",
        "visits counted",
        "redundant links",
    ];
    let mut table = Table::new("Searches", Columns::Numbers, &head);
    let none = || "–".to_owned();
    for (number, health) in all.iter().enumerate() {
        let hubs = health.hubs;
        table.row([
            number.to_string(),
            health
                .self_recall
                .map_or_else(none, |found| share(found.point)),
            hubs.map_or_else(none, |hubs| share(hubs.top_share)),
            hubs.map_or_else(none, |hubs| share(hubs.random_share)),
            hubs.map_or_else(none, |hubs| count(hubs.visits)),
            health
                .redundant_links
                .map_or_else(none, |share| format!("{} %", significant(100.0 * share, 3))),
        ]);
    }
    table.write(html);
}
