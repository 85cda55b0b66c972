//! The smallest ef for each target, and what would help where there is none.

use super::because::{because_words, for_queries};
use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{Advice, AuditResults, Remedy};

/// Whether each effort is a count over all there is, every row a query of one graph: what is shown, the estimate and
/// both ends of its interval are then one number.
pub(crate) fn nothing_is_drawn(results: &AuditResults) -> bool {
    let data = &results.data;
    let every_row = data.queries_are_base_rows && data.queries == data.query_population;
    let graphs = results.graphs.as_ref().map_or(1, |graphs| graphs.count);
    let is_one_number = |advice: &Advice| {
        let shown = advice.recommended.as_ref().map(|shown| shown.ef);
        [shown, advice.ef_low, advice.ef_high] == [advice.ef; 3]
    };
    every_row && graphs == 1 && results.advice.iter().all(is_one_number)
}

pub(super) fn advice_lines(results: &AuditResults) -> Vec<String> {
    let word = effort_word(results);
    let ratio = if results.method.is_none() { "ef/k" } else { "" };
    let title = format!("Which {word} suffices");
    let whole = nothing_is_drawn(results);
    let head = if whole {
        format!(
            "{title:<28}{:>6}{word:>10}{ratio:>8}{:>14}",
            "k", "evaluations"
        )
    } else {
        format!(
            "{title:<28}{:>6}{:>8}{:>10}{:>18}{ratio:>8}{:>14}",
            "k", "shown", "estimate", "95 %", "evaluations"
        )
    };
    let mut lines = vec![head];
    for advice in &results.advice {
        match advice.ef {
            Some(ef) if whole => lines.push(line_of_all(advice, ef)),
            _ => lines.extend(lines_of(advice, results)),
        }
    }
    let because: Vec<String> = results
        .advice
        .iter()
        .filter_map(|advice| because_words(advice, results))
        .collect();
    let is_said = !because.is_empty();
    lines.extend(because.into_iter().map(|words| format!("  {words}")));
    if is_said && !for_queries(results).is_empty() {
        lines.push(format!(
            "  Queries that are no rows often need a larger {word}: give yours (--queries FILE, Python queries=Q)"
        ));
    }
    lines.extend(judged_lines(&results.advice));
    match &results.remedy {
        _ if results.method.is_some() => {}
        Some(remedy) => lines.extend(remedy_lines(remedy)),
        None if results.advice.iter().any(|advice| advice.ef.is_none() && advice.best_overlap < 1.0) => lines.push(
            "  A larger M or efConstruction, or another order of insertion, gives a graph with fewer rows lost."
                .to_owned(),
        ),
        None => {}
    }
    lines
}

/// The one effort, where nothing is drawn.
fn line_of_all(advice: &Advice, ef: usize) -> String {
    let alpha = advice
        .alpha
        .map_or(String::new(), |alpha| significant(alpha, 3));
    let cost = advice.distance_evaluations;
    let cost = cost.map_or(String::new(), |cost| count(cost.round() as u64));
    let (target, k) = (advice.target.to_string(), advice.k);
    format!("  {target:<26}{k:>6}{ef:>10}{alpha:>8}{cost:>14}")
}

/// What is shown to suffice first, the estimate second; and what it would take where nothing is shown.
fn lines_of(advice: &Advice, results: &AuditResults) -> Vec<String> {
    let (target, k) = (advice.target.to_string(), advice.k);
    let Some(ef) = advice.ef else {
        return vec![format!(
            "  {target:<26}{k:>6}  {}",
            out_of_reach(advice, results)
        )];
    };
    let shown = advice.recommended.as_ref();
    let name = shown.map_or("–".to_owned(), |shown| shown.ef.to_string());
    let low = advice.ef_low.unwrap_or(ef);
    let high = advice
        .ef_high
        .map_or("…".to_owned(), |high| high.to_string());
    let alpha = shown.map(|shown| shown.alpha).or(advice.alpha);
    let alpha = alpha.map_or(String::new(), |alpha| significant(alpha, 3));
    let cost = shown.map(|shown| shown.distance_evaluations);
    let cost = cost.or(advice.distance_evaluations);
    let cost = cost.map_or(String::new(), |cost| count(cost.round() as u64));
    let mut lines = vec![format!(
        "  {target:<26}{k:>6}{name:>8}{ef:>10}{:>18}{alpha:>8}{cost:>14}",
        format!("{low} to {high}")
    )];
    if shown.is_none() {
        let word = effort_word(results);
        let queries = advice.reached.map_or(0, |reached| reached.n);
        let queries = counted(queries as u64, "query does", "queries do");
        let needed = advice.queries_needed.map_or(String::new(), |needed| {
            format!("; it would take about {}", count(needed as u64))
        });
        lines.push(format!(
            "    {queries} not show it at any {word} up to {}{needed}",
            count(advice.largest_ef as u64)
        ));
    }
    lines
}

/// The rule tried on other queries than it was applied to.
fn judged_lines(advice: &[Advice]) -> Vec<String> {
    let mut lines = Vec::new();
    for advice in advice {
        let judged = advice.recommended.as_ref().and_then(|shown| shown.judged);
        let Some(judged) = judged else {
            continue;
        };
        if lines.is_empty() {
            lines.push("  Chosen on one half of the queries, judged on the other".to_owned());
        }
        let (target, k) = (advice.target.to_string(), advice.k);
        let reached = judged.reached;
        let interval = match reached.low.zip(reached.high) {
            Some((low, high)) => format!(" ({} to {})", share(low), share(high)),
            None => String::new(),
        };
        let on = count(judged.judged_on as u64);
        lines.push(format!(
            "  {target:<26}{k:>6}{:>8}  gives {}{interval} on the other {on}",
            judged.ef,
            share(reached.point)
        ));
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

/// The engine's word for its effort.
pub(crate) fn effort_word(results: &AuditResults) -> &str {
    let method = results.method.as_ref();
    method.map_or("ef", |method| method.effort.as_deref().unwrap_or("effort"))
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
    let word = effort_word(results);
    let best = match results.method {
        Some(_) if advice.best_overlap > advice.reached.map_or(0.0, |reached| reached.point) => {
            format!("; {} at best", significant(advice.best_overlap, 4))
        }
        _ => String::new(),
    };
    format!(
        "not reached: {reached} at {word} {}{because}{best}",
        advice.largest_ef
    )
}
