//! The first screen of an audit's page: what was looked at, what was found, in sentences that the
//! numbers choose; what the command printed folds out.

use super::writer::Html;
use crate::terminal::{effort_word, for_queries, note_words, nothing_is_drawn, shortfall, verdict};
use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{Advice, AuditResults, CellResult};

/// Efforts that have a sentence.
const SAID: usize = 4;

pub(super) fn write(html: &mut Html, results: &AuditResults) {
    let data = &results.data;
    let file = data.name.rsplit(['/', '\\']).next().unwrap_or(&data.name);
    html.within("h1", "", |html| html.plain(&format!("Audit of {file}")));
    html.within("p", "run", |html| {
        if file != data.name {
            html.plain(&format!("{}: ", data.name));
        }
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
            .advice
            .iter()
            .for_each(|advice| advised(html, advice, results));
        at_efforts(html, &results.efforts, effort_word(results));
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
    let worst = cell.overlap_p5.filter(|worst| worst.point < 1.0);
    let worst = worst.map_or(String::new(), |worst| {
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

/// One sentence per effort, of the first and the last where they are many.
fn at_efforts(html: &mut Html, cells: &[CellResult], word: &str) {
    let efforts: Vec<&[CellResult]> = cells.chunk_by(|a, b| a.ef == b.ef).collect();
    let left_out = efforts.len().saturating_sub(SAID);
    for (place, cells) in efforts.iter().enumerate() {
        if place < SAID - 1 || place + 1 == efforts.len() {
            at_effort(html, cells, word);
        }
    }
    if left_out > 0 {
        let words = counted(left_out as u64, "effort", "efforts");
        html.prose(&format!("The tables below have {words} more."));
    }
}

/// Overlap at each k, and what its worst queries have at the largest.
fn at_effort(html: &mut Html, cells: &[CellResult], word: &str) {
    let Some(ef) = cells.first().and_then(|cell| cell.ef) else {
        return;
    };
    let answered = cells.iter().filter(|cell| cell.overlap.is_some());
    let answered: Vec<&CellResult> = answered.collect();
    let Some((last, others)) = answered.split_last() else {
        return;
    };
    let Some(words) = found(last) else { return };
    let ef = count(ef as u64);
    if others.is_empty() {
        html.prose(&format!("At `{word}` {ef}, *k* = {}: {words}.", last.k));
        return;
    }
    let smaller: Vec<String> = others
        .iter()
        .filter_map(|cell| {
            Some(format!(
                "{} at *k* = {}",
                share(cell.overlap?.point),
                cell.k
            ))
        })
        .collect();
    html.prose(&format!(
        "At `{word}` {ef}: {}; at *k* = {}, {words}.",
        smaller.join(", "),
        last.k
    ));
}

fn advised(html: &mut Html, advice: &Advice, results: &AuditResults) {
    let target = format!("{}{}", advice.target, for_queries(results));
    let word = effort_word(results);
    let words = match (&advice.recommended, advice.ef) {
        (Some(shown), _) if nothing_is_drawn(results) => {
            format!("`{word}` {} reaches {target}", count(shown.ef as u64))
        }
        (Some(shown), _) => format!(
            "`{word}` {} is shown to reach {target}, with the whole 95\u{a0}% interval",
            count(shown.ef as u64)
        ),
        (None, Some(ef)) => format!(
            "`{word}` {} reaches {target} by its estimate; with as many queries no `{word}` is shown to",
            count(ef as u64)
        ),
        (None, None) => format!(
            "no `{word}` up to {} reaches {target}",
            count(advice.largest_ef as u64)
        ),
    };
    let short = shortfall(advice, results).map_or(String::new(), |words| format!("; {words}"));
    html.prose(&format!("For *k* = {}: {words}{short}.", advice.k));
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
