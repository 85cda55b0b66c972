//! How hard these data are for any index: dimension, contrast, hubs.

use super::estimates::mean;
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

/// One entry per k.
pub(super) fn difficulty(
    data: &Dataset,
    exact: &NeighborTable,
    ks: &[usize],
    seed: u64,
) -> Vec<Difficulty> {
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
        Difficulty {
            k,
            lid: has_geometry
                .then(|| mean(&[lids(exact, k, data.metric)]))
                .flatten(),
            relative_contrast: relative_contrast(&typical, &nearest),
            hubness: hubness.and_then(|hubness| hubness.skewness),
            antihub_share: hubness.map_or(f64::NAN, |hubness| hubness.antihub_share),
        }
    };
    ks.iter().map(at).collect()
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
fn mean_distances(data: &Dataset, seed: u64) -> Vec<f64> {
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
