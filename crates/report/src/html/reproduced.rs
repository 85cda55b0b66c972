//! `reproduced.html`: published and reproduced, figure by figure.

use super::page::{ReportError, STYLE};
use super::published_intervals::published_intervals_section;
use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{NONE, count, counted, decimals, percent, significant};
use annatomy_formats::write_atomically;
use annatomy_study::reference::{Comparison, Figure, Row, Spread};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// Images per published run.
const PUBLISHED_SUBSET: usize = 10_000;

/// Writes `reproduced.html` and `reproduced.csv` under `folder`.
pub fn write_reproduced(folder: &Path, comparison: &Comparison) -> Result<(), ReportError> {
    for (name, text) in [
        ("reproduced.html", html(comparison)),
        ("reproduced.csv", comparison.csv()),
    ] {
        let path = folder.join(name);
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| write_atomically(&path, |file| file.write_all(text.as_bytes())));
        written.map_err(|source| ReportError { path, source })?;
    }
    Ok(())
}

fn html(comparison: &Comparison) -> String {
    let mut html = Html::default();
    html.trusted("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.trusted("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.trusted("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.within("title", "", |html| {
        html.plain("annatomy: published and reproduced");
    });
    html.within("style", "", |html| html.trusted(STYLE));
    html.trusted("</head>\n<body>\n");
    html.within("header", "", |html| {
        html.within("h1", "", |html| html.words("Published and reproduced"));
        html.prose(&introduction(comparison));
    });
    html.within("main", "", |html| {
        html.section("agreement", "Agreement, figure by figure", |html| {
            html.prose(
                "Differences are between means over runs, in units of the published standard deviation over ten runs: within 1 \
                 is where a single further published run would mostly fall.",
            );
            agreement(comparison).write(html);
        });
        published_intervals_section(html);
        html.section("figures", "Every figure", |html| {
            html.prose(
                "Published conventions on both sides: distances are squared, LID is taken from them, empty slots count as \
                 the study counted them. A mean distance into which an empty slot’s `FLT_MAX` was averaged is left out and \
                 counted as *exploded*. The same figures are in `reproduced.csv`.",
            );
            for rows in comparison.rows.chunk_by(|a, b| (a.study, &a.condition) == (b.study, &b.condition)) {
                html.within("details", "", |html| {
                    let title = format!("{}, {}", rows[0].study.folder(), rows[0].condition);
                    html.within("summary", "", |html| html.plain(&title));
                    condition(rows).write(html);
                });
            }
        });
    });
    html.trusted("</body>\n</html>\n");
    html.finish()
}

fn introduction(comparison: &Comparison) -> String {
    let cells = comparison.rows.len() / Figure::ALL.len();
    let mut text = format!(
        "{} of {} images each, compared with the ten published runs of {}, at {} of condition and *k*.",
        counted(comparison.runs as u64, "run", "runs"),
        count(comparison.subset as u64),
        count(PUBLISHED_SUBSET as u64),
        counted(cells as u64, "cell", "cells"),
    );
    if comparison.subset != PUBLISHED_SUBSET {
        text.push_str(" Subsets of another size have other neighbors: these figures cannot be expected to agree.");
    }
    if comparison.unpublished_cells > 0 {
        let left_out = comparison.unpublished_cells;
        let _ = write!(
            text,
            " Left out, because there is no published counterpart: {left_out}."
        );
    }
    text
}

fn agreement(comparison: &Comparison) -> Table {
    let head = [
        "figure",
        "compared",
        "within 1",
        "within 2",
        "median",
        "largest",
        "exploded, published",
        "exploded, ours",
    ];
    let mut table = Table::new(
        "Sizes of differences, in published standard deviations",
        Columns::Numbers,
        &head,
    );
    for figure in Figure::ALL {
        let sizes = comparison.sizes(figure);
        let within = |most: f64| match sizes.len() {
            0 => NONE.to_owned(),
            all => percent(sizes.iter().filter(|&&size| size <= most).count() as f64 / all as f64),
        };
        let size = |place: usize| {
            sizes
                .get(place)
                .map_or(NONE.to_owned(), |&size| significant(size, 2))
        };
        let of_figure = || comparison.rows.iter().filter(|row| row.figure == figure);
        let share = |spread: fn(&Row) -> Spread| {
            let (exploded, runs) = of_figure()
                .map(spread)
                .fold((0, 0), |(exploded, runs), spread| {
                    (exploded + spread.exploded, runs + spread.runs)
                });
            if runs == 0 {
                NONE.to_owned()
            } else {
                percent(exploded as f64 / runs as f64)
            }
        };
        table.row([
            format!("`{}`", figure.name()),
            count(sizes.len() as u64),
            within(1.0),
            within(2.0),
            size(sizes.len() / 2),
            size(sizes.len().saturating_sub(1)),
            share(|row| row.published),
            share(|row| row.ours),
        ]);
    }
    table
}

fn condition(rows: &[Row]) -> Table {
    let groups = Figure::ALL.map(|figure| (format!("`{}`", figure.name()), 3));
    let groups: Vec<(&str, usize)> = groups
        .iter()
        .map(|(name, columns)| (name.as_str(), *columns))
        .collect();
    let mut head = vec!["*k*"];
    head.extend(["published", "ours", "difference"].repeat(Figure::ALL.len()));
    let caption =
        "Mean ± standard deviation over runs; the difference in published standard deviations";
    let mut table = Table::new(caption, Columns::Numbers, &head).grouped(&groups);
    for cell in rows.chunk_by(|a, b| a.k == b.k) {
        let figures = cell.iter().flat_map(|row| {
            let difference = row
                .difference()
                .map_or(NONE.to_owned(), |size| decimals(size, 1));
            [spread(row.published), spread(row.ours), difference]
        });
        table.row(std::iter::once(cell[0].k.to_string()).chain(figures));
    }
    table
}

fn spread(spread: Spread) -> String {
    let exploded = match spread.exploded {
        0 => String::new(),
        some => format!(" ⟦{some} of {} exploded⟧", spread.runs),
    };
    let deviation = if spread.deviation.is_nan() {
        String::new()
    } else {
        format!(" ± {}", significant(spread.deviation, 2))
    };
    format!("{}{deviation}{exploded}", significant(spread.mean, 4))
}
