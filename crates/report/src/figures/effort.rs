//! The effort that finds every true neighbor, against k.

use super::Figure;
use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use annatomy_measures::estimate::Estimate;
use annatomy_study::results::StudyResults;

const SHARES: [&str; 3] = ["50 % of queries", "90 %", "99 %"];

/// `required_ef`: median, 90 % and 99 % of the smallest `ef_search` that finds all k neighbors.
pub(super) fn figure(results: &StudyResults) -> Option<Figure> {
    let ks = &results.runs.first()?.surface.ks;
    let lines = SHARES.iter().enumerate().map(|(share, label)| Line {
        label: (*label).to_owned(),
        color: line_color(share, SHARES.len()),
        dashes: "",
        points: ks
            .iter()
            .enumerate()
            .map(|(row, &k)| point(results, row, k, share))
            .collect(),
        effort: None,
    });
    let diagonal = Line {
        label: "ef = k".to_owned(),
        color: super::svg::MUTED.to_owned(),
        dashes: "4 3",
        points: ks
            .iter()
            .map(|&k| Point {
                x: k as f64,
                y: k as f64,
                interval: None,
            })
            .collect(),
        effort: None,
    };
    let lines: Vec<Line> = lines.chain([diagonal]).collect();
    let title = "Effort that finds every true neighbor".to_owned();
    let caption =
        "The smallest ef_search at which all k exact neighbors have been visited, for half, 90 % and 99 % of the \
                   queries. A line ends where no recorded effort is enough for that share."
            .to_owned();
    let chart = Chart {
        title: title.clone(),
        x_title: "k, neighbors asked for".to_owned(),
        y_title: "ef_search, log axis".to_owned(),
        panels: vec![Panel {
            heading: String::new(),
            x_name: "k",
            x_spacing: Spacing::Linear,
            spacing: Spacing::Logarithmic,
            include: Vec::new(),
            lines,
        }],
    };
    Some(Figure {
        name: "required_ef".to_owned(),
        title,
        caption,
        svg: chart.draw(),
    })
}

/// The mean over runs; a gap where some run has no such effort.
fn point(results: &StudyResults, row: usize, k: usize, share: usize) -> Point {
    let efs: Option<Vec<f64>> = results
        .runs
        .iter()
        .map(|run| run.surface.required_ef[row][share].map(|ef| ef as f64))
        .collect();
    let estimate = efs.and_then(|efs| Estimate::of(&efs));
    Point {
        x: k as f64,
        y: estimate
            .as_ref()
            .map_or(f64::NAN, |estimate| estimate.point),
        interval: estimate.and_then(|estimate| Some((estimate.low?, estimate.high?))),
    }
}
