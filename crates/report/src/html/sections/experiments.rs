//! One section per experiment: what was varied, what to see, the figures.

use super::illustrations;
use crate::html::illustration::Illustration;
use crate::html::view::{Condition, View};
use crate::html::writer::Html;
use crate::text::number::{decimals, listed, share, significant};
use annatomy_study::results::StudyKind;

/// Writes the experiments that were run.
pub(crate) fn write(html: &mut Html, view: &View<'_>, figures: &[Illustration<'_>]) {
    for study in view.studies() {
        let conditions: Vec<_> = view.of(study).collect();
        html.section(study.folder(), title(study), |html| {
            html.prose(&varied(study, view, &conditions));
            html.prose(&seen(&conditions));
            if let Some(sentence) = geometry(&conditions) {
                html.prose(&sentence);
            }
            let names = [
                "overlap",
                "fill",
                "distances",
                "barycenter_shift",
                "lid_difference",
            ];
            let names = names.map(|name| format!("{}_{name}", study.folder()));
            illustrations::row(html, figures, &names.each_ref().map(String::as_str));
        });
    }
}

fn title(study: StudyKind) -> &'static str {
    match study {
        StudyKind::EfSearch => "Fixed search effort",
        StudyKind::EfConstruction => "The quality of the graph",
        StudyKind::Alpha => "Search effort in proportion to *k*",
        StudyKind::Order => super::order::TITLE,
        StudyKind::Methods => super::methods::TITLE,
    }
}

fn varied(study: StudyKind, view: &View<'_>, conditions: &[&Condition<'_>]) -> String {
    let settings = &view.results.settings;
    let values = listed(
        &conditions
            .iter()
            .map(|condition| condition.value.to_string())
            .collect::<Vec<_>>(),
    );
    let ks = conditions
        .first()
        .map_or(&[][..], |condition| &condition.ks);
    let range = match ks {
        [] => "no *k*".to_owned(),
        [k] => format!("*k* = {k}"),
        [first, .., last] => format!("*k* = {first} to {last} in {} steps", ks.len()),
    };
    match study {
        StudyKind::EfSearch => format!(
            "One graph per run (`ef_construction` {}), searched at `ef_search` {values} for {range}. The effort is fixed; \
             the number of neighbors asked for grows.",
            settings.ef_construction
        ),
        StudyKind::EfConstruction => format!(
            "One graph per value of `ef_construction` ({values}), each searched at `ef_search` {} for {range}. The \
             search is the same; the graph changes.",
            settings.ef_search
        ),
        StudyKind::Alpha => format!(
            "The effort grows with the request: `ef_search` = max(2, ⌊*αk*⌋) for *α* = {values} and {range}, on the graph \
             with `ef_construction` {}.",
            conditions
                .first()
                .and_then(|condition| condition.graphs())
                .map_or(0, |graphs| graphs.0)
        ),
        // They have no conditions, and sections of their own.
        StudyKind::Order | StudyKind::Methods => String::new(),
    }
}

/// Overlap and fill at the last k of the lowest and the highest condition.
fn seen(conditions: &[&Condition<'_>]) -> String {
    let ends: Vec<&&Condition<'_>> = match conditions {
        [] => return String::new(),
        [only] => vec![only],
        [first, .., last] => vec![first, last],
    };
    let lowest = |condition: &&Condition<'_>| {
        let (place, overlap) = condition.lowest_overlap()?;
        let fills = (0..condition.ks.len()).map(|place| condition.mean(place, |m| m.fill));
        let fill = fills
            .filter(|fill| fill.is_finite())
            .fold(f64::INFINITY, f64::min);
        let fill = if fill >= 1.0 {
            "every slot is filled".to_owned()
        } else {
            format!("fill is down to {}", share(fill))
        };
        let overlap = format!(
            "mean overlap is lowest at *k* = {}, {}",
            condition.ks[place],
            share(overlap)
        );
        Some(format!("at {} {overlap}, and {fill}", condition.label()))
    };
    let sentences: Vec<String> = ends
        .iter()
        .filter_map(|condition| lowest(condition))
        .collect();
    let mut text = sentences.join("; ");
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text + "."
}

/// Distances, barycenter and LID at the largest k of the first condition.
fn geometry(conditions: &[&Condition<'_>]) -> Option<String> {
    let condition = conditions.first()?;
    let place = condition.ks.len().checked_sub(1)?;
    let shift = condition.mean(place, |m| m.barycenter_shift);
    let (exact, returned) = (
        condition.mean(place, |m| m.lid_exact),
        condition.mean(place, |m| m.lid_returned),
    );
    let error = condition.mean(place, |m| m.relative_distance_error) * 100.0;
    if ![shift, exact, returned, error]
        .iter()
        .all(|value| value.is_finite())
    {
        return None;
    }
    Some(format!(
        "What comes back at {}, *k* = {} lies {}\u{202f}% further away, rank by rank over filled slots; its barycenter is {} of the \
         neighborhood’s radius off, and its LID is {} instead of {}.",
        condition.label(),
        condition.ks[place],
        decimals(error, if error < 10.0 { 2 } else { 1 }),
        share(shift),
        significant(returned, 3),
        significant(exact, 3)
    ))
}
