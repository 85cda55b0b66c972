//! Figures of a study compared with the published ones: means, standard deviations, differences.

use super::table::{self, Figure};
use crate::results::{StudyKind, StudyResults};
use std::fmt::Write as _;

/// A mean distance beyond this had an empty slot's `FLT_MAX` averaged in.
const EXPLODED: f64 = 1e30;

/// A figure over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean over runs, exploded ones left out; NaN where none is left.
    pub mean: f64,
    /// Standard deviation over the same runs (divisor n − 1); NaN for fewer than two.
    pub deviation: f64,
    /// Runs in all.
    pub runs: usize,
    /// Runs whose value is an empty slot's `FLT_MAX` averaged in, or no number.
    pub exploded: usize,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let sound: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| value.is_finite() && *value < EXPLODED)
            .collect();
        let n = sound.len() as f64;
        let mean = sound.iter().sum::<f64>() / n;
        let squares: f64 = sound.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if sound.len() > 1 {
            (squares / (n - 1.0)).sqrt()
        } else {
            f64::NAN
        };
        Self {
            mean,
            deviation,
            runs: values.len(),
            exploded: values.len() - sound.len(),
        }
    }
}

/// One figure at one k of one condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The experiment.
    pub study: StudyKind,
    /// The condition, as in the study's folders.
    pub condition: String,
    /// Neighbors.
    pub k: usize,
    /// Which figure.
    pub figure: Figure,
    /// Over the ten published runs.
    pub published: Spread,
    /// Over ours.
    pub ours: Spread,
}

impl Row {
    /// Ours less published, in published standard deviations; none where either is missing.
    pub fn difference(&self) -> Option<f64> {
        let difference = (self.ours.mean - self.published.mean) / self.published.deviation;
        difference.is_finite().then_some(difference)
    }
}

/// Every figure that both sides have.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// In the order of the study, then k, then figure.
    pub rows: Vec<Row>,
    /// Cells (condition, k) of ours that were not published.
    pub unpublished_cells: usize,
    /// Rows per run of ours; 10,000 were published.
    pub subset: usize,
    /// Our runs.
    pub runs: usize,
}

/// `results` next to what was published.
pub fn compare(results: &StudyResults) -> Comparison {
    let published = table::cells();
    let (mut rows, mut unpublished_cells) = (Vec::new(), 0);
    let conditions = results.runs.first().map_or(&[][..], |run| &run.conditions);
    for (place, condition) in conditions.iter().enumerate() {
        for (step, metrics) in condition.published.iter().enumerate() {
            let Some(spreads) = published.get(&table::key(
                condition.study,
                &condition.condition,
                metrics.k,
            )) else {
                unpublished_cells += 1;
                continue;
            };
            for (figure, &published) in Figure::ALL.into_iter().zip(spreads) {
                let of_run = results
                    .runs
                    .iter()
                    .filter_map(|run| run.conditions.get(place)?.published.get(step));
                let values: Vec<f64> = of_run.map(|metrics| figure.of(metrics)).collect();
                let (condition, k, ours) =
                    (condition.condition.clone(), metrics.k, Spread::of(&values));
                rows.push(Row {
                    study: conditions[place].study,
                    condition,
                    k,
                    figure,
                    published,
                    ours,
                });
            }
        }
    }
    let subset = results.runs.first().map_or(0, |run| run.data.rows);
    Comparison {
        rows,
        unpublished_cells,
        subset,
        runs: results.runs.len(),
    }
}

impl Comparison {
    /// `reproduced.csv`: one line per row; what has no value is an empty field.
    pub fn csv(&self) -> String {
        let mut text = "study,condition,k,figure,published_mean,published_sd,published_exploded,mean,sd,runs,exploded,\
                        difference_in_sd\n"
            .to_owned();
        for row in &self.rows {
            let (study, name) = (row.study.folder(), row.figure.name());
            let _ = write!(text, "{study},{},{},{name}", row.condition, row.k);
            push(&mut text, row.published.mean);
            push(&mut text, row.published.deviation);
            let _ = write!(text, ",{}", row.published.exploded);
            push(&mut text, row.ours.mean);
            push(&mut text, row.ours.deviation);
            let _ = write!(text, ",{},{}", row.ours.runs, row.ours.exploded);
            push(&mut text, row.difference().unwrap_or(f64::NAN));
            text.push('\n');
        }
        text
    }

    /// The sizes of all differences of a figure, ascending.
    pub fn sizes(&self, figure: Figure) -> Vec<f64> {
        let of_figure = self.rows.iter().filter(|row| row.figure == figure);
        let mut sizes: Vec<f64> = of_figure
            .filter_map(Row::difference)
            .map(f64::abs)
            .collect();
        sizes.sort_by(f64::total_cmp);
        sizes
    }
}

fn push(text: &mut String, value: f64) {
    text.push(',');
    if value.is_finite() {
        let _ = write!(text, "{value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exploded_runs_are_counted_and_left_out() {
        let spread = Spread::of(&[1.0, 3.0, 3.4e33, f64::NAN]);
        assert_eq!((spread.mean, spread.runs, spread.exploded), (2.0, 4, 2));
        assert!((spread.deviation - 2f64.sqrt()).abs() < 1e-15);
        let none = Spread::of(&[3.4e33]);
        assert!(none.mean.is_nan() && none.deviation.is_nan());
    }

    #[test]
    fn differences_are_in_published_spreads() {
        let spread = |mean, deviation| Spread {
            mean,
            deviation,
            runs: 10,
            exploded: 0,
        };
        let row = |published, ours| Row {
            study: StudyKind::EfSearch,
            condition: "ef_25".to_owned(),
            k: 10,
            figure: Figure::Overlap,
            published,
            ours,
        };
        assert_eq!(
            row(spread(2.0, 0.5), spread(1.0, 9.0)).difference(),
            Some(-2.0)
        );
        assert_eq!(
            row(spread(2.0, f64::NAN), spread(1.0, 9.0)).difference(),
            None
        );
        assert_eq!(row(spread(2.0, 0.0), spread(1.0, 9.0)).difference(), None);
    }
}
