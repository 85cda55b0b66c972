//! The graded measures of one returned list at every k, in one pass.
//!
//! Enters: the ranks and distances of a list as long as the largest k. Leaves: [`Graded`] at each k, as
//! the functions of this module give it. A row of exact rank r in slot s belongs to both lists from
//! depth max(r, s) + 1 on, whatever k is: so rank-biased overlap and displacement are running sums, and
//! ε-recall a search among distances that ascend. Cost O(K + ks·log K), where the functions take O(k) at
//! each k.

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
    let near = |k: usize| {
        let first = &distances[..distances.len().min(k)];
        let limit = of.epsilon.limit(exact[k - 1]);
        let is_near = |&distance: &f32| f64::from(distance) <= limit;
        if ascends {
            first.partition_point(is_near) as f64 / k as f64
        } else {
            epsilon_recall(first, exact[k - 1], k, of.epsilon)
        }
    };
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
        let displacement = match common {
            0 => f64::NAN,
            rows => off as f64 / f64::from(rows) / k as f64,
        };
        found.push(Graded {
            epsilon_recall: near(k),
            rank_biased_overlap: agreement * weight + (1.0 - p) / p * sum,
            displacement,
        });
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
            for (found, k) in found.into_iter().zip(ks) {
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
