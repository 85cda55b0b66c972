//! Overlap and fill against ef, for the figures.

use super::estimates::{mean, quantile, share};
use super::results::Curve;
use annatomy_eval::surface::{Figure, RequiredEfs};

/// Points of a curve.
const POINTS: u32 = 48;

/// One curve per k, over efforts from 1 to the largest traced, evenly spaced in their logarithm.
pub(super) fn curves(traces: &[RequiredEfs], ks: &[usize]) -> Vec<Curve> {
    let largest = traces
        .first()
        .map_or(1, annatomy_eval::surface::RequiredEfs::ef);
    let efs = efforts(largest);
    let curve = |(k_index, &k): (usize, &usize)| {
        let values = |figure, ef| -> Vec<Vec<f64>> {
            traces
                .iter()
                .map(|trace| trace.at(figure, k_index, ef).collect())
                .collect()
        };
        Curve {
            k,
            efs: efs.clone(),
            overlap: efs
                .iter()
                .map(|&ef| mean(&values(Figure::Overlap, ef)).map(share))
                .collect(),
            overlap_p5: efs
                .iter()
                .map(|&ef| quantile(&values(Figure::Overlap, ef), 5.0).map(share))
                .collect(),
            fill: efs
                .iter()
                .map(|&ef| mean(&values(Figure::Fill, ef)).map(share))
                .collect(),
        }
    };
    ks.iter().enumerate().map(curve).collect()
}

fn efforts(largest: usize) -> Vec<usize> {
    let step = (largest as f64).ln() / f64::from(POINTS - 1);
    let mut efs: Vec<usize> = (0..POINTS)
        .map(|point| (step * f64::from(point)).exp().round() as usize)
        .collect();
    efs.dedup();
    efs
}
