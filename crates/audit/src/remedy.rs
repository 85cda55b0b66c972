//! What a denser graph would do for targets that no ef meets: built and measured, not guessed.
//!
//! Enters: advice on graphs built here. Leaves: the same targets on one graph of twice the M, if
//! any was out of reach. Cost: one build and its traces, and only then. Does not: look further than
//! one step, or change a graph that another engine saved.

use super::advice::Adviser;
use super::error::AuditError;
use super::graphs::build;
use super::request::GraphRequest;
use super::results::{Advice, Remedy};
use super::target::Target;
use annatomy_eval::distance_source::DistanceSource;

/// Beyond this M denser graphs are no advice: links would take more room than most vectors.
const LARGEST_M: usize = 128;

pub(super) fn remedy<S: DistanceSource>(
    built: &GraphRequest,
    seed: u64,
    targets: &[Target],
    on: &Adviser<'_, S>,
    advice: &[Advice],
) -> Result<Option<Remedy>, AuditError> {
    let unmet: Vec<(usize, Target)> = advice
        .iter()
        .filter(|advice| advice.ef.is_none())
        .map(|advice| (advice.k, advice.target))
        .collect();
    let m = 2 * built.m;
    if unmet.is_empty() || m > LARGEST_M {
        return Ok(None);
    }
    // A beam narrower than the links to choose from would leave them unused.
    let ef_construction = built.ef_construction.max(2 * m);
    let wanted = GraphRequest {
        m,
        ef_construction,
        count: 1,
        ..built.clone()
    };
    let graphs = build(&wanted, seed, on.data, on.source.computer())?;
    let mut ks: Vec<usize> = unmet.iter().map(|&(k, _)| k).collect();
    ks.dedup();
    let is_unmet = |target: &&Target| unmet.iter().any(|(_, unmet)| unmet == *target);
    let targets: Vec<Target> = targets.iter().filter(is_unmet).copied().collect();
    let mut advice = Adviser::new(on.source, on.data, on.truth, &graphs, &ks).advise(&targets);
    advice.retain(|advice| unmet.contains(&(advice.k, advice.target)));
    let unreachable = graphs.facts.unreachable.into_iter().flatten().collect();
    Ok(Some(Remedy {
        m,
        ef_construction,
        unreachable,
        advice,
    }))
}
