//! The study's curves against k: overlap, fill, distances, barycenter shift and LID difference, per
//! experiment.

use super::Figure;
use super::captions;
use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use annatomy_measures::estimate::Estimate;
use annatomy_study::results::{ConditionResult, Figures, Measurement, StudyKind, StudyResults};

/// One condition in every run.
type Runs<'r> = Vec<&'r ConditionResult>;

/// Reads a value of one k from one run.
type Read<'f> = &'f dyn Fn(&Measurement, &Figures) -> f64;

/// All curves of all experiments.
pub(super) fn figures(results: &StudyResults) -> Vec<Figure> {
    [
        StudyKind::EfSearch,
        StudyKind::EfConstruction,
        StudyKind::Alpha,
    ]
    .into_iter()
    .flat_map(|study| of_study(results, study))
    .collect()
}

fn of_study(results: &StudyResults, study: StudyKind) -> Vec<Figure> {
    let count = results.runs.first().map_or(0, |run| run.conditions.len());
    let conditions: Vec<Runs<'_>> = (0..count)
        .map(|index| {
            results
                .runs
                .iter()
                .map(|run| &run.conditions[index])
                .collect::<Runs<'_>>()
        })
        .filter(|runs| runs[0].study == study)
        .collect();
    if conditions.is_empty() {
        return Vec::new();
    }
    let swept = swept(study);
    let over = captions::runs(results.runs.len());
    let marks = if study == StudyKind::EfSearch && conditions.iter().any(passes_ef) {
        "; circle: k = ef"
    } else {
        ""
    };
    let figure =
        |name: &str, title: &str, y_title: &str, caption: String, panels: Vec<Panel>| Figure {
            name: format!("{}_{name}", study.folder()),
            title: title.to_owned(),
            caption: caption.trim_end().to_owned(),
            svg: Chart {
                title: format!("{title}, {swept}"),
                x_title: format!("k, neighbors asked for{marks}"),
                y_title: y_title.to_owned(),
                panels,
            }
            .draw(),
        };
    let one = |include: &[f64], read: Read<'_>| Panel {
        heading: String::new(),
        x_name: "k",
        x_spacing: Spacing::Linear,
        spacing: Spacing::Linear,
        include: include.to_vec(),
        lines: lines(&conditions, read),
    };
    let overlap = share(one(&[1.0], &|m, _| m.overlap));
    let fill = share(one(&[1.0], &|m, _| m.fill));
    let [published, corrected] = distance_panels(&conditions);
    let shift = one(&[0.0], &|m, _| m.barycenter_shift);
    let lid = one(&[0.0], &|m, _| m.lid_returned - m.lid_exact);
    vec![
        figure(
            "overlap",
            "Overlap",
            "share of the exact k neighbors that came back",
            format!(
                "With the exact neighbors, {swept}; {over}. {}",
                captions::overlap(&overlap.lines)
            ),
            vec![overlap],
        ),
        figure(
            "fill",
            "Fill",
            "share of the k slots that hold a neighbor",
            format!(
                "Slots that hold a neighbor, {swept}; {over}. {}",
                captions::fill(&fill.lines)
            ),
            vec![fill],
        ),
        figure(
            "distances",
            "Mean distance to the returned neighbors",
            "as published (squared, log axis) and corrected (over filled slots)",
            captions::distances(&published.lines, &corrected.lines),
            vec![published, corrected],
        ),
        figure(
            "barycenter_shift",
            "Barycenter shift",
            "‖mean(E) − mean(A)‖ / r, dimensionless",
            format!(
                "How far the barycenter of the returned neighbors lies from that of the exact ones, in units of the \
                 exact neighborhood's radius; {over}. {}",
                captions::barycenter_shift(&shift.lines)
            ),
            vec![shift],
        ),
        figure(
            "lid_difference",
            "LID difference",
            "LID of the returned minus LID of the exact neighbors",
            format!(
                "What the search does to local intrinsic dimensionality (maximum likelihood): 0 is faithful; {over}. {}",
                captions::lid_difference(&lid.lines)
            ),
            vec![lid],
        ),
    ]
}

/// A panel of shares: no interval beyond 0 and 1, and the full axis where less would exaggerate.
fn share(mut panel: Panel) -> Panel {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let low = points()
        .map(|point| point.y)
        .filter(|share| share.is_finite())
        .fold(1.0, f64::min);
    match low {
        low if low < 0.5 => panel.include.push(0.0),
        low if low >= 1.0 => panel.include.push(0.9),
        _ => {}
    }
    for point in panel.lines.iter_mut().flat_map(|line| &mut line.points) {
        point.interval = point
            .interval
            .map(|(low, high)| (low.max(0.0), high.min(1.0)));
    }
    panel
}

/// What the experiment varies, in words.
fn swept(study: StudyKind) -> &'static str {
    match study {
        StudyKind::EfSearch => "by ef_search",
        StudyKind::EfConstruction => "by ef_construction",
        StudyKind::Alpha => "by α = ef_search / k",
        StudyKind::Order => "by order of insertion",
        StudyKind::Methods => "by method",
    }
}

/// Whether the grid of k goes from below ef to above it, so that k = ef is on the curve.
fn passes_ef(runs: &Runs<'_>) -> bool {
    let rows = &runs[0].corrected;
    rows.first().is_some_and(|row| row.k <= row.ef)
        && rows.last().is_some_and(|row| row.k >= row.ef)
}

fn distance_panels(conditions: &[Runs<'_>]) -> [Panel; 2] {
    let exact = |spacing: Spacing, read: Read<'_>| {
        // The exact side is every condition's; where the study drops rows it loses some, so the
        // fullest is drawn.
        let last = &conditions[conditions.len() - 1..];
        let mut line = lines(last, read).remove(0);
        let ink = super::svg::MUTED.to_owned();
        line = Line {
            label: "exact".to_owned(),
            color: ink,
            dashes: "4 3",
            effort: None,
            ..line
        };
        (spacing, line)
    };
    let panel = |heading: &str, (spacing, exact): (Spacing, Line), read: Read<'_>| {
        let mut lines = lines(conditions, read);
        lines.push(exact);
        Panel {
            heading: heading.to_owned(),
            x_name: "k",
            x_spacing: Spacing::Linear,
            spacing,
            include: Vec::new(),
            lines,
        }
    };
    // A mean that FLT_MAX decides has no interval worth drawing.
    let mut published = panel(
        "published",
        exact(Spacing::Logarithmic, &|_, p| p.mean_exact_dist),
        &|_, p| p.mean_ann_dist,
    );
    for line in &mut published.lines {
        line.effort = None;
        line.points
            .iter_mut()
            .for_each(|point| point.interval = None);
    }
    let exact = exact(Spacing::Linear, &|m, _| m.mean_exact_distance);
    [
        published,
        panel("corrected", exact, &|m, _| m.mean_returned_distance),
    ]
}

/// One line per condition.
fn lines(conditions: &[Runs<'_>], read: Read<'_>) -> Vec<Line> {
    let line = |(index, runs): (usize, &Runs<'_>)| Line {
        label: label(runs[0]),
        color: line_color(index, conditions.len()),
        dashes: "",
        points: (0..runs[0].corrected.len())
            .map(|row| point(runs, row, read))
            .collect(),
        effort: (runs[0].study == StudyKind::EfSearch).then_some(runs[0].value),
    };
    conditions.iter().enumerate().map(line).collect()
}

fn label(condition: &ConditionResult) -> String {
    match condition.study {
        StudyKind::EfSearch => format!("ef {}", condition.value),
        StudyKind::EfConstruction => format!("efc {}", condition.value),
        StudyKind::Alpha => format!("α {}", condition.value),
        StudyKind::Order | StudyKind::Methods => condition.condition.clone(),
    }
}

/// The mean over the runs in which the value is finite.
fn point(runs: &Runs<'_>, row: usize, read: Read<'_>) -> Point {
    let values: Vec<f64> = runs
        .iter()
        .map(|run| read(&run.corrected[row], &run.published[row].figures))
        .filter(|value| value.is_finite())
        .collect();
    let estimate = Estimate::of(&values);
    Point {
        x: runs[0].corrected[row].k as f64,
        y: estimate
            .as_ref()
            .map_or(f64::NAN, |estimate| estimate.point),
        interval: estimate.and_then(|estimate| Some((estimate.low?, estimate.high?))),
    }
}
