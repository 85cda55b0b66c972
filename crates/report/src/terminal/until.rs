//! The lines on sampling to a wanted precision: how many queries it took, and what other claims take.

use crate::text::number::{count, significant};
use annatomy_audit::UntilResult;

pub(super) fn until_lines(until: &UntilResult) -> Vec<String> {
    let took = &until.took;
    let first = took.too_few.map_or(String::new(), |few| {
        format!(" (and {}, which were too few)", count(few as u64))
    });
    let outcome = if took.reached {
        "as narrow as wanted".to_owned()
    } else {
        format!("it would take about {}", count(took.needed as u64))
    };
    let mut lines = vec![format!(
        "±{} on mean overlap: {} queries after a pilot of {}{first}; the widest interval is ±{}, {outcome}",
        took.wanted,
        count(took.queries as u64),
        count(took.pilot as u64),
        significant(took.half_width, 2),
    )];
    // The k and effort that need most.
    let most = until.widths.iter().max_by_key(|width| width.queries);
    if let Some(most) = most {
        let same =
            |width: &&annatomy_audit::QueriesForWidth| (width.k, width.ef) == (most.k, most.ef);
        let claims: Vec<String> = until
            .widths
            .iter()
            .filter(same)
            .map(|width| {
                format!(
                    "±{} about {}",
                    width.half_width,
                    count(width.queries as u64)
                )
            })
            .collect();
        let at = most.ef.map_or(String::new(), |ef| format!(", ef {ef}"));
        lines.push(format!(
            "  queries that a claim takes (k = {}{at}): {}",
            most.k,
            claims.join(", ")
        ));
    }
    lines
}
