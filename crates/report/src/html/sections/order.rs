//! How far the figures move with the order of insertion and the graph's seed, and which share of the
//! spread is whose.

use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::number::{decimals, percent, share};
use annatomy_study::results::order::{OrderCell, OrderMean, variance};

pub(super) const TITLE: &str = "The order of insertion";
/// Sources that have a column of their own.
const SOURCES: [&str; 4] = ["rows", "seed", "order", "query"];

/// Writes the section, where the study was asked for.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    let Some(Ok(cells)) = variance(view.results) else {
        return;
    };
    let Some(widest) = cells.iter().max_by(|a, b| range(a).total_cmp(&range(b))) else {
        return;
    };
    html.section("order", TITLE, |html| {
        html.prose(&moved(widest));
        html.prose(&owners(widest));
        html.prose(
            "Intervals over runs, everywhere else on this page, cover the rows drawn and the graph’s seed together. They do not cover \
             the order of insertion, which is the preset’s in every run.",
        );
        table(&cells).write(html);
        html.prose(
            "Orders: as given; shuffled; highest level first, as FAISS adds a batch; cluster after cluster; by the local intrinsic \
             dimensionality of a row’s neighborhood, lowest or highest first. Shares are variance components of the overlap of one query \
             on one graph, all factors random; *others* are all interactions.",
        );
    });
}

/// The page's first word on it.
pub(super) fn sentence(view: &View<'_>) -> Option<String> {
    let cells = variance(view.results)?.ok()?;
    let widest = cells.iter().max_by(|a, b| range(a).total_cmp(&range(b)));
    widest.map(moved)
}

fn lowest(cell: &OrderCell) -> Option<&OrderMean> {
    let by = |a: &&OrderMean, b: &&OrderMean| a.overlap.total_cmp(&b.overlap);
    cell.means.iter().min_by(by)
}

fn highest(cell: &OrderCell) -> Option<&OrderMean> {
    let by = |a: &&OrderMean, b: &&OrderMean| a.overlap.total_cmp(&b.overlap);
    cell.means.iter().max_by(by)
}

/// Between the best and the worst order.
fn range(cell: &OrderCell) -> f64 {
    let of = |mean: Option<&OrderMean>| mean.map_or(0.0, |mean| mean.overlap);
    of(highest(cell)) - of(lowest(cell))
}

fn named(mean: Option<&OrderMean>) -> String {
    let Some(mean) = mean else {
        return String::new();
    };
    let words = match &*mean.order {
        "as_given" => "as given",
        "levels" => "highest level first",
        "clusters" => "by cluster",
        "lid_up" => "lowest LID first",
        "lid_down" => "highest LID first",
        other => other,
    };
    format!("{} ({words})", share(mean.overlap))
}

fn moved(cell: &OrderCell) -> String {
    format!(
        "The order in which rows are inserted moves mean overlap most at `ef` {}, *k* = {}: from {} to {}. Under one order, graphs of \
         different seeds differ by a standard deviation of {}.",
        cell.ef,
        cell.k,
        named(lowest(cell)),
        named(highest(cell)),
        decimals(cell.deviation_of_seeds, 4)
    )
}

fn owners(cell: &OrderCell) -> String {
    let graph: f64 = ["seed", "order", "seed × order"]
        .map(|source| share_of(cell, source))
        .iter()
        .sum();
    format!(
        "Of the spread between single overlaps there, {} is the query’s own on every graph, {} is the graph’s (its seed and its order) for \
         all queries alike, and the rest is how single queries fare on single graphs.",
        percent(share_of(cell, "query")),
        percent(graph)
    )
}

fn share_of(cell: &OrderCell, source: &str) -> f64 {
    let found = cell.components.iter().find(|found| found.source == source);
    found.map_or(0.0, |found| found.share)
}

fn table(cells: &[OrderCell]) -> Table {
    let head = [
        "`ef`",
        "*k*",
        "lowest",
        "highest",
        "s.d. of seeds",
        "rows",
        "seed",
        "order",
        "query",
        "others",
    ];
    let caption = "Mean overlap under the worst and the best order, and shares of the variance.";
    let mut table =
        Table::new(caption, Columns::Numbers, &head).grouped(&[("overlap", 4), ("share of", 5)]);
    for cell in cells {
        let shares = SOURCES.map(|source| share_of(cell, source));
        let others = 1.0 - shares.iter().sum::<f64>();
        let mut row = vec![
            cell.ef.to_string(),
            cell.k.to_string(),
            named(lowest(cell)),
            named(highest(cell)),
            decimals(cell.deviation_of_seeds, 4),
        ];
        row.extend(shares.map(percent));
        row.push(percent(others.max(0.0)));
        table.row(row);
    }
    table
}
