//! The (ef, k) surface, and the smallest ef that finds everything.

use super::illustrations;
use crate::html::illustration::Illustration;
use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::number::{decimals, estimate, listed};
use annatomy_measures::estimate::Estimate;

/// Neighbor counts of the table, where the study has them.
const KS: [usize; 5] = [10, 50, 100, 200, 500];

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>, figures: &[Illustration<'_>]) {
    let Some(surface) = view.results.runs.first().map(|run| &run.surface) else {
        return;
    };
    if surface.ks.is_empty() {
        return;
    }
    html.section("surface", "Every effort and every *k*", |html| {
        html.prose(
            "The order in which a search visits the graph depends on neither `ef` nor *k*; only the moment of stopping \
             does. So one traversal per query gives overlap at every pair, and with it the smallest `ef` at which each \
             true neighbor is first visited. The required `ef` of a query is the largest of these over its *k* neighbors.",
        );
        if let Some(sentence) = sentence(view) {
            html.prose(&sentence);
        }
        illustrations::row(html, figures, &["surface_overlap", "required_ef"]);
        table(view, &surface.ks).write(html);
    });
}

fn table(view: &View<'_>, ks: &[usize]) -> Table {
    let caption = "Smallest `ef` at which 50, 90 and 99\u{202f}% of queries find all their *k* true neighbors, each mean over \
                   runs with its 95\u{202f}% interval. ∞: in some run that share of queries has a neighbor no path reaches.";
    let mut table = Table::new(
        caption,
        Columns::Numbers,
        &["*k*", "50\u{202f}%", "90\u{202f}%", "99\u{202f}%"],
    );
    let listed: Vec<usize> = KS
        .iter()
        .filter_map(|k| ks.iter().position(|other| other == k))
        .collect();
    let places = if listed.is_empty() {
        View::shown(ks)
    } else {
        listed
    };
    for place in places {
        let cells = [0, 1, 2].map(|level| match required(view, place, level) {
            Some(ef) => estimate(Some(ef), |ef| decimals(ef, 0)),
            None => "∞".to_owned(),
        });
        table.row([vec![ks[place].to_string()], cells.to_vec()].concat());
    }
    table
}

/// The required ef of one k and level over runs; `None` where some run has none.
pub(super) fn required(view: &View<'_>, place: usize, level: usize) -> Option<Estimate> {
    let of_run = |run: &annatomy_study::results::RunRecord| {
        run.surface
            .required_ef
            .get(place)?
            .get(level)
            .copied()
            .flatten()
    };
    let efs: Option<Vec<f64>> = view
        .results
        .runs
        .iter()
        .map(|run| of_run(run).map(|ef| ef as f64))
        .collect();
    Estimate::of(&efs?)
}

/// The effort that half and nearly all queries need at one k.
fn sentence(view: &View<'_>) -> Option<String> {
    let ks = &view.results.runs.first()?.surface.ks;
    let place = ks
        .iter()
        .position(|&k| k == 100)
        .or(ks.len().checked_sub(1))?;
    let words: Vec<String> = [(0, "half of the queries"), (2, "99\u{202f}% of them")]
        .iter()
        .filter_map(|&(level, whom)| Some((required(view, place, level)?, whom)))
        .map(|(ef, whom)| format!("`ef`\u{a0}{} serves {whom}", decimals(ef.point, 0)))
        .collect();
    (!words.is_empty()).then(|| {
        format!(
            "For every true neighbor at *k* = {}, {}.",
            ks[place],
            listed(&words)
        )
    })
}
