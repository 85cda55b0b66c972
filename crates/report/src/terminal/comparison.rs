//! Two audits of the same queries, in words.

use crate::text::number::{count, significant};
use annatomy_audit::{Change, Comparison};

/// The findings as text: a table, then the queries that changed most.
pub fn comparison(found: &Comparison) -> String {
    let Comparison { a, b, .. } = found;
    let queries = count(found.queries as u64);
    let mut lines = vec![
        format!("a: {}: {}, {}", a.folder, a.data, a.source),
        format!("b: {}: {}, {}", b.folder, b.data, b.source),
        format!("{queries} queries, paired; intervals are at 95 % over queries like these"),
        String::new(),
        format!(
            "{:<9}{:>5}{:>7}{:>7}{:>9}{:>9}{:>10}{:>22}{:>8}{:>8}{:>10}",
            "", "k", "ef a", "ef b", "a", "b", "b - a", "95 %", "gained", "lost", "p (Holm)"
        ),
    ];
    lines.extend(found.changes.iter().map(row));
    if found.unpaired > 0 {
        lines.push(format!(
            "{} only one of the two has: not compared",
            match found.unpaired {
                1 => "1 effort at one k".to_owned(),
                more => format!("{more} efforts or k"),
            }
        ));
    }
    lines.push(String::new());
    lines.push(verdict(found));
    lines.extend(most_changed(found));
    lines.join("\n") + "\n"
}

fn row(change: &Change) -> String {
    let effort = |ef: Option<usize>| ef.map_or("–".to_owned(), |ef| ef.to_string());
    let difference = &change.paired.difference;
    let low = difference.low.unwrap_or(difference.point);
    let high = difference.high.unwrap_or(difference.point);
    format!(
        "{:<9}{:>5}{:>7}{:>7}{:>9.4}{:>9.4}{:>+10.4}{:>22}{:>8}{:>8}{:>10}",
        change.measure,
        change.k,
        effort(change.ef_a),
        effort(change.ef_b),
        change.a,
        change.b,
        difference.point,
        format!("{low:+.4} to {high:+.4}"),
        change.paired.gained,
        change.paired.lost,
        p_value(change),
    )
}

fn p_value(change: &Change) -> String {
    if change.adjusted_p < 0.0001 {
        return "<.0001".to_owned();
    }
    significant(change.adjusted_p, 2)
}

fn verdict(found: &Comparison) -> String {
    let called: Vec<String> = found
        .changes
        .iter()
        .filter(|change| change.is_significant)
        .map(|change| {
            let direction = if change.paired.difference.point < 0.0 {
                "less"
            } else {
                "more"
            };
            format!("{direction} {} at k = {}", change.measure, change.k)
        })
        .collect();
    if called.is_empty() {
        "No difference is shown: gains and losses are as likely as each other.".to_owned()
    } else {
        format!("b has {}.", called.join(", "))
    }
}

fn most_changed(found: &Comparison) -> Vec<String> {
    let largest = found
        .changes
        .iter()
        .rfind(|change| change.measure == "overlap");
    let Some(change) = largest.filter(|change| !change.most_changed.is_empty()) else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "Overlap at k = {}, the queries that changed most:",
        change.k
    )];
    for query in &change.most_changed {
        lines.push(format!(
            "  {:>12}  {:.4} to {:.4}",
            query.query, query.a, query.b
        ));
    }
    lines
}
