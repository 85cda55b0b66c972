//! The section on the stages of an index of codes, cells, transforms or a rerank: what each keeps at most,
//! and what it loses.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{count, share, significant};
use annatomy_audit::{AuditResults, StageResult};
use annatomy_measures::estimate::Estimate;

/// A row per effort and k; nothing for a graph over vectors.
pub(super) fn stages(html: &mut Html, results: &AuditResults) {
    let Some(method) = &results.method else {
        return;
    };
    html.section("stages", "Where neighbors are lost", |html| {
        html.prose(
            "Each missing neighbor is charged to the first stage that lost it. *Keep at most* are ceilings that no effort \
             lifts: the share of the exact neighbors that are still among the nearest after the transforms, and by code.",
        );
        let effort = method.effort.as_deref().unwrap_or("effort");
        let effort = format!("`{effort}`");
        let head = [
            "*k*", &effort, "overlap", "rows visited", "transforms", "codes", "transform", "codes", "routing",
            "of these unreachable", "rerank", "tied",
        ];
        let groups = [("", 4), ("keep at most", 2), ("lost a query", 6)];
        let mut table = Table::new("Stages", Columns::Numbers, &head).grouped(&groups);
        method.stages.iter().for_each(|stage| table.row(row(stage)));
        table.write(html);
    });
}

fn row(stage: &StageResult) -> Vec<String> {
    let none = || "–".to_owned();
    let point = |estimate: Option<Estimate>| estimate.map_or_else(none, |found| share(found.point));
    let lost = &stage.lost;
    let mut row = vec![
        stage.k.to_string(),
        stage
            .effort
            .map_or_else(none, |effort| count(effort as u64)),
        point(stage.overlap),
        format!("{} %", significant(100.0 * stage.scanned, 3)),
        point(stage.transforms_keep),
        point(stage.codes_keep),
    ];
    let kinds = [
        lost.transform,
        lost.codes,
        lost.routing,
        lost.unreachable,
        lost.rerank,
        lost.tied,
    ];
    row.extend(kinds.map(|lost| {
        if lost < 0.0005 {
            "0".to_owned()
        } else {
            significant(lost, 3)
        }
    }));
    row
}
