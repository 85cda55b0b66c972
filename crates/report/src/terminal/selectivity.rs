//! Overlap, fill and advice against selectivity: a line per filter, effort and k.

use super::{interval, point};
use crate::text::number::{count, significant};
use annatomy_audit::{Advice, FilterKind, SelectivityResult};

/// The table; nothing without filters.
pub(super) fn selectivity_lines(results: &[SelectivityResult]) -> Vec<String> {
    let Some(first) = results.first() else {
        return Vec::new();
    };
    let mut lines = vec![
        format!(
            "Under filters, as an engine answers that searches by {}",
            first.rule
        ),
        format!(
            "  {:<8} {:>7} {:>10} {:>6} {:>6} {:>16} {:>6} {:>12}  {}",
            "rows", "share", "allowed", "k", "ef", "overlap", "fill", "evaluations", "ef shown"
        ),
    ];
    for result in results {
        let head = format!(
            "  {:<8} {:>7} {:>10}",
            kind_word(result.kind),
            format!("{} %", significant(100.0 * result.share, 3)),
            count(result.allowed as u64),
        );
        if result.efforts.is_empty() {
            lines.push(format!("{head} no k is within the allowed rows"));
        }
        for cell in &result.efforts {
            let visited = cell.visited.unwrap_or(f64::NAN);
            let ef = cell.ef.map_or("–".to_owned(), |ef| ef.to_string());
            let found = if cell.refused {
                format!("{:>16}", "refused")
            } else {
                format!(
                    "{:>16} {:>6} {:>12}",
                    interval(cell.overlap),
                    point(cell.fill),
                    count(visited.round() as u64)
                )
            };
            let advice = result.advice.iter().filter(|advice| advice.k == cell.k);
            let advice: Vec<String> = advice.map(advice_words).collect();
            lines.push(format!(
                "{head} {:>6} {ef:>6} {found}  {}",
                cell.k,
                advice.join(", ")
            ));
        }
    }
    lines
}

/// The kind of a filter in a word.
pub(crate) fn kind_word(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Random => "random",
        FilterKind::Nearest => "nearest",
    }
}

/// The ef that is shown to suffice for a target, else the one whose estimate does.
pub(crate) fn advice_words(advice: &Advice) -> String {
    let target = advice.target;
    match (&advice.recommended, advice.ef) {
        (Some(shown), _) => format!("{} for {target}", count(shown.ef as u64)),
        (None, Some(ef)) => format!("{} for {target}, not shown", count(ef as u64)),
        (None, None) => format!(
            "none up to {} for {target}",
            count(advice.largest_ef as u64)
        ),
    }
}
