//! A two-dimensional layout of points from their exact nearest neighbors, by UMAP's method (McInnes,
//! Healy & Melville 2018).
//!
//! Enters: per point the ids and distances of its neighbors. Leaves: coordinates, and what share of
//! the neighbors they keep ([`kept`]).
//!
//! `fuzzy`: distances become weights of an undirected graph → `spectral`: its first eigenvectors are
//! where points begin → `optimize`: gradient steps along sampled links, against sampled points,
//! by `curve` → `pack`: islands move together.
//!
//! Cost: O(points · neighbors · epochs), on one thread: the steps depend on their order, and so the
//! coordinates on nothing but the neighbors and the seed. 10,000 points × 15 neighbors take a few
//! seconds.

#![deny(missing_docs)]

mod curve;
mod fuzzy;
mod kept;
mod optimize;
mod pack;
mod spectral;

use fuzzy::Links;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub use fuzzy::NEIGHBORS;
pub use kept::kept;

/// Coordinates of every point, (x, y).
///
/// `ids` and `distances` are points × `width`, each row nearest first, the point itself not among
/// its neighbors; the first [`NEIGHBORS`] of a row are read. An id that names no point is left out.
///
/// # Panics
/// If `ids` and `distances` are not points × `width`.
///
/// ```
/// // Four points on a line, two neighbors each.
/// let ids = [1, 2, 0, 2, 1, 3, 2, 1];
/// let distances = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0];
/// let map = annatomy_layout::layout(&ids, &distances, 2, 42);
/// assert_eq!(map.len(), 4);
/// ```
pub fn layout(ids: &[u32], distances: &[f32], width: usize, seed: u64) -> Vec<[f32; 2]> {
    assert_eq!(ids.len(), distances.len(), "one distance per neighbor");
    if width == 0 || ids.is_empty() {
        return Vec::new();
    }
    assert_eq!(ids.len() % width, 0, "whole rows");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let links = Links::of_neighbors(ids, distances, width);
    let begin = spectral::coordinates(&links, &mut random);
    let places = optimize::optimize(&links, begin, &mut random);
    upright(&pack::together(places))
}

/// Turned about its mean so that it spreads most along x: a screen is wider than tall.
fn upright(places: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let count = places.len() as f64;
    let mean = [0, 1].map(|side| places.iter().map(|at| f64::from(at[side])).sum::<f64>() / count);
    let apart = |at: &[f32; 2]| [0, 1].map(|side| f64::from(at[side]) - mean[side]);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for at in places {
        let [x, y] = apart(at);
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
    }
    // The angle of the first principal axis of two columns.
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (sin, cos) = angle.sin_cos();
    let turned = places.iter().map(|at| {
        let [x, y] = apart(at);
        [(cos * x + sin * y) as f32, (cos * y - sin * x) as f32]
    });
    turned.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points around `clusters` centers in the plane, and their exact neighbors.
    pub(crate) fn clustered(points: usize, clusters: usize) -> (Vec<u32>, Vec<f32>) {
        let mut state = 7u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let rows: Vec<[f32; 3]> = (0..points)
            .map(|point| {
                let center = (point % clusters) as f32 * 10.0;
                [center + noise(), noise(), noise()]
            })
            .collect();
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for (point, row) in rows.iter().enumerate() {
            let far = |other: &[f32; 3]| -> f32 {
                row.iter()
                    .zip(other)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f32>()
                    .sqrt()
            };
            let others = rows.iter().enumerate().filter(|&(other, _)| other != point);
            let mut others: Vec<(f32, u32)> =
                others.map(|(id, other)| (far(other), id as u32)).collect();
            others.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (distance, id) in others.into_iter().take(NEIGHBORS) {
                ids.push(id);
                distances.push(distance);
            }
        }
        (ids, distances)
    }

    #[test]
    fn clusters_stay_apart_and_neighbors_near() {
        let (ids, distances) = clustered(400, 4);
        let map = layout(&ids, &distances, NEIGHBORS, 1);
        assert!(map.iter().flatten().all(|value| value.is_finite()));
        let share = kept(&map, &ids, NEIGHBORS);
        assert!(share > 0.4, "{share} of the neighbors are kept");
        // Chance keeps 15 of 399.
        let mut same = 0;
        let nearest = kept::nearest(&map, 5);
        for (point, others) in nearest.chunks(5).enumerate() {
            same += others
                .iter()
                .filter(|&&other| other as usize % 4 == point % 4)
                .count();
        }
        assert!(
            same as f64 > 0.99 * nearest.len() as f64,
            "{same} in the same cluster"
        );
    }

    #[test]
    fn a_map_is_wider_than_tall() {
        let slope = (0..50).map(|at| [at as f32 * 0.5, at as f32 * 3.0 + (at % 3) as f32]);
        let slope: Vec<[f32; 2]> = slope.collect();
        let turned = upright(&slope);
        let spread = |side: usize| turned.iter().map(|at| at[side].powi(2)).sum::<f32>();
        assert!(
            spread(0) > 1_000.0 * spread(1),
            "{} {}",
            spread(0),
            spread(1)
        );
        let cross: f32 = turned.iter().map(|at| at[0] * at[1]).sum();
        assert!(cross.abs() < 1e-3 * spread(0), "{cross}");
    }

    #[test]
    fn the_seed_alone_decides() {
        let (ids, distances) = clustered(200, 3);
        let of = |seed| layout(&ids, &distances, NEIGHBORS, seed);
        assert_eq!(of(5), of(5));
        assert_ne!(of(5), of(6));
    }

    #[test]
    fn points_that_are_all_equal_or_alone_have_places() {
        for (ids, width) in [(vec![1, 0], 1), (vec![1, 2, 0, 2, 0, 1], 2), (vec![9], 1)] {
            let distances = vec![0.0; ids.len()];
            let map = layout(&ids, &distances, width, 3);
            assert_eq!(map.len(), ids.len() / width);
            assert!(map.iter().flatten().all(|value| value.is_finite()));
        }
        assert!(layout(&[], &[], 0, 1).is_empty());
    }
}
