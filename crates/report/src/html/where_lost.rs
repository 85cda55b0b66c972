//! The section on where loss lives: overlap by fifths of the queries, from the least value of each
//! difficulty to the largest.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::terminal::{by_words, effort_word};
use crate::text::number::{count, share, significant};
use annatomy_audit::{AuditResults, WhereLost};

/// A table per k and effort; nothing where no difficulty varies.
pub(super) fn where_lost(html: &mut Html, results: &AuditResults) {
    let known = |lost: &&WhereLost| lost.rank_correlation.is_some();
    let all: Vec<&WhereLost> = results.where_lost.iter().filter(known).collect();
    if all.is_empty() {
        return;
    }
    html.section("where-lost", "Where loss lives", |html| {
        html.prose(
            "The queries in fifths of rising difficulty, with the mean overlap of each. Spearman's ρ is that of loss with the \
             difficulty: above 0, the harder queries lose more. It says that they go together, not why.",
        );
        for of_cell in all.chunk_by(|a, b| (a.k, a.ef) == (b.k, b.ef)) {
            table(html, effort_word(results), of_cell);
        }
    });
}

fn table(html: &mut Html, effort: &str, all: &[&WhereLost]) {
    let (k, ef) = (all[0].k, all[0].ef);
    let ef = ef.map_or(String::new(), |ef| {
        format!(", {effort} {}", count(ef as u64))
    });
    let head = [
        "difficulty",
        "from",
        "to",
        "ρ with loss",
        "95 %",
        "1st fifth",
        "2nd",
        "3rd",
        "4th",
        "5th",
    ];
    let title = format!("Overlap by fifths of the queries at k = {k}{ef}");
    let mut table = Table::new(&title, Columns::Numbers, &head);
    let none = || "–".to_owned();
    for lost in all {
        let rho = lost.rank_correlation;
        let ends = rho.and_then(|rho| rho.low.zip(rho.high));
        let mut row = vec![
            by_words(lost.by).to_owned(),
            lost.parts
                .first()
                .map_or_else(none, |part| significant(part.from, 3)),
            lost.parts
                .last()
                .map_or_else(none, |part| significant(part.to, 3)),
            rho.map_or_else(none, |rho| format!("{:+.2}", rho.point)),
            ends.map_or_else(none, |(low, high)| format!("{low:+.2} to {high:+.2}")),
        ];
        let overlaps = lost.parts.iter().map(|part| part.overlap);
        row.extend(overlaps.map(|overlap| overlap.map_or_else(none, |found| share(found.point))));
        table.row(row);
    }
    table.write(html);
}
