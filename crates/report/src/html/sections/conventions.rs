//! Published and corrected figures side by side.

use super::artefacts;
use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::number::{share, significant};

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    if view.conditions.is_empty() {
        return;
    }
    html.section("conventions", "Published and corrected, side by side", |html| {
        html.prose(
            "The same searches, evaluated twice: once with the published study’s arithmetic, once with distances that are \
             distances, the query excluded by its id and geometry over filled slots alone. The table gives both for \
             conditions that stand for the rest; what makes them differ follows, with its number in this study.",
        );
        table(view).write(html);
        artefacts::write(html, view);
    });
}

fn table(view: &View<'_>) -> Table {
    let caption = "P: published, C: corrected. Mean distances: P squared, empty slots as `FLT_MAX`, rows dropped. Barycenter \
                   shift: P a length over a squared length, C in units of the neighborhood’s radius.";
    let head = [
        "*k*", "C", "P", "C", "P", "C", "P", "C", "P", "C", "P", "C", "P", "C",
    ];
    let groups = [
        ("fill", 1),
        ("overlap", 2),
        ("distance, exact", 2),
        ("distance, returned", 2),
        ("barycenter shift", 2),
        ("LID, exact", 2),
        ("LID, returned", 2),
    ];
    let mut table = Table::new(caption, Columns::Numbers, &head).grouped(&groups);
    for condition in view.representatives() {
        table.title(&condition.label());
        for place in View::shown(&condition.ks) {
            table.row([
                condition.ks[place].to_string(),
                share(condition.mean(place, |m| m.fill)),
                share(condition.published(place, |p| p.mean_overlap)),
                share(condition.mean(place, |m| m.overlap)),
                significant(condition.published(place, |p| p.mean_exact_dist), 3),
                significant(condition.mean(place, |m| m.mean_exact_distance), 3),
                significant(condition.published(place, |p| p.mean_ann_dist), 3),
                significant(condition.mean(place, |m| m.mean_returned_distance), 3),
                significant(condition.published(place, |p| p.mean_barycenter_shift), 3),
                significant(condition.mean(place, |m| m.barycenter_shift), 3),
                significant(condition.published(place, |p| p.mean_lid_exact), 3),
                significant(condition.mean(place, |m| m.lid_exact), 3),
                significant(condition.published(place, |p| p.mean_lid_ann), 3),
                significant(condition.mean(place, |m| m.lid_returned), 3),
            ]);
        }
    }
    table
}
