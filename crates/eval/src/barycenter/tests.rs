//! Random lists and answers against the definitions in `annatomy_measures`.

use super::changes::{Start, SumChanges};
use super::{AnswerShift, BarycenterShifts, Cell, ColumnBlocks, Convention, ListShifts};
use crate::lists::{Answer, Columns, NEVER, ReturnedRows, VisitedList};
use annatomy_measures::corrected::{UNKNOWN_RANK, barycenter_shift};
use annatomy_measures::published::row_barycenter_shift;
use annatomy_vectors::{Matrix, PointId};
use proptest::prelude::*;

const BOTH: [Convention; 2] = [Convention::Corrected, Convention::Published];
const ROWS: usize = 90;
const KS: [usize; 6] = [1, 4, 5, 13, 29, 40];
const LARGEST_K: usize = 40;

/// Sums row ids as [`SignedSums`](super::signed_sums::SignedSums) sums their vectors.
pub(super) struct IdSums<'e> {
    exact: &'e [u32],
    sum: i64,
    /// How many additions the changes cost.
    pub(super) additions: usize,
}

impl<'e> IdSums<'e> {
    pub(super) fn new(exact: &'e [u32]) -> Self {
        Self {
            exact,
            sum: 0,
            additions: 0,
        }
    }

    pub(super) fn total(rows: &[u32]) -> i64 {
        rows.iter().map(|&row| i64::from(row)).sum()
    }

    /// ΣA after `changes`.
    pub(super) fn apply(&mut self, changes: SumChanges<'_>) -> i64 {
        let prefix_sum = |count: usize| Self::total(&self.exact[..count]);
        if changes.start == Start::Restart {
            self.sum = 0;
        }
        self.sum += Self::total(changes.added) - Self::total(changes.removed);
        for &[from, to] in changes.rank_ranges {
            self.sum += prefix_sum(to as usize) - prefix_sum(from as usize);
        }
        self.additions +=
            changes.added.len() + changes.removed.len() + 2 * changes.rank_ranges.len();
        prefix_sum(changes.prefix) - self.sum
    }
}

/// A visited list: the query itself at place 0, then rows with these exact ranks.
pub(super) fn visited_list(
    exact: usize,
    ids: &[u32],
    ranks: &[u32],
    arrivals: &[u32],
) -> VisitedList {
    let mut list = VisitedList {
        ids: ids.to_vec(),
        ranks: ranks.to_vec(),
        arrivals: arrivals.to_vec(),
        arrival_of_rank: vec![NEVER; exact],
        place_of_rank: vec![NEVER; exact],
        ..VisitedList::default()
    };
    let mut false_positives = Vec::new();
    for (place, (&rank, &arrival)) in (0..).zip(ranks.iter().zip(arrivals)) {
        if rank != UNKNOWN_RANK {
            list.arrival_of_rank[rank as usize] = arrival;
            list.place_of_rank[rank as usize] = place;
        }
        false_positives.push(place > 0 && rank == UNKNOWN_RANK);
    }
    list.false_positives.assign(false_positives.into_iter());
    list
}

/// Vectors, the exact neighbors 1..=40 of row 0 in random order, and what the shifts should be.
#[derive(Debug)]
struct Case {
    vectors: Matrix,
    exact: Vec<u32>,
    exact_means: Vec<f32>,
}

/// What one shift should be: its cell, convention and value by the definition.
type Expected = (Cell, Convention, f64);

impl Case {
    fn new(values: Vec<f32>, exact: Vec<u32>) -> Self {
        let columns = values.len() / ROWS;
        Self {
            vectors: Matrix::new(ROWS, columns, values).expect("whole rows"),
            exact,
            exact_means: KS.iter().map(|&k| 1.5 + k as f32).collect(),
        }
    }

    fn rank(&self, row: u32) -> u32 {
        let rank = self.exact.iter().position(|&exact| exact == row);
        rank.map_or(UNKNOWN_RANK, |rank| rank as u32)
    }

    /// The shift by the definition.
    fn expect(&self, exact: &[u32], returned: &[u32], cell: Cell, to: Convention) -> Expected {
        let k = KS[cell.k_index];
        let returned = &returned[..returned.len().min(k)];
        let shift = match to {
            Convention::Corrected => {
                let points = |rows: &[u32]| rows.iter().copied().map(PointId).collect::<Vec<_>>();
                barycenter_shift(self.vectors.view(), &points(&exact[..k]), &points(returned))
            }
            Convention::Published => {
                let mut slots: Vec<i64> = returned.iter().map(|&row| i64::from(row)).collect();
                slots.resize(k, -1);
                let exact: Vec<i64> = exact[..k].iter().map(|&row| i64::from(row)).collect();
                let mean = self.exact_means[cell.k_index];
                row_barycenter_shift(self.vectors.view(), &exact, &slots, mean)
            }
        };
        (cell, to, shift)
    }

    /// Both shifts from the query's exact neighbors; without a filled slot the corrected one is not
    /// defined and not reported.
    fn expect_both(&self, returned: &[u32], cell: Cell) -> Vec<Expected> {
        let mut expected = Vec::new();
        for convention in BOTH {
            if convention == Convention::Published || !returned.is_empty() {
                expected.push(self.expect(&self.exact, returned, cell, convention));
            }
        }
        expected
    }

    /// What float32 sums may change of a shift `right`: their rounding in units of the divisor, and
    /// for the radius of E, which is mean ‖x‖² − ‖mean x‖², what cancels in that difference.
    fn tolerance(&self, (cell, convention, right): Expected) -> f64 {
        const EPSILON: f64 = 2e-6;
        let longest = 8.0 * (self.vectors.view().columns() as f64).sqrt();
        if convention == Convention::Published {
            let unit = f64::from(self.exact_means[cell.k_index]);
            return EPSILON * (right + longest / unit);
        }
        let rows = &self.exact[..KS[cell.k_index]];
        let [radius_squared, norm_squared] = self.spread(rows);
        let cancelled = norm_squared / radius_squared.max(f64::MIN_POSITIVE);
        EPSILON * (right * (1.0 + cancelled) + longest / radius_squared.sqrt())
    }

    /// Mean squared distance of `rows` from their own mean, and from the mean of all rows.
    fn spread(&self, rows: &[u32]) -> [f64; 2] {
        let all: Vec<u32> = (0..ROWS as u32).collect();
        let view = self.vectors.view();
        let mean = |rows: &[u32], column: usize| {
            let values = rows
                .iter()
                .map(|&row| f64::from(view.row(row as usize)[column]));
            values.sum::<f64>() / rows.len() as f64
        };
        [rows, &all].map(|center| {
            let mut sum = 0.0;
            for column in 0..view.columns() {
                let center = mean(center, column);
                for &row in rows {
                    sum += (f64::from(view.row(row as usize)[column]) - center).powi(2);
                }
            }
            sum / rows.len() as f64
        })
    }

    /// The shifts that the incremental form computes agree with `expected`, in order.
    fn compare(&self, shifts: &mut BarycenterShifts, expected: &[Expected]) {
        let columns = ColumnBlocks::new(self.vectors.view());
        let mut found = Vec::new();
        shifts.finish(&KS, &columns, |_, cell, convention, shift| {
            found.push((cell, convention, shift));
        });
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1), (expected.0, expected.1));
            let (shift, right) = (found.2, expected.2);
            assert!(
                (shift.is_nan() && right.is_nan())
                    || shift == right
                    || (shift - right).abs() <= self.tolerance(*expected),
                "{:?} {:?}: {shift} instead of {right}",
                found.0,
                found.1
            );
        }
    }
}

fn cell(k_index: usize) -> Cell {
    Cell {
        k_index,
        cell: 7 + k_index,
    }
}

prop_compose! {
    fn cases()(
        columns in prop_oneof![Just(1_usize), Just(16), Just(64), Just(70), Just(131)],
    )(
        values in prop::collection::vec(-4.0_f32..4.0, ROWS * columns),
        exact in Just((1..=LARGEST_K as u32).collect::<Vec<_>>()).prop_shuffle(),
    ) -> Case {
        Case::new(values, exact)
    }
}

/// Rows in an order that is near that of the exact list, with false positives between.
fn returned_rows() -> impl Strategy<Value = Vec<u32>> {
    let keys = prop::collection::vec(0.0_f64..1.0, ROWS);
    (keys, 0.0_f64..2.0, 0..=LARGEST_K).prop_map(|(keys, disorder, length)| {
        let mut order: Vec<u32> = (1..ROWS as u32).collect();
        let key = |row: u32| f64::from(row) / ROWS as f64 + disorder * keys[row as usize];
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
        order.truncate(length);
        order
    })
}

proptest! {
    #[test]
    fn a_list_is_shifted_as_defined(case in cases(), places in returned_rows()) {
        // Row r stands for the r-th exact neighbor, so that most of the list is in exact order.
        let row = |&place: &u32| case.exact.get(place as usize - 1).copied().unwrap_or(place);
        let ids: Vec<u32> = places.iter().map(row).collect();
        let ranks = ids.iter().map(|&row| case.rank(row)).collect();
        let returned = ReturnedRows { ids: ids.clone(), ranks, ..ReturnedRows::default() };
        let mut shifts = BarycenterShifts::default();
        shifts.begin_block();
        shifts.begin_query(&KS, &case.exact, &case.exact_means);
        let list = ListShifts { ks: &KS, returned: &returned, first_cell: cell(0), conventions: &BOTH };
        shifts.add_list(&list);
        let mut expected = Vec::new();
        for k_index in 0..KS.len() {
            expected.extend(case.expect_both(&ids, cell(k_index)));
        }
        case.compare(&mut shifts, &expected);
    }

    #[test]
    fn a_list_against_other_exact_neighbors_is_shifted_as_defined(
        case in cases(),
        ids in returned_rows(),
    ) {
        let mut exact = case.exact.clone();
        exact[3] = 0;
        let rank = |&row: &u32| {
            exact.iter().position(|&other| other == row).map_or(UNKNOWN_RANK, |rank| rank as u32)
        };
        let ranks = ids.iter().map(rank).collect();
        let returned = ReturnedRows { ids: ids.clone(), ranks, ..ReturnedRows::default() };
        let mut shifts = BarycenterShifts::default();
        shifts.begin_query(&KS, &case.exact, &case.exact_means);
        shifts.add_list_against(&exact, &ListShifts {
            ks: &KS,
            returned: &returned,
            first_cell: cell(0),
            conventions: &BOTH[1..],
        });
        let mut expected = Vec::new();
        for k_index in 0..KS.len() {
            expected.push(case.expect(&exact, &ids, cell(k_index), Convention::Published));
        }
        case.compare(&mut shifts, &expected);
    }

    #[test]
    fn answers_are_shifted_as_defined(
        case in cases(),
        places in returned_rows(),
        arrivals in Just((1..ROWS as u32).collect::<Vec<_>>()).prop_shuffle(),
        efforts in prop::collection::vec(1_usize..60, KS.len()),
    ) {
        // The query itself first.
        let mut ids = vec![0];
        ids.extend(places.iter().map(|&place| {
            case.exact.get(place as usize - 1).copied().unwrap_or(place)
        }));
        let ranks: Vec<u32> = ids.iter().map(|&row| case.rank(row)).collect();
        let mut arrived = vec![0];
        arrived.extend(&arrivals[..places.len()]);
        let visited = visited_list(LARGEST_K, &ids, &ranks, &arrived);
        let columns = Columns { ids: true, ..Columns::default() };
        let (mut answer, mut shifts) = (Answer::default(), BarycenterShifts::default());
        let mut expected = Vec::new();
        shifts.begin_query(&KS, &case.exact, &case.exact_means);
        for (k_index, (&k, &effort)) in KS.iter().zip(&efforts).enumerate() {
            answer.read(&visited, effort, k, columns);
            shifts.add_answer(&AnswerShift {
                k,
                visited: &visited,
                answer: &answer,
                cell: cell(k_index),
                conventions: &BOTH,
            });
            expected.extend(case.expect_both(&answer.returned.ids, cell(k_index)));
        }
        case.compare(&mut shifts, &expected);
    }
}

#[test]
fn equal_sets_have_shift_zero_and_one_place_has_no_radius() {
    // Rows 1..=40 stand in one place, the others in another.
    let values = (0..ROWS)
        .map(|row| f32::from(u8::from(row > LARGEST_K)))
        .collect();
    let case = Case::new(values, (1..=LARGEST_K as u32).collect());
    let columns = ColumnBlocks::new(case.vectors.view());
    let mut shifts = BarycenterShifts::default();
    shifts.begin_query(&KS, &case.exact, &case.exact_means);
    shifts.add_exact_answer(1, cell(0), &BOTH);
    let far = ReturnedRows {
        ids: vec![60],
        ranks: vec![UNKNOWN_RANK],
        ..ReturnedRows::default()
    };
    shifts.add_list(&ListShifts {
        ks: &KS[..1],
        returned: &far,
        first_cell: cell(0),
        conventions: &BOTH,
    });
    let mut found = Vec::new();
    shifts.finish(&KS, &columns, |query, _, _, shift| {
        found.push((query, shift));
    });
    assert_eq!(found[..2], [(0, 0.0), (0, 0.0)]);
    assert!(found[2].1.is_nan());
    assert!((found[3].1 - 1.0 / 2.5).abs() < 1e-6);
}
