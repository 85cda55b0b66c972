//! One sentence for each effort that is shown to suffice: which, for which k, and what the effort looked at leaves out.

use super::advice::effort_word;
use crate::text::number::{count, significant};
use annatomy_audit::{Advice, AuditResults, CellResult, Measure};

/// "ef 21 for k = 10 (overlap ≥ 0.99 for rows as queries), because ef 16 leaves 0.16 of 10 neighbors unvisited". Nothing
/// where no effort is shown to suffice, or none was looked at.
pub(super) fn because_words(advice: &Advice, results: &AuditResults) -> Option<String> {
    if results
        .method
        .as_ref()
        .is_some_and(|method| method.effort.is_none())
    {
        return None;
    }
    let shown = advice.recommended.as_ref()?.ef;
    let (_, looked_at) = nearest(advice, results)?;
    let reason = match looked_at.cmp(&shown) {
        std::cmp::Ordering::Less => format!("because {}", shortfall(advice, results)?),
        std::cmp::Ordering::Equal => "as looked at".to_owned(),
        std::cmp::Ordering::Greater => {
            format!("less than the {} looked at", count(looked_at as u64))
        }
    };
    let (named, k) = (effort_words(results, shown), count(advice.k as u64));
    let (target, queries) = (advice.target, for_queries(results));
    Some(format!("{named} for k = {k} ({target}{queries}), {reason}"))
}

/// What a target is about where rows are queries: such a query stands next to its neighbors in the graph, so that
/// an effort that suffices for it says little of queries that are no rows.
pub(crate) fn for_queries(results: &AuditResults) -> &'static str {
    if results.data.queries_are_base_rows {
        " for rows as queries"
    } else {
        ""
    }
}

/// "ef 16 leaves 0.16 of 10 neighbors unvisited", of an effort looked at that is too small.
pub(crate) fn shortfall(advice: &Advice, results: &AuditResults) -> Option<String> {
    let (cell, looked_at) = nearest(advice, results)?;
    if looked_at >= advice.recommended.as_ref()?.ef {
        return None;
    }
    if advice.target.is_met_by(figure(cell, advice)?) {
        return None;
    }
    let (amount, cause) = worst_cause(cell)?;
    let (named, k) = (effort_words(results, looked_at), count(advice.k as u64));
    let amount = significant(amount, 2);
    Some(format!("{named} leaves {amount} of {k} neighbors {cause}"))
}

/// The smallest effort looked at that suffices, else the largest.
fn nearest<'a>(advice: &Advice, results: &'a AuditResults) -> Option<(&'a CellResult, usize)> {
    let shown = advice.recommended.as_ref()?.ef;
    let of_k = results.efforts.iter().filter(|cell| cell.k == advice.k);
    let looked_at = of_k.filter_map(|cell| Some((cell, cell.ef?)));
    looked_at.min_by_key(|&(_, ef)| (ef < shown, ef.abs_diff(shown)))
}

/// The effort by its engine's word: `ef 16`, `nprobe 8`.
fn effort_words(results: &AuditResults, effort: usize) -> String {
    format!("{} {}", effort_word(results), count(effort as u64))
}

/// What the effort gives of what is to be reached; `None` for what a count of missing neighbors does not
/// explain: fill, and measures of geometry.
fn figure(cell: &CellResult, advice: &Advice) -> Option<f64> {
    let found = match advice.target.measure {
        Measure::Overlap => cell.overlap,
        Measure::Robust(0.9) => cell.robust_90,
        Measure::OverlapP1 => cell.overlap_p1,
        Measure::OverlapP5 => cell.overlap_p5,
        Measure::OverlapP25 => cell.overlap_p25,
        _ => None,
    };
    found.map(|found| found.point)
}

/// Why most of the missing neighbors of a query are missing that a larger effort finds, and how many are. None where
/// more are missing for a reason that no effort mends.
fn worst_cause(cell: &CellResult) -> Option<(f64, &'static str)> {
    let missing = &cell.missing;
    let causes = [
        (missing.unvisited, "unvisited"),
        (missing.cut_off, "cut off"),
    ];
    let most = causes.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let others = missing.unreachable.max(missing.displaced);
    most.filter(|&(amount, _)| amount >= 0.0005 && amount > others)
}
