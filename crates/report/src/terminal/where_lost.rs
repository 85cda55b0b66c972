//! Where loss lives: overlap from the easiest to the hardest fifth of the queries.

use super::advice::effort_word;
use crate::text::number::share;
use annatomy_audit::AuditResults;

/// A line per k and difficulty with which loss goes.
pub(super) fn lost_lines(results: &AuditResults) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<28}{:>6}{:>8}{:>16}  {}",
        "Where loss lives",
        "k",
        effort_word(results),
        "ρ with loss",
        "overlap by fifths, least value first"
    )];
    for lost in &results.where_lost {
        let Some(rho) = lost.rank_correlation else {
            continue;
        };
        let half = rho
            .low
            .zip(rho.high)
            .map_or(0.0, |(low, high)| (high - low) / 2.0);
        let parts: Vec<String> = lost
            .parts
            .iter()
            .map(|part| {
                part.overlap
                    .map_or("–".to_owned(), |overlap| share(overlap.point))
            })
            .collect();
        lines.push(format!(
            "  {:<26}{:>6}{:>8}{:>16}  {}",
            by_words(lost.by),
            lost.k,
            lost.ef.map_or("–".to_owned(), |ef| ef.to_string()),
            format!("{:+.2} ± {half:.2}", rho.point),
            parts.join("  ")
        ));
    }
    if lines.len() == 1 { Vec::new() } else { lines }
}

/// A difficulty in words.
pub(crate) fn by_words(by: &str) -> &str {
    match by {
        "lid" => "by LID",
        "contrast" => "by contrast",
        "nearest_distance" => "by distance to the base",
        other => other,
    }
}
