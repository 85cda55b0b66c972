//! Where each curve breaks, by corrected and by published criteria.

use crate::html::table::{Columns, Table};
use crate::html::view::{Condition, View};
use crate::html::writer::Html;
use crate::text::number::{breakpoint, decimals};
use annatomy_measures::breakpoints::{BreakpointEstimate, PublishedParameters};
use annatomy_study::results::StudyKind;

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    if view.conditions.is_empty() {
        return;
    }
    html.section("breakpoints", "Where the curves break", |html| {
        let runs = view.runs();
        html.prose(&format!(
            "Each breakpoint is found in every run by itself, then averaged{}. *Never* means not within the grid of *k*; \
             where it happens in some runs only, the mean is over those and so too \
             small. A breakpoint at the first *k* of the grid may lie below it (≤), a largest safe *k* at the last above it (≥).",
            if runs > 1 { "; below it is the 95\u{202f}% interval over runs" } else { "; one run gives no interval" }
        ));
        let heads = ["fill leaves 1", "overlap leaves .99", "overlap leaves .95", "overlap leaves .90"];
        let corrected = |condition: &Condition<'_>| {
            let points = condition.breakpoints();
            [points.fill_leaves_one, points.overlap_leaves_99, points.overlap_leaves_95, points.overlap_leaves_90]
        };
        let caption = "Corrected: the first *k* with an empty slot, and where mean overlap crosses a level.";
        table(caption, heads, [Cut::First; 4], view, corrected).write(html);
        let limits = PublishedParameters::default();
        let caption = format!(
            "By the study’s kinds of criteria on its published figures. It prints no formula for them; here: the steepest \
             step of overlap; mean squared distances that differ by over {}\u{202f}%; a mean returned distance over {} times \
             the exact one, or not finite; the largest *k* up to which overlap stays ≥ {}.",
            decimals(limits.distance_tolerance * 100.0, 0),
            decimals(limits.explosion_factor, 0),
            decimals(limits.safe_overlap, 2)
        );
        let heads = ["steepest step", "distance tolerance", "hard ratio", "largest safe *k*"];
        let published = |condition: &Condition<'_>| {
            let points = condition.published_breakpoints();
            [points.steepest_overlap_step, points.distance_tolerance, points.hard_ratio, points.largest_safe_k]
        };
        let cut = [Cut::No, Cut::First, Cut::First, Cut::Last];
        table(&caption, heads, cut, view, published).write(html);
    });
}

/// Where the grid of k can cut a breakpoint off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Not at all.
    No,
    /// At its first k: the breakpoint may lie below.
    First,
    /// At its last k: it may lie above.
    Last,
}

impl Cut {
    /// Whether the breakpoint lies at that end of the grid in every run.
    fn holds(self, point: &BreakpointEstimate, ks: &[usize]) -> bool {
        let end = match self {
            Self::No => None,
            Self::First => ks.first(),
            Self::Last => ks.last(),
        };
        end.zip(point.k)
            .is_some_and(|(&end, k)| k.point == end as f64 && point.runs_without == 0)
    }

    fn sign(self) -> &'static str {
        match self {
            Self::No => "",
            Self::First => "≤\u{202f}",
            Self::Last => "≥\u{202f}",
        }
    }
}

fn table(
    caption: &str,
    heads: [&str; 4],
    cut: [Cut; 4],
    view: &View<'_>,
    points: impl Fn(&Condition<'_>) -> [BreakpointEstimate; 4],
) -> Table {
    let columns = [
        "", "*k*", "*k*/`ef`", "*k*", "*k*/`ef`", "*k*", "*k*/`ef`", "*k*", "*k*/`ef`",
    ];
    let mut table =
        Table::new(caption, Columns::Numbers, &columns).grouped(&heads.map(|head| (head, 2)));
    for study in view.studies() {
        table.title(title(study));
        for condition in view.of(study) {
            let cells = points(condition)
                .into_iter()
                .zip(cut)
                .flat_map(|(point, cut)| {
                    breakpoint(
                        &point,
                        view.runs(),
                        if cut.holds(&point, &condition.ks) {
                            cut.sign()
                        } else {
                            ""
                        },
                    )
                });
            let cells = cells.collect::<Vec<_>>();
            table.row([vec![condition.label()], cells].concat());
        }
    }
    table
}

/// An experiment's name over its rows.
pub(super) fn title(study: StudyKind) -> &'static str {
    match study {
        StudyKind::EfSearch => "Fixed search effort",
        StudyKind::EfConstruction => "Quality of the graph",
        StudyKind::Alpha => "Effort in proportion to *k*",
        StudyKind::Order => super::order::TITLE,
        StudyKind::Methods => super::methods::TITLE,
    }
}
