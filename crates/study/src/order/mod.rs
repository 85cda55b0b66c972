//! The study of insertion orders: how far the figures of one graph move with the order in which
//! its rows were inserted, with its seed, and with the query.
//!
//! for each seed × insertion order        a graph of the configured parameters
//!   for each query                       one traversal to the largest ef: neighbors found at each (ef, k)
//!
//! Crossed with the runs, whose rows differ where a subset is drawn or generated, this is the design
//! of [`variance`](crate::results::order): which share of the spread is whose. Insertion orders
//! alone move recall by up to 12 points in the engines that Elliott & Clark (arXiv 2405.17813)
//! compare.
//!
//! Cost: SEEDS × six graphs a run, as many traversals of every query, and for the LID of all rows,
//! whatever the sample, their exact neighbors among 20,000 rows at most.

mod insertion;

use crate::StudyError;
use crate::design::{every, few_ks};
use crate::results::Settings;
use crate::results::order::OrderCounts;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::query_state::Searched;
use annatomy_eval::surface::{Figure, RequiredEfs};
use annatomy_hnsw::{DistanceComputer, Graph, Parameters, reachable};
use annatomy_vectors::MatrixView;
use insertion::Orders;

pub(crate) use insertion::NAMES;

/// Seeds of levels and of shuffled orders; the first is that of the run's own graphs.
pub(crate) const SEEDS: usize = 3;
/// Most queries of the design, spread evenly over those of the run.
const MOST_QUERIES: usize = 500;
/// Builds every graph of the design in turn and counts what each query finds.
pub(crate) fn count<S: DistanceSource>(
    settings: &Settings,
    run: usize,
    rows: MatrixView<'_>,
    (source, truth): (&S, &GroundTruth<'_>),
) -> Result<OrderCounts, StudyError> {
    let ks = few_ks(settings);
    let mut efs = settings.ef_values.clone();
    efs.sort_unstable();
    let largest = efs.last().copied().unwrap_or(1);
    let every = every(truth.queries().count(), MOST_QUERIES);
    let orders = Orders::of(rows, settings.metric)?;
    let mut counts = OrderCounts {
        queries: truth.queries().count().div_ceil(every),
        seeds: SEEDS,
        orders: NAMES.map(str::to_owned).to_vec(),
        found: vec![Vec::new(); efs.len() * ks.len()],
        efs,
        ks,
    };
    for seed in 0..SEEDS {
        let parameters = parameters(settings, run, seed);
        for order in 0..NAMES.len() {
            let graph = build(source.computer(), &parameters, &orders, order)?;
            let reachable = reachable(&graph);
            let on = Searched {
                source,
                truth,
                graph: &graph,
                reachable: &reachable,
                filter: None,
            };
            let required = RequiredEfs::record(&on, &counts.ks, largest);
            let cells = counts.efs.iter().flat_map(|&ef| {
                let of_ks = 0..counts.ks.len();
                of_ks.map(move |column| (ef, column))
            });
            for ((ef, column), found) in cells.zip(&mut counts.found) {
                let k = counts.ks[column] as f64;
                let overlaps = required.at(Figure::Overlap, column, ef).step_by(every);
                found.extend(overlaps.map(|overlap| (overlap * k).round() as u32));
            }
        }
    }
    Ok(counts)
}

fn parameters(settings: &Settings, run: usize, seed: usize) -> Parameters {
    // Apart from the seeds of other runs, which follow one another.
    let seed = (seed as u64) << 32;
    let seed = settings.seed.wrapping_add(run as u64).wrapping_add(seed);
    let (m, ef_construction) = (settings.m, settings.ef_construction);
    settings.preset.parameters(m, ef_construction, seed)
}

fn build<C: DistanceComputer>(
    computer: &C,
    parameters: &Parameters,
    orders: &Orders,
    order: usize,
) -> Result<Graph, StudyError> {
    Ok(match orders.listed(order) {
        Ok(listed) => Graph::build_in_order(computer, parameters, listed)?,
        Err(insertion_order) => {
            let parameters = Parameters {
                insertion_order,
                ..*parameters
            };
            Graph::build(computer, &parameters)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    #[test]
    fn seeds_of_runs_and_of_the_design_never_meet() {
        let settings = defaults();
        let mut seeds: Vec<u64> = (0..10)
            .flat_map(|run| (0..SEEDS).map(move |seed| (run, seed)))
            .map(|(run, seed)| parameters(&settings, run, seed).seed)
            .collect();
        assert_eq!(seeds[0], settings.seed, "the first is the run's own");
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 30);
    }
}
