//! What to see in a figure, in sentences that its own numbers choose.

use super::chart::{Line, significant};
use super::svg::MUTED;

/// A published mean squared distance beyond which no data, only `FLT_MAX`, can be the cause.
const EXPLODED: f64 = 1e20;

/// How many runs the means are over, and what the bands are.
pub(super) fn runs(count: usize) -> String {
    match count {
        1 => "one run".to_owned(),
        count => format!("mean over {count} runs with its 95 % band"),
    }
}

/// The lowest overlap and its place.
pub(super) fn overlap(lines: &[Line]) -> String {
    let lowest = values(lines).min_by(|a, b| a.2.total_cmp(&b.2));
    lowest.map_or_else(String::new, |(line, k, value)| match value {
        value if value >= 1.0 => "Every true neighbor came back.".to_owned(),
        value => format!(
            "The lowest is {} ({}, k = {k}).",
            significant(value),
            line.label
        ),
    })
}

/// Where slots go empty first.
pub(super) fn fill(lines: &[Line]) -> String {
    let first = |line: &Line| {
        let point = line.points.iter().find(|point| point.y < 1.0)?;
        Some(format!("{} at k = {}", line.label, point.x))
    };
    let found: Vec<String> = lines.iter().filter_map(first).collect();
    let elsewhere = if found.len() == lines.len() {
        ""
    } else {
        "; nowhere else"
    };
    match &found[..] {
        [] => {
            "Every slot is filled: the search had visited at least k points at every k.".to_owned()
        }
        found => format!(
            "Below 1 the search had visited fewer points than were asked for; first empty slots of any run: {}{elsewhere}.",
            found.join(", ")
        ),
    }
}

/// How many published means `FLT_MAX` decides, and how far the corrected ones reach.
pub(super) fn distances(published: &[Line], corrected: &[Line]) -> String {
    let returned = || published.iter().filter(|line| line.color != MUTED);
    let points = returned().flat_map(|line| &line.points);
    let (total, gaps) = (
        points.clone().count(),
        points.clone().filter(|point| !point.y.is_finite()).count(),
    );
    let exploded = points
        .filter(|point| point.y.is_finite() && point.y > EXPLODED)
        .count();
    let left = match exploded {
        0 => "Left, as published: squared distances; none is decided by FLT_MAX.".to_owned(),
        count => format!(
            "Left, as published: squared distances, {count} of {total} means thrown up by empty slots averaged in as \
             FLT_MAX (3.4·10³⁸)."
        ),
    };
    let gap = if gaps > 0 {
        format!(" Without a finite value, and so a gap: {gaps}.")
    } else {
        String::new()
    };
    let (low, high) = values(corrected).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), (_, _, value)| (low.min(value), high.max(value)),
    );
    let range = if low <= high {
        format!(", {} to {}", significant(low), significant(high))
    } else {
        String::new()
    };
    format!(
        "{left}{gap} Right, corrected: the same answers over filled slots{range}; the exact neighbors dashed."
    )
}

/// The largest shift and its place.
pub(super) fn barycenter_shift(lines: &[Line]) -> String {
    let largest = values(lines).max_by(|a, b| a.2.total_cmp(&b.2));
    largest.map_or_else(String::new, |(line, k, value)| {
        format!(
            "The largest is {} ({}, k = {k}).",
            significant(value),
            line.label
        )
    })
}

/// The difference furthest from zero and its place.
pub(super) fn lid_difference(lines: &[Line]) -> String {
    let furthest = values(lines).max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()));
    furthest.map_or_else(String::new, |(line, k, value)| {
        let sign = if value < 0.0 { "\u{2212}" } else { "+" };
        format!(
            "Furthest from it: {sign}{} ({}, k = {k}).",
            significant(value.abs()),
            line.label
        )
    })
}

/// Every value that is one, with its line and k.
fn values(lines: &[Line]) -> impl Iterator<Item = (&Line, f64, f64)> {
    lines
        .iter()
        .flat_map(|line| {
            line.points
                .iter()
                .map(move |point| (line, point.x, point.y))
        })
        .filter(|(_, _, value)| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::chart::Point;
    use super::*;

    fn line(label: &str, ys: &[f64]) -> Line {
        let point = |(place, &y): (usize, &f64)| Point {
            x: (place as f64 + 1.0) * 10.0,
            y,
            interval: None,
        };
        let points = ys.iter().enumerate().map(point).collect();
        Line {
            label: label.to_owned(),
            color: "#000000".to_owned(),
            dashes: "",
            points,
            effort: None,
        }
    }

    #[test]
    fn captions_say_what_the_numbers_say() {
        assert_eq!(runs(1), "one run");
        assert_eq!(
            overlap(&[line("ef 9", &[1.0, 0.5]), line("ef 99", &[1.0, 0.75])]),
            "The lowest is 0.5000 (ef 9, k = 20)."
        );
        assert_eq!(
            overlap(&[line("ef 9", &[1.0])]),
            "Every true neighbor came back."
        );
        let fills = fill(&[
            line("ef 9", &[1.0, 0.9, 0.8]),
            line("ef 99", &[1.0, 1.0, 1.0]),
        ]);
        assert!(
            fills.ends_with("first empty slots of any run: ef 9 at k = 20; nowhere else."),
            "{fills}"
        );
        assert!(fill(&[line("ef 99", &[1.0])]).starts_with("Every slot is filled"));
        assert!(
            lid_difference(&[line("ef 9", &[0.5, -2.0])]).contains("\u{2212}2.000 (ef 9, k = 20)")
        );
    }

    #[test]
    fn distances_count_what_exploded_and_what_is_missing() {
        let (good, bad) = (line("ef 99", &[80.0, 90.0]), line("ef 9", &[80.0, 3.4e33]));
        let said = distances(&[good.clone(), bad], std::slice::from_ref(&good));
        assert!(
            said.contains("1 of 4 means")
                && said.contains("80.00 to 90.00")
                && !said.contains("a gap"),
            "{said}"
        );
        let said = distances(&[line("ef 9", &[80.0, f64::NAN])], &[good]);
        assert!(
            said.contains("none is decided by FLT_MAX") && said.contains("a gap: 1"),
            "{said}"
        );
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(overlap(&[line("ef 9", &[f64::NAN])]), "");
        assert_eq!(barycenter_shift(&[]), "");
    }
}
