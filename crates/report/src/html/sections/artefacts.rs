//! One entry for each artefact of the published arithmetic, with its number from this study.

use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::number::{NONE, count, counted, decimals, percent, share, significant};
use annatomy_study::results::{PublishedMetrics, StudyKind};

/// A published mean squared distance beyond which no data, only `FLT_MAX`, can be the cause.
const EXPLODED: f64 = 1e20;

/// Writes the list.
pub(super) fn write(html: &mut Html, view: &View<'_>) {
    html.subheading("What makes them differ");
    let entries = [
        ("Empty slots averaged in", empty_slots(view)),
        ("Rows that vanish", dropped(view)),
        ("Squared distances halve LID", lid(view)),
        ("A length over a squared length", barycenter(view)),
        ("Id −1 is the last row", last_row(view)),
        ("Column 0 is taken for self", self_column(view)),
        ("Another graph under the *α* experiment", alpha_graph(view)),
        ("*k* above `ef`", beyond(view)),
    ];
    html.terms(
        "prose",
        &entries.map(|(term, meaning)| (term.to_owned(), meaning)),
    );
}

fn empty_slots(view: &View<'_>) -> String {
    let total = view.artefacts();
    if total.empty_slots == 0 {
        return "An empty slot comes as id −1 at distance `FLT_MAX` and would be averaged in; in this study there was none."
            .to_owned();
    }
    let mut text = format!(
        "A slot that cannot be filled comes as id −1 at distance `FLT_MAX` and is averaged in: {} over all conditions, *k* \
         and runs, {} with exactly one.",
        counted(total.empty_slots, "empty slot", "empty slots"),
        counted(total.rows_with_one_empty_slot, "row", "rows")
    );
    text += &exploded(view)
        .unwrap_or_else(|| " None of them reached a published mean distance.".to_owned());
    text
}

/// One mean distance that `FLT_MAX` made, and the arithmetic behind it.
fn exploded(view: &View<'_>) -> Option<String> {
    let runs = view.conditions.iter().flat_map(|condition| {
        condition
            .each_run()
            .iter()
            .map(move |run| (condition, *run))
    });
    let places = runs.flat_map(|(condition, run)| {
        run.published
            .iter()
            .zip(&run.corrected)
            .map(move |(published, corrected)| (condition, published, corrected))
    });
    let carried = |published: &PublishedMetrics| {
        let mean = published.figures.mean_ann_dist;
        mean > EXPLODED && mean.is_finite()
    };
    let (condition, published, corrected) = places
        .into_iter()
        .find(|(_, published, _)| carried(published))?;
    let (found, counts) = (published.figures.mean_ann_dist, published.figures.artefacts);
    let kept = queries(view).saturating_sub(counts.rows_dropped);
    let predicted = counts.rows_with_one_empty_slot as f64 * f64::from(f32::MAX)
        / (published.k as f64 * kept as f64);
    let why = if (found / predicted - 1.0).abs() < 1e-4 {
        format!(
            ", which is {} · `FLT_MAX` / ({} · {}): rows with one empty slot, over *k* times the rows kept",
            count(counts.rows_with_one_empty_slot),
            published.k,
            count(kept)
        )
    } else {
        String::new()
    };
    Some(format!(
        " In one run at {}, *k* = {} there are {}, and {} with exactly one: the published mean squared distance is {}{why}. \
         What was returned lies at a mean distance of {}, squared about {}.",
        condition.label(),
        published.k,
        counted(counts.empty_slots, "empty slot", "empty slots"),
        counted(counts.rows_with_one_empty_slot, "row", "rows"),
        significant(found, 3),
        significant(corrected.mean_returned_distance, 3),
        significant(corrected.mean_returned_distance.powi(2), 3)
    ))
}

fn dropped(view: &View<'_>) -> String {
    let total = view.artefacts().rows_dropped;
    let rule = "Two `FLT_MAX` overflow float32, so a row with two or more empty slots has an infinite mean and is dropped from \
                both mean distances silently";
    if total == 0 {
        return format!("{rule}; here no row was dropped.");
    }
    let places = view
        .conditions
        .iter()
        .flat_map(|condition| (0..condition.ks.len()).map(move |place| (condition, place)));
    let most = places.max_by_key(|(condition, place)| condition.artefacts(*place).rows_dropped);
    let at = most.map_or_else(String::new, |(condition, place)| {
        let rows = queries(view) * condition.each_run().len() as u64;
        let here = condition.artefacts(place).rows_dropped;
        let share = here as f64 / rows as f64;
        format!(
            ", most at {}, *k* = {}: {} of {} ({})",
            condition.label(),
            condition.ks[place],
            count(here),
            count(rows),
            percent(share)
        )
    });
    format!(
        "{rule}: {} over all conditions, *k* and runs{at}.",
        counted(total, "row", "rows")
    )
}

fn lid(view: &View<'_>) -> String {
    let rule = "FLAT_L2 distances are squared, and ln *d*² = 2 ln *d* halves the estimate";
    let found = view.conditions.first().and_then(|condition| {
        let place = condition
            .ks
            .iter()
            .position(|&k| k >= 100)
            .or(condition.ks.len().checked_sub(1))?;
        Some((condition, place))
    });
    let Some((condition, place)) = found else {
        return format!("{rule}.");
    };
    let (published, corrected) = (
        condition.published(place, |p| p.mean_lid_exact),
        condition.mean(place, |m| m.lid_exact),
    );
    let ratio = published / corrected;
    if !ratio.is_finite() {
        return format!("{rule}; the estimates of this study do not allow the comparison.");
    }
    let metric = if view.results.settings.metric == annatomy_vectors::Metric::L2 {
        ""
    } else {
        " (another metric was used here)"
    };
    format!(
        "{rule}{metric}: the exact neighbors at *k* = {} have LID {} as published and {} over distances, a ratio of {}.",
        condition.ks[place],
        significant(published, 3),
        significant(corrected, 3),
        decimals(ratio, 3)
    )
}

fn barycenter(view: &View<'_>) -> String {
    let rule = "The published shift divides a length by a mean squared distance, so it changes with the unit of the data; the \
                corrected one divides by the neighborhood’s root mean square radius";
    // Where every slot is filled the two differ in their normalization alone.
    let filled = view.conditions.iter().find_map(|condition| {
        let ok = |&place: &usize| {
            condition.artefacts(place).empty_slots == 0
                && condition.mean(place, |m| m.barycenter_shift) > 0.0
        };
        Some((condition, (0..condition.ks.len()).rev().find(ok)?))
    });
    let Some((condition, place)) = filled else {
        return format!(
            "{rule}; no condition with all slots filled shows a shift that could be compared."
        );
    };
    let published = condition.published(place, |p| p.mean_barycenter_shift);
    let corrected = condition.mean(place, |m| m.barycenter_shift);
    format!(
        "{rule}: at {}, *k* = {}, with every slot filled, {} against {}.",
        condition.label(),
        condition.ks[place],
        significant(published, 3),
        significant(corrected, 3)
    )
}

fn last_row(view: &View<'_>) -> String {
    let empty = view.artefacts().empty_slots;
    let rule = "In Python, index −1 is the last row of the embeddings, so every empty slot puts that one vector into a barycenter, \
                and enters LID as `FLT_MAX`";
    if empty == 0 {
        return format!("{rule}; without empty slots it did not happen here.");
    }
    let places = view
        .conditions
        .iter()
        .flat_map(|condition| (0..condition.ks.len()).map(move |place| (condition, place)));
    let Some((condition, place)) =
        places.max_by_key(|(condition, place)| condition.artefacts(*place).empty_slots)
    else {
        return format!("{rule}.");
    };
    format!(
        "{rule}: {} here. At {}, *k* = {}, where they are most, the published LID of the returned neighbors is {} and the \
         corrected one, over filled slots, {}.",
        counted(empty, "time", "times"),
        condition.label(),
        condition.ks[place],
        significant(condition.published(place, |p| p.mean_lid_ann), 3),
        significant(condition.mean(place, |m| m.lid_returned), 3)
    )
}

fn self_column(view: &View<'_>) -> String {
    let rule = "The query itself is dropped as column 0 of both tables, wherever it really is";
    match view.artefacts().self_not_first {
        0 => format!("{rule}; in this study it was always there."),
        rows => format!(
            "{rule}: in {} over all conditions, *k* and runs column 0 of the returned table held another row, so a neighbor was \
             dropped, and the query, where it came back at all, counted as its own.",
            counted(rows, "returned row", "returned rows")
        ),
    }
}

fn alpha_graph(view: &View<'_>) -> String {
    let Some(condition) = view.of(StudyKind::Alpha).next() else {
        return "The *α* experiment was not part of this study.".to_owned();
    };
    let Some((corrected, published)) = condition.graphs() else {
        return NONE.to_owned();
    };
    if corrected == published {
        return format!(
            "The published code searches the graph left by the last `ef_construction`; here both are {corrected}, so nothing differs."
        );
    }
    let Some((place, overlap)) = condition.lowest_overlap() else {
        return NONE.to_owned();
    };
    format!(
        "The published code searches the graph left over from the previous experiment, `ef_construction` {published}, not the \
         configured {corrected}: at {}, *k* = {} overlap is {} on the former and {} on the latter.",
        condition.label(),
        condition.ks[place],
        share(condition.published(place, |p| p.mean_overlap)),
        share(overlap)
    )
}

fn beyond(view: &View<'_>) -> String {
    let places = || {
        view.conditions
            .iter()
            .flat_map(|condition| (0..condition.ks.len()).map(move |place| (condition, place)))
    };
    let beyond = places()
        .filter(|(condition, place)| condition.ks[*place] > condition.ef(*place))
        .count() as u64;
    let empty = places().filter(|(condition, place)| condition.artefacts(*place).empty_slots > 0);
    let (mut above, mut below) = (0, 0);
    for (condition, place) in empty {
        *(if condition.ks[place] > condition.ef(place) {
            &mut above
        } else {
            &mut below
        }) += 1;
    }
    let rule = "The regime exists only under the rule of stopping early; engines that raise `ef` to *k* never enter it";
    if beyond == 0 {
        return format!("{rule}, and neither did this study.");
    }
    format!(
        "{rule}: {} of the {} pairs of condition and *k* lie in it here, {above} of them with empty slots; of the pairs \
         outside it {} any.",
        count(beyond),
        count(places().count() as u64),
        if below == 0 {
            "none has".to_owned()
        } else {
            format!("{below} have")
        }
    )
}

fn queries(view: &View<'_>) -> u64 {
    view.results
        .runs
        .first()
        .map_or(0, |run| run.data.queries as u64)
}
