//! Rows in a byte a value. Most rows that a search meets are too far to matter, and a quarter of
//! their bytes shows it.
//!
//! Enters: rows. Leaves: for a query and a bar, which rows may be under it. Those are evaluated as
//! ever, the others would not have been held: no answer changes.
//!
//! x̂ = offset + scale · code, column by column. How far x̂ is from its row is known: at most
//! `error` for every row, and of a query by itself. Offsets cancel, so that ‖x̂ − q̂‖² is scale²
//! times a whole number, which is summed without rounding:
//!
//!   ‖x − q‖ ≥ ‖x̂ − q̂‖ − ‖x − x̂‖ − ‖q − q̂‖
//!
//! Cost: d bytes a row and two passes over the rows to make it; then d bytes read for each row that
//! is met. Does not: cosine and inner products, whose rows are evaluated all.

use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels::{self, Kernels, Stored};
use annatomy_vectors::{MatrixView, Metric};
use rayon::prelude::*;

/// Codes reach from −REACH to REACH.
const REACH: f64 = 127.0;
/// Shorter rows are read as soon as their sketches.
const LEAST_COLUMNS: usize = 48;
/// So few bytes of rows are in cache anyway.
const LEAST_BYTES: usize = 8 << 20;
/// Of as many columns a sum of squares fits 31 bits.
const MOST_COLUMNS: usize = 33_025;
/// Sketches begin on cache lines.
const LINE: usize = 64;
/// Lines asked for ahead: as many as a core has in flight at once.
const LINES_AHEAD: usize = 24;
/// Rows that a parallel task sketches.
const TASK_ROWS: usize = 64;
/// A sketch is made where errors are at most this share of a distance between rows, by the median
/// of some: the rows that a search meets differ by tenths of it.
const LARGEST_ERROR: f64 = 1.0 / 64.0;
/// Rows that are looked at for it.
const SAMPLE: usize = 257;

/// How values are written in bytes.
#[derive(Debug)]
struct Code {
    offsets: Vec<f32>,
    scale: f64,
    /// Bytes from one row to the next; those beyond its columns are 0.
    stride: usize,
}

/// All rows, coarsely.
#[derive(Debug)]
pub struct Sq8Codes {
    code: Code,
    codes: Zeroed<i8>,
    /// ‖x − x̂‖, of the row for which it is largest.
    error: f64,
    /// Of a separation as it is computed from rows.
    relative_error: f64,
}

/// A row or a query, coarsely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sq8Vector<'s> {
    sketch: &'s Sq8Codes,
    codes: &'s [i8],
    /// How far it is from what was sketched.
    error: f64,
}

/// Sifts rows that matter only under a bar.
#[derive(Clone, Copy, Debug)]
pub struct LowerBoundFilter {
    /// The least distance, squared and in steps, at which a separation is surely not computed to be
    /// under the bar.
    steps_squared: u32,
    /// How many sketches are worth asking for ahead.
    pub(crate) ahead: usize,
    kernels: Kernels,
}

/// Some queries, coarsely: d bytes each.
#[derive(Debug)]
pub struct Sq8Queries<'s> {
    sketch: &'s Sq8Codes,
    codes: Zeroed<i8>,
    errors: Vec<f64>,
}

impl Sq8Codes {
    /// Of `rows`, on the current rayon pool; `None` where it would tell little: for short rows,
    /// where a few values far from all others make every step a coarse one, and for other metrics
    /// than L2.
    pub fn of<S: Stored>(rows: MatrixView<'_, S>, metric: Metric) -> Option<Self> {
        let columns = rows.columns();
        if metric != Metric::L2
            || rows.rows() < 2
            || !(LEAST_COLUMNS..=MOST_COLUMNS).contains(&columns)
        {
            return None;
        }
        let code = Code::of(rows);
        // By reckoning first: a value is off by half a step at most, evenly.
        let expected = code.scale * (columns as f64 / 12.0).sqrt();
        if !code.scale.is_normal() || expected > LARGEST_ERROR * typical_distance(rows) {
            return None;
        }
        let (codes, errors) = code.encode_all(rows);
        let error = errors.into_iter().fold(0.0, f64::max);
        let relative_error = kernels::detected().l2_squared_relative_error(columns);
        Some(Self {
            code,
            codes,
            error,
            relative_error,
        })
    }

    /// The same where searches are the sooner for it; `None` as well where the rows fit in cache.
    pub fn if_worthwhile<S: Stored>(rows: MatrixView<'_, S>, metric: Metric) -> Option<Self> {
        if size_of_val(rows.values()) < LEAST_BYTES {
            None
        } else {
            Self::of(rows, metric)
        }
    }

    /// Queries of as many columns as the rows have, on the current rayon pool.
    pub fn queries<Q: Stored>(&self, queries: MatrixView<'_, Q>) -> Sq8Queries<'_> {
        let (codes, errors) = self.code.encode_all(queries);
        Sq8Queries {
            sketch: self,
            codes,
            errors,
        }
    }

    /// Row `id`.
    #[inline]
    pub(crate) fn row(&self, id: u32) -> Sq8Vector<'_> {
        Sq8Vector {
            sketch: self,
            codes: self.codes_of(id),
            error: self.error,
        }
    }

    #[inline]
    fn codes_of(&self, id: u32) -> &[i8] {
        let stride = self.code.stride;
        &self.codes[id as usize * stride..][..stride]
    }
}

impl Code {
    /// Of equal steps for all columns, as fine as the one of widest range allows.
    fn of<S: Stored>(rows: MatrixView<'_, S>) -> Self {
        let ranges = ranges(rows);
        let widest = ranges
            .iter()
            .map(|[low, high]| f64::from(*high) - f64::from(*low))
            .fold(0.0, f64::max);
        let offsets = ranges
            .iter()
            .map(|[low, high]| low / 2.0 + high / 2.0)
            .collect();
        Self {
            offsets,
            scale: widest / (2.0 * REACH),
            stride: rows.columns().next_multiple_of(LINE),
        }
    }

    /// The codes of `rows`, and how far each is from its row.
    fn encode_all<S: Stored>(&self, rows: MatrixView<'_, S>) -> (Zeroed<i8>, Vec<f64>) {
        let mut codes = Zeroed::new(rows.rows() * self.stride);
        let mut errors = vec![0.0; rows.rows()];
        let tasks = codes
            .par_chunks_mut(self.stride * TASK_ROWS)
            .zip(errors.par_chunks_mut(TASK_ROWS));
        tasks.enumerate().for_each(|(task, (codes, errors))| {
            for ((row, codes), error) in (task * TASK_ROWS..)
                .zip(codes.chunks_mut(self.stride))
                .zip(errors)
            {
                *error = self.encode(rows.row(row), codes);
            }
        });
        (codes, errors)
    }

    /// Writes the nearest codes; how far from `values` they are.
    fn encode<S: Stored>(&self, values: &[S], codes: &mut [i8]) -> f64 {
        // Added and taken again, it leaves a whole number.
        const ROUNDING: f64 = 1.5 * (1u64 << 52) as f64;
        let steps_of = 1.0 / self.scale;
        let mut sum = 0.0;
        for ((code, value), &offset) in codes.iter_mut().zip(values).zip(&self.offsets) {
            let value = f64::from(value.widen()) - f64::from(offset);
            let steps = ((value * steps_of).clamp(-REACH, REACH) + ROUNDING) - ROUNDING;
            *code = steps as i8;
            let error = value - steps * self.scale;
            sum += error * error;
        }
        sum.sqrt()
    }
}

impl Sq8Queries<'_> {
    pub(crate) fn query(&self, number: u32) -> Sq8Vector<'_> {
        let (number, stride) = (number as usize, self.sketch.code.stride);
        let codes = &self.codes[number * stride..][..stride];
        Sq8Vector {
            sketch: self.sketch,
            codes,
            error: self.errors[number],
        }
    }
}

impl Sq8Vector<'_> {
    /// For separations under `bar`.
    #[inline]
    pub(crate) fn sieve(self, bar: f32) -> LowerBoundFilter {
        // What underflowing squares may take away does not show beside it.
        const LEAST: f64 = 1e-30;
        /// More than float64 rounds anywhere here, sums over all columns included, as a share and
        /// in steps.
        const ROUNDING: f64 = 1e-6;
        let Self { sketch, error, .. } = self;
        let separation = f64::from(bar).max(LEAST) / (1.0 - sketch.relative_error);
        let steps = (separation.sqrt() + error + sketch.error) / sketch.code.scale
            * (1.0 + ROUNDING)
            + ROUNDING;
        // Saturates at what no sum reaches.
        let steps_squared = ((steps * steps) as u32).saturating_add(1);
        LowerBoundFilter {
            steps_squared,
            ahead: (LINES_AHEAD * LINE / sketch.code.stride).max(1),
            kernels: kernels::detected(),
        }
    }

    /// Whether row `id` may be under the bar.
    #[inline]
    pub(crate) fn passes(self, id: u32, sieve: LowerBoundFilter) -> bool {
        sieve
            .kernels
            .l2_squared_bytes(self.codes, self.sketch.codes_of(id))
            < sieve.steps_squared
    }

    /// Begins to fetch what [`Self::passes`] will read.
    #[inline]
    pub(crate) fn prefetch(self, id: u32) {
        kernels::prefetch_whole(self.sketch.codes_of(id));
    }
}

/// The least and the largest value of each column.
fn ranges<S: Stored>(rows: MatrixView<'_, S>) -> Vec<[f32; 2]> {
    let nothing = || vec![[f32::INFINITY, f32::NEG_INFINITY]; rows.columns()];
    let widen = |mut ranges: Vec<[f32; 2]>, row: usize| {
        for ([low, high], value) in ranges.iter_mut().zip(rows.row(row)) {
            let value = value.widen();
            (*low, *high) = (low.min(value), high.max(value));
        }
        ranges
    };
    let join = |mut ranges: Vec<[f32; 2]>, others: Vec<[f32; 2]>| {
        for ([low, high], [other_low, other_high]) in ranges.iter_mut().zip(others) {
            (*low, *high) = (low.min(other_low), high.max(other_high));
        }
        ranges
    };
    (0..rows.rows())
        .into_par_iter()
        .fold(nothing, widen)
        .reduce(nothing, join)
}

/// The median distance between rows that stand far apart in order.
fn typical_distance<S: Stored>(rows: MatrixView<'_, S>) -> f64 {
    let step = (rows.rows() / SAMPLE).max(1);
    let sample: Vec<&[S]> = (0..rows.rows())
        .step_by(step)
        .map(|row| rows.row(row))
        .collect();
    let mut squared: Vec<f32> = sample
        .windows(2)
        .map(|pair| kernels::l2_squared(pair[0], pair[1]))
        .collect();
    squared.sort_unstable_by(f32::total_cmp);
    f64::from(squared[squared.len() / 2]).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    const ROWS: usize = 400;

    /// Uniform numbers in −1..1 from a 64-bit linear congruential generator (Knuth's MMIX
    /// constants).
    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Rows around `centers` rows, `spread` away from them.
    fn rows(columns: usize, centers: usize, spread: f32) -> Matrix {
        let (centers_values, noise) = (numbers(centers * columns, 1), numbers(ROWS * columns, 2));
        let value = |place: usize| {
            let (row, column) = (place / columns, place % columns);
            centers_values[row % centers * columns + column] + spread * noise[place]
        };
        Matrix::new(ROWS, columns, (0..ROWS * columns).map(value).collect()).expect("shape")
    }

    /// How many of all rows pass, of those at the bar or beyond it; every row under the bar must.
    fn share_passed(rows: &Matrix, query: &[f32], sketched: Sq8Vector<'_>, bar: f32) -> f64 {
        let (mut beyond, mut passed) = (0, 0);
        for id in 0..ROWS as u32 {
            let separation = kernels::l2_squared(query, rows.row(id as usize));
            let passes = sketched.passes(id, sketched.sieve(bar));
            assert!(
                passes || separation >= bar,
                "row {id} at {separation} under {bar} was lost"
            );
            if separation >= bar {
                beyond += 1;
                passed += usize::from(passes);
            }
        }
        f64::from(passed as u32) / f64::from(beyond.max(1))
    }

    #[test]
    fn no_row_under_a_bar_is_lost_and_most_others_do_not_pass() {
        for (columns, centers, spread) in
            [(48, 9, 0.2), (100, 20, 0.5), (257, 1, 1.0), (768, 40, 0.1)]
        {
            let rows = rows(columns, centers, spread);
            let sketch = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
            // Rows themselves, and queries beside, between and far from them, whose codes end at
            // the range of the rows.
            let wild: Vec<f32> = numbers(3 * columns, 5)
                .into_iter()
                .zip([1.0, 1.5, 40.0].repeat(columns))
                .map(|(a, b)| a * b)
                .collect();
            let wild = Matrix::new(3, columns, wild).expect("shape");
            let sketched_wild = sketch.queries(wild.view());
            let own = (0..7u32).map(|id| (rows.row(id as usize), sketch.row(id)));
            let others =
                (0..3u32).map(|number| (wild.row(number as usize), sketched_wild.query(number)));
            for (number, (query, sketched)) in own.chain(others).enumerate() {
                let mut separations: Vec<f32> = (0..ROWS)
                    .map(|id| kernels::l2_squared(query, rows.row(id)))
                    .collect();
                separations.sort_unstable_by(f32::total_cmp);
                for place in [0, 1, 2, 10, 40, 200, 399] {
                    // At a row, and as close to either side of it as numbers are.
                    for bar in [
                        separations[place].next_down(),
                        separations[place],
                        separations[place].next_up(),
                    ] {
                        let share = share_passed(&rows, query, sketched, bar);
                        if number < 7 && place == 10 {
                            assert!(
                                share < 0.25,
                                "{columns} columns: {share} of the rows beyond the 10th pass"
                            );
                        }
                    }
                }
                assert_eq!(share_passed(&rows, query, sketched, f32::INFINITY), 0.0);
                assert!((0..ROWS as u32).all(|id| sketched.passes(id, sketched.sieve(f32::MAX))));
            }
        }
    }

    #[test]
    fn bounds_are_reached_where_all_errors_point_one_way_and_not_passed() {
        // Steps of 1: rows at the ends of their range, one half a step above a code, queries half a
        // step below or above.
        for columns in [64, 1_000] {
            let of = |value: f32| vec![value; columns];
            let rows = Matrix::new(3, columns, [of(-127.0), of(127.0), of(10.49)].concat())
                .expect("shape");
            let queries = Matrix::new(2, columns, [of(19.51), of(3.49)].concat()).expect("shape");
            let sketch = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
            let sketched = sketch.queries(queries.view());
            for (number, nearest) in [(0, 9.02), (1, 7.0 - 0.98)] {
                let (query, sketched) = (queries.row(number), sketched.query(number as u32));
                let separation = kernels::l2_squared(query, rows.row(2));
                let passes = |bar: f32| sketched.passes(2, sketched.sieve(bar));
                assert!(passes(separation.next_up()), "the row is under the bar");
                // No row of this sketch can be nearer to one of this code, and this sieve knows it.
                let bound = (nearest * nearest * columns as f64) as f32;
                assert!(
                    !passes(bound * 0.999) && passes(bound * 1.001),
                    "{bound} of {separation}"
                );
            }
        }
    }

    #[test]
    fn what_would_tell_little_is_not_sketched() {
        let of = |rows: &Matrix| Sq8Codes::of(rows.view(), Metric::L2).is_some();
        assert!(of(&rows(64, 9, 0.5)));
        assert!(!of(&rows(LEAST_COLUMNS - 1, 9, 0.5)), "short rows");
        assert!(
            !of(&Matrix::new(3, 64, vec![2.5; 192]).expect("shape")),
            "all rows alike"
        );
        let mut values = rows(64, 9, 0.5).into_values();
        values[77] = 1e6;
        assert!(
            !of(&Matrix::new(ROWS, 64, values.clone()).expect("shape")),
            "one value far from all others"
        );
        values[77] = f32::MAX;
        values[78] = f32::MIN;
        assert!(
            !of(&Matrix::new(ROWS, 64, values).expect("shape")),
            "a range that float32 does not hold"
        );
        assert!(
            !of(&Matrix::new(1, 64, vec![1.0; 64]).expect("shape"))
                && !of(&Matrix::new(0, 64, vec![]).expect("shape"))
        );
    }
}
