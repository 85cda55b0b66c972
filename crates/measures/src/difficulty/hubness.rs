//! Hubness: how unevenly points appear among others' neighbors.
//!
//! Enters: a neighbor table. Leaves: k-occurrence counts, their skewness and Robin Hood index. Cost
//! O(qk). Sources: Radovanović, Nanopoulos & Ivanović, JMLR 11 (2010); Feldbauer, Leodolter, Plant &
//! Flexer, IEEE ICBK 2018 (Robin Hood index).

use annatomy_knn::NeighborTable;
use serde::{Deserialize, Serialize};

/// How often each of `points` points is among the first `k` slots of a query.
///
/// # Panics
/// If an id is not below `points`, or k exceeds the table's slots.
pub fn k_occurrences(table: &NeighborTable, points: usize, k: usize) -> Vec<u32> {
    let mut counts = vec![0; points];
    for query in 0..table.queries() {
        for id in table.ids(query)[..k].iter().flatten() {
            counts[id.index()] += 1;
        }
    }
    counts
}

/// The distribution of k-occurrence counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hubness {
    /// Third standardized moment of the counts; `None` if all counts are equal. Above 1 hubs are
    /// marked.
    pub skewness: Option<f64>,
    /// Share of points that no query has among its neighbors.
    pub antihub_share: f64,
    /// The largest count.
    pub largest: u32,
    /// The share of all occurrences that would have to move for every point to have the same: ½
    /// Σ|count − mean| / Σ count (Hoover 1936). 0 if all counts are equal; `None` if all are 0.
    pub robin_hood: Option<f64>,
}

impl Hubness {
    /// The hubness behind `counts`; `None` without points.
    pub fn of(counts: &[u32]) -> Option<Self> {
        let largest = counts.iter().copied().max()?;
        let antihubs = counts.iter().filter(|&&count| count == 0).count();
        Some(Self {
            skewness: skewness(counts),
            antihub_share: antihubs as f64 / counts.len() as f64,
            largest,
            robin_hood: robin_hood(counts),
        })
    }
}

fn robin_hood(counts: &[u32]) -> Option<f64> {
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let mean = total as f64 / counts.len() as f64;
    let apart: f64 = counts
        .iter()
        .map(|&count| (f64::from(count) - mean).abs())
        .sum();
    (total > 0).then(|| apart / 2.0 / total as f64)
}

fn skewness(counts: &[u32]) -> Option<f64> {
    let n = counts.len() as f64;
    let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / n;
    let moment = |power: i32| {
        counts
            .iter()
            .map(|&count| (f64::from(count) - mean).powi(power))
            .sum::<f64>()
            / n
    };
    let variance = moment(2);
    (variance > 0.0).then(|| moment(3) / variance.powf(1.5))
}

#[cfg(test)]
mod tests {
    use annatomy_vectors::PointId;

    use super::*;

    #[test]
    fn a_star_has_one_hub() {
        // Points 1..=4 all name 0; 0 names 1; one slot is empty.
        let ids = [1, 0, 0, 0, 0].map(|id| [Some(PointId(id)), None]).concat();
        let counts = k_occurrences(&NeighborTable::new(2, ids, vec![1.0; 10]), 5, 1);
        assert_eq!(counts, [4, 1, 0, 0, 0]);
        let hubness = Hubness::of(&counts).expect("points");
        assert_eq!((hubness.antihub_share, hubness.largest), (0.6, 4));
        // (3 + 0 + 1 + 1 + 1)/2 of 5 occurrences are above their fair share.
        assert!((hubness.robin_hood.expect("occurrences") - 0.6).abs() < 1e-12);
        // scipy.stats.skew([4, 1, 0, 0, 0])
        assert!((hubness.skewness.expect("uneven") - 1.290_994_448_735_805_6).abs() < 1e-12);
    }

    #[test]
    fn even_counts_have_no_skewness() {
        assert_eq!(Hubness::of(&[3; 8]).expect("points").skewness, None);
        assert_eq!(Hubness::of(&[3; 8]).expect("points").robin_hood, Some(0.0));
        assert_eq!(Hubness::of(&[0; 8]).expect("points").robin_hood, None);
        assert_eq!(Hubness::of(&[]), None);
    }
}
