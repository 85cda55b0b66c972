//! The section on groups of queries: overlap, LID and share of the loss of each.

use super::table::{Columns, Table};
use super::writer::Html;
use crate::text::number::{count, share, significant};
use annatomy_audit::AuditResults;

/// Groups on the page; `audit.json` has them all.
const SHOWN: usize = 100;

/// A table per k and effort; nothing without groups.
pub(super) fn groups(html: &mut Html, results: &AuditResults) {
    if results.groups.is_empty() {
        return;
    }
    html.section("groups", "Groups of queries", |html| {
        html.prose(
            "The group with the least overlap first. A group whose share of the loss is above its share of the queries \
             loses more than its part.",
        );
        let head = [
            "group",
            "queries",
            "overlap",
            "95 %",
            "fill",
            "LID",
            "share of the queries",
            "share of the loss",
        ];
        for at in &results.groups {
            let ef = at.ef.map_or(String::new(), |ef| format!(", ef {ef}"));
            let title = format!("Groups at k = {}{ef}", at.k);
            let mut table = Table::new(&title, Columns::Numbers, &head);
            for group in at.groups.iter().take(SHOWN) {
                let overlap = group.overlap;
                let ends = overlap.and_then(|overlap| overlap.low.zip(overlap.high));
                table.row([
                    group.name.clone(),
                    count(group.queries as u64),
                    overlap.map_or("–".to_owned(), |overlap| share(overlap.point)),
                    ends.map_or("–".to_owned(), |(low, high)| {
                        format!("{} to {}", share(low), share(high))
                    }),
                    share(group.fill),
                    group.lid.map_or("–".to_owned(), |lid| significant(lid, 3)),
                    share(group.share_of_queries),
                    group.share_of_loss.map_or("–".to_owned(), share),
                ]);
            }
            table.write(html);
        }
    });
}
