//! A line chart: panels side by side, bands under lines, labels at the lines' ends.
//!
//! Enters: [`Chart`] with panels of [`Line`]s over the same x. Leaves: SVG. A value that is not
//! finite is a gap; a line of one point is a dot. Labels stand right of the last panel, moved apart
//! where they would meet, in the line's color.

use super::labels::{apart, text_width};
use super::scale::{Scale, Spacing, rounded_domain};
use super::svg::{Anchor, GRID, HEIGHT, INK, REFERENCE, Stroke, Svg, Text, WIDTH};

/// A point of a line: x, the mean, and its interval if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) interval: Option<(f64, f64)>,
}

/// One condition's line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// At its end; a line without one goes with another of its color.
    pub(super) label: String,
    pub(super) color: String,
    pub(super) dashes: &'static str,
    pub(super) points: Vec<Point>,
    /// The search effort, where it is fixed and the line is to be marked at k = ef.
    pub(super) effort: Option<f64>,
}

/// One pair of axes.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Above the axes; empty for none.
    pub(super) heading: String,
    /// What x is called in a tooltip.
    pub(super) x_name: &'static str,
    pub(super) x_spacing: Spacing,
    pub(super) spacing: Spacing,
    /// Bounds that the y axis must include.
    pub(super) include: Vec<f64>,
    pub(super) lines: Vec<Line>,
}

/// A complete figure.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x_title: String,
    pub(super) y_title: String,
    pub(super) panels: Vec<Panel>,
}

const TOP: f64 = 84.0;
const BOTTOM: f64 = HEIGHT - 52.0;
const LEFT: f64 = 60.0;
const PANEL_GAP: f64 = 52.0;
const LABEL_SIZE: f64 = 12.5;
const LABEL_GAP: f64 = 15.5;
/// Tooltips per line; more would make the page heavy and no easier to read.
const TOOLTIPS: usize = 17;

impl Chart {
    pub(super) fn draw(&self) -> String {
        let mut svg = Svg::new(&self.title);
        svg.text(
            &Text::new(18.0, 30.0, &self.title)
                .size(15.5)
                .fill(INK)
                .bold(),
        );
        svg.text(&Text::new(18.0, 50.0, &self.y_title));
        let right = WIDTH - 20.0 - self.label_width();
        let count = self.panels.len() as f64;
        let width = (right - LEFT - PANEL_GAP * (count - 1.0)) / count;
        for (index, panel) in self.panels.iter().enumerate() {
            let left = LEFT + index as f64 * (width + PANEL_GAP);
            let labels = index + 1 == self.panels.len();
            panel.draw(&mut svg, (left, left + width), labels);
        }
        svg.text(
            &Text::new(f64::midpoint(LEFT, right), HEIGHT - 14.0, &self.x_title)
                .anchor(Anchor::Middle),
        );
        svg.finish()
    }

    /// Room that the longest label at the right needs.
    fn label_width(&self) -> f64 {
        let lines = self.panels.last().map_or(&[][..], |panel| &panel.lines);
        lines
            .iter()
            .map(|line| text_width(&line.label, LABEL_SIZE) + 24.0)
            .fold(20.0, f64::max)
    }
}

impl Panel {
    fn draw(&self, svg: &mut Svg, across: (f64, f64), labels: bool) {
        let (x, y) = self.scales(across);
        if !self.heading.is_empty() {
            svg.text(&Text::new(across.0, TOP - 10.0, &self.heading).fill(INK));
        }
        for (value, text) in y.ticks(5) {
            let at = y.position(value);
            svg.line((across.0, at), (across.1, at), Stroke::solid(GRID, 1.0));
            svg.text(&Text::new(across.0 - 8.0, at + 4.0, &text).anchor(Anchor::End));
        }
        let wanted = if across.1 - across.0 > 350.0 { 6 } else { 3 };
        for (value, text) in x.ticks(wanted) {
            let at = x.position(value);
            svg.line(
                (at, BOTTOM),
                (at, BOTTOM + 4.0),
                Stroke::solid(REFERENCE, 1.0),
            );
            svg.text(&Text::new(at, BOTTOM + 18.0, &text).anchor(Anchor::Middle));
        }
        svg.line(
            (across.0, BOTTOM),
            (across.1, BOTTOM),
            Stroke::solid(REFERENCE, 1.0),
        );
        for line in &self.lines {
            line.draw_band(svg, &x, &y);
        }
        for line in &self.lines {
            line.draw(svg, &x, &y, self.x_name);
        }
        if labels {
            self.draw_labels(svg, &y, across.1);
        }
    }

    fn scales(&self, across: (f64, f64)) -> (Scale, Scale) {
        let points = || {
            self.lines
                .iter()
                .flat_map(|line| &line.points)
                .filter(|point| point.y.is_finite())
        };
        let bounds = |values: &mut dyn Iterator<Item = f64>| {
            values.filter(|value| value.is_finite()).fold(
                None,
                |range: Option<(f64, f64)>, value| {
                    Some(range.map_or((value, value), |(low, high)| {
                        (low.min(value), high.max(value))
                    }))
                },
            )
        };
        let xs = bounds(&mut points().map(|point| point.x)).unwrap_or((0.0, 1.0));
        let positive = |value: &f64| self.spacing == Spacing::Linear || *value > 0.0;
        let mut ys = points()
            .map(|point| point.y)
            .chain(self.include.iter().copied())
            .filter(positive);
        let mut ys = bounds(&mut ys).unwrap_or((0.0, 1.0));
        if self.spacing == Spacing::Linear {
            // Values that agree to a few parts in a hundred are shown to agree, not magnified until
            // they differ.
            let missing = (0.05 * ys.1.abs() - (ys.1 - ys.0)).max(0.0);
            if self.include.is_empty() {
                ys = (ys.0 - missing / 2.0, ys.1 + missing / 2.0);
            }
            // Room for the bands, but no further grid line for the last hair of one.
            let slack = 0.04 * (ys.1 - ys.0);
            for (low, high) in points().filter_map(|point| point.interval) {
                ys.0 = if low < ys.0 - slack { low } else { ys.0 };
                ys.1 = if high > ys.1 + slack { high } else { ys.1 };
            }
        }
        let from = if self.x_spacing == Spacing::Linear {
            xs.0.min(0.0)
        } else {
            xs.0
        };
        let x = Scale::new(self.x_spacing, (from, xs.1), across);
        let domain = if self.spacing == Spacing::Linear {
            rounded_domain(ys, 5)
        } else {
            (ys.0 / 1.15, ys.1 * 1.15)
        };
        (x, Scale::new(self.spacing, domain, (BOTTOM, TOP)))
    }

    fn draw_labels(&self, svg: &mut Svg, y: &Scale, right: f64) {
        let ended: Vec<(&Line, f64)> = self
            .lines
            .iter()
            .filter(|line| !line.label.is_empty())
            .filter_map(|line| Some((line, line.last()?.y)))
            .collect();
        let wishes: Vec<f64> = ended.iter().map(|&(_, value)| y.position(value)).collect();
        let places = apart(&wishes, LABEL_GAP, (TOP, BOTTOM));
        for (((line, _), wish), place) in ended.iter().zip(wishes).zip(places) {
            // The text keeps to ink, which every eye can read; the stub next to it carries the
            // color.
            if (wish - place).abs() > 3.0 {
                svg.line(
                    (right + 1.0, wish),
                    (right + 8.0, place),
                    Stroke::solid(&line.color, 0.8),
                );
            }
            svg.line(
                (right + 8.0, place),
                (right + 18.0, place),
                Stroke {
                    width: 2.5,
                    ..line.stroke()
                },
            );
            svg.text(
                &Text::new(right + 22.0, place + 4.4, &line.label)
                    .size(LABEL_SIZE)
                    .fill(INK),
            );
        }
    }
}

impl Line {
    fn last(&self) -> Option<&Point> {
        self.points.iter().rev().find(|point| point.y.is_finite())
    }

    /// Stretches of points without a gap.
    fn stretches(&self) -> impl Iterator<Item = &[Point]> {
        self.points
            .split(|point| !point.y.is_finite())
            .filter(|stretch| !stretch.is_empty())
    }

    fn draw_band(&self, svg: &mut Svg, x: &Scale, y: &Scale) {
        for stretch in self.stretches() {
            let edge = |point: &Point, high: bool| {
                let (low, top) = point.interval?;
                Some((
                    x.position(point.x),
                    y.position(if high { top } else { low }),
                ))
            };
            let Some(mut outline) = stretch
                .iter()
                .map(|point| edge(point, true))
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            outline.extend(stretch.iter().rev().filter_map(|point| edge(point, false)));
            svg.polygon(&outline, &self.color, 0.16);
        }
    }

    fn draw(&self, svg: &mut Svg, x: &Scale, y: &Scale, x_name: &str) {
        let at = |point: &Point| (x.position(point.x), y.position(point.y));
        let stroke = self.stroke();
        for stretch in self.stretches() {
            svg.polyline(&stretch.iter().map(at).collect::<Vec<_>>(), stroke);
        }
        let dots = if self.points.len() == 1 {
            ""
        } else {
            " fill-opacity=\"0\""
        };
        let style = format!("fill=\"{}\"{dots}", self.color);
        let step = self.points.len().div_ceil(TOOLTIPS).max(1);
        for point in self
            .points
            .iter()
            .rev()
            .step_by(step)
            .filter(|point| point.y.is_finite())
        {
            let tooltip = format!(
                "{}, {x_name} = {}: {}",
                self.label,
                point.x,
                significant(point.y)
            );
            svg.circle(
                at(point),
                if self.points.len() == 1 { 3.5 } else { 7.0 },
                &style,
                &tooltip,
            );
        }
        if let Some(place) = self.even() {
            let style = format!(
                "fill=\"#ffffff\" stroke=\"{}\" stroke-width=\"1.8\"",
                self.color
            );
            svg.circle(at(&place), 3.8, &style, "k = ef");
        }
    }

    fn stroke(&self) -> Stroke<'_> {
        Stroke {
            color: &self.color,
            width: 1.9,
            dashes: self.dashes,
        }
    }

    /// The point of the line at k = ef, between two of its points.
    fn even(&self) -> Option<Point> {
        let ef = self.effort?;
        let pair = self
            .points
            .windows(2)
            .find(|pair| pair[0].x <= ef && ef <= pair[1].x)?;
        let share = (ef - pair[0].x) / (pair[1].x - pair[0].x);
        let y = pair[0].y + (pair[1].y - pair[0].y) * share;
        y.is_finite().then_some(Point {
            x: ef,
            y,
            interval: None,
        })
    }
}

/// Four significant digits.
pub(super) fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor();
    if (-4.0..6.0).contains(&exponent) {
        format!("{value:.*}", (3.0 - exponent).max(0.0) as usize)
    } else {
        format!("{value:.3e}")
    }
}
