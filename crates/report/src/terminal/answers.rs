//! What the answers given look like, and the run they come from.

use crate::text::number::{count, significant};
use annatomy_audit::{AnswerFacts, RunFacts};

pub(super) fn answer_lines(answers: &AnswerFacts) -> Vec<String> {
    let (rows, columns) = (count(answers.rows as u64), count(answers.columns as u64));
    let own = if answers.self_included {
        "the query itself included"
    } else {
        "the query itself not included"
    };
    let first = answers.first_id;
    let mut lines = vec![format!(
        "{}: {rows} × {columns} ids from {first}, {own}",
        answers.name
    )];
    if let Some(run) = &answers.run {
        lines.push(run_line(run));
    }
    if let (Some(kind), Some(deviation)) = (&answers.distance_kind, answers.distance_deviation) {
        let deviation = significant(deviation, 2);
        lines.push(format!(
            "  distances are {kind} (median deviation {deviation})"
        ));
    }
    let sentinels = answers.sentinels;
    let kinds = [
        (sentinels.negative_ids, "negative ids"),
        (sentinels.ids_out_of_range, "ids out of range"),
        (sentinels.duplicates, "duplicates"),
        (sentinels.padding, "slots of padding"),
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
    if !found.is_empty() {
        let short = count(sentinels.short_rows as u64);
        lines.push(format!(
            "  not neighbors, and not scored: {}, in {short} rows",
            found.join(", ")
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

fn run_line(run: &RunFacts) -> String {
    let settings = run
        .name
        .as_ref()
        .filter(|&name| run.algorithm.as_ref() != Some(name));
    let who = [run.algorithm.as_ref(), settings]
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
    format!("  a benchmark's run of {who}{searched}{distance}{asked}")
}
