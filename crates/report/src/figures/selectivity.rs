//! Overlap against the share of rows that a filter allows: a panel for random filters, one for filters of
//! rows near one another, a line for each k at the first effort looked at.

use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use super::{Figure, SELECTIVITY};
use annatomy_audit::{AuditResults, CellResult, FilterKind};

/// The figure; none without two selectivities.
pub(super) fn figure(results: &AuditResults) -> Option<Figure> {
    let mut shares: Vec<f64> = results.selectivity.iter().map(|at| at.share).collect();
    shares.sort_unstable_by(f64::total_cmp);
    shares.dedup();
    if shares.len() < 2 {
        return None;
    }
    let mut ks: Vec<usize> = cells(results).map(|(_, _, cell)| cell.k).collect();
    ks.sort_unstable();
    ks.dedup();
    let panel = |kind: FilterKind| Panel {
        heading: match kind {
            FilterKind::Random => "rows drawn at random".to_owned(),
            FilterKind::Nearest => "rows nearest to one of them".to_owned(),
        },
        x_name: "share",
        x_spacing: Spacing::Logarithmic,
        spacing: Spacing::Linear,
        include: vec![0.0, 1.0],
        lines: ks
            .iter()
            .enumerate()
            .map(|(place, &k)| line(results, kind, k, line_color(place, ks.len())))
            .collect(),
    };
    let title = "Overlap under filters".to_owned();
    let chart = Chart {
        title: title.clone(),
        x_title: "share of the rows that are allowed, log axis".to_owned(),
        y_title: "share of the exact k allowed neighbors that came back".to_owned(),
        panels: FilterKind::ALL.into_iter().map(panel).collect(),
    };
    Some(Figure {
        name: SELECTIVITY.to_owned(),
        title,
        caption:
            "Mean over queries and graphs at the first effort looked at, with its 95 % interval."
                .to_owned(),
        svg: chart.draw(),
    })
}

/// Every cell with its filter.
fn cells(results: &AuditResults) -> impl Iterator<Item = (FilterKind, f64, &CellResult)> {
    let of = |at: &annatomy_audit::SelectivityResult| (at.kind, at.share);
    let results = results.selectivity.iter();
    results.flat_map(move |at| {
        let (kind, share) = of(at);
        at.efforts.iter().map(move |cell| (kind, share, cell))
    })
}

/// Overlap at one k, of the first effort at each share.
fn line(results: &AuditResults, kind: FilterKind, k: usize, color: String) -> Line {
    let mut points: Vec<Point> = Vec::new();
    for (of_kind, share, cell) in cells(results) {
        let is_known = points.iter().any(|point| point.x == share);
        if of_kind != kind || cell.k != k || is_known {
            continue;
        }
        points.push(Point {
            x: share,
            y: cell.overlap.map_or(f64::NAN, |overlap| overlap.point),
            interval: cell
                .overlap
                .and_then(|overlap| overlap.low.zip(overlap.high)),
        });
    }
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    Line {
        label: format!("k = {k}"),
        color,
        dashes: "",
        points,
        effort: None,
    }
}
