//! Title, what was run, and the verdict in a few sentences.
//!
//! Each sentence has its condition; where the condition does not hold, another sentence replaces it
//! or none does.

use crate::html::view::{Condition, View};
use crate::html::writer::Html;
use crate::text::number::{count, counted, decimals, listed, share, significant};
use annatomy_study::results::StudyKind;
use annatomy_vectors::Metric;

/// Mean overlap that counts as the neighborhood kept.
const KEPT: f64 = 0.99;
/// A fall of overlap from one k of the grid to the next below which a curve is called smooth.
const SMOOTH: f64 = 0.08;
/// Relative spread of breakpoints below which what was varied hardly matters.
const HARDLY: f64 = 0.05;
/// A published mean squared distance beyond which no data, only `FLT_MAX`, can be the cause.
const EXPLODED: f64 = 1e20;

/// Writes the head of the page.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    let settings = &view.results.settings;
    html.within("h1", "", |html| {
        html.words("Where the search stops returning the nearest neighbors");
    });
    html.within("p", "run", |html| {
        html.plain(&settings.data);
        if let Some(data) = view.results.runs.first().map(|run| &run.data) {
            html.words(&format!(
                ", {} × {}",
                count(data.rows as u64),
                count(data.columns as u64)
            ));
        }
        html.words(&format!(
            "; {}; ",
            counted(view.runs() as u64, "run", "runs")
        ));
        html.plain(&settings.preset.to_string());
        html.words(&format!(
            " graph, *M* = {}, `ef_construction` {}; ",
            settings.m, settings.ef_construction
        ));
        match settings.metric {
            Metric::L2 => html.plain("L2"),
            metric => html.plain(&metric.to_string()),
        }
        html.words(" distance");
    });
    if settings.data == "resnet50-like" {
        html.within("p", "notice", |html| {
            html.words(
                "These data are synthetic: a seeded generator of ResNet-50-like features, calibrated to the published \
                 curves. They are not photographs, and agreement with the published study is by calibration.",
            );
        });
    }
    html.within("div", "lead", |html| {
        for sentence in sentences(view)
            .into_iter()
            .chain(super::order::sentence(view))
            .chain(super::methods::sentence(view))
        {
            html.prose(&sentence);
        }
    });
    let explored = view.results.runs.iter().any(|run| run.explored.is_some());
    let explorer = if explored {
        "<a href=\"#explorer\">Every query</a> "
    } else {
        ""
    };
    let ordered = view.results.runs.iter().any(|run| run.order.is_some());
    let order = if ordered {
        "<a href=\"#order\">Order of insertion</a> "
    } else {
        ""
    };
    let compared = view.results.runs.iter().any(|run| run.methods.is_some());
    let methods = if compared {
        "<a href=\"#methods\">Methods</a> "
    } else {
        ""
    };
    html.trusted(&format!(
        "<nav aria-label=\"Contents\"><a href=\"#surface\">Surface</a> {explorer}<a href=\"#breakpoints\">Breakpoints</a> \
         <a href=\"#conventions\">Published and corrected</a> <a href=\"#engines\">Engines</a> \
         <a href=\"#tail\">Tail</a> {order}{methods}<a href=\"#data\">Data</a> <a href=\"#settings\">Settings</a> \
         <a href=\"#definitions\">Definitions</a></nav>\n",
    ));
}

/// The verdict.
pub(crate) fn sentences(view: &View<'_>) -> Vec<String> {
    if view.runs() == 0 {
        return vec!["No run is finished; there is nothing to report.".to_owned()];
    }
    let found = [
        breaking(view),
        steepness(view),
        construction(view),
        alpha(view),
        explosion(view),
    ];
    found.into_iter().flatten().collect()
}

/// Where slots go empty and overlap leaves .95, at the smallest `ef_search` where either happens.
fn breaking(view: &View<'_>) -> Option<String> {
    let fixed: Vec<_> = view
        .of(StudyKind::EfSearch)
        .chain(view.of(StudyKind::EfConstruction))
        .collect();
    let broken = |condition: &&&Condition<'_>| {
        let points = condition.breakpoints();
        points.fill_leaves_one.k.is_some() || points.overlap_leaves_95.k.is_some()
    };
    let Some(condition) = fixed.iter().find(broken) else {
        let lowest = fixed
            .iter()
            .filter_map(|condition| condition.lowest_overlap())
            .map(|(_, overlap)| overlap);
        let lowest = lowest.min_by(f64::total_cmp)?;
        return Some(format!(
            "At no fixed effort did a slot come back empty or mean overlap fall below .95; the lowest is {}.",
            share(lowest)
        ));
    };
    let points = condition.breakpoints();
    let overlap = match (
        points.overlap_leaves_95.k,
        points.overlap_leaves_95.k_over_ef,
    ) {
        (Some(k), Some(ratio)) => Some(at(k.point, ratio.point)),
        _ => None,
    };
    let label = condition.label();
    let Some((k, ratio)) = points
        .fill_leaves_one
        .k
        .zip(points.fill_leaves_one.k_over_ef)
    else {
        return overlap.map(|place| {
            format!("At {label} overlap falls below .95 {place}; no slot came back empty.")
        });
    };
    let first = format!(
        "At {label} the first empty slots appear {}",
        at(k.point, ratio.point)
    );
    Some(match (overlap, points.overlap_leaves_95.k) {
        (Some(place), Some(left)) if left.point < k.point => {
            format!("{first}; before that, overlap fell below .95 {place}.")
        }
        (Some(place), _) => format!("{first}; overlap falls below .95 {place}."),
        (None, _) => format!("{first}; mean overlap stays at or above .95 throughout."),
    })
}

/// A breakpoint in words; a mean over runs need not be a whole number.
fn at(k: f64, ratio: f64) -> String {
    let about = if k.fract() == 0.0 { "=" } else { "≈" };
    format!(
        "at *k*\u{a0}{about}\u{a0}{} ({} × `ef`)",
        decimals(k, 0),
        decimals(ratio, 1)
    )
}

/// Whether overlap falls smoothly at the condition that falls furthest.
fn steepness(view: &View<'_>) -> Option<String> {
    let lowest = |condition: &&Condition<'_>| {
        condition
            .lowest_overlap()
            .map_or(f64::INFINITY, |(_, overlap)| overlap)
    };
    let condition = view
        .of(StudyKind::EfSearch)
        .min_by(|a, b| lowest(a).total_cmp(&lowest(b)))?;
    let (place, low) = condition.lowest_overlap()?;
    if low >= 0.95 {
        return None;
    }
    let (fall, from, to) = condition.steepest_fall()?;
    let between = format!(
        "{} from *k* = {} to {}",
        share(fall),
        condition.ks[from],
        condition.ks[to]
    );
    let at = format!("At {}", condition.label());
    let end = format!("to {} at *k* = {}", share(low), condition.ks[place]);
    Some(if fall < SMOOTH && condition.ks.len() > 4 {
        format!("{at} overlap falls smoothly {end}, with no cliff: the steepest step is {between}.")
    } else {
        format!("{at} overlap falls {end}; the steepest step is {between}.")
    })
}

/// What a better graph moves; it need not be for the better at every step.
fn construction(view: &View<'_>) -> Option<String> {
    let conditions: Vec<_> = view.of(StudyKind::EfConstruction).collect();
    let leaves =
        |condition: &&Condition<'_>| Some(condition.breakpoints().overlap_leaves_95.k?.point);
    let ks: Vec<f64> = conditions.iter().map(leaves).collect::<Option<_>>()?;
    let (first, last) = (conditions.first()?, conditions.last()?);
    let (from, to) = (*ks.first()?, *ks.last()?);
    if ks.len() < 2 {
        return None;
    }
    let (lowest, highest) = ks
        .iter()
        .fold((from, from), |(low, high), &k| (low.min(k), high.max(k)));
    Some(if highest - lowest < HARDLY * lowest {
        let range = format!("*k* = {} to {}", decimals(lowest, 0), decimals(highest, 0));
        format!(
            "`ef_construction` hardly matters here: overlap falls below .95 at {range} throughout."
        )
    } else if ks.is_sorted() {
        let (from, to) = (decimals(from, 0), decimals(to, 0));
        format!(
            "A better graph delays it: from `ef_construction`\u{a0}{} to {} the *k* at which overlap falls below .95 moves from \
             {from} to {to}.",
            first.value, last.value
        )
    } else {
        let values: Vec<String> = conditions
            .iter()
            .map(|condition| condition.value.to_string())
            .collect();
        let ks: Vec<String> = ks.iter().map(|&k| decimals(k, 0)).collect();
        format!(
            "A larger `ef_construction` does not always delay it: for {} overlap falls below .95 at *k* = {}.",
            listed(&values),
            listed(&ks)
        )
    })
}

/// Which α keep the neighborhood at every k.
fn alpha(view: &View<'_>) -> Option<String> {
    let conditions: Vec<_> = view.of(StudyKind::Alpha).collect();
    let lowest = |condition: &Condition<'_>| {
        condition
            .lowest_overlap()
            .map_or(f64::NAN, |(_, overlap)| overlap)
    };
    let worst = |condition: &Condition<'_>| {
        let (place, overlap) = condition.lowest_overlap().unwrap_or((0, f64::NAN));
        format!(
            "{} at *k* = {}",
            share(overlap),
            condition.ks.get(place).copied().unwrap_or(0)
        )
    };
    let last = conditions.last()?;
    let kept: Vec<bool> = conditions
        .iter()
        .map(|condition| lowest(condition) >= KEPT)
        .collect();
    // The smallest α from which on every one tried keeps it.
    let place = kept
        .iter()
        .rposition(|&kept| !kept)
        .map_or(0, |place| place + 1);
    let Some(threshold) = conditions.get(place) else {
        return Some(format!(
            "With `ef` = *αk*, no *α* tried keeps mean overlap ≥ .99 at every *k*; with {} it falls to {}.",
            last.label(),
            worst(last)
        ));
    };
    let range = if place + 1 == conditions.len() {
        format!("{}, the largest tried,", threshold.label())
    } else {
        format!("*α* ≥ {}", threshold.value)
    };
    let below = place.checked_sub(1).map_or_else(String::new, |below| {
        format!(
            "; {} does not ({})",
            conditions[below].label(),
            worst(conditions[below])
        )
    });
    Some(format!(
        "With `ef` = *αk*, {range} keeps mean overlap ≥ .99 at every *k*{below}."
    ))
}

/// Whether published mean distances explode, and from what.
fn explosion(view: &View<'_>) -> Option<String> {
    let empty = view.artefacts().empty_slots;
    let exploded = view.conditions.iter().find_map(|condition| {
        let place = (0..condition.ks.len())
            .find(|&place| condition.published(place, |p| p.mean_ann_dist) > EXPLODED)?;
        Some((condition, place))
    });
    let (condition, place) = exploded?;
    Some(format!(
        "The published arithmetic gives a mean squared distance of {} at {}, *k* = {}, where the slots returned lie at {} on \
         average: {} empty slots in all conditions are averaged in as `FLT_MAX` or dropped with their rows.",
        significant(condition.published(place, |p| p.mean_ann_dist), 3),
        condition.label(),
        condition.ks[place],
        significant(condition.mean(place, |m| m.mean_returned_distance), 3),
        count(empty)
    ))
}
