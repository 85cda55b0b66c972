//! An audit's curves against ef: overlap, its tail, fill.

use super::Figure;
use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use annatomy_audit::{AuditResults, Curve};
use annatomy_measures::estimate::Estimate;

/// What one figure shows of a curve.
struct Kind {
    name: &'static str,
    title: &'static str,
    y_title: &'static str,
    caption: &'static str,
    values: fn(&Curve) -> &[Option<Estimate>],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "audit_overlap",
        title: "Overlap against effort",
        y_title: "share of the exact k neighbors that a search at ef has visited",
        caption: "Mean over queries and graphs, with its 95 % interval.",
        values: |curve| &curve.overlap,
    },
    Kind {
        name: "audit_overlap_p5",
        title: "The tail: overlap of the worst queries against effort",
        y_title: "overlap that 95 % of the queries reach",
        caption: "The 5th percentile over queries: what the mean hides.",
        values: |curve| &curve.overlap_p5,
    },
    Kind {
        name: "audit_fill",
        title: "Fill against effort",
        y_title: "share of the k slots that a search at ef can fill",
        caption: "Below 1 an engine that stops early returns empty slots; engines that raise ef to k never come here.",
        values: |curve| &curve.fill,
    },
];

/// One figure per kind; none without curves.
pub(super) fn figures(results: &AuditResults) -> Vec<Figure> {
    if results.curves.is_empty() {
        Vec::new()
    } else {
        KINDS.iter().map(|kind| figure(kind, results)).collect()
    }
}

fn figure(kind: &Kind, results: &AuditResults) -> Figure {
    let curves = &results.curves;
    let line = |(place, curve): (usize, &Curve)| Line {
        label: format!("k = {}", curve.k),
        color: line_color(place, curves.len()),
        dashes: "",
        points: curve
            .efs
            .iter()
            .zip((kind.values)(curve))
            .map(|(&ef, value)| point(ef, value.as_ref()))
            .collect(),
        effort: Some(curve.k as f64),
    };
    let chart = Chart {
        title: kind.title.to_owned(),
        x_title: "ef_search, log axis; circle: ef = k".to_owned(),
        y_title: kind.y_title.to_owned(),
        panels: vec![Panel {
            heading: String::new(),
            x_name: "ef",
            x_spacing: Spacing::Logarithmic,
            spacing: Spacing::Linear,
            include: vec![0.0, 1.0],
            lines: curves.iter().enumerate().map(line).collect(),
        }],
    };
    Figure {
        name: kind.name.to_owned(),
        title: kind.title.to_owned(),
        caption: kind.caption.to_owned(),
        svg: chart.draw(),
    }
}

fn point(ef: usize, value: Option<&Estimate>) -> Point {
    Point {
        x: ef as f64,
        y: value.map_or(f64::NAN, |estimate| estimate.point),
        interval: value.and_then(|estimate| estimate.low.zip(estimate.high)),
    }
}
