//! Intervals over runs on subsets of one set of rows: how often they hold the mean over these rows, and
//! the mean over rows to come.

use crate::coverage::Draws;
use annatomy_measures::estimate::{Drawn, Scale, over_subsets};

const REPETITIONS: usize = 1_000;
const RUNS: usize = 10;

/// Overlap of a query: mostly 1, else up to a half less. Its mean is .95.
fn overlap(draws: &mut Draws) -> f64 {
    if draws.uniform() < 0.8 {
        1.0
    } else {
        1.0 - 0.5 * draws.uniform()
    }
}

/// The mean of `count` of the values, drawn without replacement.
fn mean_of_subset(values: &mut [f64], count: usize, draws: &mut Draws) -> f64 {
    for place in 0..count {
        let other = place + draws.below(values.len() - place);
        values.swap(place, other);
    }
    values[..count].iter().sum::<f64>() / count as f64
}

/// How often each interval holds its mean: the normal one and that of these rows the mean over the rows
/// at hand, the normal one and that of rows to come the mean over all.
fn held(drawn: Drawn, seed: u64) -> [f64; 4] {
    let mut draws = Draws(seed);
    let mut counts = [0; 4];
    for _ in 0..REPETITIONS {
        let mut values: Vec<f64> = (0..drawn.of).map(|_| overlap(&mut draws)).collect();
        let here = values.iter().sum::<f64>() / drawn.of as f64;
        let means: Vec<f64> = (0..RUNS)
            .map(|_| mean_of_subset(&mut values, drawn.rows, &mut draws))
            .collect();
        let mean = means.iter().sum::<f64>() / RUNS as f64;
        let squares: f64 = means.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (RUNS - 1) as f64).sqrt();
        let found = over_subsets(mean, deviation, RUNS, drawn, Scale::Share);
        let holds = |interval: Option<[f64; 2]>, truth: f64| {
            let [low, high] = interval.expect("runs that differ");
            usize::from((low..=high).contains(&truth))
        };
        counts[0] += holds(found.normal, here);
        counts[1] += holds(found.these_rows, here);
        counts[2] += holds(found.normal, 0.95);
        counts[3] += holds(found.rows_to_come, 0.95);
    }
    counts.map(|count| count as f64 / REPETITIONS as f64)
}

#[test]
fn ten_runs_on_overlapping_subsets_are_held_as_often_as_stated() {
    for (rows, of, of_all_by_normal) in [(100, 1_000, 0.83), (770, 1_000, 0.35)] {
        let [normal_here, here, normal_of_all, of_all] = held(Drawn { rows, of }, rows as u64);
        println!("{rows} of {of}: {normal_here} {here} {normal_of_all} {of_all}");
        assert!((0.93..=0.98).contains(&here), "{rows} of {of}: {here}");
        assert!((0.93..=0.98).contains(&of_all), "{rows} of {of}: {of_all}");
        assert!(normal_here < 0.935, "{rows} of {of}: {normal_here}");
        assert!(
            normal_of_all < of_all_by_normal,
            "{rows} of {of}: {normal_of_all}"
        );
    }
}
