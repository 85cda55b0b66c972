//! Where points begin: the second and third eigenvectors of the normalized graph D^(−½) A D^(−½)
//! (spectral embedding, Belkin & Niyogi 2003), by subspace iteration; a little noise sets apart
//! points that have the same place, such as those of one component.

use super::fuzzy::Links;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

const ITERATIONS: usize = 200;

/// Vectors iterated: the constant one, the two wanted, and some that speed up the convergence.
const VECTORS: usize = 6;

/// Coordinates go from 0 to this on both axes, as umap-learn's do at the beginning.
const SPAN: f64 = 10.0;

/// Noise, in units of the coordinates.
const NOISE: f32 = 0.01;

pub(super) fn coordinates(links: &Links, random: &mut ChaCha8Rng) -> Vec<[f32; 2]> {
    let points = links.points;
    let mut degrees = vec![0.0_f64; points];
    for &(from, to, weight) in &links.all {
        degrees[from as usize] += f64::from(weight);
        degrees[to as usize] += f64::from(weight);
    }
    let root: Vec<f64> = degrees.iter().map(|degree| degree.sqrt()).collect();
    let scaled: Vec<(usize, usize, f64)> = links
        .all
        .iter()
        .map(|&(from, to, weight)| {
            let (from, to) = (from as usize, to as usize);
            (from, to, f64::from(weight) / (root[from] * root[to]))
        })
        .collect();
    let mut vectors = vec![root.clone()];
    vectors.resize_with(VECTORS, || {
        (0..points).map(|_| f64::from(uniform(random))).collect()
    });
    orthonormalize(&mut vectors);
    for _ in 0..ITERATIONS {
        annatomy_runtime::check();
        for vector in &mut vectors[1..] {
            // (I + A)/2 has no negative eigenvalues.
            let mut next = vector.clone();
            for &(from, to, weight) in &scaled {
                next[from] += weight * vector[to];
                next[to] += weight * vector[from];
            }
            *vector = next;
        }
        orthonormalize(&mut vectors);
    }
    let axis = |number: usize| -> Vec<f64> {
        let vector = &vectors[number];
        let of = |point: usize| {
            if root[point] > 0.0 {
                vector[point] / root[point]
            } else {
                0.0
            }
        };
        (0..points).map(of).collect()
    };
    let axes = [axis(1), axis(2)].map(|axis| spread(&axis));
    (0..points)
        .map(|point| [0, 1].map(|side| axes[side][point] + NOISE * uniform(random)))
        .collect()
}

/// 0 to `SPAN`.
fn spread(axis: &[f64]) -> Vec<f32> {
    let least = axis.iter().copied().fold(f64::INFINITY, f64::min);
    let most = axis.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scale = if most > least {
        SPAN / (most - least)
    } else {
        0.0
    };
    let place = |value: &f64| ((value - least) * scale) as f32;
    axis.iter().map(place).collect()
}

/// Gram and Schmidt's; a vector that depends on those before it becomes zero.
fn orthonormalize(vectors: &mut [Vec<f64>]) {
    for number in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(number);
        let vector = &mut rest[0];
        for other in before {
            let along: f64 = vector.iter().zip(other.iter()).map(|(a, b)| a * b).sum();
            for (value, other) in vector.iter_mut().zip(other.iter()) {
                *value -= along * other;
            }
        }
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        let scale = if norm > 1e-12 { 1.0 / norm } else { 0.0 };
        vector.iter_mut().for_each(|value| *value *= scale);
    }
}

/// −1 to 1.
fn uniform(random: &mut ChaCha8Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
}
