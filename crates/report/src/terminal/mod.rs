//! The verdict of an audit on a terminal: a screenful, each line a finding.

mod advice;
mod answers;
mod because;
mod comparison;
mod gate;
mod groups;
mod growth;
mod health;
mod junit;
mod method;
mod methods;
mod notes;
mod plan;
mod segments;
mod selectivity;
mod until;
mod where_lost;

use crate::text::number::{count, counted, share, significant};
use advice::advice_lines;
pub(crate) use advice::{effort_word, nothing_is_drawn};
use annatomy_audit::{AuditResults, CellResult, DataFacts, GraphFacts};
use annatomy_measures::estimate::Estimate;
use answers::answer_lines;
pub(crate) use because::{for_queries, shortfall};
pub use comparison::comparison;
pub use gate::requirement_words;
use groups::group_lines;
use growth::growth_lines;
pub(crate) use growth::{law_words, mean_ef, sizes};
use health::health_lines;
pub(crate) use health::{GraphWords, warning_words};
pub use junit::junit;
use method::{method_lines, stage_lines};
pub use methods::methods_verdict;
pub use notes::note_words;
pub use plan::plan_words;
use segments::segment_lines;
use selectivity::selectivity_lines;
pub(crate) use selectivity::{advice_words, kind_word};
use std::fmt::Write;
use until::until_lines;
pub(crate) use where_lost::by_words;
use where_lost::lost_lines;

/// Rows named before the rest are only counted.
const NAMED: usize = 8;

/// The findings as text, lines of about 100 characters.
pub fn verdict(results: &AuditResults) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(words.trim_end());
        text.push('\n');
    };
    let (first, others): (Vec<_>, Vec<_>) = results
        .notes
        .iter()
        .partition(|note| note.is_contradiction());
    for note in first {
        line(format!("note: {}", note_words(note)));
    }
    line(data_line(&results.data));
    allowed_line(&results.data).into_iter().for_each(&mut line);
    if let Some(method) = &results.method {
        method_lines(method).into_iter().for_each(&mut line);
    } else if let Some(graphs) = &results.graphs {
        graph_lines(graphs).into_iter().for_each(&mut line);
    }
    if let Some(graphs) = &results.graphs {
        wrong_lines(GraphWords::of(results), graphs)
            .into_iter()
            .for_each(&mut line);
    }
    for note in others {
        line(format!("note: {}", note_words(note)));
    }
    if let Some(until) = &results.until {
        until_lines(until).into_iter().for_each(&mut line);
    }
    difficulty_lines(results).into_iter().for_each(&mut line);
    if let Some(answers) = &results.answers {
        line(String::new());
        answer_lines(answers, results)
            .into_iter()
            .for_each(&mut line);
        measure_lines(&results.returned)
            .into_iter()
            .for_each(&mut line);
    }
    if let Some(method) = &results.method {
        line(String::new());
        stage_lines(method).into_iter().for_each(&mut line);
    }
    if !results.efforts.is_empty() {
        line(String::new());
        line("At the effort given".to_owned());
        measure_lines(&results.efforts)
            .into_iter()
            .for_each(&mut line);
    }
    if !results.advice.is_empty() {
        line(String::new());
        advice_lines(results).into_iter().for_each(&mut line);
    }
    if !results.engines.is_empty() {
        line(String::new());
        engine_lines(results).into_iter().for_each(&mut line);
    }
    if let Some(segments) = &results.segments {
        line(String::new());
        segment_lines(segments, &results.advice)
            .into_iter()
            .for_each(&mut line);
    }
    if !results.selectivity.is_empty() {
        line(String::new());
        selectivity_lines(&results.selectivity)
            .into_iter()
            .for_each(&mut line);
    }
    if let Some(growth) = &results.growth {
        line(String::new());
        growth_lines(growth).into_iter().for_each(&mut line);
    }
    if !results.where_lost.is_empty() {
        line(String::new());
        lost_lines(results).into_iter().for_each(&mut line);
    }
    if !results.groups.is_empty() {
        line(String::new());
        group_lines(&results.groups).into_iter().for_each(&mut line);
    }
    if !results.requirements.is_empty() {
        line(String::new());
        results
            .requirements
            .iter()
            .for_each(|result| line(requirement_words(result)));
    }
    text
}

fn data_line(data: &DataFacts) -> String {
    let queries = match (
        data.queries == data.query_population,
        data.queries_are_base_rows,
    ) {
        (true, true) => "every row a query, itself excluded".to_owned(),
        (false, true) => format!(
            "{} of the rows drawn as queries, each itself excluded",
            count(data.queries as u64)
        ),
        (true, false) => format!("{} queries of their own", count(data.queries as u64)),
        (false, false) => {
            format!(
                "{} of {} queries drawn",
                count(data.queries as u64),
                count(data.query_population as u64)
            )
        }
    };
    let duplicates = match data.duplicate_rows {
        0 => String::new(),
        rows => format!("; repeats of an earlier row: {}", count(rows as u64)),
    };
    let (rows, columns) = (count(data.rows as u64), count(data.columns as u64));
    format!(
        "{}: {rows} × {columns}, {}; {queries}{duplicates}",
        data.name, data.metric
    )
}

/// The rows that queries may be answered with, if not all.
fn allowed_line(data: &DataFacts) -> Option<String> {
    let allowed = data.allowed.as_ref()?;
    let whose = if allowed.per_query {
        "rows of their own"
    } else {
        "the same rows"
    };
    Some(format!(
        "allowed: {} % of the rows, {whose} for all queries; the engine's rule: {}",
        significant(100.0 * allowed.selectivity, 3),
        allowed.rule
    ))
}

fn graph_lines(graphs: &GraphFacts) -> Vec<String> {
    let GraphFacts {
        source,
        m,
        ef_construction,
        links_per_node,
        ..
    } = graphs;
    let links = significant(*links_per_node, 3);
    let effort = graphs
        .ef_search
        .map_or(String::new(), |ef| format!(", efSearch {ef}"));
    let built = match ef_construction {
        0 => String::new(),
        known => format!(", efConstruction {known}"),
    };
    let mut lines = vec![format!(
        "graph: {source}; M {m}{built}{effort}; {links} links a node"
    )];
    if let Some(arithmetic) = &graphs.arithmetic {
        lines.push(format!(
            "  distances are summed as by its engine compiled for {arithmetic}"
        ));
    }
    lines
}

/// Rows that no path reaches, and what else is wrong with the graphs.
fn wrong_lines(words: GraphWords, graphs: &GraphFacts) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, lost) in graphs
        .unreachable
        .iter()
        .enumerate()
        .filter(|(_, lost)| !lost.is_empty())
    {
        let names: Vec<String> = lost.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if lost.len() > NAMED { ", …" } else { "" };
        let which = if graphs.unreachable.len() > 1 {
            format!(" in graph {number}")
        } else {
            String::new()
        };
        let lost = counted(lost.len() as u64, "row", "rows");
        lines.push(format!(
            "  {lost} cannot be reached{which}, at any {}: {}{more}",
            words.effort,
            names.join(", ")
        ));
    }
    if graphs.unreachable.iter().any(|lost| !lost.is_empty()) {
        lines.push(format!(
            "  a larger {} or {}, or another order of insertion, loses fewer rows",
            words.degree, words.build
        ));
    }
    lines.extend(health_lines(words, &graphs.health));
    lines
}

fn difficulty_lines(results: &AuditResults) -> Vec<String> {
    let per_k = |value: &dyn Fn(usize) -> String| -> String {
        (0..results.difficulty.len())
            .map(|place| format!("{:>10}", value(place)))
            .collect::<Vec<_>>()
            .concat()
    };
    let all = &results.difficulty;
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| significant(value, 3));
    let mut lines = vec![
        String::new(),
        format!(
            "{:<44}{}",
            "How hard these data are",
            per_k(&|place| format!("k = {}", all[place].k))
        ),
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
        format!(
            "{:<44}{}",
            "  hubness, skewness of k-occurrences",
            per_k(&|place| number(all[place].hubness))
        ),
    ];
    if results.data.metric == "cosine" {
        lines.push(
            "  geometry under cosine is over the chord √(2 − 2 cos): LID is twice what 1 − cos gives"
                .to_owned(),
        );
    }
    lines
}

/// A table of all measures, one row per cell, and why neighbors are missing.
fn measure_lines(cells: &[CellResult]) -> Vec<String> {
    let head = format!(
        "  {:>7} {:>5} {:>6} {:>15} {:>6} {:>9} {:>9} {:>15}  {}",
        "", "k", "fill", "overlap", "p5", "distance", "LID", "shift", "missing a query"
    );
    let mut lines = vec![head];
    for cell in cells {
        let who = cell.ef.map_or(String::new(), |_| cell.who.clone());
        if cell.refused {
            lines.push(format!("  {who:>7} {:>5} refused: k exceeds ef", cell.k));
            continue;
        }
        let signed = |ratio: Option<f64>| {
            ratio
                .filter(|ratio| ratio.is_finite())
                .map_or("–".to_owned(), |ratio| format!("{:+.2} %", 100.0 * ratio))
        };
        let lid = cell
            .lid_returned
            .zip(cell.lid_exact)
            .map(|(a, e)| a.point / e.point - 1.0);
        lines.push(format!(
            "  {who:>7} {:>5} {:>6} {:>15} {:>6} {:>9} {:>9} {:>15}  {}",
            cell.k,
            point(cell.fill),
            interval(cell.overlap),
            point(cell.overlap_p5),
            signed(cell.relative_distance_error.map(|error| error.point)),
            signed(lid),
            shift(cell),
            causes(cell),
        ));
    }
    lines.extend(self_hit_lines(cells));
    lines
}

/// The mean barycenter shift, with its number of queries where that is not the overlap's.
fn shift(cell: &CellResult) -> String {
    let Some(shift) = cell.barycenter_shift else {
        return "–".to_owned();
    };
    let queries = cell.overlap.map_or(shift.n, |overlap| overlap.n);
    if shift.n == queries {
        return share(shift.point);
    }
    format!("{} (n {})", share(shift.point), count(shift.n as u64))
}

/// Efforts at which some queries are not among their own returned rows.
fn self_hit_lines(cells: &[CellResult]) -> Vec<String> {
    let mut lines = Vec::new();
    for cell in cells {
        let (Some(_), Some(hit)) = (cell.ef, cell.self_hit) else {
            continue;
        };
        if hit.point < 1.0 {
            let lost = count(((1.0 - hit.point) * hit.n as f64).round() as u64);
            let (queries, k, who) = (count(hit.n as u64), cell.k, &cell.who);
            lines.push(format!(
                "  {who}, k {k}: {lost} of {queries} rows do not return themselves"
            ));
        }
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
    ];
    let mut found: Vec<String> = kinds
        .iter()
        .filter(|(amount, _)| *amount >= 0.0005)
        .map(|(amount, kind)| format!("{} {kind}", significant(*amount, 2)))
        .collect();
    if missing.empty >= 0.0005 {
        found.push(format!("({} slots empty)", significant(missing.empty, 2)));
    }
    if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    }
}

fn engine_lines(results: &AuditResults) -> Vec<String> {
    let ks: Vec<usize> = results
        .difficulty
        .iter()
        .map(|difficulty| difficulty.k)
        .collect();
    let heads = ks
        .iter()
        .map(|k| format!("{:>24}", format!("k = {k}")))
        .collect::<Vec<_>>()
        .concat();
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
                format!(
                    "{ef:>6}  {:>7} {:>6}",
                    point(cell.overlap),
                    point(cell.fill)
                )
            };
            let _ = write!(line, "{words:>24}");
        }
        lines.push(line);
    }
    lines
}

fn point(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |estimate| share(estimate.point))
}

/// A share with the half width of its interval.
fn interval(estimate: Option<Estimate>) -> String {
    let Some(estimate) = estimate else {
        return "–".to_owned();
    };
    match estimate.low.zip(estimate.high) {
        // Every row is a query of the one graph: nothing is left to chance.
        Some((low, high)) if high <= low => share(estimate.point),
        Some((low, high)) => format!("{} ± {:.4}", share(estimate.point), (high - low) / 2.0),
        None => share(estimate.point),
    }
}
