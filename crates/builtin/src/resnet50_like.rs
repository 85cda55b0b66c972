//! `resnet50-like`: features with the neighborhoods of ResNet-50 embeddings of photographs.
//!
//! Input: a number of rows and a seed. Output: rows × 2048 non-negative float32.
//!
//! ```text
//! for each row
//!   cluster c      with probability ∝ (c + 1)^−0.815, of 200
//!   latent         center_c + width_c · normals decaying as j^−0.7         64
//!   hidden         max(0, latent · W₁ + noise)                            512
//!   features       gain · max(0, hidden · W₂)                            2048
//! ```
//!
//! What each part is there for. Isotropic centers leave the clusters nearly equidistant, so the LID
//! rises again from k = 100 on. Normals that decay within a cluster keep it low near k = 50; noise
//! lifts it at k = 10. Few large clusters and many small ones, wide and narrow, make the overlap
//! fall early and slowly. With the decay, the noise, the spread of widths or that of sizes taken
//! out and the rest left, some figure moves 82, 24, 19 or 12 % away. Biases, a spread of norms and
//! a width of each row's own were fitted as well and brought nothing.
//!
//! Centers, widths and weights come from one fixed seed: a *world*. The caller's seed draws the
//! rows, each from a stream of its own. Seeds are thus random subsets of one collection, as the
//! published study's ten runs were, and the first m rows are the same whatever `rows` is.
//!
//! The five constants were fitted (Levenberg–Marquardt) to the study's means over ten runs at
//! 10,000 rows: ratios of mean exact distances, LID, and overlap on a faiss graph (M = 32,
//! efConstruction = 200) at efSearch 25 and 100. At other row counts the set is what a smaller or
//! larger subset of the same world is, with no claim on any published figure.
//!
//! Cost about 1.1 M multiply–adds a row. Does not: make anything that looks like an image.

use annatomy_runtime::{NotEnoughMemory, check_memory};
use annatomy_vectors::Matrix;
use rayon::prelude::*;
use std::sync::LazyLock;

use super::draws::{Draws, Purpose};
use super::layers::Dense;

/// Columns of `resnet50_like`: the width of ResNet-50's last pooling layer.
pub const FEATURES: usize = 2048;

/// Centers, widths and weights are drawn from this seed, rows from the caller's.
const WORLD_SEED: u64 = 0x0072_6573_6e65_7435;
const LATENT: usize = 64;
const HIDDEN: usize = 512;
const CLUSTERS: usize = 200;
/// Share of the rows in cluster c: (c + 1)^−this, over the sum.
const SHARE_EXPONENT: f64 = 0.815;
/// Median over clusters of the root mean square distance of a row to its center; that of a center
/// to the origin is 1.
const WIDTH: f64 = 0.985;
/// Standard deviation over clusters of the logarithm of the width.
const WIDTH_SIGMA: f64 = 0.51;
/// Within a cluster the j-th latent coordinate's standard deviation falls as j^−this.
const DECAY_EXPONENT: f64 = 0.7;
/// Standard deviation of a row's own noise on each hidden unit.
const NOISE: f64 = 0.31;
/// Brings the mean squared distance to the 10 nearest neighbors to the published 75.8.
const GAIN: f64 = 0.4027;
/// Rows per unit of parallel work; their hidden values and one panel of weights stay in L2.
const BLOCK: usize = 32;

/// Why there is no such data set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BuiltinError {
    /// A data set without rows has no neighbors.
    #[error("a data set needs at least one row")]
    NoRows,
    /// Row ids are 32 bits wide.
    #[error("{rows} rows asked for, at most {most} can be numbered")]
    TooManyRows {
        /// Rows asked for.
        rows: usize,
        /// The most there can be.
        most: usize,
    },
    /// They do not fit in memory.
    #[error("{rows} rows of {FEATURES} values: {source}")]
    Memory {
        /// Rows asked for.
        rows: usize,
        /// What they take, and what is available.
        source: NotEnoughMemory,
    },
}

/// `rows` × 2048 features with the neighborhood geometry of ResNet-50 embeddings, as subset `seed`
/// of one fixed collection.
///
/// Non-negative, about half of them zero; squared L2 distances on the scale of the published
/// study's.
///
/// ```
/// let features = annatomy_builtin::resnet50_like(100, 1)?;
/// assert_eq!((features.rows(), features.columns()), (100, 2048));
/// # Ok::<(), annatomy_builtin::BuiltinError>(())
/// ```
pub fn resnet50_like(rows: usize, seed: u64) -> Result<Matrix, BuiltinError> {
    let most = u32::MAX as usize;
    match rows {
        0 => return Err(BuiltinError::NoRows),
        _ if rows > most => return Err(BuiltinError::TooManyRows { rows, most }),
        _ => {}
    }
    let bytes = rows as u64 * (FEATURES * size_of::<f32>()) as u64;
    check_memory("the data set", bytes).map_err(|source| BuiltinError::Memory { rows, source })?;
    let world = LazyLock::force(&WORLD);
    let mut features = Matrix::zeros(rows, FEATURES);
    features
        .values_mut()
        .par_chunks_mut(BLOCK * FEATURES)
        .enumerate()
        .with_max_len(1)
        .for_each(|(block, values)| {
            annatomy_runtime::check();
            world.fill(seed, block * BLOCK, values);
        });
    Ok(features)
}

/// Made once: the runs of a study share it.
static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// What every seed shares.
struct World {
    /// Cumulative shares of the rows, ending at 1.
    cumulative_shares: Vec<f64>,
    /// One row of `LATENT` coordinates per cluster.
    centers: Vec<f32>,
    widths: Vec<f64>,
    /// Standard deviation of each latent coordinate in a cluster of width 1; squares sum to 1.
    decay: Vec<f64>,
    hidden: Dense,
    output: Dense,
}

impl World {
    fn new() -> Self {
        let draws = |purpose| Draws::new(WORLD_SEED, purpose, 0);
        let dense = |purpose, inputs, outputs, scale| {
            Dense::new(
                inputs,
                outputs,
                &draws(purpose).normals(inputs * outputs, scale),
            )
        };
        let mut widths = draws(Purpose::Widths);
        Self {
            cumulative_shares: cumulative_shares(),
            centers: draws(Purpose::Centers)
                .normals(CLUSTERS * LATENT, 1.0 / (LATENT as f64).sqrt()),
            widths: (0..CLUSTERS)
                .map(|_| WIDTH * widths.lognormal(WIDTH_SIGMA))
                .collect(),
            decay: decay(),
            hidden: dense(Purpose::HiddenWeights, LATENT, HIDDEN, 1.0),
            output: dense(
                Purpose::OutputWeights,
                HIDDEN,
                FEATURES,
                GAIN / (HIDDEN as f64).sqrt(),
            ),
        }
    }

    /// Writes the rows from `first` on into `values`.
    fn fill(&self, seed: u64, first: usize, values: &mut [f32]) {
        let rows = values.len() / FEATURES;
        let mut latent = Vec::with_capacity(rows * LATENT);
        let mut hidden = Vec::with_capacity(rows * HIDDEN);
        for row in first..first + rows {
            let mut draws = Draws::new(seed, Purpose::Row, row);
            self.push_latent(&mut draws, &mut latent);
            draws.push_normals(HIDDEN, NOISE, &mut hidden);
        }
        self.hidden.add_and_clip(&latent, &mut hidden);
        self.output.add_and_clip(&hidden, values);
    }

    /// Appends one row's latent coordinates.
    fn push_latent(&self, draws: &mut Draws, latent: &mut Vec<f32>) {
        let share = draws.uniform();
        let cluster = self
            .cumulative_shares
            .partition_point(|&end| end <= share)
            .min(CLUSTERS - 1);
        let center = &self.centers[cluster * LATENT..][..LATENT];
        let coordinate = |(center, decay): (&f32, &f64)| {
            let deviation = self.widths[cluster] * decay * draws.normal();
            center + deviation as f32
        };
        latent.extend(center.iter().zip(&self.decay).map(coordinate));
    }
}

fn cumulative_shares() -> Vec<f64> {
    let sizes = powers(CLUSTERS, SHARE_EXPONENT);
    let total: f64 = sizes.iter().sum();
    let running = |sum: &mut f64, size: f64| {
        *sum += size / total;
        Some(*sum)
    };
    sizes.into_iter().scan(0.0, running).collect()
}

fn decay() -> Vec<f64> {
    let deviations = powers(LATENT, DECAY_EXPONENT);
    let norm = deviations.iter().map(|d| d * d).sum::<f64>().sqrt();
    deviations.into_iter().map(|d| d / norm).collect()
}

/// 1, 2^−exponent, 3^−exponent, … `count` of them.
fn powers(count: usize, exponent: f64) -> Vec<f64> {
    (1..=count)
        .map(|j| libm::pow(j as f64, -exponent))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: usize, seed: u64) -> Matrix {
        resnet50_like(rows, seed).unwrap()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_hundred_million_rows_are_refused_with_the_numbers_and_not_by_an_abort() {
        assert_eq!(resnet50_like(0, 1).err(), Some(BuiltinError::NoRows));
        // Four terabytes; the machine says what it has.
        let rows = 500_000_000;
        let error = resnet50_like(rows, 1).expect_err("more memory than there is");
        let said = error.to_string();
        assert!(
            said.contains("500000000 rows") && said.contains("4.10 TB"),
            "{said}"
        );
    }

    /// The ascending squared distances from each of the first `queries` rows to the other rows.
    fn distances_squared(features: &Matrix, queries: usize) -> Vec<Vec<f64>> {
        let between = |q: usize, j: usize| -> f64 {
            let pairs = features.row(q).iter().zip(features.row(j));
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
        };
        let from = |q: usize| {
            let others = (0..features.rows()).filter(|&j| j != q);
            let mut distances: Vec<f64> = others.map(|j| between(q, j)).collect();
            distances.sort_by(f64::total_cmp);
            distances
        };
        (0..queries).into_par_iter().map(from).collect()
    }

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    /// Mean squared distance to the k nearest, and LID from squared distances as the study computes
    /// it.
    fn scale_and_lid(table: &[Vec<f64>], k: usize) -> (f64, f64) {
        let scale = mean(table.iter().map(|row| mean(row[..k].iter().copied())));
        let lid = |row: &Vec<f64>| -1.0 / mean(row[..k - 1].iter().map(|d| (d / row[k - 1]).ln()));
        (scale, mean(table.iter().map(lid)))
    }

    #[test]
    fn bytes_do_not_depend_on_the_number_of_threads() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| features(3 * BLOCK + 1, 5))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn bytes_do_not_depend_on_the_machine() {
        // FNV-1a over the bit patterns. A change here changes every figure computed from this data
        // set.
        let step = |hash: u64, value: &f32| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3)
        };
        let hash = features(40, 1)
            .values()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, step);
        assert_eq!(hash, 0xdd30_b682_b1d8_d9fd, "found {hash:#018x}");
    }

    #[test]
    fn fewer_rows_are_the_first_rows_of_more() {
        let (few, many) = (features(BLOCK + 3, 9), features(2 * BLOCK + 7, 9));
        assert_eq!(few.values(), &many.values()[..few.values().len()]);
    }

    #[test]
    fn each_seed_is_another_subset() {
        assert_ne!(features(1, 1), features(1, 2));
    }

    #[test]
    fn features_are_non_negative_and_about_half_are_zero() {
        let features = features(200, 3);
        assert!(features.values().iter().all(|&v| v >= 0.0 && v.is_finite()));
        let zeros = mean(features.values().iter().map(|&v| f64::from(v == 0.0)));
        assert!((0.4..0.6).contains(&zeros), "{zeros}");
        assert!((0..200).all(|row| features.row(row).iter().any(|&v| v > 0.0)));
    }

    #[test]
    fn neighborhoods_keep_their_calibrated_shape() {
        // 500 queries against 2,000 rows: (k, mean squared distance, LID), means over six seeds.
        let pinned = [(10, 91.7, 9.49), (50, 113.6, 9.24), (100, 123.3, 9.54)];
        let table = distances_squared(&features(2000, 11), 500);
        for (k, scale_expected, lid_expected) in pinned {
            let (scale, lid) = scale_and_lid(&table, k);
            assert!(
                (scale / scale_expected - 1.0).abs() < 0.05,
                "k {k}: mean squared distance {scale}"
            );
            assert!((lid / lid_expected - 1.0).abs() < 0.05, "k {k}: LID {lid}");
        }
    }

    #[test]
    fn refuses_a_set_without_rows_or_with_too_many() {
        assert_eq!(resnet50_like(0, 1), Err(BuiltinError::NoRows));
        let rows = usize::MAX;
        assert_eq!(
            resnet50_like(rows, 1),
            Err(BuiltinError::TooManyRows {
                rows,
                most: u32::MAX as usize
            })
        );
    }
}
