//! Where loss lives: the queries in five parts of rising difficulty, and how strongly loss goes with
//! it.
//!
//! Enters: the table of all queries. Leaves: per (k, effort) and difficulty a [`WhereLost`]. Spearman's
//! ρ and the parts say that loss and a difficulty go together, not that one is the cause.

use super::per_query::{PerQuery, QueryRow};
use annatomy_measures::estimate::{Estimate, Population, bounded_mean, spearman};
use serde::Serialize;

/// Parts of the queries.
const PARTS: usize = 5;

/// Loss against one difficulty, at one k and effort.
#[derive(Clone, Debug, Serialize)]
pub struct WhereLost {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort; `None` for answers given.
    pub ef: Option<usize>,
    /// `lid`, `contrast` or `nearest_distance`.
    pub by: &'static str,
    /// Spearman's ρ between 1 − overlap and the difficulty; `None` where one of the two never varies.
    pub rank_correlation: Option<Estimate>,
    /// A fifth of the queries each, the least value of the difficulty first.
    pub parts: Vec<Part>,
}

/// Queries between two values of a difficulty.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The least value.
    pub from: f64,
    /// The largest value.
    pub to: f64,
    /// Mean overlap, over queries like these.
    pub overlap: Option<Estimate>,
}

type Difficulty = (&'static str, fn(&QueryRow) -> f64);

const DIFFICULTIES: [Difficulty; 3] = [
    ("lid", |row| row.lid),
    ("contrast", |row| row.contrast),
    ("nearest_distance", |row| row.nearest_distance),
];

/// Every (k, effort) and difficulty that varies.
pub(super) fn where_lost(per_query: &PerQuery) -> Vec<WhereLost> {
    let cells = per_query.rows.chunk_by(|a, b| (a.k, a.ef) == (b.k, b.ef));
    let of_cell = |rows| DIFFICULTIES.iter().filter_map(move |by| lost_by(rows, *by));
    cells.flat_map(of_cell).collect()
}

fn lost_by(rows: &[QueryRow], (by, difficulty): Difficulty) -> Option<WhereLost> {
    let mut known: Vec<&QueryRow> = rows
        .iter()
        .filter(|row| difficulty(row).is_finite())
        .collect();
    if known.len() < 2 * PARTS {
        return None;
    }
    known.sort_by(|a, b| difficulty(a).total_cmp(&difficulty(b)));
    let losses: Vec<f64> = known.iter().map(|row| 1.0 - row.overlap).collect();
    let values: Vec<f64> = known.iter().map(|row| difficulty(row)).collect();
    if values[0] == values[values.len() - 1] {
        return None;
    }
    let part = |number: usize| {
        let (start, end) = (
            number * known.len() / PARTS,
            (number + 1) * known.len() / PARTS,
        );
        let overlaps: Vec<f64> = known[start..end].iter().map(|row| row.overlap).collect();
        Part {
            from: values[start],
            to: values[end - 1],
            overlap: bounded_mean(&overlaps, Population::Unlimited),
        }
    };
    Some(WhereLost {
        k: rows[0].k,
        ef: rows[0].ef,
        by,
        rank_correlation: spearman(&losses, &values),
        parts: (0..PARTS).map(part).collect(),
    })
}
