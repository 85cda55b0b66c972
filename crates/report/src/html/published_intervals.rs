//! What the intervals of the ten published runs cover: the overlap of a few conditions.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{NONE, count};
use annatomy_study::reference::{Figure, PUBLISHED_ROWS, PublishedInterval, published_intervals};

/// Conditions that are shown, and the neighbor counts.
const SHOWN: [&str; 4] = ["ef_25", "ef_100", "alpha_1.0", "alpha_4.0"];
const KS: [usize; 3] = [10, 100, 500];

/// The section.
pub(super) fn published_intervals_section(html: &mut Html) {
    html.section("intervals", "How sure the published figures are", |html| {
        html.prose(&format!(
            "Mean overlap over ten runs with its 95 % interval. The *normal* one is that of mean ± 1.96 standard errors. *Of these \
             images*: by Student’s *t*, since the spread is known from ten runs alone; over all subsets of the {} images that the \
             runs draw {} of. *Of images to come*: the runs share what is particular to these images, which no number of runs \
             averages out. `annatomy reproduce --intervals` prints all figures.",
            count(PUBLISHED_ROWS.of as u64),
            count(PUBLISHED_ROWS.rows as u64),
        ));
        table().write(html);
    });
}

fn table() -> Table {
    let head = [
        "condition",
        "*k*",
        "overlap",
        "normal",
        "of these images",
        "of images to come",
    ];
    let mut table = Table::new(
        "95 % intervals of published overlaps",
        Columns::Numbers,
        &head,
    );
    let all = published_intervals();
    for condition in SHOWN {
        for k in KS {
            let is_it = |row: &&PublishedInterval| {
                (row.condition, row.k, row.figure) == (condition, k, Figure::Overlap)
            };
            if let Some(row) = all.iter().find(is_it) {
                let of = &row.intervals;
                let ends = [of.normal, of.these_rows, of.rows_to_come].map(interval);
                let first = [
                    condition.to_owned(),
                    k.to_string(),
                    format!("{:.5}", row.spread.mean),
                ];
                table.row(first.into_iter().chain(ends));
            }
        }
    }
    table
}

fn interval(ends: Option<[f64; 2]>) -> String {
    let words = |[low, high]: [f64; 2]| format!("{low:.5} to {high:.5}");
    ends.map_or(NONE.to_owned(), words)
}
