//! What HNSW, Vamana and IVF leave of a neighborhood at equal recall, over four kinds of codes.

use super::illustrations;
use crate::html::illustration::Illustration;
use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::methods::{
    Judged, between_codes, between_methods, name, relative, system, value, verdict,
};
use crate::text::number::{NONE, count, decimals, percent, share};
use annatomy_study::results::methods::{
    Bent, CodesName, Comparison, EqualOverlap, Level, MethodName, TARGETS, equal_overlap,
};

pub(super) const TITLE: &str = "Methods at equal recall";

const FIGURES: [&str; 5] = [
    "methods_geometry",
    "methods_ranks",
    "methods_codes",
    "methods_cost",
    "methods_codes_cost",
];

/// Writes the section, where the study was asked for.
pub(crate) fn write(html: &mut Html, view: &View<'_>, figures: &[Illustration<'_>]) {
    let Some(found) = equal_overlap(view.results) else {
        return;
    };
    html.section("methods", TITLE, |html| {
        for sentence in verdict(&found) {
            html.prose(&sentence);
        }
        if view.runs() < 2 {
            html.prose("One run has no interval: two or more are needed to tell a difference from chance.");
        }
        illustrations::row(html, figures, &FIGURES);
        differences(&found).write(html);
        for &k in &ks(&found) {
            levels(&found, k).write(html);
        }
        html.prose(
            "Each value is interpolated, within each run, between the first effort whose overlap reaches the target and the effort \
             before it; differences are paired over runs. A system that reaches a target at its smallest effort, or at none, has no \
             value there. An answer is the *k* best by code of what an effort visits. Graphs and cells are built over float32 rows; \
             Vamana has HNSW’s degree bound and beam, IVF √*n* cells; codes are of the rows, not of residuals. Evaluations count \
             centroids and upper layers, bytes also links and, for PQ, the codebook once a query.",
        );
    });
}

/// The page's first word on it.
pub(super) fn sentence(view: &View<'_>) -> Option<String> {
    verdict(&equal_overlap(view.results)?).into_iter().next()
}

fn ks(found: &EqualOverlap) -> Vec<usize> {
    let mut ks: Vec<usize> = found.ceilings.iter().map(|ceiling| ceiling.k).collect();
    ks.dedup();
    ks
}

/// Per measure and pair: how many differences are resolved, and the largest.
fn differences(found: &EqualOverlap) -> Table {
    let head = [
        "measure",
        "resolved",
        "largest",
        "at *k*",
        "overlap",
        "of the larger",
    ];
    let mut table = Table::new(
        "Differences over every *k* and target: how many intervals leave out 0, and the largest of those.",
        Columns::Numbers,
        &head,
    );
    let mut group = |title: &str, comparisons: &[&Comparison]| {
        if comparisons.is_empty() {
            return;
        }
        table.title(title);
        for bent in Bent::ALL {
            table.row(judged(&Judged::of(comparisons, bent)));
        }
    };
    for codes in CodesName::ALL {
        let comparisons = between_methods(found, codes);
        for (from, to) in pairs() {
            let of_pair =
                |comparison: &&&Comparison| (comparison.from.0, comparison.to.0) == (from, to);
            let of_pair: Vec<&Comparison> = comparisons.iter().filter(of_pair).copied().collect();
            group(
                &format!("{} less {}, over {}", to.name(), from.name(), codes.name()),
                &of_pair,
            );
        }
    }
    for codes in &CodesName::ALL[1..] {
        let title = format!("{} less float32, under each method", codes.name());
        group(&title, &between_codes(found, *codes));
    }
    table
}

fn pairs() -> [(MethodName, MethodName); 3] {
    let [first, second, third] = MethodName::ALL;
    [(first, second), (first, third), (second, third)]
}

fn judged(judged: &Judged<'_>) -> Vec<String> {
    let mut row = vec![
        name(judged.bent).to_owned(),
        format!("{} of {}", judged.resolved.len(), judged.all.len()),
    ];
    match judged.largest() {
        None => row.extend([NONE, NONE, NONE, NONE].map(str::to_owned)),
        Some((comparison, difference)) => row.extend([
            value(judged.bent, difference.difference.point),
            comparison.k.to_string(),
            share(comparison.overlap),
            percent(relative(difference)),
        ]),
    }
    row
}

/// Every system at every target.
fn levels(found: &EqualOverlap, k: usize) -> Table {
    let head = [
        "",
        "shift",
        "LID bias",
        "distance error",
        "skewness",
        "Robin Hood",
        "displacement",
        "evaluations",
        "kB read",
    ];
    let caption = format!(
        "At *k* = {k}: what is left at equal overlap, and its cost. Skewness and Robin Hood index less those of the exact neighbors."
    );
    let mut table = Table::new(&caption, Columns::Numbers, &head);
    for target in TARGETS {
        let of_target = |level: &&Level| level.k == k && level.overlap == target;
        let levels: Vec<&Level> = found.levels.iter().filter(of_target).collect();
        if levels.is_empty() {
            continue;
        }
        table.title(&format!("overlap {}", share(target)));
        for level in levels {
            table.row(of_level(level));
        }
    }
    table
}

fn of_level(level: &Level) -> Vec<String> {
    let order = [
        Bent::BarycenterShift,
        Bent::LidBias,
        Bent::RelativeDistanceError,
        Bent::SkewnessChange,
        Bent::RobinHoodChange,
        Bent::Displacement,
    ];
    let of = |bent: Bent| {
        let mut measures = level.measures.iter();
        let found = measures.find(|(measure, _)| *measure == bent);
        found.map_or_else(|| NONE.to_owned(), |(_, found)| value(bent, found.point))
    };
    let mut row = vec![system((level.method, level.codes))];
    row.extend(order.map(of));
    row.push(count(level.evaluations.point.round() as u64));
    row.push(decimals(level.bytes.point / 1e3, 0));
    row
}
