//! Cells that both audits have, tested.
//!
//! At each k: where both have one effort these are compared, whatever they are; else the efforts
//! that both have.

use super::read::{CellValues, Side};
use super::{Change, ChangedQuery, Comparison};
use annatomy_measures::estimate::{Population, holm, paired_difference, sign_flip_test};

/// Queries named.
const NAMED: usize = 10;

/// The level of the tests.
const LEVEL: f64 = 0.05;

pub(super) fn compare(a: &Side, b: &Side) -> Comparison {
    let (pairs, unpaired) = pairs(a, b);
    let mut changes = Vec::new();
    for (k, ef_a, ef_b) in pairs {
        let (of_a, of_b) = (&a.cells[&(k, ef_a)], &b.cells[&(k, ef_b)]);
        for (measure, figure) in MEASURES {
            let cell = Cell {
                measure,
                k,
                ef_a,
                ef_b,
            };
            changes.extend(change(cell, a, figure(of_a), figure(of_b)));
        }
    }
    let p: Vec<f64> = changes.iter().map(|change| change.test.p).collect();
    for (change, adjusted) in changes.iter_mut().zip(holm(&p)) {
        change.adjusted_p = adjusted;
        change.is_significant = adjusted < LEVEL;
    }
    Comparison {
        a: a.facts.clone(),
        b: b.facts.clone(),
        queries: a.queries.len(),
        changes,
        unpaired,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

type Figure = fn(&CellValues) -> &[f64];

const MEASURES: [(&str, Figure); 2] = [
    ("overlap", |values| &values.overlap),
    ("fill", |values| &values.fill),
];

#[derive(Clone, Copy)]
struct Cell {
    measure: &'static str,
    k: usize,
    ef_a: usize,
    ef_b: usize,
}

/// (k, effort of a, effort of b), and how many cells have no partner.
fn pairs(a: &Side, b: &Side) -> (Vec<(usize, usize, usize)>, usize) {
    let efforts = |side: &Side, k: usize| -> Vec<usize> {
        let cells = side.cells.keys().filter(|cell| cell.0 == k);
        cells.map(|cell| cell.1).collect()
    };
    let mut pairs = Vec::new();
    for k in a.ks() {
        match (&efforts(a, k)[..], &efforts(b, k)[..]) {
            (&[ef_a], &[ef_b]) => pairs.push((k, ef_a, ef_b)),
            (of_a, of_b) => {
                let common = of_a.iter().filter(|ef| of_b.contains(ef));
                pairs.extend(common.map(|&ef| (k, ef, ef)));
            }
        }
    }
    let unpaired = a.cells.len() + b.cells.len() - 2 * pairs.len();
    (pairs, unpaired)
}

fn change(cell: Cell, side: &Side, a: &[f64], b: &[f64]) -> Option<Change> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    // Whether a change is real is a question about queries to come, even where all rows are queries.
    let paired = paired_difference(&differences, Population::Unlimited)?;
    let mean = |values: &[f64]| {
        let present = values.iter().filter(|value| !value.is_nan());
        present.clone().sum::<f64>() / present.count() as f64
    };
    let Cell {
        measure,
        k,
        ef_a,
        ef_b,
    } = cell;
    let changed = changed(side, a, b);
    let test = sign_flip_test(&in_whole_steps(&differences, k));
    let effort = |ef: usize| (ef > 0).then_some(ef);
    Some(Change {
        measure,
        k,
        ef_a: effort(ef_a),
        ef_b: effort(ef_b),
        a: mean(a),
        b: mean(b),
        paired,
        test,
        adjusted_p: f64::NAN,
        is_significant: false,
        most_changed: most(&changed),
        changed,
    })
}

/// Differences as whole numbers of the smallest step that they are multiples of: 1/k for one graph,
/// 1/(k·G) for means over G; else of 2⁻²⁰.
fn in_whole_steps(differences: &[f64], k: usize) -> Vec<i64> {
    const MOST_GRAPHS: usize = 16;
    let present = || differences.iter().filter(|difference| !difference.is_nan());
    let are_whole = |steps: f64| {
        present().all(|difference| {
            let scaled = difference * steps;
            (scaled - scaled.round()).abs() < 1e-6
        })
    };
    let steps = (1..=MOST_GRAPHS).map(|graphs| (k * graphs) as f64);
    let steps = steps.into_iter().find(|&steps| are_whole(steps));
    let steps = steps.unwrap_or(f64::from(1 << 20));
    present()
        .map(|difference| (difference * steps).round() as i64)
        .collect()
}

/// The largest loss first; ties in the order of the queries.
fn changed(side: &Side, a: &[f64], b: &[f64]) -> Vec<ChangedQuery> {
    let mut places: Vec<usize> = (0..a.len())
        .filter(|&place| a[place] != b[place] && !(b[place] - a[place]).is_nan())
        .collect();
    let difference = |place: usize| b[place] - a[place];
    places.sort_by(|&one, &other| difference(one).total_cmp(&difference(other)));
    let named = |place: usize| ChangedQuery {
        query: side.queries[place].clone(),
        a: a[place],
        b: b[place],
    };
    places.into_iter().map(named).collect()
}

/// The largest losses, then the largest gains.
fn most(changed: &[ChangedQuery]) -> Vec<ChangedQuery> {
    if changed.len() <= NAMED {
        return changed.to_vec();
    }
    let losses = changed.iter().take(NAMED / 2);
    let gains = changed.iter().rev().take(NAMED / 2);
    losses.chain(gains).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::read::testing::side;

    fn overlaps(values: &[f64]) -> Side {
        side(&[((10, 0), values)])
    }

    fn change_of(a: &[f64], b: &[f64]) -> Change {
        let found = compare(&overlaps(a), &overlaps(b));
        assert_eq!((found.queries, found.unpaired), (a.len(), 0));
        let measures: Vec<&str> = found.changes.iter().map(|change| change.measure).collect();
        assert_eq!(measures, ["overlap", "fill"]);
        found.changes.into_iter().next().expect("overlap")
    }

    /// The share of all 2ⁿ signs under which the sum is at least as far from 0 as it is.
    fn of_all_signs(differences: &[f64]) -> f64 {
        let seen = differences.iter().sum::<f64>().abs() - 1e-9;
        let sum = |signs: u32| {
            let signed = differences.iter().enumerate();
            let signed = signed.map(|(place, d)| if signs >> place & 1 == 1 { *d } else { -d });
            signed.sum::<f64>().abs()
        };
        let ways = 1_u32 << differences.len();
        (0..ways).filter(|&signs| sum(signs) >= seen).count() as f64 / f64::from(ways)
    }

    #[test]
    fn the_test_counts_every_exchange_of_the_two_searches() {
        let a = [0.9, 0.8, 1.0, 0.7, 0.6, 0.9, 1.0, 0.5, 0.8, 0.9, 0.4];
        // Steps of 1/10 for one graph; of 1/30 for means over three.
        let tenths = [1.0, 0.9, 0.9, 0.9, 0.6, 1.0, 1.0, 0.8, 0.9, 1.0, 0.3];
        let thirtieths = a.map(|value| {
            value
                + if value < 0.75 {
                    2.0 / 30.0
                } else {
                    -1.0 / 30.0
                }
        });
        for b in [tenths, thirtieths] {
            let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
            let change = change_of(&a, &b);
            let right = of_all_signs(&differences);
            assert!(
                change.test.exact && (change.test.p - right).abs() < 1e-9,
                "{right}"
            );
            let mean = differences.iter().sum::<f64>() / 11.0;
            assert!((change.paired.difference.point - mean).abs() < 1e-12);
            assert!((change.b - change.a - mean).abs() < 1e-12);
            let gained = differences.iter().filter(|value| **value > 1e-12).count();
            let lost = differences.iter().filter(|value| **value < -1e-12).count();
            assert_eq!((change.paired.gained, change.paired.lost), (gained, lost));
        }
    }

    /// Holm: the least p times the number of tests, the next times one fewer, never falling.
    #[test]
    fn p_is_adjusted_for_all_tests_and_below_five_hundredths_it_counts() {
        let at = |overlap: &'static [f64; 12], k| ((k, 0), &overlap[..]);
        let a = side(&[at(&[0.5; 12], 5), at(&[0.6; 12], 10)]);
        let b = side(&[at(&[0.7; 12], 5), at(&[0.6; 12], 10)]);
        let found = compare(&a, &b);
        // All twelve gain .2 at k 5: 2 of 2¹² signs go as far.
        let p = 2.0 / 4_096.0;
        let (first, others) = found.changes.split_first().expect("four tests");
        assert_eq!((others.len(), first.k, first.measure), (3, 5, "overlap"));
        assert!((first.test.p - p).abs() < 1e-12);
        assert!((first.adjusted_p - 4.0 * p).abs() < 1e-12 && first.is_significant);
        assert!(
            others
                .iter()
                .all(|change| change.adjusted_p == 1.0 && !change.is_significant)
        );
        // With five queries no p is below 2/2⁵.
        let few = change_of(&[0.5; 5], &[0.9; 5]);
        assert!((few.test.p - 0.0625).abs() < 1e-12 && !few.is_significant);
    }

    #[test]
    fn one_effort_each_is_paired_whatever_it_is_and_several_by_their_number() {
        let values = [0.5, 0.6];
        let cell = |k, ef| ((k, ef), &values[..]);
        let pairs_of = |a: &[(usize, usize)], b: &[(usize, usize)]| {
            let of = |cells: &[(usize, usize)]| {
                side(&cells.iter().map(|&(k, ef)| cell(k, ef)).collect::<Vec<_>>())
            };
            pairs(&of(a), &of(b))
        };
        assert_eq!(pairs_of(&[(10, 32)], &[(10, 64)]), (vec![(10, 32, 64)], 0));
        let (a, b) = (
            [(10, 16), (10, 32), (90, 16)],
            [(10, 32), (10, 64), (500, 16)],
        );
        assert_eq!(pairs_of(&a, &b), (vec![(10, 32, 32)], 4));
        // One effort against several is paired where it is one of them.
        assert_eq!(pairs_of(&[(10, 32)], &b[..2]), (vec![(10, 32, 32)], 1));
        assert_eq!(pairs_of(&[(10, 8)], &b[..2]), (vec![], 3));
        let found = compare(&side(&[cell(10, 0)]), &side(&[cell(10, 64)]));
        assert_eq!(
            (found.changes[0].ef_a, found.changes[0].ef_b),
            (None, Some(64))
        );
    }

    #[test]
    fn the_queries_named_lost_most_or_gained_most() {
        let a = [0.5; 16];
        let mut b = a;
        for (place, value) in b.iter_mut().enumerate().skip(2) {
            *value += (place as f64 - 8.0) / 20.0;
        }
        let change = change_of(&a, &b);
        let names = |queries: &[ChangedQuery]| -> Vec<String> {
            queries.iter().map(|query| query.query.clone()).collect()
        };
        // Query 8 changes by 0, queries 0 and 1 too.
        let all = [
            "2", "3", "4", "5", "6", "7", "9", "10", "11", "12", "13", "14", "15",
        ];
        assert_eq!(names(&change.changed), all, "the largest loss first");
        let most = ["2", "3", "4", "5", "6", "15", "14", "13", "12", "11"];
        assert_eq!(names(&change.most_changed), most);
        assert_eq!((change.changed[0].a, change.changed[0].b), (0.5, 0.2));
        let few = change_of(&[0.5, 0.5], &[0.5, 0.4]);
        assert_eq!(names(&few.most_changed), ["1"]);
    }

    #[test]
    fn queries_without_a_figure_are_in_no_mean_and_no_test() {
        let change = change_of(&[0.5, f64::NAN, 0.7], &[0.7, 0.9, 0.7]);
        assert_eq!(change.paired.difference.n, 2);
        assert!((change.paired.difference.point - 0.1).abs() < 1e-12);
        assert_eq!((change.test.differing, change.changed.len()), (1, 1));
        assert!((change.a - 0.6).abs() < 1e-12, "the mean of two");
    }
}
