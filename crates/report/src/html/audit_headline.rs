//! The first screen of an audit's page: what was looked at, what was found, in sentences that the
//! numbers choose; what the command printed folds out.

use super::writer::Html;
use crate::terminal::{note_words, verdict};
use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{Advice, AuditResults, CellResult};

pub(super) fn write(html: &mut Html, results: &AuditResults) {
    html.within("h1", "", |html| {
        html.plain(&format!("Audit of {}", results.data.name));
    });
    let data = &results.data;
    html.within("p", "run", |html| {
        let measured = if data.queries_are_base_rows {
            "base rows as queries"
        } else {
            "queries"
        };
        html.words(&format!(
            "{} rows × {} columns, metric {}, {} of {} {measured}. annatomy {}, {} s.",
            count(data.rows as u64),
            count(data.columns as u64),
            data.metric,
            count(data.queries as u64),
            count(data.query_population as u64),
            results.version,
            significant(results.seconds, 2)
        ));
    });
    html.within("div", "lead", |html| {
        for note in results.notes.iter().filter(|note| note.is_contradiction()) {
            html.within("p", "notice", |html| html.plain(&note_words(note)));
        }
        results
            .returned
            .iter()
            .for_each(|cell| answered(html, cell));
        results
            .efforts
            .iter()
            .for_each(|cell| at_effort(html, cell));
        results
            .advice
            .iter()
            .for_each(|advice| advised(html, advice));
        lost(html, results);
    });
    for note in results.notes.iter().filter(|note| !note.is_contradiction()) {
        html.within("p", "run", |html| html.plain(&note_words(note)));
    }
    html.within("details", "", |html| {
        html.within("summary", "", |html| html.words("As the command prints it"));
        html.trusted("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"As the command prints it\">");
        html.within("pre", "", |html| html.plain(&verdict(results)));
        html.trusted("</div>\n");
    });
}

/// Overlap and fill in words; nothing where the engine refuses.
fn found(cell: &CellResult) -> Option<String> {
    let overlap = cell.overlap?.point;
    let worst = cell.overlap_p5.map_or(String::new(), |worst| {
        format!("; one query in twenty has {} or less", share(worst.point))
    });
    let fill = cell.fill.map(|fill| fill.point).filter(|&fill| fill < 1.0);
    let empty = fill.map_or(String::new(), |fill| {
        format!("; {} of the slots are filled", share(fill))
    });
    Some(format!(
        "{} of the true neighbors came back{worst}{empty}",
        share(overlap)
    ))
}

fn answered(html: &mut Html, cell: &CellResult) {
    if let Some(words) = found(cell) {
        html.prose(&format!("The answers given, *k* = {}: {words}.", cell.k));
    }
}

fn at_effort(html: &mut Html, cell: &CellResult) {
    let (Some(words), Some(ef)) = (found(cell), cell.ef) else {
        return;
    };
    html.prose(&format!(
        "At `ef` {}, *k* = {}: {words}.",
        count(ef as u64),
        cell.k
    ));
}

fn advised(html: &mut Html, advice: &Advice) {
    let target = advice.target;
    let words = match (&advice.recommended, advice.ef) {
        (Some(shown), _) => format!(
            "`ef` {} is shown to reach {target}, with the whole 95 % interval",
            count(shown.ef as u64)
        ),
        (None, Some(ef)) => format!(
            "`ef` {} reaches {target} by its estimate; with as many queries no `ef` is shown to",
            count(ef as u64)
        ),
        (None, None) => format!(
            "no `ef` up to {} reaches {target}",
            count(advice.largest_ef as u64)
        ),
    };
    html.prose(&format!("For *k* = {}: {words}.", advice.k));
}

fn lost(html: &mut Html, results: &AuditResults) {
    let Some(graphs) = &results.graphs else {
        return;
    };
    let most = graphs.unreachable.iter().map(Vec::len).max().unwrap_or(0);
    if most > 0 {
        let rows = counted(most as u64, "row", "rows");
        let of = if graphs.count > 1 { "at most " } else { "" };
        html.prose(&format!(
            "No path of the graph leads to {of}{rows}: no `ef` finds them."
        ));
    }
}
