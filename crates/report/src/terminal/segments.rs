//! The lines on segments: how many, and how they compare with one graph over the same rows.

use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{Advice, OneGraph, SegmentsAt, SegmentsResult};

pub(super) fn segment_lines(segments: &SegmentsResult, advice: &[Advice]) -> Vec<String> {
    let of = &segments.segments;
    let least = of.iter().map(|segment| segment.rows).min().unwrap_or(0);
    let most = of.iter().map(|segment| segment.rows).max().unwrap_or(0);
    let mut lines = vec![format!(
        "{} of {} to {} rows, each searched at ef, their answers merged: every ef is per segment",
        counted(of.len() as u64, "segment", "segments"),
        count(least as u64),
        count(most as u64),
    )];
    if let Some(one) = &segments.one_graph {
        lines.extend(one.at.iter().map(|at| at_line(at, of.len())));
        lines.extend(
            advice
                .iter()
                .zip(&one.advice)
                .map(|(segments, one)| advice_line(segments, one)),
        );
        lines.push(source_line(one));
    }
    lines
}

fn at_line(at: &SegmentsAt, segments: usize) -> String {
    let point = |estimate: &Option<annatomy_measures::estimate::Estimate>| {
        estimate.map_or("none".to_owned(), |estimate| share(estimate.point))
    };
    let distances = |visited: Option<f64>| {
        visited.map_or("none".to_owned(), |visited| count(visited.round() as u64))
    };
    let cost = match (at.visited, at.one_visited) {
        (Some(all), Some(one)) if all > 0.0 => format!(", {} of the distances", share(one / all)),
        _ => String::new(),
    };
    format!(
        "  k = {}, {segments} segments at ef {}: overlap {}, fill {}, {} distances a query; one graph: overlap {}, fill {}, {}{cost}",
        at.k,
        at.ef,
        point(&at.overlap),
        point(&at.fill),
        distances(at.visited),
        point(&at.one_overlap),
        point(&at.one_fill),
        distances(at.one_visited),
    )
}

fn advice_line(segments: &Advice, one: &Advice) -> String {
    let ef = |advice: &Advice, whose: &str| match (advice.ef, advice.distance_evaluations) {
        (Some(ef), Some(distances)) => {
            format!("ef {ef}{whose} ({} distances)", significant(distances, 4))
        }
        _ => "no ef".to_owned(),
    };
    format!(
        "  {} at k = {}: segments {}, one graph {}",
        segments.target,
        segments.k,
        ef(segments, " each"),
        ef(one, "")
    )
}

fn source_line(one: &OneGraph) -> String {
    format!(
        "  one graph: {}; M {}, efConstruction {}",
        one.source, one.m, one.ef_construction
    )
}
