//! From cells to rows: the means, percentiles and published figures of one run.

use super::cells::{Cells, Figure};
use super::plan::{Condition, Plan};
use crate::results::{ConditionResult, Measurement, PublishedMetrics};
use annatomy_measures::estimate::percentile;
use annatomy_measures::graded::lcmc;
use annatomy_measures::published::Figures;
use rayon::prelude::*;

/// The share of queries at or above this overlap is `robustness_90`.
const ROBUST_OVERLAP: f64 = 0.9;

/// Every condition's rows.
/// Chance draws from `others` rows.
pub(crate) fn conditions(plan: &Plan, cells: &Cells, others: usize) -> Vec<ConditionResult> {
    let results =
        plan.conditions
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|(number, condition)| {
                let cell = |index: usize| plan.measured_as(number) * plan.ks.len() + index;
                let indices = || (0..plan.ks.len()).into_par_iter().with_max_len(1);
                ConditionResult {
                    study: condition.study,
                    condition: condition.name.clone(),
                    value: condition.value,
                    ef_construction: condition.ef_construction,
                    published_ef_construction: condition.published_ef_construction,
                    corrected: indices()
                        .map(|index| {
                            let row = measurement(plan, condition, index, cells, cell(index));
                            Measurement {
                                lcmc: lcmc(row.overlap, row.k, others),
                                ..row
                            }
                        })
                        .collect(),
                    published: indices()
                        .map(|index| published(plan, condition, index, cells, cell(index)))
                        .collect(),
                }
            });
    results.collect()
}

fn measurement(
    plan: &Plan,
    condition: &Condition,
    index: usize,
    cells: &Cells,
    cell: usize,
) -> Measurement {
    let mean = |figure| cells.sum(cell, figure).mean();
    let mut overlaps = cells.overlaps(cell);
    let robust = overlaps
        .iter()
        .filter(|&&overlap| overlap >= ROBUST_OVERLAP)
        .count();
    Measurement {
        k: plan.ks[index],
        ef: condition.efs[index],
        fill: mean(Figure::Fill),
        overlap: mean(Figure::Overlap),
        overlap_strict: mean(Figure::OverlapStrict),
        mean_exact_distance: mean(Figure::MeanExactDistance),
        mean_returned_distance: mean(Figure::MeanReturnedDistance),
        relative_distance_error: mean(Figure::RelativeDistanceError),
        barycenter_shift: mean(Figure::BarycenterShift),
        lid_exact: mean(Figure::LidExact),
        lid_returned: mean(Figure::LidReturned),
        unreachable: mean(Figure::Unreachable),
        unvisited: mean(Figure::Unvisited),
        tied: mean(Figure::Tied),
        overlap_p1: percentile(&mut overlaps, 1.0).unwrap_or(f64::NAN),
        overlap_p5: percentile(&mut overlaps, 5.0).unwrap_or(f64::NAN),
        visited: mean(Figure::Visited),
        robustness_90: robust as f64 / overlaps.len() as f64,
        queries_with_empty_slots: mean(Figure::HasEmptySlots),
        zero_distances: mean(Figure::ZeroDistances),
        lcmc: f64::NAN,
        epsilon_recall: mean(Figure::EpsilonRecall),
        inverse_ratio: mean(Figure::InverseRatio),
        rank_biased_overlap: mean(Figure::RankBiasedOverlap),
        displacement: mean(Figure::Displacement),
    }
}

fn published(
    plan: &Plan,
    condition: &Condition,
    index: usize,
    cells: &Cells,
    cell: usize,
) -> PublishedMetrics {
    PublishedMetrics {
        k: plan.ks[index],
        ef: condition.efs[index],
        figures: Figures::of_rows(&cells.published(cell)),
    }
}
