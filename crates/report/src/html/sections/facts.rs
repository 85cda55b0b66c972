//! What the data of each run look like.

use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::Html;
use crate::text::number::{NONE, count, share, significant};

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    let runs = &view.results.runs;
    if runs.is_empty() {
        return;
    }
    html.section("data", "The data", |html| {
        let duplicates: usize = runs.iter().map(|run| run.data.duplicate_rows).sum();
        let unreachable: usize = runs.iter().map(|run| run.data.unreachable_nodes).sum();
        let repeated = match duplicates {
            0 => "No row repeats an earlier one".to_owned(),
            rows => format!(
                "{} rows repeat an earlier one exactly (in all runs together); they stay in",
                count(rows as u64)
            ),
        };
        let reached = match unreachable {
            0 => "every node of the configured graph can be reached from its entry point".to_owned(),
            nodes => format!(
                "{} nodes of the configured graphs cannot be reached from their entry points at any effort",
                count(nodes as u64)
            ),
        };
        html.prose(&format!("{repeated}; {reached}."));
        let head = ["run", "rows", "columns", "duplicate rows", "unreachable nodes", "queries", "hubness", "antihubs"];
        let mut table = Table::new("Counted, not assumed.", Columns::Numbers, &head);
        for run in runs {
            let data = &run.data;
            let counts = [data.rows, data.columns, data.duplicate_rows, data.unreachable_nodes, data.queries];
            let hubs = data.hubness.as_ref();
            let skewness = hubs.and_then(|hubs| hubs.skewness);
            let hubs = [
                skewness.map_or(NONE.to_owned(), |value| significant(value, 3)),
                hubs.map_or(NONE.to_owned(), |hubs| share(hubs.antihub_share)),
            ];
            let counts = counts.map(|value| count(value as u64));
            table.row([run.run.to_string()].into_iter().chain(counts).chain(hubs));
        }
        table.write(html);
    });
}
