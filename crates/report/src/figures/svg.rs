//! The few SVG elements the figures are made of, written in call order with fixed decimals.
//!
//! Enters: positions in user units of a 600 × 400 page, y downward. Leaves: one self-contained
//! document on a white rounded card, without ids (so that several can stand in one HTML page),
//! scripts or style sheets. The same calls give the same bytes.

use std::fmt::Write as _;

/// Width of every figure in user units.
pub(super) const WIDTH: f64 = 600.0;
/// Height of every figure in user units.
pub(super) const HEIGHT: f64 = 400.0;
/// Color of titles and labels.
pub(super) const INK: &str = "#1c2127";
/// Color of axis texts and notes.
pub(super) const MUTED: &str = "#565e69";
/// Color of reference lines.
pub(super) const REFERENCE: &str = "#7a828c";
/// Color of grid lines.
pub(super) const GRID: &str = "#e4e7eb";

/// A document under construction.
pub(super) struct Svg {
    body: String,
}

/// Where a text stands relative to its position.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
pub(super) struct Text<'t> {
    x: f64,
    y: f64,
    content: &'t str,
    size: f64,
    fill: &'t str,
    anchor: Anchor,
    bold: &'static str,
}

impl<'t> Text<'t> {
    /// Text of 12.5 units in muted ink that starts at (x, y), y being its base line.
    pub(super) fn new(x: f64, y: f64, content: &'t str) -> Self {
        Self {
            x,
            y,
            content,
            size: 12.5,
            fill: MUTED,
            anchor: Anchor::Start,
            bold: "",
        }
    }

    pub(super) fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub(super) fn fill(self, fill: &'t str) -> Self {
        Self { fill, ..self }
    }

    pub(super) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) fn bold(self) -> Self {
        Self {
            bold: " font-weight=\"bold\"",
            ..self
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy)]
pub(super) struct Stroke<'s> {
    pub(super) color: &'s str,
    pub(super) width: f64,
    /// The `stroke-dasharray`; empty for a solid line.
    pub(super) dashes: &'s str,
}

impl<'s> Stroke<'s> {
    pub(super) fn solid(color: &'s str, width: f64) -> Self {
        Self {
            color,
            width,
            dashes: "",
        }
    }

    fn attributes(&self) -> String {
        let dashes = match self.dashes {
            "" => String::new(),
            dashes => format!(" stroke-dasharray=\"{dashes}\""),
        };
        format!(
            "stroke=\"{}\" stroke-width=\"{}\"{dashes}",
            self.color,
            number(self.width)
        )
    }
}

impl Svg {
    /// An empty white card; `description` is read out in place of the picture.
    pub(super) fn new(description: &str) -> Self {
        let body = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 600 400\" width=\"600\" height=\"400\" \
             role=\"img\" aria-label=\"{}\" font-family=\"'DejaVu Sans', sans-serif\">\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"599\" height=\"399\" rx=\"10\" fill=\"#ffffff\" stroke=\"#d5d9de\"/>\n",
            escape(description)
        );
        Self { body }
    }

    /// The complete document.
    pub(super) fn finish(mut self) -> String {
        self.body.push_str("</svg>\n");
        self.body
    }

    pub(super) fn text(&mut self, text: &Text<'_>) {
        let anchor = match text.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y, size) = (number(text.x), number(text.y), number(text.size));
        let (fill, bold, content) = (text.fill, text.bold, escape(text.content));
        self.push(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\"{anchor}{bold}>{content}</text>"
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke<'_>) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.push(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {}/>",
            stroke.attributes()
        ));
    }

    /// A polyline; nothing for fewer than two positions.
    pub(super) fn polyline(&mut self, positions: &[(f64, f64)], stroke: Stroke<'_>) {
        if positions.len() > 1 {
            let (points, stroke) = (points(positions), stroke.attributes());
            self.push(&format!(
                "<polyline points=\"{points}\" fill=\"none\" {stroke} stroke-linejoin=\"round\"/>"
            ));
        }
    }

    /// A filled outline without a border.
    pub(super) fn polygon(&mut self, positions: &[(f64, f64)], fill: &str, opacity: f64) {
        let (points, opacity) = (points(positions), number(opacity));
        self.push(&format!(
            "<polygon points=\"{points}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    /// A rectangle (x, y, width, height) with an optional tooltip.
    pub(super) fn rectangle(&mut self, place: [f64; 4], fill: &str, tooltip: &str) {
        let [x, y, width, height] = place.map(number);
        let tip = title(tooltip);
        self.push(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\">{tip}</rect>"
        ));
    }

    /// A disc with a tooltip; `style` completes the element (fill, stroke).
    pub(super) fn circle(&mut self, at: (f64, f64), radius: f64, style: &str, tooltip: &str) {
        let [x, y, radius] = [at.0, at.1, radius].map(number);
        let tip = title(tooltip);
        self.push(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {style}>{tip}</circle>"
        ));
    }

    /// Opens a group with the attributes given; every group is closed by [`Svg::close_group`].
    pub(super) fn open_group(&mut self, attributes: &str) {
        self.push(&format!("<g {attributes}>"));
    }

    pub(super) fn close_group(&mut self) {
        self.push("</g>");
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

fn title(tooltip: &str) -> String {
    if tooltip.is_empty() {
        String::new()
    } else {
        format!("<title>{}</title>", escape(tooltip))
    }
}

fn points(positions: &[(f64, f64)]) -> String {
    let mut points = String::new();
    for (index, &(x, y)) in positions.iter().enumerate() {
        let separator = if index == 0 { "" } else { " " };
        let _ = write!(points, "{separator}{},{}", number(x), number(y));
    }
    points
}

/// Two decimals, trailing zeros and a negative zero dropped.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
