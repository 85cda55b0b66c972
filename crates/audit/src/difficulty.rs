//! How hard these data are for any index: dimension, contrast, hubs.

use super::estimates::{drawn_from, mean};
use super::results::Difficulty;
use annatomy_eval::dataset::Dataset;
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::ExactSide;
use annatomy_measures::difficulty::{Hubness, k_occurrences, relative_contrast};
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{Metric, kernels};
use rayon::prelude::*;

/// Rows drawn to estimate the mean distance to all.
const DRAWN: usize = 256;

/// How hard the data are, one entry per k; and per k the contrast of every query, its mean distance to
/// rows drawn over that to its k-th neighbor.
pub(super) fn difficulty(
    data: &Dataset,
    exact: &NeighborTable,
    ks: &[usize],
    seed: u64,
) -> (Vec<Difficulty>, Vec<Vec<f64>>) {
    let has_geometry = data.metric != Metric::InnerProduct;
    let typical = if has_geometry {
        mean_distances(data, seed)
    } else {
        Vec::new()
    };
    let at = |&k: &usize| {
        let nearest = |query: usize| {
            let distance = exact.distances(query)[k - 1];
            f64::from(data.metric.geometric_of_true(distance))
        };
        let nearest: Vec<f64> = (0..typical.len()).map(nearest).collect();
        let hubness = Hubness::of(&k_occurrences(exact, data.base.rows(), k));
        let contrasts = typical
            .iter()
            .zip(&nearest)
            .map(|(typical, nearest)| typical / nearest);
        let contrasts: Vec<f64> = contrasts.collect();
        let difficulty = Difficulty {
            k,
            lid: has_geometry
                .then(|| mean(&[lids(exact, k, data.metric)], drawn_from(data)))
                .flatten(),
            relative_contrast: relative_contrast(&typical, &nearest),
            hubness: hubness.and_then(|hubness| hubness.skewness),
            antihub_share: hubness.map_or(f64::NAN, |hubness| hubness.antihub_share),
            robin_hood: hubness.and_then(|hubness| hubness.robin_hood),
        };
        (difficulty, contrasts)
    };
    ks.iter().map(at).unzip()
}

fn lids(exact: &NeighborTable, k: usize, metric: Metric) -> Vec<f64> {
    let lid = |(side, geometric): &mut (ExactSide, Vec<f32>), query: usize| {
        geometric.clear();
        for &distance in &exact.distances(query)[..k] {
            geometric.push(metric.geometric_of_true(distance));
        }
        side.set(geometric);
        side.lid(k)
    };
    (0..exact.queries())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map_init(Default::default, lid)
        .collect()
}

/// Per query the mean distance to rows drawn once for all.
pub(super) fn mean_distances(data: &Dataset, seed: u64) -> Vec<f64> {
    let rows = numpy_choice(
        seed ^ 0xc0_17a5,
        data.base.rows(),
        DRAWN.min(data.base.rows()),
    )
    .unwrap_or_default();
    let drawn = data.base.select(&rows);
    let mean = |query: usize| {
        let vector = data.queries.row(&data.base, query);
        let others = rows
            .iter()
            .enumerate()
            .filter(|&(_, &row)| data.queries.own_id(query) != Some(row as u32));
        let (sum, count) = others.fold((0.0, 0), |(sum, count), (place, _)| {
            let other = drawn.row(place);
            let distance = match data.metric {
                Metric::L2 => f64::from(kernels::l2_squared(vector, other)).sqrt(),
                // The chord of two unit vectors.
                Metric::Cosine | Metric::InnerProduct => (2.0
                    - 2.0 * f64::from(kernels::dot(vector, other)))
                .max(0.0)
                .sqrt(),
            };
            (sum + distance, count + 1)
        });
        sum / f64::from(count.max(1))
    };
    (0..data.queries.count())
        .into_par_iter()
        .map(mean)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{dataset, distance, line, nearest, noise};

    fn found(data: &Dataset<'_>, ks: &[usize]) -> Vec<Difficulty> {
        let largest = ks[ks.len() - 1];
        let truth = exact::neighbors(data, largest, 1 << 20).expect("small");
        difficulty(data, truth.table().expect("lists"), ks, 42).0
    }

    /// Up to 256 rows all are drawn, so that the mean distance is that to every other row.
    #[test]
    fn lid_and_contrast_are_those_of_float64_sums() {
        let data = dataset(noise(80, 5, 2), None);
        for at in found(&data, &[4, 20]) {
            let (mut lids, mut near, mut far) = (0.0, 0.0, 0.0);
            for query in 0..80 {
                let exact: Vec<f64> = nearest(&data, query, at.k)
                    .into_iter()
                    .map(|id| distance(&data, query, id))
                    .collect();
                let last = exact[at.k - 1];
                let logs: f64 = exact[..at.k - 1]
                    .iter()
                    .map(|value| (value / last).ln())
                    .sum();
                lids += (at.k - 1) as f64 / -logs / 80.0;
                near += last / 80.0;
                let others = (0..80).filter(|&row| row != query as u32);
                far += others.map(|row| distance(&data, query, row)).sum::<f64>() / (79.0 * 80.0);
            }
            let lid = at.lid.expect("a mean").point;
            assert!(
                (lid - lids).abs() < 1e-4 * lids,
                "k {}: {lid}, {lids}",
                at.k
            );
            let contrast = at.relative_contrast.expect("distances");
            assert!(
                (contrast - far / near).abs() < 1e-4,
                "k {}: {contrast}, {}",
                at.k,
                far / near
            );
        }
    }

    #[test]
    fn a_hub_takes_every_list_and_leaves_antihubs() {
        // Row 0 lies between five others: it is the nearest of each, and itself has one nearest.
        let points = [0.0, 1.0, -1.1, 2.3, -2.5, 5.0];
        let at = &found(&dataset(line(&points), None), &[1])[0];
        // Occurrences: 0 for rows 4 and 5, more for those nearer to the middle.
        let mut counts = [0.0; 6];
        let data = dataset(line(&points), None);
        for query in 0..6 {
            counts[nearest(&data, query, 1)[0] as usize] += 1.0;
        }
        let never = counts.iter().filter(|&&count| count == 0.0).count();
        assert!((at.antihub_share - never as f64 / 6.0).abs() < 1e-12);
        let moment = |power| {
            counts
                .map(|count| f64::powi(count - 1.0, power))
                .iter()
                .sum::<f64>()
                / 6.0
        };
        let skewness = moment(3) / moment(2).powf(1.5);
        assert!((at.hubness.expect("some spread") - skewness).abs() < 1e-9);
    }

    #[test]
    fn an_inner_product_has_hubs_and_no_geometry() {
        let mut data = dataset(noise(30, 4, 6), None);
        data.metric = Metric::InnerProduct;
        let at = &found(&data, &[3])[0];
        assert!(at.lid.is_none() && at.relative_contrast.is_none());
        assert!(at.hubness.is_some() && (0.0..1.0).contains(&at.antihub_share));
    }
}
