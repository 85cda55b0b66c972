//! A search with the prefilter against one without.

use super::*;
use annatomy_vectors::Matrix;
use annatomy_vectors::kernels::int8::Int8Kernels;

/// A value by its row, its column and a random number in −1..1.
type Kind<'k> = &'k dyn Fn(usize, usize, f32) -> f32;

/// Values in −1..1, of any magnitude of `row` and `column`.
fn matrix(rows: usize, columns: usize, seed: u32, of: impl Fn(usize, usize, f32) -> f32) -> Matrix {
    let mut state = seed;
    let values = (0..rows * columns).map(|place| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0;
        of(place / columns, place % columns, value)
    });
    Matrix::new(rows, columns, values.collect()).expect("shape")
}

fn assert_same(name: &str, base: &Matrix, queries: &Matrix, k: usize) {
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let search = |prefiltering, base: &dyn RowSource| {
            let queries = Queries::HeldOut(queries.view());
            let counts = ProductCounts::default();
            let found = streamed_by::<PointId>(prefiltering, base, queries, (k, metric), &counts);
            let (rows, evaluated) = counts.rows_per_query();
            assert!(evaluated <= rows && rows == base.rows() as f64, "{counts}");
            found.expect("no overflow")
        };
        let (ids, distances) = search(Prefiltering::Off, &base.view());
        let bits = |distances: &[f32]| distances.iter().map(|d| d.to_bits()).collect::<Vec<_>>();
        for kernels in Int8Kernels::forms() {
            for by in [
                Prefiltering::Always(kernels),
                Prefiltering::where_it_pays(kernels, base.columns()),
            ] {
                let found = search(by, &base.view());
                assert!(found.0 == ids, "{name}, {metric:?}, {by:?}: ids");
                assert_eq!(
                    bits(&found.1),
                    bits(&distances),
                    "{name}, {metric:?}, {by:?}"
                );
            }
        }
    }
}

/// With the prefilter the same ids and the same bits: of rows in general position, in clusters,
/// with ties and twins, far values, constant columns, norms of many magnitudes.
#[test]
fn the_prefilter_changes_no_bit() {
    let (rows, columns) = (900, 70);
    let noise = |_: usize, _: usize, value: f32| value;
    let cluster = |row: usize, column: usize, value: f32| {
        value * 0.05 + ((row % 7 * 31 + column * 17) % 13) as f32
    };
    let lattice = |_: usize, _: usize, value: f32| value.round();
    let twins = |row: usize, column: usize, _: f32| ((row / 5 * 7 + column * 3) % 11) as f32;
    let far = |row: usize, column: usize, value: f32| {
        if column == row % 3 {
            value * 1e4
        } else {
            value
        }
    };
    let constant = |_: usize, column: usize, value: f32| {
        if column < 60 { 1e3 } else { value }
    };
    let magnitudes = |row: usize, _: usize, value: f32| value * 10f32.powi(row as i32 % 21 - 10);
    let tiny = |row: usize, _: usize, value: f32| value * 10f32.powi(-(row as i32 % 14));
    let denormal = |row: usize, _: usize, value: f32| value * 1e-36 / (row % 9 * 1000 + 1) as f32;
    let kinds: [(&str, Kind<'_>); 9] = [
        ("noise", &noise),
        ("clusters", &cluster),
        ("lattice", &lattice),
        ("twins", &twins),
        ("far values", &far),
        ("constant columns", &constant),
        ("magnitudes", &magnitudes),
        ("tiny", &tiny),
        ("denormals", &denormal),
    ];
    for (name, kind) in kinds {
        let base = matrix(rows, columns, 3, kind);
        let queries = matrix(20, columns, 4, kind);
        for k in [1, 10] {
            assert_same(name, &base, &queries, k);
        }
    }
}

/// The same of rows with slices enough for several groups, rotated where values are far.
#[test]
fn the_prefilter_changes_no_bit_of_wide_rows() {
    let far = |row: usize, column: usize, value: f32| {
        if column % 97 == row % 3 {
            value * 300.0
        } else {
            value
        }
    };
    let cluster = |row: usize, column: usize, value: f32| {
        value * 0.05 + ((row % 5 * 31 + column * 17) % 13) as f32
    };
    let kinds: [(&str, Kind<'_>); 2] = [("far values", &far), ("clusters", &cluster)];
    for columns in [200, 1000, 2100] {
        for (name, kind) in kinds {
            let base = matrix(300, columns, 3, kind);
            let queries = matrix(15, columns, 4, kind);
            assert_same(name, &base, &queries, 5);
        }
    }
}
/// Rows that are read in their order, each farther than the one before or nearer, and rows in memory: where the
/// first sample is large, some rows of it are looked at ahead.
#[test]
fn looking_ahead_changes_no_bit() {
    struct Read<'r>(MatrixView<'r>);
    impl RowSource for Read<'_> {
        fn rows(&self) -> usize {
            self.0.rows()
        }
        fn columns(&self) -> usize {
            self.0.columns()
        }
        fn read_rows(&self, range: Range<usize>, out: &mut [f32]) {
            self.0.read_rows(range, out);
        }
    }
    let (rows, columns, k) = (110_000, 48, 7);
    let nearer = |row: usize, _: usize, value: f32| value * (rows + 9 - row) as f32;
    let farther = |row: usize, _: usize, value: f32| value * (row + 9) as f32;
    let kinds: [(&str, Kind<'_>); 2] = [("nearer", &nearer), ("farther", &farther)];
    for (name, kind) in kinds {
        let base = matrix(rows, columns, 3, kind);
        let queries = matrix(5, columns, 4, |_, _, value| value);
        let search = |prefiltering, base: &dyn RowSource| {
            let queries = Queries::HeldOut(queries.view());
            let counts = ProductCounts::default();
            let what = (k, Metric::L2);
            let found = streamed_by::<PointId>(prefiltering, base, queries, what, &counts);
            (found.expect("no overflow"), counts)
        };
        let (expected, _) = search(Prefiltering::Off, &base.view());
        for kernels in Int8Kernels::forms() {
            for source in [&base.view() as &dyn RowSource, &Read(base.view())] {
                let prefiltering = Prefiltering::where_it_pays(kernels, columns);
                let (found, counts) = search(prefiltering, source);
                assert_eq!(found, expected, "{name}, {}", kernels.name());
                let (pairs, evaluated) = counts.rows_per_query();
                assert_eq!(pairs, rows as f64, "each pair is counted once");
                assert!(
                    evaluated < pairs || kernels.cost().is_infinite(),
                    "{counts}"
                );
            }
        }
    }
}
