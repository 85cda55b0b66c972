//! Lower bounds against reduced distances of every row.

use super::codes::{MIN_COLUMNS, Sq8Codes, Sq8Vector};
use annatomy_vectors::kernels;
use annatomy_vectors::{Matrix, Metric};

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

/// The share of rows at the bound or beyond it that survive; every row below the bound must.
fn share_surviving(rows: &Matrix, query: &[f32], encoded: Sq8Vector<'_>, bound: f32) -> f64 {
    let (mut beyond, mut survived) = (0, 0);
    for id in 0..ROWS as u32 {
        let reduced = kernels::l2_squared(query, rows.row(id as usize));
        let filter = encoded.filter_below(bound);
        let survives = encoded.may_be_closer(id, filter);
        let four = [id, 0, id ^ 1, 17];
        assert_eq!(
            encoded.may_be_closer_x4(four, filter),
            four.map(|id| encoded.may_be_closer(id, filter)),
            "four at once"
        );
        assert!(
            survives || reduced >= bound,
            "row {id} at {reduced} below {bound} was lost"
        );
        if reduced >= bound {
            beyond += 1;
            survived += usize::from(survives);
        }
    }
    f64::from(survived as u32) / f64::from(beyond.max(1))
}

#[test]
fn no_row_below_a_bound_is_lost_and_most_others_are_rejected() {
    for (columns, centers, spread) in [(48, 9, 0.2), (100, 20, 0.5), (257, 1, 1.0), (768, 40, 0.1)]
    {
        let rows = rows(columns, centers, spread);
        let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
        // Rows themselves, and queries next to, between and far from them, whose codes are
        // clamped to the range of the rows.
        let wild: Vec<f32> = numbers(3 * columns, 5)
            .into_iter()
            .zip([1.0, 1.5, 40.0].repeat(columns))
            .map(|(a, b)| a * b)
            .collect();
        let wild = Matrix::new(3, columns, wild).expect("shape");
        let encoded_wild = codes.queries(wild.view());
        let own = (0..7u32).map(|id| (rows.row(id as usize), codes.row(id)));
        let others =
            (0..3u32).map(|number| (wild.row(number as usize), encoded_wild.query(number)));
        for (number, (query, encoded)) in own.chain(others).enumerate() {
            let mut reduced: Vec<f32> = (0..ROWS)
                .map(|id| kernels::l2_squared(query, rows.row(id)))
                .collect();
            reduced.sort_unstable_by(f32::total_cmp);
            for place in [0, 1, 2, 10, 40, 200, 399] {
                // At a row's reduced distance, and one float32 to either side.
                for bound in [
                    reduced[place].next_down(),
                    reduced[place],
                    reduced[place].next_up(),
                ] {
                    let share = share_surviving(&rows, query, encoded, bound);
                    if number < 7 && place == 10 {
                        assert!(
                            share < 0.25,
                            "{columns} columns: {share} of the rows beyond the 10th pass"
                        );
                    }
                }
            }
            assert_eq!(share_surviving(&rows, query, encoded, f32::INFINITY), 0.0);
            assert!(
                (0..ROWS as u32)
                    .all(|id| encoded.may_be_closer(id, encoded.filter_below(f32::MAX)))
            );
        }
    }
}

/// Rows of unit length, as cosine search has them.
fn unit(rows: &Matrix) -> Matrix {
    let columns = rows.columns();
    let values = (0..rows.rows()).flat_map(|row| {
        let row = rows.row(row);
        let length = kernels::dot_f64(row, row).sqrt();
        row.iter()
            .map(move |&value| (f64::from(value) / length) as f32)
    });
    Matrix::new(rows.rows(), columns, values.collect()).expect("shape")
}

#[test]
fn no_row_below_a_cosine_distance_is_lost() {
    for (columns, centers, spread) in [(48, 9, 0.2), (257, 1, 1.0), (768, 40, 0.001)] {
        let rows = unit(&rows(columns, centers, spread));
        let codes = Sq8Codes::of(rows.view(), Metric::Cosine).expect("worth it");
        let queries = unit(&Matrix::new(3, columns, numbers(3 * columns, 5)).expect("shape"));
        let encoded = codes.queries(queries.view());
        let own = (0..7u32).map(|id| (rows.row(id as usize), codes.row(id)));
        let others = (0..3u32).map(|query| (queries.row(query as usize), encoded.query(query)));
        let (mut beyond, mut rejected) = (0, 0);
        for (query, of_query) in own.chain(others) {
            let reduced: Vec<f32> = (0..ROWS)
                .map(|id| 1.0 - kernels::dot(query, rows.row(id)))
                .collect();
            let mut sorted = reduced.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            for place in [0, 1, 10, 40, 200, 399] {
                for bound in [
                    sorted[place],
                    sorted[place].next_up(),
                    sorted[place].next_down(),
                ] {
                    for (id, &reduced) in (0..).zip(&reduced) {
                        let survives = of_query.may_be_closer(id, of_query.filter_below(bound));
                        assert!(
                            survives || reduced >= bound,
                            "{columns}: row {id} at {reduced} below {bound}"
                        );
                        beyond += usize::from(reduced >= bound);
                        rejected += usize::from(!survives);
                    }
                }
            }
        }
        assert!(
            2 * rejected > beyond,
            "{columns}: {rejected} of {beyond} are rejected"
        );
    }
}

/// Rows that are not of unit length are a caller's error; it costs time, not a row.
#[test]
fn rows_of_other_lengths_are_not_rejected_by_cosine() {
    let rows = rows(64, 9, 0.5);
    let Some(codes) = Sq8Codes::of(rows.view(), Metric::Cosine) else {
        return;
    };
    for query in 0..20 {
        let encoded = codes.row(query);
        for id in 0..ROWS as u32 {
            let reduced = 1.0 - kernels::dot(rows.row(query as usize), rows.row(id as usize));
            let survives = |bound: f32| encoded.may_be_closer(id, encoded.filter_below(bound));
            assert!(survives(reduced.next_up()));
        }
    }
}

/// A value in each row that is ten times as large as the others: without a rotation each step is too coarse.
#[test]
fn rows_with_far_values_are_rotated() {
    for columns in [384, 1000] {
        let mut values = rows(columns, 9, 0.5).into_values();
        for (row, values) in values.chunks_mut(columns).enumerate() {
            values[row * 7 % columns] *= 12.0;
        }
        let rows = Matrix::new(ROWS, columns, values).expect("shape");
        let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("rotated");
        for query in 0..9u32 {
            let encoded = codes.row(query);
            let row = rows.row(query as usize);
            let mut reduced: Vec<f32> = (0..ROWS)
                .map(|id| kernels::l2_squared(row, rows.row(id)))
                .collect();
            reduced.sort_unstable_by(f32::total_cmp);
            for place in [1, 10, 200] {
                let share = share_surviving(&rows, row, encoded, reduced[place]);
                assert!(
                    place != 10 || share < 0.5,
                    "{share} of the rows beyond the 10th pass"
                );
                share_surviving(&rows, row, encoded, reduced[place].next_up());
            }
        }
    }
}

#[test]
fn the_bound_is_tight_where_all_errors_point_one_way() {
    // Steps of 1: rows at the ends of their range, one half a step above a code, queries half a
    // step below or above.
    for columns in [64, 1_000] {
        let of = |value: f32| vec![value; columns];
        let rows =
            Matrix::new(3, columns, [of(-127.0), of(127.0), of(10.49)].concat()).expect("shape");
        let queries = Matrix::new(2, columns, [of(19.51), of(3.49)].concat()).expect("shape");
        let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
        let encoded = codes.queries(queries.view());
        for (number, nearest) in [(0, 9.02), (1, 7.0 - 0.98)] {
            let (query, encoded) = (queries.row(number), encoded.query(number as u32));
            let reduced = kernels::l2_squared(query, rows.row(2));
            let survives = |bound: f32| encoded.may_be_closer(2, encoded.filter_below(bound));
            assert!(survives(reduced.next_up()), "the row is below the bound");
            // No row with this code can be nearer, and the filter knows it.
            let lowest = (nearest * nearest * columns as f64) as f32;
            assert!(
                !survives(lowest * 0.999) && survives(lowest * 1.001),
                "{lowest} of {reduced}"
            );
        }
    }
}

#[test]
fn rows_whose_bound_would_reject_little_get_no_codes() {
    let of = |rows: &Matrix| Sq8Codes::of(rows.view(), Metric::L2).is_some();
    assert!(of(&rows(64, 9, 0.5)));
    assert!(!of(&rows(MIN_COLUMNS - 1, 9, 0.5)), "short rows");
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
