//! The graded measures of one returned list at every k, in one pass.
//!
//! Enters: the ranks and distances of a list as long as the largest k. Leaves: [`Graded`] at each k, as
//! the functions of this module give it. A row of exact rank r in slot s belongs to both lists from
//! depth max(r, s) + 1 on, whatever k is: so rank-biased overlap and displacement are running sums, and
//! ε-recall a search among distances that ascend. Cost O(K + ks·log K), where the functions take O(k) at
//! each k.
//!
//! At one k alone there is no histogram: the row adds Σ pᵈ/d over the depths d from max(r, s) + 1 to k,
//! which is the difference of two entries of a table. A few instructions a slot, without a branch.

use super::{Epsilon, epsilon_recall};

/// The measures of one answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Graded {
    /// See [`epsilon_recall`].
    pub epsilon_recall: f64,
    /// See [`rank_biased_overlap`](super::rank_biased_overlap).
    pub rank_biased_overlap: f64,
    /// See [`displacement`](super::displacement).
    pub displacement: f64,
}

/// Memory of [`graded_series`]; reused from list to list.
#[derive(Debug, Default)]
pub struct SeriesScratch {
    /// By depth: the rows that are in both lists from there on, and by how much their ranks are off.
    common_from: Vec<(u32, u32)>,
    weights: DepthWeights,
}

/// By m, Σ pᵈ/d over the depths d from m + 1 to the last one: what a row that joins at depth m + 1 adds
/// to Σ A_d·pᵈ of a rank-biased overlap.
#[derive(Debug, Default)]
struct DepthWeights {
    persistence: f64,
    from: Vec<f64>,
}

impl DepthWeights {
    /// The table to depth `last`, summed from its end: the small terms first.
    fn reaching(&mut self, last: usize, persistence: f64) -> &[f64] {
        let is_there = self.persistence.to_bits() == persistence.to_bits();
        if !is_there || self.from.len() != last + 1 {
            self.persistence = persistence;
            self.from.clear();
            self.from.resize(last + 1, 0.0);
            for depth in (1..=last).rev() {
                let weight = persistence.powi(depth as i32) / depth as f64;
                self.from[depth - 1] = self.from[depth] + weight;
            }
        }
        &self.from
    }
}

/// What is measured at which `ks`, ascending, for a persistence `p` and an `epsilon`.
#[derive(Clone, Copy, Debug)]
pub struct SeriesOf<'s> {
    /// Neighbor counts, ascending from at least 1.
    pub ks: &'s [usize],
    /// Of rank-biased overlap, between 0 and 1.
    pub persistence: f64,
    /// Of ε-recall.
    pub epsilon: Epsilon,
}

/// Fills `found` with the measures of a list at each k: `ranks` are the exact ranks of the returned rows,
/// `u32::MAX` for none, `distances` theirs, ascending; `exact` the distances of the exact neighbors.
///
/// # Panics
/// If there are fewer exact neighbors than the largest k.
pub fn graded_series(
    of: SeriesOf<'_>,
    (ranks, distances): (&[u32], &[f32]),
    exact: &[f32],
    scratch: &mut SeriesScratch,
    found: &mut Vec<Graded>,
) {
    found.clear();
    if let &[k] = of.ks {
        found.push(graded_at_one_k(of, k, (ranks, distances), exact, scratch));
        return;
    }
    let largest = of.ks.last().copied().unwrap_or(0);
    let common_from = &mut scratch.common_from;
    common_from.clear();
    common_from.resize(largest + 1, (0, 0));
    for (slot, &rank) in (0_u32..).zip(ranks.iter().take(largest)) {
        let depth = rank.max(slot) as usize;
        if depth < largest {
            let (rows, off) = &mut common_from[depth + 1];
            *rows += 1;
            *off += rank.abs_diff(slot);
        }
    }
    let p = of.persistence;
    let ascends = distances.is_sorted();
    let (mut depth, mut common, mut off) = (0, 0_u32, 0_u64);
    let (mut weight, mut sum, mut agreement) = (1.0, 0.0, 0.0);
    for &k in of.ks {
        while depth < k {
            depth += 1;
            let (rows, by) = common_from[depth];
            common += rows;
            off += u64::from(by);
            weight *= p;
            agreement = f64::from(common) / depth as f64;
            sum += agreement * weight;
        }
        found.push(Graded {
            epsilon_recall: recall_at(k, of.epsilon, (distances, ascends), exact),
            rank_biased_overlap: agreement * weight + (1.0 - p) / p * sum,
            displacement: displacement_of(common, off, k),
        });
    }
}

/// The slots that are summed apart, so that no sum waits for the one before it.
const LANES: usize = 4;

fn graded_at_one_k(
    of: SeriesOf<'_>,
    k: usize,
    (ranks, distances): (&[u32], &[f32]),
    exact: &[f32],
    scratch: &mut SeriesScratch,
) -> Graded {
    let p = of.persistence;
    let from = &scratch.weights.reaching(exact.len(), p)[..=k];
    let beyond = from[k];
    let ranks = &ranks[..ranks.len().min(k)];
    let (mut sums, mut common, mut off) = ([0.0; LANES], 0_u32, 0_u64);
    let mut add = |sum: &mut f64, slot: u32, rank: u32| {
        // A row that is not among the first k of both lists adds nothing: its depth is set to k.
        let depth = rank.max(slot).min(k as u32);
        let is_common = depth < k as u32;
        *sum += from[depth as usize] - beyond;
        common += u32::from(is_common);
        off += u64::from(rank.abs_diff(slot) & 0_u32.wrapping_sub(u32::from(is_common)));
    };
    let (chunks, rest) = ranks.as_chunks::<LANES>();
    let mut first = 0;
    for &[a, b, c, d] in chunks {
        add(&mut sums[0], first, a);
        add(&mut sums[1], first + 1, b);
        add(&mut sums[2], first + 2, c);
        add(&mut sums[3], first + 3, d);
        first += LANES as u32;
    }
    for (slot, &rank) in (first..).zip(rest) {
        add(&mut sums[0], slot, rank);
    }
    let [a, b, c, d] = sums;
    let agreement = f64::from(common) / k as f64;
    Graded {
        epsilon_recall: recall_at(k, of.epsilon, (distances, distances.is_sorted()), exact),
        rank_biased_overlap: agreement * p.powi(k as i32) + (1.0 - p) / p * ((a + b) + (c + d)),
        displacement: displacement_of(common, off, k),
    }
}

fn recall_at(
    k: usize,
    epsilon: Epsilon,
    (distances, ascends): (&[f32], bool),
    exact: &[f32],
) -> f64 {
    let first = &distances[..distances.len().min(k)];
    let limit = epsilon.limit(exact[k - 1]);
    if ascends {
        let near = first.partition_point(|&distance| f64::from(distance) <= limit);
        near as f64 / k as f64
    } else {
        epsilon_recall(first, exact[k - 1], k, epsilon)
    }
}

/// The mean of what `common` rows are off by in all, over k.
fn displacement_of(common: u32, off: u64, k: usize) -> f64 {
    match common {
        0 => f64::NAN,
        rows => off as f64 / f64::from(rows) / k as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graded::{displacement, rank_biased_overlap};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_series_is_its_measures_at_each_k(
            kept in proptest::collection::btree_set(0_u32..40, 0..30),
            shuffle in any::<bool>(),
        ) {
            let mut ranks: Vec<u32> = kept.into_iter().collect();
            if shuffle {
                ranks.reverse();
            }
            let unknown = |rank: u32| if rank < 30 { rank } else { u32::MAX };
            let distances: Vec<f32> = ranks.iter().map(|&rank| 1.0 + rank as f32 * 0.004).collect();
            let ranks: Vec<u32> = ranks.into_iter().map(unknown).collect();
            let exact: Vec<f32> = (0..30_u8).map(|rank| 1.0 + f32::from(rank) * 0.004).collect();
            let ks = [1, 2, 7, 20, 30];
            let epsilon = Epsilon::Relative(0.01);
            let of = SeriesOf { ks: &ks, persistence: 0.9, epsilon };
            let mut found = Vec::new();
            let lists = (&ranks[..], &distances[..]);
            graded_series(of, lists, &exact, &mut SeriesScratch::default(), &mut found);
            let (mut alone, mut scratch) = (Vec::new(), SeriesScratch::default());
            for (found, k) in found.into_iter().zip(ks) {
                graded_series(SeriesOf { ks: &[k], ..of }, lists, &exact, &mut scratch, &mut alone);
                prop_assert_eq!(alone.len(), 1);
                prop_assert_eq!(alone[0].epsilon_recall, found.epsilon_recall);
                let apart = alone[0].rank_biased_overlap - found.rank_biased_overlap;
                prop_assert!(apart.abs() < 1e-15, "{}", apart);
                prop_assert_eq!(alone[0].displacement.to_bits(), found.displacement.to_bits());
                prop_assert_eq!(
                    found.epsilon_recall,
                    epsilon_recall(&distances, exact[k - 1], k, epsilon)
                );
                let right = rank_biased_overlap(&ranks, k, 0.9).expect("a persistence");
                prop_assert!((found.rank_biased_overlap - right).abs() < 1e-12);
                let right = displacement(&ranks, k);
                let same = found.displacement == right || found.displacement.is_nan() && right.is_nan();
                prop_assert!(same, "{} {}", found.displacement, right);
            }
        }
    }
}
