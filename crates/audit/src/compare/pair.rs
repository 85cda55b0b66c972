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
