//! The smallest ef for each target, and what would help where there is none.

use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{Advice, AuditResults, Remedy};

pub(super) fn advice_lines(results: &AuditResults) -> Vec<String> {
    let head = format!(
        "{:<28}{:>6}{:>8}{:>18}{:>8}{:>14}",
        "Smallest ef", "k", "ef", "95 %", "ef/k", "evaluations"
    );
    let mut lines = vec![head];
    for advice in &results.advice {
        let target = advice.target.to_string();
        let k = advice.k;
        lines.push(match advice.ef {
            Some(ef) => {
                let low = advice.ef_low.unwrap_or(ef);
                let high = advice
                    .ef_high
                    .map_or("…".to_owned(), |high| high.to_string());
                let alpha = advice
                    .alpha
                    .map_or(String::new(), |alpha| significant(alpha, 3));
                let cost = advice
                    .distance_evaluations
                    .map_or(String::new(), |cost| count(cost.round() as u64));
                format!(
                    "  {target:<26}{k:>6}{ef:>8}{:>18}{alpha:>8}{cost:>14}",
                    format!("{low} to {high}")
                )
            }
            None => format!("  {target:<26}{k:>6}  {}", out_of_reach(advice, results)),
        });
    }
    match &results.remedy {
        Some(remedy) => lines.extend(remedy_lines(remedy)),
        None if results.advice.iter().any(|advice| advice.ef.is_none() && advice.best_overlap < 1.0) => lines.push(
            "  A larger M or efConstruction, or another order of insertion, gives a graph with fewer rows lost."
                .to_owned(),
        ),
        None => {}
    }
    lines
}

/// What the graph built to see gave, one line per target that was out of reach.
fn remedy_lines(remedy: &Remedy) -> Vec<String> {
    let Remedy {
        m, ef_construction, ..
    } = remedy;
    let lost = match remedy.unreachable.len() {
        0 => "no row out of reach".to_owned(),
        rows => format!("{} out of reach", counted(rows as u64, "row", "rows")),
    };
    let mut lines = vec![format!(
        "What would help: M {m}, efConstruction {ef_construction} (one graph built to see, {lost})"
    )];
    lines.extend(remedy.advice.iter().map(|advice| {
        let (target, k) = (advice.target.to_string(), advice.k);
        if let Some(ef) = advice.ef {
            return format!("  {target:<26}{k:>6}{ef:>8}");
        }
        let reached = advice
            .reached
            .map_or("nothing".to_owned(), |reached| share(reached.point));
        format!(
            "  {target:<26}{k:>6}  not reached either: {reached} at ef {}; insert in another order",
            advice.largest_ef
        )
    }));
    lines
}

fn out_of_reach(advice: &Advice, results: &AuditResults) -> String {
    let reached = advice
        .reached
        .map_or("nothing".to_owned(), |reached| share(reached.point));
    let lost: usize = results
        .graphs
        .iter()
        .flat_map(|graphs| &graphs.unreachable)
        .map(Vec::len)
        .sum();
    let because = if lost > 0 && advice.best_overlap < 1.0 {
        format!(
            "; {} out of reach, so no overlap exceeds {}",
            counted(lost as u64, "row", "rows"),
            significant(advice.best_overlap, 5)
        )
    } else {
        String::new()
    };
    format!(
        "not reached: {reached} at ef {}{because}",
        advice.largest_ef
    )
}
