//! The smallest ef against rows: the samples' means, and dashed the law with the interval of its forecast.

use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use super::{Figure, GROWTH};
use crate::terminal::{mean_ef, sizes};
use annatomy_audit::{AuditResults, GrowthLaw, GrowthResult};

/// The figure; none where growth was not asked for.
pub(super) fn figure(results: &AuditResults) -> Option<Figure> {
    let growth = results
        .growth
        .as_ref()
        .filter(|growth| !growth.laws.is_empty())?;
    let count = growth.laws.len();
    let several = growth
        .laws
        .iter()
        .any(|law| law.target != growth.laws[0].target);
    let mut lines = Vec::new();
    for (place, law) in growth.laws.iter().enumerate() {
        let color = line_color(place, count);
        let label = if several {
            format!("k = {}, {}", law.k, law.target)
        } else {
            format!("k = {}", law.k)
        };
        lines.push(measured(growth, law, color.clone()));
        lines.push(forecast(law, label, color));
    }
    let title = "The smallest ef as the rows grow".to_owned();
    let chart = Chart {
        title: title.clone(),
        x_title: "rows, log axis".to_owned(),
        y_title: if several {
            "smallest ef that reaches the target".to_owned()
        } else {
            format!("smallest ef that reaches {}", growth.laws[0].target)
        },
        panels: vec![Panel {
            heading: String::new(),
            x_name: "rows",
            x_spacing: Spacing::Logarithmic,
            spacing: Spacing::Logarithmic,
            include: Vec::new(),
            lines,
        }],
    };
    Some(Figure {
        name: GROWTH.to_owned(),
        title,
        caption: "Solid: mean over the samples of a size. Dashed: the law ef = a + b·log₂ n beyond them, with the interval of one \
                  more graph."
            .to_owned(),
        svg: chart.draw(),
    })
}

fn measured(growth: &GrowthResult, law: &GrowthLaw, color: String) -> Line {
    let points = sizes(growth).into_iter().map(|rows| Point {
        x: rows as f64,
        y: mean_ef(growth, law, rows).unwrap_or(f64::NAN),
        interval: None,
    });
    Line {
        label: String::new(),
        color,
        dashes: "",
        points: points.collect(),
        effort: None,
    }
}

fn forecast(law: &GrowthLaw, label: String, color: String) -> Line {
    let points = law.forecasts.iter().map(|at| Point {
        x: at.rows as f64,
        y: at.ef,
        interval: Some((at.low, at.high)),
    });
    Line {
        label,
        color,
        dashes: "5 4",
        points: points.collect(),
        effort: None,
    }
}
