//! The section on segments: both ways to search the same rows, with what each returns and costs.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{count, share};
use annatomy_audit::{Advice, AuditResults, OneGraph};
use annatomy_measures::estimate::Estimate;

/// Segments and, where it was built, one graph; nothing for an index of one segment.
pub(super) fn segments(html: &mut Html, results: &AuditResults) {
    let Some(segments) = &results.segments else {
        return;
    };
    html.section("segments", "Segments", |html| {
        html.prose(
            "Each segment is searched at `ef` from its own entry point, and the *k* nearest of all their answers are \
             returned. Every `ef` on this page is per segment, and distances are counted over all segments.",
        );
        let head = ["segment", "rows", "rows that no path reaches"];
        let mut table = Table::new("Segments", Columns::Numbers, &head);
        for (number, segment) in segments.segments.iter().enumerate() {
            table.row([
                (number + 1).to_string(),
                count(segment.rows as u64),
                count(segment.unreachable as u64),
            ]);
        }
        table.write(html);
        if let Some(one) = &segments.one_graph {
            one_graph(html, one, &results.advice);
        }
    });
}

fn one_graph(html: &mut Html, one: &OneGraph, advice: &[Advice]) {
    let point = |estimate: Option<Estimate>| {
        estimate.map_or("–".to_owned(), |estimate| share(estimate.point))
    };
    let distances = |visited: Option<f64>| {
        visited.map_or("–".to_owned(), |visited| count(visited.round() as u64))
    };
    html.prose(&format!(
        "One graph over the same rows: {}, M {}, `efConstruction` {}.",
        one.source, one.m, one.ef_construction
    ));
    let head = [
        "*k*",
        "`ef`",
        "overlap of segments",
        "fill",
        "distances a query",
        "overlap of one graph",
        "fill",
        "distances a query",
    ];
    let mut table = Table::new(
        "Segments and one graph at the same ef",
        Columns::Numbers,
        &head,
    );
    for at in &one.at {
        table.row([
            at.k.to_string(),
            count(at.ef as u64),
            point(at.overlap),
            point(at.fill),
            distances(at.visited),
            point(at.one_overlap),
            point(at.one_fill),
            distances(at.one_visited),
        ]);
    }
    table.write(html);
    let head = [
        "*k*",
        "target",
        "`ef` per segment",
        "distances a query",
        "`ef` of one graph",
        "distances a query",
    ];
    let mut table = Table::new(
        "The smallest ef of each for a target",
        Columns::Numbers,
        &head,
    );
    let ef = |advice: &Advice| advice.ef.map_or("–".to_owned(), |ef| count(ef as u64));
    for (segments, one) in advice.iter().zip(&one.advice) {
        table.row([
            segments.k.to_string(),
            segments.target.to_string(),
            ef(segments),
            distances(segments.distance_evaluations),
            ef(one),
            distances(one.distance_evaluations),
        ]);
    }
    table.write(html);
}
