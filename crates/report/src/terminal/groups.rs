//! The lines on groups of queries: those that lose most, with their share of all loss.

use crate::text::number::{count, share};
use annatomy_audit::GroupsAt;

/// Groups named before the rest are only counted.
const NAMED: usize = 6;

pub(super) fn group_lines(all: &[GroupsAt]) -> Vec<String> {
    let mut lines = Vec::new();
    for at in all {
        let ef = at.ef.map_or(String::new(), |ef| format!(", ef {ef}"));
        lines.push(format!("Groups of queries, k = {}{ef}", at.k));
        for group in at.groups.iter().take(NAMED) {
            let overlap = group.overlap.map_or("–".to_owned(), |overlap| {
                let interval = overlap.low.zip(overlap.high);
                let interval = interval.map_or(String::new(), |(low, high)| {
                    format!(" ({} to {})", share(low), share(high))
                });
                format!("{}{interval}", share(overlap.point))
            });
            let lost = group.share_of_loss.map_or(String::new(), |lost| {
                format!(
                    "; {:.1} % of the loss, {:.1} % of the queries",
                    100.0 * lost,
                    100.0 * group.share_of_queries
                )
            });
            lines.push(format!(
                "  {:<24}{:>8} queries  overlap {overlap}{lost}",
                group.name,
                count(group.queries as u64)
            ));
        }
        if at.groups.len() > NAMED {
            lines.push(format!("  and {} more", at.groups.len() - NAMED));
        }
    }
    lines
}
