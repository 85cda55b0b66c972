//! The lines on the answers given: their conventions, their sentinels, the run they come from.

use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{AnswerFacts, AuditResults, RunFacts, Sentinels};

pub(super) fn answer_lines(answers: &AnswerFacts, results: &AuditResults) -> Vec<String> {
    let (rows, columns) = (count(answers.rows as u64), count(answers.columns as u64));
    let own = if answers.self_included {
        "the query itself included"
    } else {
        "the query itself not included"
    };
    let ids = if answers.keys {
        "primary keys".to_owned()
    } else {
        format!("ids from {}", answers.first_id)
    };
    let mut lines = vec![format!("{}: {rows} × {columns} {ids}, {own}", answers.name)];
    lines.extend(answers.run.as_ref().map(run_line));
    if answers.ids_of_another_base {
        let base = count(results.data.rows as u64);
        lines.push(format!(
            "  these answers seem to be of another base: {} ids name none of its {base} rows",
            count(answers.sentinels.ids_out_of_range as u64)
        ));
    }
    lines.extend(unknown_line(answers));
    lines.extend(distance_line(answers));
    lines.extend(sentinel_line(&answers.sentinels));
    if let Some(lost) = answers.queries_not_returned.filter(|&lost| lost > 0) {
        let queries = count(results.data.queries as u64);
        let lost = count(lost as u64);
        lines.push(format!(
            "  {lost} of {queries} rows do not return themselves"
        ));
    }
    if answers.rows_out_of_order > 0 {
        lines.push(format!(
            "  {} rows do not come nearest first",
            count(answers.rows_out_of_order as u64)
        ));
    }
    lines
}

/// The primary keys that the base lacks.
fn unknown_line(answers: &AnswerFacts) -> Option<String> {
    let unknown = answers.unknown_ids.as_ref().filter(|ids| ids.slots > 0)?;
    let named: Vec<String> = unknown.first.iter().map(ToString::to_string).collect();
    let more = if unknown.distinct > named.len() {
        ", …"
    } else {
        ""
    };
    let slots = counted(unknown.slots as u64, "slot", "slots");
    Some(format!(
        "  {} that the base lacks, in {slots}: {}{more}",
        counted(unknown.distinct as u64, "id", "ids"),
        named.join(", ")
    ))
}

fn distance_line(answers: &AnswerFacts) -> Option<String> {
    if answers.distances_fit == Some(false) {
        let words = "the distances given fit no measure between these queries and these rows";
        return Some(format!("  {words}"));
    }
    let (kind, deviation) = answers.distance_kind.zip(answers.distance_deviation)?;
    let deviation = significant(deviation, 2);
    let outliers = match answers.distance_outliers {
        Some(outliers) if outliers > 0.0 => {
            format!("; {} of them deviate by more than 1 %", share(outliers))
        }
        _ => String::new(),
    };
    Some(format!(
        "  distances are {kind} (median deviation {deviation}{outliers})"
    ))
}

fn sentinel_line(sentinels: &Sentinels) -> Option<String> {
    let kinds = [
        (sentinels.negative_ids, "negative ids"),
        (sentinels.ids_out_of_range, "ids out of range"),
        (sentinels.not_allowed, "ids of rows that are not allowed"),
        (sentinels.duplicates, "duplicates"),
        (sentinels.padding, "slots of padding"),
        (sentinels.missing_slots, "slots that short rows do not have"),
        (sentinels.nan_distances, "distances that are not numbers"),
        (
            sentinels.sentinel_distances,
            "infinite or largest distances",
        ),
    ];
    let found: Vec<String> = kinds
        .iter()
        .filter(|(slots, _)| *slots > 0)
        .map(|(slots, kind)| format!("{} {kind}", count(*slots as u64)))
        .collect();
    if found.is_empty() {
        return None;
    }
    let rows = count(sentinels.short_rows as u64);
    let found = found.join(", ");
    Some(format!("  empty slots: {found}, in {rows} rows"))
}

fn run_line(run: &RunFacts) -> String {
    let settings = run
        .name
        .as_ref()
        .filter(|&name| run.algorithm.as_ref() != Some(name));
    let engine = [run.algorithm.as_ref(), settings]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let searched = run
        .dataset
        .as_ref()
        .map_or(String::new(), |dataset| format!(" on {dataset}"));
    let distance = run
        .distance
        .as_ref()
        .map_or(String::new(), |distance| format!(", {distance}"));
    let asked = run.count.map_or(String::new(), |count| {
        format!(", {count} neighbors asked for")
    });
    format!("  a benchmark's run of {engine}{searched}{distance}{asked}")
}
