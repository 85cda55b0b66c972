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
    let mut advice = Adviser::new(on.source, on.data, on.truth, &graphs, &ks).advise(&targets)?;
    advice.retain(|advice| unmet.contains(&(advice.k, advice.target)));
    let unreachable = graphs.facts.unreachable.into_iter().flatten().collect();
    Ok(Some(Remedy {
        m,
        ef_construction,
        unreachable,
        advice,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::graphs::Graphs;
    use crate::testing::{dataset, noise};
    use annatomy_eval::distance_source::OwnRows;
    use annatomy_hnsw::{Preset, VectorDistances};
    use annatomy_vectors::Metric;

    /// Advice on graphs built as `wanted`, and its remedy.
    fn remedied(
        wanted: &GraphRequest,
        targets: &[Target],
        ks: &[usize],
    ) -> (Vec<Advice>, Option<Remedy>) {
        let data = dataset(noise(120, 6, 41), None);
        let base = data.base.in_memory().expect("in memory");
        let truth = exact::neighbors(&data, 20, 1 << 20).expect("small");
        let source = OwnRows::new(VectorDistances::new(base, Metric::L2), None);
        let graphs: Graphs<'_> = build(wanted, 5, &data, source.computer()).expect("graphs");
        let mut adviser = Adviser::new(&source, &data, &truth, &graphs, ks);
        let advice = adviser.advise(targets).expect("memory");
        let remedy = remedy(wanted, 5, targets, &adviser, &advice).expect("small");
        (advice, remedy)
    }

    fn sparse(m: usize) -> GraphRequest {
        GraphRequest {
            preset: Preset::Faiss,
            m,
            ef_construction: 2,
            count: 1,
        }
    }

    fn targets(texts: &[&str]) -> Vec<Target> {
        texts
            .iter()
            .map(|text| text.parse().expect("a target"))
            .collect()
    }

    #[test]
    fn nothing_is_built_where_all_targets_are_met_or_links_would_be_too_many() {
        let easy = targets(&["overlap=0.1"]);
        assert!(remedied(&sparse(8), &easy, &[5]).1.is_none(), "met");
        // One neighbor has no LID, whatever the effort.
        let never = targets(&["lid_bias=0.5"]);
        assert_eq!(
            remedied(&sparse(64), &never, &[1]).1.map(|remedy| remedy.m),
            Some(128)
        );
        assert!(
            remedied(&sparse(65), &never, &[1]).1.is_none(),
            "130 links exceed 128"
        );
    }

    #[test]
    fn a_graph_of_twice_the_links_is_measured_for_the_targets_out_of_reach_alone() {
        let wanted = sparse(2);
        let asked = targets(&["overlap=0.1", "overlap=1"]);
        let (advice, remedy) = remedied(&wanted, &asked, &[5, 20]);
        let unmet: Vec<(usize, Target)> = advice
            .iter()
            .filter(|advice| advice.ef.is_none())
            .map(|advice| (advice.k, advice.target))
            .collect();
        assert!(!unmet.is_empty(), "two links leave rows out of reach");
        assert!(unmet.iter().all(|(_, target)| *target == asked[1]));
        let remedy = remedy.expect("a denser graph");
        assert_eq!(
            (remedy.m, remedy.ef_construction),
            (4, 8),
            "efConstruction of 2M at least"
        );
        let denser = GraphRequest {
            m: 4,
            ef_construction: 8,
            ..wanted
        };
        let alone = remedied(&denser, &asked[1..], &[5, 20]).0;
        for found in &remedy.advice {
            assert!(unmet.contains(&(found.k, found.target)));
            let right = alone
                .iter()
                .find(|advice| advice.k == found.k)
                .expect("the same k");
            assert_eq!(
                (found.ef, found.best_overlap),
                (right.ef, right.best_overlap)
            );
        }
        assert_eq!(remedy.advice.len(), unmet.len());
    }
}
