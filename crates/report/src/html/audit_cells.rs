//! Every measure of an audit's cells, as tables that fit a page: what came back, why neighbors are
//! missing, the geometry of what came back, graded measures, the worst queries.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{count, share, significant};
use annatomy_audit::CellResult;
use annatomy_measures::estimate::Estimate;

/// A section of cells, in the order given; none where there are no cells.
pub(super) fn cells(html: &mut Html, id: &str, title: &str, words: &str, cells: &[CellResult]) {
    if cells.is_empty() {
        return;
    }
    html.section(id, title, |html| {
        if !words.is_empty() {
            html.prose(words);
        }
        returned(html, cells);
        let answered: Vec<&CellResult> = cells.iter().filter(|cell| !cell.refused).collect();
        missing(html, &answered);
        geometry(html, &answered);
        graded(html, &answered);
        worst(html, &answered);
    });
}

/// Engine or answers, with the effort where it is not said already.
fn who(cell: &CellResult) -> String {
    match (&cell.class, cell.ef) {
        (Some(class), Some(ef)) if cell.who == format!("ef {ef}") => {
            format!("{} ({class})", cell.who)
        }
        (Some(class), Some(ef)) => format!("{} ({class}, ef {ef})", cell.who),
        _ => cell.who.clone(),
    }
}

fn name(cell: &CellResult) -> [String; 2] {
    [who(cell), cell.k.to_string()]
}

fn number(value: Option<Estimate>) -> String {
    value.map_or("–".to_owned(), |value| significant(value.point, 4))
}

fn returned(html: &mut Html, cells: &[CellResult]) {
    let head = [
        "",
        "*k*",
        "fill",
        "overlap",
        "by id",
        "worst 5 %",
        "worst 1 %",
        "visited",
    ];
    let mut table = Table::new("What came back", Columns::Numbers, &head);
    for cell in cells {
        if cell.refused {
            table.row(name(cell).into_iter().chain(["refused".to_owned()]));
            continue;
        }
        let visited = cell.visited;
        let figures = [
            with_interval(cell.fill),
            with_interval(cell.overlap),
            with_interval(cell.overlap_strict),
            with_interval(cell.overlap_p5),
            with_interval(cell.overlap_p1),
            visited.map_or("–".to_owned(), |visited| significant(visited, 3)),
        ];
        table.row(name(cell).into_iter().chain(figures));
    }
    table.write(html);
}

fn missing(html: &mut Html, cells: &[&CellResult]) {
    let head = [
        "",
        "*k*",
        "unreachable",
        "unvisited",
        "cut off",
        "displaced",
        "tied",
        "empty slots",
        "self-hit",
    ];
    let caption = "Neighbors that are missing, a query, by cause";
    let mut table = Table::new(caption, Columns::Numbers, &head);
    for cell in cells {
        let missing = &cell.missing;
        let causes = [
            missing.unreachable,
            missing.unvisited,
            missing.cut_off,
            missing.displaced,
            missing.tied,
            missing.empty,
        ];
        let causes = causes.map(|amount| significant(amount, 3));
        let hit = cell.self_hit.map_or("–".to_owned(), |hit| share(hit.point));
        table.row(name(cell).into_iter().chain(causes).chain([hit]));
    }
    table.write(html);
}

fn geometry(html: &mut Html, cells: &[&CellResult]) {
    let head = [
        "",
        "*k*",
        "distance error",
        "barycenter shift",
        "LID exact",
        "LID returned",
    ];
    let mut table = Table::new("Geometry of what came back", Columns::Numbers, &head);
    for cell in cells {
        let figures = [
            number(cell.relative_distance_error),
            shift(cell),
            number(cell.lid_exact),
            number(cell.lid_returned),
        ];
        table.row(name(cell).into_iter().chain(figures));
    }
    table.write(html);
}

fn graded(html: &mut Html, cells: &[&CellResult]) {
    let head = [
        "",
        "*k*",
        "less chance",
        "ε-recall",
        "1/Ratio",
        "rank-biased",
        "displacement",
        "worst 25 %",
    ];
    let mut table = Table::new("Graded by rank and by distance", Columns::Numbers, &head);
    for cell in cells {
        let figures = [
            cell.lcmc,
            cell.epsilon_recall,
            cell.inverse_ratio,
            cell.rank_biased_overlap,
            cell.displacement,
            cell.overlap_p25,
        ];
        table.row(name(cell).into_iter().chain(figures.map(with_interval)));
    }
    table.write(html);
}

fn worst(html: &mut Html, cells: &[&CellResult]) {
    let head = ["", "*k*", "queries, with their overlap"];
    let mut table = Table::new("The worst queries", Columns::Words, &head);
    for cell in cells.iter().filter(|cell| !cell.worst.is_empty()) {
        let named = cell.worst.iter();
        let named = named.map(|worst| format!("{} ({})", worst.query, share(worst.overlap)));
        let named: Vec<String> = named.collect();
        table.row(name(cell).into_iter().chain([named.join(", ")]));
    }
    table.write(html);
}

/// The mean barycenter shift, with its number of queries where that is not the overlap's.
fn shift(cell: &CellResult) -> String {
    let Some(shift) = cell.barycenter_shift else {
        return "–".to_owned();
    };
    let queries = cell.overlap.map_or(shift.n, |overlap| overlap.n);
    if shift.n == queries {
        return significant(shift.point, 4);
    }
    format!(
        "{} (*n* {})",
        significant(shift.point, 4),
        count(shift.n as u64)
    )
}

/// A share with its 95 % interval below it.
pub(super) fn with_interval(value: Option<Estimate>) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    match value.low.zip(value.high) {
        Some((low, high)) if low < high => {
            format!("{} ⟦{} to {}⟧", share(value.point), share(low), share(high))
        }
        _ => share(value.point),
    }
}
