//! Exact neighbors equal a float64 brute force: ids, order and ties, on easy and on treacherous
//! data.

use annatomy_knn::{Queries, exact_knn};
use annatomy_vectors::{Matrix, Metric, PointId};
use proptest::prelude::*;

fn brute_force(
    base: &Matrix,
    query: &[f32],
    own: Option<usize>,
    k: usize,
    metric: Metric,
) -> Vec<usize> {
    let pairs = |row: usize| {
        query
            .iter()
            .zip(base.row(row))
            .map(|(&a, &b)| (f64::from(a), f64::from(b)))
    };
    let value = |row: usize| -> f64 {
        let dot: f64 = pairs(row).map(|(a, b)| a * b).sum();
        match metric {
            Metric::L2 => pairs(row).map(|(a, b)| (a - b) * (a - b)).sum(),
            Metric::InnerProduct => -dot,
            Metric::Cosine => {
                let norms = pairs(row).fold((0.0, 0.0), |(x, y), (a, b)| (x + a * a, y + b * b));
                1.0 - dot / (norms.0 * norms.1).sqrt()
            }
        }
    };
    let mut all: Vec<(f64, usize)> = (0..base.rows())
        .filter(|&row| Some(row) != own)
        .map(|row| (value(row), row))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(k).map(|(_, row)| row).collect()
}

fn noise(rows: usize, columns: usize, offset: f32, seed: u64) -> Matrix {
    let mut state = seed | 1;
    let values = (0..rows * columns)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            offset + (state >> 40) as f32 / (1u64 << 24) as f32
        })
        .collect();
    Matrix::new(rows, columns, values).expect("shape")
}

fn assert_exact(base: &Matrix, k: usize, metric: Metric, budget: u64) {
    let table = exact_knn(
        &base.view(),
        Queries::AllRows(base.view()),
        k,
        metric,
        budget,
    )
    .expect("neighbors");
    for query in 0..base.rows() {
        let ids: Vec<usize> = table
            .ids(query)
            .iter()
            .map(|id| id.map_or(usize::MAX, PointId::index))
            .collect();
        assert_eq!(
            ids,
            brute_force(base, base.row(query), Some(query), k, metric),
            "row {query}, {metric}, budget {budget}"
        );
        assert!(
            table
                .distances(query)
                .windows(2)
                .all(|pair| pair[0] <= pair[1])
        );
    }
}

/// Far from the origin the textbook formula loses most digits: rows differ by 1e-4 of their norm.
#[test]
fn cancellation_does_not_change_an_id() {
    let mut base = noise(400, 60, 1_000.0, 3);
    base.values_mut()
        .iter_mut()
        .for_each(|value| *value = (*value * 64.0).round() / 64.0);
    for budget in [0, u64::MAX] {
        assert_exact(&base, 30, Metric::L2, budget);
    }
}

#[test]
fn ties_and_duplicates_come_by_id() {
    let mut base = noise(300, 5, 0.0, 4);
    base.values_mut()
        .iter_mut()
        .for_each(|value| *value = (*value * 3.0).floor());
    for metric in [Metric::L2, Metric::InnerProduct] {
        for budget in [0, u64::MAX] {
            assert_exact(&base, 40, metric, budget);
        }
    }
}

/// More rows at one distance than any margin holds: the float64 pass decides.
#[test]
fn crowds_at_the_kth_distance_come_by_id() {
    let base = Matrix::new(
        3_000,
        2,
        (0..6_000)
            .map(|i| if i % 2 == 0 { (i / 2 % 2) as f32 } else { 0.0 })
            .collect(),
    )
    .expect("shape");
    for budget in [0, u64::MAX] {
        assert_exact(&base, 7, Metric::L2, budget);
    }
}

#[test]
fn held_out_queries_over_several_base_blocks() {
    let (base, queries) = (noise(5_000, 33, -0.5, 6), noise(150, 33, -0.5, 7));
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let table = exact_knn(
            &base.view(),
            Queries::HeldOut(queries.view()),
            25,
            metric,
            0,
        )
        .expect("neighbors");
        for query in 0..150 {
            let ids: Vec<usize> = table
                .ids(query)
                .iter()
                .flatten()
                .map(|id| id.index())
                .collect();
            assert_eq!(
                ids,
                brute_force(&base, queries.row(query), None, 25, metric),
                "{metric}"
            );
        }
    }
}

#[test]
fn sampled_rows_exclude_themselves() {
    let base = noise(500, 8, 0.0, 8);
    let rows = [3, 77, 499];
    let table = exact_knn(
        &base.view(),
        Queries::SomeRows(base.view(), &rows),
        9,
        Metric::L2,
        0,
    )
    .expect("neighbors");
    for (query, &row) in rows.iter().enumerate() {
        let ids: Vec<usize> = table
            .ids(query)
            .iter()
            .flatten()
            .map(|id| id.index())
            .collect();
        assert_eq!(
            ids,
            brute_force(&base, base.row(row), Some(row), 9, Metric::L2)
        );
    }
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let base = noise(700, 40, 0.0, 9);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        pool.install(|| {
            exact_knn(
                &base.view(),
                Queries::AllRows(base.view()),
                20,
                Metric::L2,
                u64::MAX,
            )
            .expect("neighbors")
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

/// Bars are guessed from a sample of enough rows; whatever it suggests, and whoever comes first,
/// the answer is exact.
#[test]
fn a_sample_never_changes_an_answer() {
    let spread = noise(4_000, 6, 0.0, 10);
    let mut sorted = noise(4_000, 3, 0.0, 11);
    sorted.values_mut().sort_unstable_by(f32::total_cmp);
    let mut tied = noise(4_000, 4, 0.0, 12);
    tied.values_mut()
        .iter_mut()
        .for_each(|value| *value = (*value * 4.0).floor());
    // A few rows in a heap, the others far out: under a sample's bar there may be fewer than k.
    let mut heap = noise(4_000, 5, 0.0, 13);
    heap.values_mut()[..5 * 40]
        .iter_mut()
        .for_each(|value| *value *= 1e-3);
    for base in [spread, sorted, tied, heap] {
        for k in [5, 60] {
            assert_exact(&base, k, Metric::L2, u64::MAX);
        }
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("pool");
            let all = || {
                exact_knn(
                    &base.view(),
                    Queries::AllRows(base.view()),
                    20,
                    Metric::L2,
                    u64::MAX,
                )
            };
            pool.install(all).expect("neighbors")
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
    }
}

#[test]
fn impossible_k_is_refused_with_its_numbers() {
    let base = noise(10, 3, 0.0, 1);
    for k in [0, 10] {
        let error = exact_knn(
            &base.view(),
            Queries::AllRows(base.view()),
            k,
            Metric::L2,
            0,
        )
        .expect_err("refused");
        assert_eq!(
            error.to_string(),
            format!("k = {k} neighbors out of 9 rows: k must be between 1 and 9")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_small_set_is_exact(rows in 2usize..40, columns in 1usize..12, offset in -50f32..50.0, seed: u64, streamed: bool) {
        let base = noise(rows, columns, offset, seed);
        assert_exact(&base, (rows - 1).min(7), Metric::L2, if streamed { 0 } else { u64::MAX });
    }
}

/// Rows on a coarse grid, so that distances tie, of which two points occur very often.
fn repeating(metric: Metric) -> Matrix {
    let mut rows = noise(400, 3, 0.0, 11);
    for row in 0..400 {
        for value in rows.row_mut(row) {
            *value = (*value * 4.0).floor() + f32::from(metric == Metric::Cosine);
        }
        match row % 5 {
            0 | 3 => rows.row_mut(row).copy_from_slice(&[2.0, 1.0, 3.0]),
            1 => rows.row_mut(row).copy_from_slice(&[1.0, 3.0, 2.0]),
            _ => {}
        }
    }
    rows
}

#[test]
fn rows_that_occur_a_hundred_times_are_neighbors_by_id() {
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let base = repeating(metric);
        for k in [1, 7, 100, 399] {
            for budget in [0, 1 << 40] {
                assert_exact(&base, k, metric, budget);
            }
        }
        let others = repeating(metric);
        let some: Vec<usize> = (0..400).step_by(3).rev().collect();
        for k in [1, 60, 250] {
            let held_out = exact_knn(&base.view(), Queries::HeldOut(others.view()), k, metric, 0);
            let held_out = held_out.expect("neighbors");
            let of_some = exact_knn(
                &base.view(),
                Queries::SomeRows(base.view(), &some),
                k,
                metric,
                0,
            );
            let of_some = of_some.expect("neighbors");
            for query in 0..400 {
                let expected = brute_force(&base, others.row(query), None, k, metric);
                let found: Vec<usize> = held_out
                    .ids(query)
                    .iter()
                    .flatten()
                    .map(|id| id.index())
                    .collect();
                assert_eq!(found, expected, "{metric}, k = {k}, query {query}");
            }
            for (query, &row) in some.iter().enumerate() {
                let expected = brute_force(&base, base.row(row), Some(row), k, metric);
                let found: Vec<usize> = of_some
                    .ids(query)
                    .iter()
                    .flatten()
                    .map(|id| id.index())
                    .collect();
                assert_eq!(found, expected, "{metric}, k = {k}, row {row}");
            }
        }
    }
}

#[test]
fn rows_that_are_all_equal_have_each_other_by_id() {
    let base = Matrix::new(100, 2, [3.0, 4.0].repeat(100)).expect("shape");
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        assert_exact(&base, 99, metric, 1 << 40);
    }
}

/// A base that is read block by block, never in memory.
struct Streamed<'m>(annatomy_vectors::MatrixView<'m>);

impl annatomy_knn::RowSource for Streamed<'_> {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn columns(&self) -> usize {
        self.0.columns()
    }

    fn read_rows(&self, range: std::ops::Range<usize>, out: &mut [f32]) {
        out.copy_from_slice(self.0.row_range(range).values());
    }
}

#[test]
fn squares_beyond_float32_leave_neighbors_and_distances_right() {
    let rows = noise(300, 5, -0.5, 3);
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let expected = exact_knn(&rows.view(), Queries::AllRows(rows.view()), 20, metric, 0);
        let expected = expected.expect("neighbors");
        for exponent in [-140, -83, 63, 100] {
            let mut scaled = rows.clone();
            for value in scaled.values_mut() {
                *value = (f64::from(*value) * 2f64.powi(exponent)) as f32;
            }
            // 24-bit values below 2⁻¹⁴⁰ are rounded, and are other rows then.
            if exponent > -120 {
                for budget in [0, 1 << 40] {
                    let view = scaled.view();
                    let found = exact_knn(&view, Queries::AllRows(view), 20, metric, budget);
                    let found = found.expect("neighbors");
                    for query in 0..300 {
                        assert_eq!(
                            found.ids(query),
                            expected.ids(query),
                            "{metric}, 2^{exponent}"
                        );
                        let unit = match metric {
                            Metric::L2 => 2f64.powi(exponent),
                            Metric::Cosine => 1.0,
                            Metric::InnerProduct => 2f64.powi(2 * exponent),
                        };
                        for (&found, &expected) in
                            found.distances(query).iter().zip(expected.distances(query))
                        {
                            let expected = (f64::from(expected) * unit) as f32;
                            assert!(
                                found == expected || (found / expected - 1.0).abs() < 1e-6,
                                "{metric}, 2^{exponent}: {found}, not {expected}"
                            );
                        }
                    }
                }
            } else {
                assert_exact(&scaled, 20, metric, 0);
            }
            let (source, all): (_, Vec<usize>) = (Streamed(scaled.view()), (0..300).collect());
            let whose = Queries::DrawnRows(scaled.view(), &all);
            let streamed = exact_knn(&source, whose, 20, metric, 0).expect("neighbors");
            let view = scaled.view();
            let resident = exact_knn(&view, Queries::AllRows(view), 20, metric, 0);
            assert_eq!(
                streamed,
                resident.expect("neighbors"),
                "{metric}, 2^{exponent}"
            );
        }
    }
}

#[test]
fn rows_of_1e19_are_3_4036e20_apart() {
    // 1,158.4 columns of differences of 1e19: √1158.4 · 1e19 = 3.4036e20.
    let mut rows = Matrix::zeros(2, 1159);
    rows.row_mut(1).fill(1e19);
    rows.row_mut(1)[1158] = 0.4f32.sqrt() * 1e19;
    let found = exact_knn(
        &rows.view(),
        Queries::AllRows(rows.view()),
        1,
        Metric::L2,
        0,
    );
    let distance = found.expect("neighbors").distances(0)[0];
    assert!((distance / 3.4036e20 - 1.0).abs() < 1e-4, "{distance}");
}

#[test]
fn an_outlier_that_a_sample_does_not_see_is_found_while_streaming() {
    let mut rows = noise(3_000, 4, 0.0, 9);
    rows.row_mut(1_501).fill(1e30);
    let ids: Vec<usize> = vec![0, 1_501, 2_999];
    let drawn = rows.select(&ids);
    for metric in [Metric::L2, Metric::InnerProduct] {
        // Queries that are not the outlier: their own values do not betray it.
        let (some, some_ids) = (drawn.select(&[0, 2]), [0, 2_999]);
        let source = Streamed(rows.view());
        let whose = Queries::DrawnRows(some.view(), &some_ids);
        let found = exact_knn(&source, whose, 2_999, metric, 0).expect("neighbors");
        for (query, &row) in some_ids.iter().enumerate() {
            let expected = brute_force(&rows, rows.row(row), Some(row), 2_999, metric);
            let ids = found.ids(query).iter().flatten();
            assert_eq!(
                ids.map(|id| id.index()).collect::<Vec<_>>(),
                expected,
                "{metric}"
            );
        }
    }
}
