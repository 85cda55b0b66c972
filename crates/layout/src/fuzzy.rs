//! The weighted graph of UMAP: a neighbor at distance d of point i has weight
//! exp(−(d − ρᵢ)/σᵢ), ρᵢ the distance of the nearest, σᵢ such that the weights of i add up to
//! log₂(neighbors); a pair has a + b − ab of its two weights (McInnes et al. 2018, section 3.1).

/// Neighbors of each point that the layout reads, as UMAP's default.
pub const NEIGHBORS: usize = 15;

/// Bisections for σ.
const STEPS: usize = 64;

/// σ is at least this share of the mean distance.
const LEAST_SCALE: f64 = 1e-3;

/// Undirected weighted links.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) points: usize,
    /// (from, to, weight), from < to, ascending.
    pub(super) all: Vec<(u32, u32, f32)>,
}

impl Links {
    pub(super) fn of_neighbors(ids: &[u32], distances: &[f32], width: usize) -> Self {
        let points = ids.len() / width;
        let read = width.min(NEIGHBORS);
        let mut directed = Vec::with_capacity(points * read);
        for point in 0..points {
            let row = point * width..point * width + read;
            let (ids, distances) = (&ids[row.clone()], &distances[row]);
            let weights = weights(distances);
            for (&id, weight) in ids.iter().zip(weights) {
                if (id as usize) < points && id as usize != point && weight > 0.0 {
                    let pair = (id.min(point as u32), id.max(point as u32));
                    directed.push((pair.0, pair.1, weight));
                }
            }
        }
        directed.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut all: Vec<(u32, u32, f32)> = Vec::with_capacity(directed.len());
        for (from, to, weight) in directed {
            match all.last_mut() {
                Some(last) if (last.0, last.1) == (from, to) => {
                    last.2 = last.2 + weight - last.2 * weight;
                }
                _ => all.push((from, to, weight)),
            }
        }
        Self { points, all }
    }
}

fn weights(distances: &[f32]) -> Vec<f32> {
    let distances: Vec<f64> = distances
        .iter()
        .map(|&distance| f64::from(distance))
        .collect();
    let nearest = distances.first().copied().unwrap_or(0.0);
    // Inner products are negative distances; only differences matter.
    let beyond: Vec<f64> = distances
        .iter()
        .map(|distance| (distance - nearest).max(0.0))
        .map(|beyond| if beyond.is_finite() { beyond } else { f64::MAX })
        .collect();
    let wanted = (distances.len() as f64 + 1.0).log2();
    let sum = |scale: f64| -> f64 { beyond.iter().map(|beyond| (-beyond / scale).exp()).sum() };
    let mean = beyond.iter().sum::<f64>() / beyond.len() as f64;
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut scale = if mean > 0.0 && mean.is_finite() {
        mean
    } else {
        1.0
    };
    for _ in 0..STEPS {
        if sum(scale) > wanted {
            high = scale;
        } else {
            low = scale;
        }
        scale = if high.is_finite() {
            f64::midpoint(low, high)
        } else {
            scale * 2.0
        };
    }
    let scale = scale.max(LEAST_SCALE * mean).max(f64::MIN_POSITIVE);
    beyond
        .iter()
        .map(|beyond| (-beyond / scale).exp() as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_a_point_add_up_to_the_logarithm_and_the_nearest_has_one() {
        let distances: Vec<f32> = (1..=15).map(|place| (place as f32).sqrt()).collect();
        let weights = weights(&distances);
        assert_eq!(weights[0], 1.0);
        assert!(weights.is_sorted_by(|a, b| a >= b));
        let sum: f32 = weights.iter().sum();
        assert!((sum - 4.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn a_pair_has_a_plus_b_less_ab() {
        // 0's only neighbor is 1 and the other way round: both weights are 1.
        let links = Links::of_neighbors(&[1, 0, 1], &[1.0, 1.0, 2.0], 1);
        assert_eq!(links.all, [(0, 1, 1.0), (1, 2, 1.0)]);
    }
}
