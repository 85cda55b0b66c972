//! The published figures over their ten runs, each with its intervals.
//!
//! Enters: the published means and standard deviations. Leaves: [`PublishedInterval`], and a table of
//! all. The study's result files hold means per run and no interval; what a study of ten runs mostly
//! draws is the normal one. Its runs take 10,000 of the 100,000 unlabeled images of STL-10 each.

use super::Spread;
use super::table::{self, Figure};
use annatomy_measures::estimate::{Drawn, Scale, SubsetIntervals, over_subsets};
use std::fmt::Write as _;

/// The rows of a published run, and what they are drawn from.
pub const PUBLISHED_ROWS: Drawn = Drawn {
    rows: 10_000,
    of: 100_000,
};

/// A published figure at one k of one condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedInterval {
    /// The experiment's folder.
    pub study: &'static str,
    /// The condition's folder.
    pub condition: &'static str,
    /// Neighbors.
    pub k: usize,
    /// Which figure.
    pub figure: Figure,
    /// Over the ten runs.
    pub spread: Spread,
    /// Over the runs that did not explode.
    pub intervals: SubsetIntervals,
}

/// Every published figure, in the order of condition, k and figure.
pub fn published_intervals() -> Vec<PublishedInterval> {
    let mut cells: Vec<_> = table::cells().into_iter().collect();
    cells.sort_unstable_by_key(|&(key, _)| key);
    let figures = |((study, condition, k), spreads): (table::Key<'static>, [Spread; 6])| {
        Figure::ALL.map(|figure| PublishedInterval {
            study,
            condition,
            k,
            figure,
            spread: spreads[figure as usize],
            intervals: of_figure(figure, spreads[figure as usize]),
        })
    };
    cells.into_iter().flat_map(figures).collect()
}

fn of_figure(figure: Figure, spread: Spread) -> SubsetIntervals {
    let scale = match figure {
        Figure::Overlap => Scale::Share,
        _ => Scale::Real,
    };
    let runs = spread.runs - spread.exploded;
    over_subsets(spread.mean, spread.deviation, runs, PUBLISHED_ROWS, scale)
}

/// The table as CSV, a line per figure; what has no value is an empty field.
pub fn published_intervals_csv() -> String {
    let mut text = "study,condition,k,figure,runs,mean,sd,normal_low,normal_high,these_rows_low,these_rows_high,\
                    rows_to_come_low,rows_to_come_high\n"
        .to_owned();
    for row in published_intervals() {
        let runs = row.spread.runs - row.spread.exploded;
        let (study, condition, k) = (row.study, row.condition, row.k);
        let _ = write!(text, "{study},{condition},{k},{},{runs}", row.figure.name());
        let of = &row.intervals;
        let mut values = vec![row.spread.mean, row.spread.deviation];
        for interval in [of.normal, of.these_rows, of.rows_to_come] {
            values.extend(interval.unwrap_or([f64::NAN; 2]));
        }
        for value in values {
            text.push(',');
            if value.is_finite() {
                let _ = write!(text, "{value}");
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_figure_has_its_intervals() {
        let all = published_intervals();
        assert_eq!(all.len(), 14 * 50 * 6);
        let overlap = |condition: &str, k: usize| {
            let is_it = |row: &&PublishedInterval| {
                (row.condition, row.k, row.figure) == (condition, k, Figure::Overlap)
            };
            *all.iter().find(is_it).expect("published")
        };
        let row = overlap("ef_25", 100);
        let [normal, here, to_come] = [
            row.intervals.normal,
            row.intervals.these_rows,
            row.intervals.rows_to_come,
        ]
        .map(|interval| interval.expect("ten runs"))
        .map(|[low, high]| high - low);
        // t of 9 degrees of freedom is 1.154 times 1.96; √(1/10 + 1/9) is 1.453 times √(1/10).
        assert!((here / normal - 1.154).abs() < 2e-3, "{here}, {normal}");
        assert!((to_come / here - 1.453).abs() < 2e-3, "{to_come}, {here}");
        let shares = all.iter().filter(|row| row.figure == Figure::Overlap);
        let within = |interval: Option<[f64; 2]>| interval.is_none_or(|[_, high]| high <= 1.0);
        assert!(shares.clone().all(|row| within(row.intervals.rows_to_come)));
        assert_eq!(published_intervals_csv().lines().count(), 1 + all.len());
    }
}
