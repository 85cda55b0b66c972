//! Nanoseconds per distance, in the three sizes that matter and from two places: cache and memory.
//!
//! `cargo bench -p annatomy-vectors`. Rows are visited in a shuffled order, as a graph search does.
//! Each line is the median over 15 rounds with the fastest and the slowest; the sums are checked to
//! be the same for one and for four.

use std::hint::black_box;
use std::time::Instant;

use annatomy_vectors::kernels;

const ROUNDS: usize = 15;
const VISITS: usize = 1 << 14;

struct Case<'a> {
    columns: usize,
    rows: usize,
    values: &'a [f32],
    order: Vec<usize>,
}

impl Case<'_> {
    fn row(&self, visit: usize) -> &[f32] {
        let row = self.order[visit % VISITS];
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    fn four(&self, visit: usize) -> [&[f32]; 4] {
        std::array::from_fn(|ahead| self.row(visit + ahead))
    }
}

fn measure(name: &str, case: &Case<'_>, round: impl Fn(&Case<'_>) -> f64) -> f64 {
    let mut total = 0.0;
    let mut nanoseconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            total = black_box(round(case));
            start.elapsed().as_secs_f64() * 1e9 / VISITS as f64
        })
        .collect();
    nanoseconds.sort_by(f64::total_cmp);
    let [fastest, median, slowest] = [0, ROUNDS / 2, ROUNDS - 1].map(|place| nanoseconds[place]);
    println!(
        "{:>5} columns {:>8} rows  {name:<28}{median:>8.1} ns  ({fastest:.1} to {slowest:.1}, n = {ROUNDS})",
        case.columns, case.rows
    );
    total
}

fn compare(case: &Case<'_>) {
    let query = &case.values[..case.columns];
    let single = measure("l2_squared", case, |case| {
        (0..VISITS)
            .map(|visit| f64::from(kernels::l2_squared(black_box(query), case.row(visit))))
            .sum()
    });
    let prefetched = measure("l2_squared, prefetched", case, |case| {
        let visit_one = |visit| {
            kernels::prefetch(case.row(visit + 4));
            f64::from(kernels::l2_squared(black_box(query), case.row(visit)))
        };
        (0..VISITS).map(visit_one).sum()
    });
    let four = measure("l2_squared_x4", case, |case| {
        let by_four = (0..VISITS).step_by(4);
        by_four
            .flat_map(|visit| kernels::l2_squared_x4(black_box(query), case.four(visit)))
            .map(f64::from)
            .sum()
    });
    let four_prefetched = measure("l2_squared_x4, prefetched", case, |case| {
        let visit_four = |visit| {
            for row in case.four(visit + 4) {
                kernels::prefetch(row);
            }
            kernels::l2_squared_x4(black_box(query), case.four(visit))
        };
        (0..VISITS)
            .step_by(4)
            .flat_map(visit_four)
            .map(f64::from)
            .sum()
    });
    assert_eq!(
        [single, single, single],
        [prefetched, four, four_prefetched]
    );
    measure("dot", case, |case| {
        (0..VISITS)
            .map(|visit| f64::from(kernels::dot(black_box(query), case.row(visit))))
            .sum()
    });
    measure("l2_squared_f64", case, |case| {
        (0..VISITS)
            .map(|visit| kernels::l2_squared_f64(black_box(query), case.row(visit)))
            .sum()
    });
}

fn main() {
    println!("instructions: {}", kernels::instructions());
    let values: Vec<f32> = (0..1_u32 << 26)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 16) as f32)
        .collect();
    for columns in [32, 128, 2048] {
        for total in [1 << 13, values.len()] {
            let rows = total / columns;
            let order = (0..VISITS)
                .map(|visit| visit.wrapping_mul(7_368_787) % rows)
                .collect();
            compare(&Case {
                columns,
                rows,
                values: &values,
                order,
            });
        }
    }
}
