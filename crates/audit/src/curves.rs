//! Overlap and fill against ef, for the figures.

use super::estimates::{mean_of_shares, quantile, share};
use super::results::Curve;
use annatomy_eval::surface::{Figure, RequiredEfs};
use annatomy_measures::estimate::Population;

/// Points of a curve.
const POINTS: u32 = 48;

/// One curve per k, over efforts from 1 to the largest traced, evenly spaced in their logarithm.
pub(super) fn curves(traces: &[RequiredEfs], ks: &[usize], population: Population) -> Vec<Curve> {
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
                .map(|&ef| mean_of_shares(&values(Figure::Overlap, ef), population))
                .collect(),
            overlap_p5: efs
                .iter()
                .map(|&ef| quantile(&values(Figure::Overlap, ef), 5.0, population).map(share))
                .collect(),
            fill: efs
                .iter()
                .map(|&ef| mean_of_shares(&values(Figure::Fill, ef), population))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Adviser;
    use crate::exact;
    use crate::testing::{dataset, graphs, noise, random_graph};
    use annatomy_eval::distance_source::OwnRows;
    use annatomy_hnsw::{EngineClass, VectorDistances};
    use annatomy_vectors::Metric;

    #[test]
    fn efforts_run_from_one_to_the_largest_without_repeats() {
        for largest in [1, 2, 47, 1_000, 65_536] {
            let efs = efforts(largest);
            assert_eq!((efs[0], efs[efs.len() - 1]), (1, largest));
            assert!(efs.is_sorted_by(|a, b| a < b) && efs.len() <= POINTS as usize);
        }
        // 47 equal steps in the logarithm from 1 to 1,000: each at most e^(ln 1000 / 47) = 1.158.
        let steep = efforts(1_000).windows(2).any(|pair| {
            let rounding = 1.0;
            pair[1] as f64 > 1.159 * pair[0] as f64 + rounding
        });
        assert!(!steep);
    }

    #[test]
    fn curves_are_the_means_of_searches_at_every_effort() {
        let data = dataset(noise(40, 3, 12), None);
        let hand = [1, 2].map(|seed| random_graph(40, 3, &[30], seed));
        let class = EngineClass::StopEarly;
        let graphs = graphs(&hand, class, &data);
        let base = data.base.in_memory().expect("in memory");
        let truth = exact::neighbors(&data, 9, 1 << 20).expect("small");
        let source = OwnRows::new(VectorDistances::new(base, Metric::L2), None);
        let ks = [2, 9];
        let adviser = Adviser::new(&source, &data, &truth, &graphs, &ks);
        for curve in curves(adviser.traces(), &ks, crate::estimates::drawn_from(&data)) {
            assert_eq!(
                curve.efs.last(),
                Some(&40),
                "no search sees more than all rows"
            );
            for (place, &ef) in curve.efs.iter().enumerate() {
                let of =
                    |graph: &crate::testing::HandGraph| graph.overlap(&data, class, (ef, curve.k));
                let right = f64::midpoint(of(&hand[0]), of(&hand[1]));
                let found = curve.overlap[place].expect("a mean").point;
                assert!(
                    (found - right).abs() < 1e-9,
                    "ef {ef}, k {}: {found}, {right}",
                    curve.k
                );
                let fill = curve.fill[place].expect("a mean").point;
                assert!(fill >= found - 1e-12, "slots that overlap are filled");
            }
        }
    }
}
