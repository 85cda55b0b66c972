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
fn ids_that_are_no_row_are_refused() {
    let mut returned = EXACT;
    returned[3] = 5;
    let error = measured(&returned, 2).expect_err("no row 5");
    assert!(matches!(
        error,
        FidelityError::Id {
            table: "returned",
            row: 1,
            id: 5,
            last: 4
        }
    ));
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
