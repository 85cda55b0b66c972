//! What an audit says on a terminal: a screenful, each line a finding.

use super::results::{Advice, AnswerFacts, AuditResults, CellResult, DataFacts, GraphFacts};
use crate::report::number::{count, counted, share, significant};
use annatomy_geometry::estimate::Estimate;
use std::fmt::Write;

/// Rows named before the rest are only counted.
const NAMED: usize = 8;

/// The findings as text, lines of about 100 characters.
pub fn verdict(results: &AuditResults) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(words.trim_end());
        text.push('\n');
    };
    line(data_line(&results.data));
    results.graphs.iter().for_each(|graphs| graph_lines(graphs).into_iter().for_each(&mut line));
    results.notes.iter().for_each(|note| line(format!("note: {note}")));
    difficulty_lines(results).into_iter().for_each(&mut line);
    if let Some(answers) = &results.answers {
        line(String::new());
        answer_lines(answers).into_iter().for_each(&mut line);
        measure_lines(&results.returned).into_iter().for_each(&mut line);
    }
    if !results.efforts.is_empty() {
        line(String::new());
        line("At the effort given".to_owned());
        measure_lines(&results.efforts).into_iter().for_each(&mut line);
    }
    if !results.engines.is_empty() {
        line(String::new());
        engine_lines(results).into_iter().for_each(&mut line);
    }
    if !results.advice.is_empty() {
        line(String::new());
        advice_lines(results).into_iter().for_each(&mut line);
    }
    text
}

fn data_line(data: &DataFacts) -> String {
    let queries = match (data.queries == data.query_population, data.queries_are_base_rows) {
        (true, true) => "every row a query, itself excluded".to_owned(),
        (false, true) => format!("{} of the rows drawn as queries, each itself excluded", count(data.queries as u64)),
        (true, false) => format!("{} queries of their own", count(data.queries as u64)),
        (false, false) => {
            format!("{} of {} queries drawn", count(data.queries as u64), count(data.query_population as u64))
        }
    };
    let duplicates = match data.duplicate_rows {
        0 => String::new(),
        rows => format!("; repeats of an earlier row: {}", count(rows as u64)),
    };
    let (rows, columns) = (count(data.rows as u64), count(data.columns as u64));
    format!("{}: {rows} × {columns}, {}; {queries}{duplicates}", data.name, data.metric)
}

fn graph_lines(graphs: &GraphFacts) -> Vec<String> {
    let GraphFacts { source, m, ef_construction, links_per_node, .. } = graphs;
    let links = significant(*links_per_node, 3);
    let effort = graphs.ef_search.map_or(String::new(), |ef| format!(", efSearch {ef}"));
    let mut lines =
        vec![format!("graph: {source}; M {m}, efConstruction {ef_construction}{effort}; {links} links a node")];
    for (number, lost) in graphs.unreachable.iter().enumerate().filter(|(_, lost)| !lost.is_empty()) {
        let names: Vec<String> = lost.iter().take(NAMED).map(i64::to_string).collect();
        let more = if lost.len() > NAMED { ", …" } else { "" };
        let which = if graphs.unreachable.len() > 1 { format!(" in graph {number}") } else { String::new() };
        let lost = counted(lost.len() as u64, "row", "rows");
        lines.push(format!("  {lost} cannot be reached{which}, at any ef: {}{more}", names.join(", ")));
    }
    lines
}

fn difficulty_lines(results: &AuditResults) -> Vec<String> {
    let per_k = |value: &dyn Fn(usize) -> String| -> String {
        (0..results.difficulty.len()).map(|place| format!("{:>10}", value(place))).collect::<Vec<_>>().concat()
    };
    let all = &results.difficulty;
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| significant(value, 3));
    vec![
        String::new(),
        format!("{:<44}{}", "How hard these data are", per_k(&|place| format!("k = {}", all[place].k))),
        format!(
            "{:<44}{}",
            "  local intrinsic dimensionality",
            per_k(&|place| number(all[place].lid.map(|lid| lid.point)))
        ),
        format!(
            "{:<44}{}",
            "  contrast, mean distance over k-th",
            per_k(&|place| number(all[place].relative_contrast))
        ),
        format!("{:<44}{}", "  hubness, skewness of k-occurrences", per_k(&|place| number(all[place].hubness))),
    ]
}

fn answer_lines(answers: &AnswerFacts) -> Vec<String> {
    let (rows, columns) = (count(answers.rows as u64), count(answers.columns as u64));
    let own = if answers.self_included { "the query itself included" } else { "the query itself not included" };
    let first = answers.first_id;
    let mut lines = vec![format!("{}: {rows} × {columns} ids from {first}, {own}", answers.name)];
    if let (Some(kind), Some(deviation)) = (&answers.distance_kind, answers.distance_deviation) {
        let deviation = significant(deviation, 2);
        lines.push(format!("  distances are {kind} (median deviation {deviation})"));
    }
    let sentinels = answers.sentinels;
    let kinds = [
        (sentinels.negative_ids, "negative ids"),
        (sentinels.ids_out_of_range, "ids out of range"),
        (sentinels.duplicates, "duplicates"),
        (sentinels.padding, "slots of padding"),
        (sentinels.nan_distances, "distances that are not numbers"),
        (sentinels.sentinel_distances, "infinite or largest distances"),
    ];
    let found: Vec<String> = kinds
        .iter()
        .filter(|(slots, _)| *slots > 0)
        .map(|(slots, kind)| format!("{} {kind}", count(*slots as u64)))
        .collect();
    if !found.is_empty() {
        let short = count(sentinels.short_rows as u64);
        lines.push(format!("  not neighbors, and not scored: {}, in {short} rows", found.join(", ")));
    }
    if answers.rows_out_of_order > 0 {
        lines.push(format!("  {} rows do not come nearest first", count(answers.rows_out_of_order as u64)));
    }
    lines
}

/// A table of all measures, one row per cell, and why neighbors are missing.
fn measure_lines(cells: &[CellResult]) -> Vec<String> {
    let head = format!(
        "  {:>7} {:>5} {:>6} {:>15} {:>6} {:>9} {:>9} {:>7}  {}",
        "", "k", "fill", "overlap", "p5", "distance", "LID", "shift", "missing a query"
    );
    let mut lines = vec![head];
    for cell in cells {
        let who = cell.ef.map_or(String::new(), |ef| format!("ef {ef}"));
        if cell.refused {
            lines.push(format!("  {who:>7} {:>5} refused: k exceeds ef", cell.k));
            continue;
        }
        let signed = |ratio: Option<f64>| {
            ratio.filter(|ratio| ratio.is_finite()).map_or("–".to_owned(), |ratio| format!("{:+.2} %", 100.0 * ratio))
        };
        let lid = cell.lid_returned.zip(cell.lid_exact).map(|(a, e)| a.point / e.point - 1.0);
        lines.push(format!(
            "  {who:>7} {:>5} {:>6} {:>15} {:>6} {:>9} {:>9} {:>7}  {}",
            cell.k,
            point(cell.fill),
            interval(cell.overlap),
            point(cell.overlap_p5),
            signed(cell.relative_distance_error.map(|error| error.point)),
            signed(lid),
            cell.barycenter_shift.map_or("–".to_owned(), |shift| share(shift.point)),
            causes(cell),
        ));
    }
    lines
}

fn causes(cell: &CellResult) -> String {
    let missing = &cell.missing;
    let kinds = [
        (missing.unreachable, "unreachable"),
        (missing.unvisited, "unvisited"),
        (missing.cut_off, "cut off"),
        (missing.displaced, "displaced"),
        (missing.tied, "tied"),
        (missing.empty, "slots empty"),
    ];
    let found: Vec<String> = kinds
        .iter()
        .filter(|(amount, _)| *amount >= 0.0005)
        .map(|(amount, kind)| format!("{} {kind}", significant(*amount, 2)))
        .collect();
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

fn engine_lines(results: &AuditResults) -> Vec<String> {
    let ks: Vec<usize> = results.difficulty.iter().map(|difficulty| difficulty.k).collect();
    let heads = ks.iter().map(|k| format!("{:>24}", format!("k = {k}"))).collect::<Vec<_>>().concat();
    let mut lines = vec![format!("{:<15}{heads}", "Engines' defaults"), {
        let cells = format!("{:>24}", "ef  overlap   fill").repeat(ks.len());
        format!("{:<15}{cells}", "  on this graph")
    }];
    for row in results.engines.chunks(ks.len().max(1)) {
        let mut line = format!("  {:<13}", row[0].who);
        for cell in row {
            let ef = cell.ef.unwrap_or(0);
            let words = if cell.refused {
                "refused".to_owned()
            } else {
                format!("{ef:>6}  {:>7} {:>6}", point(cell.overlap), point(cell.fill))
            };
            let _ = write!(line, "{words:>24}");
        }
        lines.push(line);
    }
    lines
}

fn advice_lines(results: &AuditResults) -> Vec<String> {
    let head = format!("{:<28}{:>6}{:>8}{:>18}{:>8}{:>14}", "Smallest ef", "k", "ef", "95 %", "ef/k", "evaluations");
    let mut lines = vec![head];
    for advice in &results.advice {
        let target = advice.target.to_string();
        let k = advice.k;
        lines.push(match advice.ef {
            Some(ef) => {
                let low = advice.ef_low.unwrap_or(ef);
                let high = advice.ef_high.map_or("…".to_owned(), |high| high.to_string());
                let alpha = advice.alpha.map_or(String::new(), |alpha| significant(alpha, 3));
                let cost = advice.distance_evaluations.map_or(String::new(), |cost| count(cost.round() as u64));
                format!("  {target:<26}{k:>6}{ef:>8}{:>18}{alpha:>8}{cost:>14}", format!("{low} to {high}"))
            }
            None => format!("  {target:<26}{k:>6}  {}", out_of_reach(advice, results)),
        });
    }
    if results.advice.iter().any(|advice| advice.ef.is_none() && advice.best_overlap < 1.0) {
        lines.push(
            "  A larger M or efConstruction, or another order of insertion, gives a graph with fewer rows lost."
                .to_owned(),
        );
    }
    lines
}

fn out_of_reach(advice: &Advice, results: &AuditResults) -> String {
    let reached = advice.reached.map_or("nothing".to_owned(), |reached| share(reached.point));
    let lost: usize = results.graphs.iter().flat_map(|graphs| &graphs.unreachable).map(Vec::len).sum();
    let because = if lost > 0 && advice.best_overlap < 1.0 {
        format!(
            "; {} out of reach, so no overlap exceeds {}",
            counted(lost as u64, "row", "rows"),
            significant(advice.best_overlap, 5)
        )
    } else {
        String::new()
    };
    format!("not reached: {reached} at ef {}{because}", advice.largest_ef)
}

fn point(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |estimate| share(estimate.point))
}

/// A share with the half width of its interval.
fn interval(estimate: Option<Estimate>) -> String {
    let Some(estimate) = estimate else { return "–".to_owned() };
    match estimate.low.zip(estimate.high) {
        Some((low, high)) => format!("{} ± {:.4}", share(estimate.point), (high - low) / 2.0),
        None => share(estimate.point),
    }
}
