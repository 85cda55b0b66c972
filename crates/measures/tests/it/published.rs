//! The published conventions compared with `NumPy`'s own figures (`golden/published.py`), and the
//! fast blocks against the plain form. Mean distances and overlaps must agree to the last bit,
//! spikes and dropped rows included; LID and shift, where the order of summation or the logarithm
//! is a library's own, to 1e-6.

use super::study_tables::{StudyTable, study_figures};
use annatomy_measures::published::{
    Artefacts, Columns, EMPTY_DISTANCE, Figures, row_barycenter_shift, row_lid, row_lid_plain,
    row_lids, row_mean, row_mean_of_slots, row_overlap,
};
use annatomy_vectors::{Matrix, MatrixView};
use proptest::prelude::*;
use serde_json::Value;

struct Golden {
    vectors: Matrix,
    pairs: Matrix,
    order: Vec<Vec<usize>>,
    width: usize,
    document: Value,
}

struct Owned {
    ids: Vec<i64>,
    distances: Vec<f32>,
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&chunk| f32::from_le_bytes(chunk))
        .collect()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a count")).expect("fits")
}

fn golden() -> Golden {
    let document: Value =
        serde_json::from_str(include_str!("../golden/published.json")).expect("valid JSON");
    let (rows, columns) = (count(&document["rows"]), count(&document["columns"]));
    let vectors = Matrix::new(
        rows,
        columns,
        floats(include_bytes!("../golden/published_vectors.f32")),
    )
    .expect("shape");
    let pairs = Matrix::new(
        rows,
        rows,
        floats(include_bytes!("../golden/published_pairs.f32")),
    )
    .expect("shape");
    let order = (0..rows).map(|row| order(pairs.row(row))).collect();
    Golden {
        vectors,
        pairs,
        order,
        width: count(&document["width"]),
        document,
    }
}

fn order(distances: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    order
}

impl Golden {
    /// The exact order of each row without what `kept` refuses, cut, and padded with empty slots.
    fn table(&self, kept: impl Fn(usize, usize) -> bool, filled: impl Fn(usize) -> usize) -> Owned {
        let mut table = Owned {
            ids: Vec::new(),
            distances: Vec::new(),
        };
        for (row, order) in self.order.iter().enumerate() {
            let found = order.iter().filter(|&&id| kept(row, id)).take(filled(row));
            table.ids.extend(found.clone().map(|&id| id as i64));
            table
                .distances
                .extend(found.map(|&id| self.pairs.row(row)[id]));
            table.ids.resize((row + 1) * self.width, -1);
            table
                .distances
                .resize((row + 1) * self.width, EMPTY_DISTANCE);
        }
        table
    }

    fn returned(&self, case: &Value) -> Owned {
        let dropped = |row: usize| case["dropped"][row].as_array().expect("a list");
        self.table(
            |row, id| !dropped(row).iter().any(|value| count(value) == id),
            |row| count(&case["filled"][row]).min(self.width),
        )
    }

    /// Calls `check(case name, exact, returned, k, expected)` for every case and k.
    fn for_each(&self, check: impl Fn(&str, &StudyTable<'_>, &StudyTable<'_>, usize, &Value)) {
        let exact = self.table(|_, _| true, |_| self.width);
        let exact = StudyTable::new(self.width, &exact.ids, &exact.distances);
        for case in self.document["cases"].as_array().expect("cases") {
            let returned = self.returned(case);
            let returned = StudyTable::new(self.width, &returned.ids, &returned.distances);
            for expected in case["figures"].as_array().expect("figures") {
                check(
                    case["name"].as_str().expect("a name"),
                    &exact,
                    &returned,
                    count(&expected["k"]),
                    expected,
                );
            }
        }
    }
}

fn same(found: f64, expected: f64) -> bool {
    found == expected || (found.is_nan() && expected.is_nan())
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    same(found, expected) || (found - expected).abs() <= tolerance * expected.abs()
}

#[test]
fn study_tables_agree_with_numpy() {
    let golden = golden();
    golden.for_each(|name, exact, returned, k, expected| {
        let figures = study_figures(golden.vectors.view(), exact, returned, k);
        let value = |key: &str| {
            expected[key]
                .as_str()
                .expect("a figure")
                .parse::<f64>()
                .expect("a number")
        };
        let check =
            |key: &str, found: f64, agree: bool| assert!(agree, "{name}, k = {k}, {key}: {found}");
        for (key, found) in [
            ("mean_overlap", figures.mean_overlap),
            ("mean_exact_dist", figures.mean_exact_dist),
            ("mean_ann_dist", figures.mean_ann_dist),
            ("rows_dropped", figures.artefacts.rows_dropped as f64),
            ("empty_slots", figures.artefacts.empty_slots as f64),
            (
                "rows_with_one_empty_slot",
                figures.artefacts.rows_with_one_empty_slot as f64,
            ),
            ("self_not_first", figures.artefacts.self_not_first as f64),
        ] {
            check(key, found, same(found, value(key)));
        }
        for (key, found) in [
            ("mean_barycenter_shift", figures.mean_barycenter_shift),
            ("mean_lid_exact", figures.mean_lid_exact),
            ("mean_lid_ann", figures.mean_lid_ann),
        ] {
            check(key, found, close(found, value(key), 1e-6));
        }
        let scale = 1e-6 * figures.mean_lid_exact.abs();
        let (found, expected) = (figures.mean_lid_diff, value("mean_lid_diff"));
        check(
            "mean_lid_diff",
            found,
            same(found, expected) || (found - expected).abs() <= scale,
        );
    });
}

#[test]
fn fast_blocks_agree_with_study_tables() {
    let golden = golden();
    golden.for_each(|name, exact, returned, k, _| {
        let plain = study_figures(golden.vectors.view(), exact, returned, k);
        let fast = by_blocks(golden.vectors.view(), exact, returned, k, plain.artefacts);
        assert_eq!(plain.artefacts, fast.artefacts, "{name}, k = {k}");
        for (found, expected, tolerance) in [
            (fast.mean_overlap, plain.mean_overlap, 0.0),
            (fast.mean_exact_dist, plain.mean_exact_dist, 0.0),
            (fast.mean_ann_dist, plain.mean_ann_dist, 0.0),
            (fast.mean_barycenter_shift, plain.mean_barycenter_shift, 0.0),
            (fast.mean_lid_exact, plain.mean_lid_exact, 5e-7),
            (fast.mean_lid_ann, plain.mean_lid_ann, 5e-7),
        ] {
            assert!(
                close(found, expected, tolerance),
                "{name}, k = {k}: {found} against {expected}"
            );
        }
    });
}

/// The figures at `k` from per-query blocks that see filled slots only.
fn by_blocks(
    x: MatrixView<'_>,
    exact: &StudyTable<'_>,
    returned: &StudyTable<'_>,
    k: usize,
    artefacts: Artefacts,
) -> Figures {
    let rows = || 0..exact.rows();
    let filled = |row: usize| {
        let ids = returned.neighbor_ids(row, k);
        &returned.neighbor_distances(row, k)[..ids.iter().position(|&id| id < 0).unwrap_or(k)]
    };
    let lid = |distances: &[f32]| {
        let mut lids = Vec::new();
        row_lids(distances, &[k.div_ceil(2), k], &mut lids);
        lids[1]
    };
    let exact_means: Vec<f32> = rows()
        .map(|row| row_mean(exact.neighbor_distances(row, k)))
        .collect();
    let ids = |row: usize| (exact.neighbor_ids(row, k), returned.neighbor_ids(row, k));
    Columns {
        overlaps: &rows()
            .map(|row| row_overlap(ids(row).0, ids(row).1, k))
            .collect::<Vec<_>>(),
        returned_means: &rows()
            .map(|row| row_mean_of_slots(filled(row), k))
            .collect::<Vec<_>>(),
        barycenter_shifts: &rows()
            .map(|row| row_barycenter_shift(x, ids(row).0, ids(row).1, exact_means[row]))
            .collect::<Vec<_>>(),
        lids_exact: &rows()
            .map(|row| lid(exact.neighbor_distances(row, k)))
            .collect::<Vec<_>>(),
        lids_returned: &rows().map(|row| lid(filled(row))).collect::<Vec<_>>(),
        exact_means: &exact_means,
    }
    .figures(artefacts)
}

/// Squared distances from duplicates to far points, nearest first.
fn rows() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![2 => Just(0.0_f32), 2 => 1e-9_f32..1e-3, 20 => 50.0_f32..200.0];
    prop::collection::vec(value, 2..150).prop_map(|mut row| {
        row.sort_by(f32::total_cmp);
        row
    })
}

proptest! {
    #[test]
    fn fast_lid_agrees_with_the_formula(row in rows(), empty in 0_usize..4) {
        let slots: Vec<f32> = row.iter().copied().chain(std::iter::repeat_n(EMPTY_DISTANCE, empty)).collect();
        let ks: Vec<usize> = (2..=slots.len()).collect();
        let mut lids = Vec::new();
        row_lids(&row, &ks, &mut lids);
        for (&k, &lid) in ks.iter().zip(&lids) {
            let plain = f64::from(row_lid_plain(&slots[..k]));
            prop_assert!(close(f64::from(lid), plain, 2e-6), "k = {}: {} against {}", k, lid, plain);
            prop_assert!(close(f64::from(row_lid(&row, k)), plain, 2e-6));
        }
    }

    #[test]
    fn means_of_filled_slots_are_means_with_sentinels(row in rows(), empty in 0_usize..4) {
        let slots: Vec<f32> = row.iter().copied().chain(std::iter::repeat_n(EMPTY_DISTANCE, empty)).collect();
        prop_assert_eq!(row_mean_of_slots(&row, slots.len()), row_mean(&slots));
    }
}
