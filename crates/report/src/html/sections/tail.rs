//! Behind the means: the worst queries, and why true neighbors are missing.

use crate::html::table::{Columns, Table};
use crate::html::view::{Condition, View};
use crate::html::writer::Html;
use crate::text::number::{percent, share, significant};

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    if view.conditions.is_empty() {
        return;
    }
    html.section("tail", "Behind the means", |html| {
        html.prose(
            "A mean hides the worst queries. *p*1 and *p*5 are percentiles of overlap over queries; the share of \
             queries with overlap ≥ .9 is Robustness-.9@*k*.",
        );
        if let Some(sentence) = worst(view) {
            html.prose(&sentence);
        }
        html.prose(
            "A true neighbor is missing for one of three reasons: no path from the entry point reaches it, it is reachable but \
             was not visited at this effort, or it lost to another at the same distance. With exact distances there is no fourth reason.",
        );
        table(view).write(html);
    });
}

/// The place where the mean looks best against its own first percentile.
fn worst(view: &View<'_>) -> Option<String> {
    let gap = |condition: &Condition<'_>, place| {
        condition.mean(place, |m| m.overlap) - condition.mean(place, |m| m.overlap_p1)
    };
    let places = view
        .representatives()
        .into_iter()
        .flat_map(|condition| (0..condition.ks.len()).map(move |p| (condition, p)));
    let (condition, place) = places
        .filter(|(condition, place)| gap(condition, *place).is_finite())
        .max_by(|a, b| gap(a.0, a.1).total_cmp(&gap(b.0, b.1)))?;
    let low = condition.mean(place, |m| m.overlap_p1);
    let low = if low == 0.0 {
        "finds none".to_owned()
    } else {
        format!("has {} or less", share(low))
    };
    Some(format!(
        "They are furthest apart at {}, *k* = {}: mean overlap {}, but one query in a hundred {low}.",
        condition.label(),
        condition.ks[place],
        share(condition.mean(place, |m| m.overlap))
    ))
}

fn table(view: &View<'_>) -> Table {
    let caption =
        "Overlap over queries, and missing true neighbors per query by cause; means over runs.";
    let head = [
        "*k*",
        "mean",
        "*p*5",
        "*p*1",
        "overlap ≥ .9",
        "an empty slot",
        "unreachable",
        "unvisited",
        "tied",
    ];
    let groups = [
        ("overlap", 3),
        ("queries with", 2),
        ("missing per query", 3),
    ];
    let mut table = Table::new(caption, Columns::Numbers, &head).grouped(&groups);
    for condition in view.representatives() {
        table.title(&condition.label());
        for place in View::shown(&condition.ks) {
            table.row([
                condition.ks[place].to_string(),
                share(condition.mean(place, |m| m.overlap)),
                share(condition.mean(place, |m| m.overlap_p5)),
                share(condition.mean(place, |m| m.overlap_p1)),
                percent(condition.mean(place, |m| m.robustness_90)),
                percent(condition.mean(place, |m| m.queries_with_empty_slots)),
                significant(condition.mean(place, |m| m.unreachable), 3),
                significant(condition.mean(place, |m| m.unvisited), 3),
                significant(condition.mean(place, |m| m.tied), 3),
            ]);
        }
    }
    table
}
