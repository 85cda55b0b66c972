//! Conditions and whether they are shown.

use crate::text::number::{count, share};
use annatomy_audit::RequirementResult;

/// What a condition asked, what was found, and whether that shows it: one line.
pub fn requirement_words(result: &RequirementResult) -> String {
    let requirement = &result.requirement;
    let effort = result.ef.map_or(String::new(), |ef| format!(" at ef {ef}"));
    let verdict = if result.shown {
        "is shown"
    } else {
        "is not shown"
    };
    let Some(found) = &result.found else {
        return format!("{requirement}{effort} {verdict}: no answer has the measure at that k");
    };
    let interval = match found.low.zip(found.high) {
        Some((low, high)) => format!(", 95 % interval {} to {}", share(low), share(high)),
        None => String::new(),
    };
    let queries = count(found.n as u64);
    format!(
        "{requirement}{effort} {verdict}: {}{interval}, over {queries} queries",
        share(found.point)
    )
}
