//! Fidelity on a line of points, where every figure is known by hand.

use annatomy_eval::fidelity::{FidelityError, IdTable, Subject, fidelity, trustworthiness};
use annatomy_vectors::{Matrix, Metric};

/// Points at 0, 1, 3, 7, 15.
fn line() -> Matrix {
    Matrix::new(5, 1, vec![0.0, 1.0, 3.0, 7.0, 15.0]).expect("shape")
}

const EXACT: [i64; 10] = [1, 2, 0, 2, 1, 0, 2, 1, 3, 2];

fn measured(
    returned: &[i64],
    columns: usize,
) -> Result<annatomy_eval::fidelity::Fidelity, FidelityError> {
    let rows = line();
    let subject = Subject {
        rows: rows.view(),
        queries: None,
        metric: Metric::L2,
    };
    fidelity(
        &subject,
        IdTable::new(2, &EXACT),
        IdTable::new(columns, returned),
        &[1, 2],
    )
}

#[test]
fn exact_answers_are_faithful_with_and_without_self() {
    let with_self = [0, 1, 2, 1, 0, 2, 2, 1, 0, 3, 2, 1, 4, 3, 2];
    for (returned, columns) in [(EXACT.to_vec(), 2), (with_self.to_vec(), 3)] {
        let found = measured(&returned, columns).expect("measures");
        assert!(
            found
                .corrected
                .iter()
                .all(|row| row.measures.overlap() == 1.0 && row.barycenter_shift == 0.0)
        );
        assert!(
            found
                .published
                .iter()
                .all(|row| row.overlap == 1.0 && row.empty_slots == 0)
        );
        assert_eq!(found.figures[1].mean_overlap, 1.0);
    }
}

#[test]
fn empty_slots_explode_only_as_published() {
    let mut returned = EXACT;
    returned[9] = -1;
    let found = measured(&returned, 2).expect("measures");
    let last = found.corrected[9].measures;
    assert_eq!(
        (last.fill(), last.overlap(), last.mean_returned_distance),
        (0.5, 0.5, 8.0)
    );
    assert_eq!(found.published[9].returned_mean, f32::MAX / 2.0);
    assert_eq!(found.figures[1].artefacts.rows_with_one_empty_slot, 1);
}

#[test]
fn ids_beyond_the_rows_are_empty_slots() {
    let mut returned = EXACT;
    returned[3] = 5;
    returned[4] = -7;
    let found = measured(&returned, 2).expect("measures");
    let fill = |row: usize| found.corrected[row].measures.fill();
    assert_eq!((fill(2), fill(3), fill(4), fill(5)), (1.0, 0.5, 0.0, 0.5));
    assert_eq!(found.published[3].empty_slots, 1);
    let error = measured(&returned[..8], 2).expect_err("four rows");
    assert!(matches!(
        error,
        FidelityError::Rows {
            rows: 4,
            queries: 5,
            ..
        }
    ));
}

/// Twenty-one points on a line and one query left of them: its neighbors are 0, 1, 2, ….
fn overlap_and_fill_at_ten(returned: &[i64]) -> (f64, f64) {
    let values = (0..21).map(|row| row as f32).collect();
    let rows = Matrix::new(21, 1, values).expect("shape");
    let query = Matrix::new(1, 1, vec![-1.0]).expect("shape");
    let subject = Subject {
        rows: rows.view(),
        queries: Some(query.view()),
        metric: Metric::L2,
    };
    let exact: Vec<i64> = (0..10).collect();
    let found = fidelity(
        &subject,
        IdTable::new(10, &exact),
        IdTable::new(returned.len(), returned),
        &[10],
    )
    .expect("measures");
    let measures = found.corrected[0].measures;
    (measures.overlap(), measures.fill())
}

#[test]
fn slots_are_places_and_are_not_closed_up() {
    let after = |first: &[i64]| {
        let row: Vec<i64> = first.iter().copied().chain(0..10).collect();
        overlap_and_fill_at_ten(&row)
    };
    assert_eq!(after(&[4; 10]), (0.1, 0.1), "ten repeats first");
    assert_eq!(after(&[-1; 10]), (0.0, 0.0), "ten empty slots first");
    assert_eq!(after(&[-1; 5]), (0.5, 0.5), "five empty slots first");
    assert_eq!(after(&[99; 5]), (0.5, 0.5), "five ids of no row first");
    assert_eq!(after(&[]), (1.0, 1.0));
}

#[test]
fn geometry_under_cosine_is_the_chord_between_unit_vectors() {
    // At 0°, 60°, 90° and 180°, of lengths that do not matter.
    let values = vec![2.0, 0.0, 1.5, 1.5 * 3f32.sqrt(), 0.0, 3.0, -1.0, 0.0];
    let rows = Matrix::new(4, 2, values).expect("shape");
    let query = Matrix::new(1, 2, vec![5.0, 0.0]).expect("shape");
    let subject = Subject {
        rows: rows.view(),
        queries: Some(query.view()),
        metric: Metric::Cosine,
    };
    let found = fidelity(
        &subject,
        IdTable::new(3, &[0, 1, 2]),
        IdTable::new(3, &[1, 2, 3]),
        &[3],
    )
    .expect("measures");
    let row = found.corrected[0];
    // Chords 0, 1, √2 against 1, √2, 2.
    let (exact, returned) = ((1.0 + 2f64.sqrt()) / 3.0, (3.0 + 2f64.sqrt()) / 3.0);
    assert!((row.measures.mean_exact_distance - exact).abs() < 1e-6);
    assert!((row.measures.mean_returned_distance - returned).abs() < 1e-6);
    // Hill over 1, √2, 2: 2 / (ln 2 + ln √2); over 1 − cos it is half as much.
    let lid = 2.0 / (2f64.ln() + 2f64.sqrt().ln());
    assert!((row.measures.lid_returned - lid).abs() < 1e-6);
    // Barycenters of unit vectors, ⅔ apart; radius √(1 − ‖c‖²), c = (½, (1 + √¾)/3).
    let center = (1.0 + 0.75f64.sqrt()) / 3.0;
    let shift = 2.0 / 3.0 / (0.75 - center * center).sqrt();
    assert!(
        (row.barycenter_shift - shift).abs() < 1e-6,
        "{}",
        row.barycenter_shift
    );
}

#[test]
fn true_neighbors_are_trusted_entirely() {
    let rows = line();
    let trust = |ids: &[i64]| {
        trustworthiness(rows.view(), Metric::L2, IdTable::new(2, ids), 2).expect("a figure")
    };
    assert_eq!(trust(&EXACT), 1.0);
    let mut returned = EXACT;
    returned[1] = 4; // rank 4 instead of 2: penalty 2 of n·k·(2n − 3k − 1)/2 = 15
    assert!((trust(&returned) - (1.0 - 2.0 / 15.0)).abs() < 1e-12);
}
