//! The published side: means and spreads over ten runs, per condition, k and figure.

use super::Spread;
use crate::results::{Figures, PublishedMetrics, StudyKind};
use std::collections::HashMap;

const TEXT: &str = include_str!("published.csv");
/// Runs that were published.
const RUNS: usize = 10;

/// A figure of the study's `metrics.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// `mean_overlap`.
    Overlap,
    /// `mean_exact_dist`, squared.
    ExactDistance,
    /// `mean_ann_dist`, squared.
    ReturnedDistance,
    /// `mean_barycenter_shift`.
    BarycenterShift,
    /// `mean_lid_exact`.
    LidExact,
    /// `mean_lid_ann`.
    LidReturned,
}

impl Figure {
    /// In the order of the published files.
    pub const ALL: [Self; 6] = [
        Self::Overlap,
        Self::ExactDistance,
        Self::ReturnedDistance,
        Self::BarycenterShift,
        Self::LidExact,
        Self::LidReturned,
    ];

    /// The study's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlap => "mean_overlap",
            Self::ExactDistance => "mean_exact_dist",
            Self::ReturnedDistance => "mean_ann_dist",
            Self::BarycenterShift => "mean_barycenter_shift",
            Self::LidExact => "mean_lid_exact",
            Self::LidReturned => "mean_lid_ann",
        }
    }

    /// Its value among ours.
    pub(super) fn of(self, metrics: &PublishedMetrics) -> f64 {
        let own = |named: &(&str, fn(&Figures) -> f64)| named.0 == self.name();
        let (_, figure) = Figures::NAMED.into_iter().find(own).expect("its own name");
        figure(&metrics.figures)
    }
}

pub(super) type Key<'k> = (&'k str, &'k str, usize);

/// Every published cell: six spreads by (study, condition, k).
pub(super) fn cells() -> HashMap<Key<'static>, [Spread; 6]> {
    TEXT.lines().skip(1).filter_map(cell).collect()
}

/// The study's folder name, as it stands in the table.
pub(super) fn key(study: StudyKind, condition: &str, k: usize) -> Key<'_> {
    (study.folder(), condition, k)
}

fn cell(line: &'static str) -> Option<(Key<'static>, [Spread; 6])> {
    let mut fields = line.split(',');
    let key = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
    let mut number = || {
        fields
            .next()
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(f64::NAN)
    };
    let mut spreads = Figure::ALL.map(|_| Spread {
        mean: number(),
        deviation: number(),
        runs: RUNS,
        exploded: 0,
    });
    spreads[Figure::ReturnedDistance as usize].exploded = number() as usize;
    Some((key, spreads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_cell_is_read() {
        let cells = cells();
        assert_eq!(cells.len(), 14 * 50);
        let first = cells[&("efSearch_study", "ef_25", 10)];
        assert!((first[Figure::Overlap as usize].mean - 0.9873).abs() < 5e-5);
        assert!((first[Figure::ExactDistance as usize].mean - 75.80).abs() < 5e-3);
        let exploded: usize = cells
            .values()
            .map(|cell| cell[Figure::ReturnedDistance as usize].exploded)
            .sum();
        assert_eq!(exploded, 2765, "mean distances into which FLT_MAX went");
        let bad = |spread: &Spread| spread.mean.is_nan() && spread.exploded < RUNS;
        assert!(!cells.values().flatten().any(bad));
    }
}
