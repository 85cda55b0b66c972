//! How often the stated 95 % intervals hold the truth: simulations with fixed seeds.
//!
//! Each case draws samples of queries from a population whose mean is known and counts how many
//! intervals hold it. 2,000 repetitions leave a standard error of half a point.

use annatomy_measures::estimate::{
    Factor, Population, bounded_mean, bounded_mean_knowing, holm, paired_difference, sample_until,
    share, sign_flip_test, variance_components,
};

const REPETITIONS: usize = 2_000;
const QUERIES: usize = 20_000;
const TARGETS: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Between which a stated 95 % must lie.
const STATED: std::ops::RangeInclusive<f64> = 0.93..=0.98;

/// Uniform numbers by SplitMix64 (Steele, Lea & Flood 2014).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A population of queries, each with the effort that each of its k neighbors needs: log-normal
/// around a difficulty of the query's own. Efforts are large, so that one more makes little difference.
struct Efforts {
    k: usize,
    /// Ascending within a query.
    required: Vec<Vec<f64>>,
}

impl Efforts {
    fn new(queries: usize, k: usize, between: f64, within: f64, seed: u64) -> Self {
        let mut draws = Draws(seed);
        let required = (0..queries)
            .map(|_| {
                let difficulty = between * draws.normal();
                let mut efforts: Vec<f64> = (0..k)
                    .map(|_| (difficulty + within * draws.normal()).exp() * 200.0)
                    .collect();
                efforts.sort_by(f64::total_cmp);
                efforts
            })
            .collect();
        Self { k, required }
    }

    fn overlap(&self, query: usize, ef: f64) -> f64 {
        self.required[query].partition_point(|&needed| needed <= ef) as f64 / self.k as f64
    }

    fn mean(&self, ef: f64) -> f64 {
        let queries = self.required.len();
        (0..queries)
            .map(|query| self.overlap(query, ef))
            .sum::<f64>()
            / queries as f64
    }

    /// The least whole ef whose mean overlap reaches `target`.
    fn least_ef(&self, target: f64) -> f64 {
        let (mut low, mut high) = (0.0_f64, 1e7);
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if self.mean(middle) >= target {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

/// Queries without replacement: the first of a shuffle that goes on from sample to sample.
struct Samples(Vec<usize>);

impl Samples {
    fn draw(&mut self, size: usize, draws: &mut Draws) -> &[usize] {
        for place in 0..size {
            let other = place + draws.below(self.0.len() - place);
            self.0.swap(place, other);
        }
        &self.0[..size]
    }
}

/// Graphs whose queries differ in difficulty by the first number and whose neighbors of one query do
/// by the second, as standard deviations of the logarithm of the effort.
const SHAPES: [(usize, f64, f64); 4] = [
    (10, 0.8, 0.6),
    (10, 0.5, 0.8),
    (10, 1.0, 0.4),
    (90, 0.4, 0.9),
];

/// Counts how many of the intervals hold the truth.
#[derive(Debug, Default)]
struct Tally {
    held: usize,
    too_high: usize,
    too_low: usize,
}

impl Tally {
    fn add(&mut self, truth: f64, low: f64, high: f64) {
        if truth < low {
            self.too_high += 1;
        } else if truth > high {
            self.too_low += 1;
        } else {
            self.held += 1;
        }
    }

    fn coverage(&self) -> f64 {
        self.held as f64 / (self.held + self.too_high + self.too_low) as f64
    }
}

#[test]
fn means_of_overlap_are_held_as_often_as_stated() {
    let mut draws = Draws(9);
    for (k, between, within) in SHAPES {
        let efforts = Efforts::new(QUERIES, k, between, within, 5);
        let mut samples = Samples((0..QUERIES).collect());
        for target in TARGETS {
            let ef = efforts.least_ef(target);
            let truth = efforts.mean(ef);
            for size in [300, 2_000] {
                let mut tally = Tally::default();
                for _ in 0..REPETITIONS {
                    let sample = samples.draw(size, &mut draws).iter();
                    let values: Vec<f64> =
                        sample.map(|&query| efforts.overlap(query, ef)).collect();
                    let population = Population::Finite(QUERIES as u64);
                    let found = bounded_mean(&values, population).expect("values");
                    tally.add(
                        truth,
                        found.low.expect("an end"),
                        found.high.expect("an end"),
                    );
                }
                let coverage = tally.coverage();
                println!("k {k} {between}/{within} n {size} mean {target}: {coverage} {tally:?}");
                assert!(
                    STATED.contains(&coverage),
                    "k {k}, {between}/{within}, mean {target}, {size} queries: {tally:?}"
                );
            }
        }
    }
}

#[test]
fn shares_are_held_as_often_as_stated() {
    let mut draws = Draws(4);
    for truth in TARGETS {
        for size in [300, 2_000] {
            let mut tally = Tally::default();
            for _ in 0..REPETITIONS {
                let successes = (0..size).filter(|_| draws.uniform() < truth).count();
                let found = share(successes as u64, size).expect("trials");
                tally.add(truth, found.low, found.high);
            }
            println!("share {truth} n {size}: {} {tally:?}", tally.coverage());
            assert!(
                STATED.contains(&tally.coverage()),
                "{truth}, {size} queries: {tally:?}"
            );
        }
    }
}

/// The efs between which the least that meets a target lies: those at which the interval of the
/// sample's mean begins to hold the target, and ceases to. As `annatomy audit` advises.
fn advised(efforts: &Efforts, sample: &[usize], target: f64) -> (f64, Option<f64>) {
    let population = Population::Finite(QUERIES as u64);
    let values = |ef: f64| -> Vec<f64> {
        sample
            .iter()
            .map(|&query| efforts.overlap(query, ef))
            .collect()
    };
    // The largest loss where five queries still lose.
    let mut completing: Vec<f64> = sample
        .iter()
        .map(|&query| efforts.required[query].last().copied().expect("neighbors"))
        .collect();
    completing.sort_by(|a, b| b.total_cmp(a));
    let least = values((completing[4] - 1.0).floor())
        .into_iter()
        .fold(1.0, f64::min);
    let interval = |ef: f64| {
        let known = Some([least, 1.0]);
        let found = bounded_mean_knowing(&values(ef), population, known).expect("values");
        (found.low.expect("an end"), found.high.expect("an end"))
    };
    let smallest = |meets: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (1.0_f64, 200_000.0);
        if !meets(high) {
            return None;
        }
        while low < high {
            let middle = f64::midpoint(low, high).floor();
            if meets(middle) {
                high = middle;
            } else {
                low = middle + 1.0;
            }
        }
        Some(high)
    };
    let lowest = smallest(&|ef| interval(ef).1 >= target).expect("1 is an upper end somewhere");
    (lowest, smallest(&|ef| interval(ef).0 >= target))
}

#[test]
fn the_advised_ef_is_held_as_often_as_stated_and_seldom_falls_short() {
    let mut draws = Draws(12);
    for (k, between, within) in SHAPES {
        let efforts = Efforts::new(QUERIES, k, between, within, 6);
        let mut samples = Samples((0..QUERIES).collect());
        for target in [0.9, 0.99, 0.999] {
            let truth = efforts.least_ef(target);
            let (mut tally, mut without) = (Tally::default(), 0);
            for _ in 0..600 {
                let sample = samples.draw(300, &mut draws);
                let (low, high) = advised(&efforts, sample, target);
                without += usize::from(high.is_none());
                tally.add(truth, low, high.unwrap_or(f64::INFINITY));
            }
            let coverage = tally.coverage();
            println!(
                "ef k {k} {between}/{within} {target}: {coverage} {tally:?}, {without} without"
            );
            assert!(
                STATED.contains(&coverage),
                "k {k}, {between}/{within}, {target}: {tally:?}"
            );
            // Too low an upper end is a recommendation that falls short.
            assert!(tally.too_low <= 24, "{target}: {tally:?}");
        }
    }
}

/// Overlaps of two searches of queries of the same difficulty, the second with `lost` of its
/// neighbors taken away.
fn pair(draws: &mut Draws, k: usize, ef: f64, lost: f64) -> [f64; 2] {
    let difficulty = 0.8 * draws.normal();
    [0.0, lost].map(|lost| {
        let found = (0..k).filter(|_| {
            let needed = (difficulty + 0.6 * draws.normal()).exp() * 20.0;
            needed <= ef && draws.uniform() >= lost
        });
        found.count() as f64 / k as f64
    })
}

fn differences(draws: &mut Draws, queries: usize, k: usize, ef: f64, lost: f64) -> Vec<f64> {
    let difference = |draws: &mut Draws| {
        let [a, b] = pair(draws, k, ef, lost);
        b - a
    };
    (0..queries).map(|_| difference(draws)).collect()
}

fn in_slots(differences: &[f64], k: usize) -> Vec<i64> {
    differences
        .iter()
        .map(|difference| (difference * k as f64).round() as i64)
        .collect()
}

#[test]
fn a_difference_that_is_0_is_held_as_often_as_stated() {
    let mut draws = Draws(77);
    for (queries, ef) in [(300, 20.0), (300, 80.0), (2_000, 80.0), (2_000, 300.0)] {
        let (mut tally, mut called) = (Tally::default(), 0);
        for _ in 0..1_000 {
            let differences = differences(&mut draws, queries, 10, ef, 0.0);
            let found = paired_difference(&differences, Population::Unlimited).expect("values");
            let difference = found.difference;
            tally.add(
                0.0,
                difference.low.expect("an end"),
                difference.high.expect("an end"),
            );
            called += usize::from(sign_flip_test(&in_slots(&differences, 10)).p < 0.05);
        }
        let coverage = tally.coverage();
        println!("paired {queries} ef {ef}: {coverage} {tally:?}, called {called}");
        assert!(
            STATED.contains(&coverage),
            "{queries} queries, ef {ef}: {tally:?}"
        );
        assert!(
            called <= 70,
            "{called} of 1,000 equal searches called different"
        );
    }
}

#[test]
fn a_loss_of_one_point_is_found_and_equal_searches_are_not_called() {
    let mut draws = Draws(5);
    let comparison = |draws: &mut Draws, lost: f64| {
        let p: Vec<f64> = [10, 20, 50]
            .map(|k| {
                let differences = differences(draws, 2_000, k, 60.0, lost);
                sign_flip_test(&in_slots(&differences, k)).p
            })
            .into();
        holm(&p).into_iter().fold(1.0, f64::min)
    };
    let found = (0..20)
        .filter(|_| comparison(&mut draws, 0.01) < 0.05)
        .count();
    assert_eq!(found, 20, "a planted loss of one neighbor in a hundred");
    let called = (0..100)
        .filter(|_| comparison(&mut draws, 0.0) < 0.05)
        .count();
    // 5 expected at most; 11 or more have a chance of 1 %.
    assert!(
        called <= 10,
        "{called} of 100 equal searches called different"
    );
}

#[test]
fn planted_variance_components_come_back() {
    // Subset, graph seed nested in it, insertion order crossed, query nested in the subset.
    let factors = [(6, None), (4, Some(0)), (4, None), (12, Some(0))];
    let factors = factors.map(|(levels, nested_in)| Factor { levels, nested_in });
    let deviations = [0.5, 0.3, 0.4, 1.0];
    let mut draws = Draws(31);
    let (mut sums, repetitions) = ([0.0; 4], 1_500);
    for _ in 0..repetitions {
        let mut values = Vec::new();
        let orders: Vec<f64> = (0..4).map(|_| deviations[2] * draws.normal()).collect();
        for _ in 0..6 {
            let subset = deviations[0] * draws.normal();
            let seeds: Vec<f64> = (0..4).map(|_| deviations[1] * draws.normal()).collect();
            let queries: Vec<f64> = (0..12).map(|_| deviations[3] * draws.normal()).collect();
            for seed in &seeds {
                for order in &orders {
                    let noise = |query: &f64| subset + seed + order + query + 0.2 * draws.normal();
                    values.extend(queries.iter().map(noise));
                }
            }
        }
        let found = variance_components(&values, &factors).expect("a design");
        let of = |factors: &[usize]| {
            let found = found.iter().find(|component| component.factors == factors);
            found.expect("an effect").variance
        };
        let effects = [of(&[0]), of(&[0, 1]), of(&[2]), of(&[0, 3])];
        for (sum, effect) in sums.iter_mut().zip(effects) {
            *sum += effect / repetitions as f64;
        }
    }
    for (found, deviation) in sums.iter().zip(deviations) {
        let planted = deviation * deviation;
        assert!(
            (found / planted - 1.0).abs() < 0.1,
            "{planted} came back as {found}"
        );
    }
}

/// Two-stage sampling keeps its coverage, and is as narrow as wanted, for means of every size.
#[test]
fn sampling_until_an_interval_is_narrow_keeps_its_coverage() {
    const RUNS: usize = 800;
    let efforts = Efforts::new(QUERIES, 10, 0.6, 0.8, 77);
    for (target, wanted) in [(0.5, 0.02), (0.9, 0.01), (0.99, 0.005), (0.999, 0.001)] {
        let ef = efforts.least_ef(target);
        let truth = efforts.mean(ef);
        let mut draws = Draws(4_000 + (1e4 * target) as u64);
        let (mut held, mut reached, mut again, mut queries) = (0, 0, 0, 0);
        for _ in 0..RUNS {
            let mut last = Vec::new();
            let draw = |_, n: usize| {
                let sample = (0..n).map(|_| efforts.overlap(draws.below(QUERIES), ef));
                last = sample.collect();
                Ok::<_, ()>(vec![last.clone()])
            };
            let population = || Population::Unlimited;
            let found = sample_until(wanted, population, draw).expect("drawn");
            let interval = bounded_mean(&last, population()).expect("values");
            let (low, high) = (interval.low.expect("low"), interval.high.expect("high"));
            held += usize::from((low..=high).contains(&truth));
            reached += usize::from(found.reached);
            again += usize::from(found.too_few.is_some());
            queries += found.queries;
        }
        let share = |count: usize| count as f64 / RUNS as f64;
        println!(
            "mean {target}, wanted ±{wanted}: holds {:.3}, as narrow {:.3}, drawn again {:.3}, {} queries",
            share(held),
            share(reached),
            share(again),
            queries / RUNS
        );
        assert!(STATED.contains(&share(held)), "{target}: {}", share(held));
        assert!(share(reached) > 0.95, "{target}: {}", share(reached));
    }
}
