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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::per_query::CellOfQueries;
    use crate::testing::{EMPTY_ANSWER, dataset, line};
    use annatomy_eval::missing::Missing;
    use annatomy_vectors::Metric;

    /// Queries of the given (LID, overlap), in order; no other difficulty varies.
    fn lost(queries: &[(f64, f64)]) -> Vec<WhereLost> {
        let values = |&(lid, overlap): &(f64, f64)| crate::cells::QueryValues {
            lid_exact: lid,
            overlap,
            ..crate::cells::QueryValues::new(&EMPTY_ANSWER, &Missing::default(), Metric::L2)
        };
        // Rows in pairs, the two of a pair at distance 1.
        let points = (0..queries.len()).map(|row| (row / 2 * 10 + row % 2) as f32);
        let data = dataset(line(&points.collect::<Vec<_>>()), None);
        let truth = crate::exact::neighbors(&data, 1, 1 << 20).expect("small");
        let cell = CellOfQueries {
            k: 7,
            ef: Some(16),
            graphs: vec![queries.iter().map(values).collect()],
            required_efs: Vec::new(),
        };
        let exact = truth.table().expect("lists");
        where_lost(&PerQuery::new(&[cell], &data, exact, &[], &[]))
    }

    #[test]
    fn loss_that_grows_with_the_difficulty_is_followed_from_fifth_to_fifth() {
        // Hardest first, so that the order has to be found.
        let queries: Vec<(f64, f64)> = (0..20)
            .rev()
            .map(|place| (place as f64, 1.0 - 0.01 * place as f64))
            .collect();
        let found = lost(&queries);
        assert_eq!(found.len(), 1, "only the dimension varies");
        let found = &found[0];
        assert_eq!((found.by, found.k, found.ef), ("lid", 7, Some(16)));
        let rho = found.rank_correlation.as_ref().expect("both vary").point;
        assert!((rho - 1.0).abs() < 1e-12, "{rho}");
        let ends: Vec<(f64, f64)> = found
            .parts
            .iter()
            .map(|part| (part.from, part.to))
            .collect();
        assert_eq!(
            ends,
            [
                (0.0, 3.0),
                (4.0, 7.0),
                (8.0, 11.0),
                (12.0, 15.0),
                (16.0, 19.0)
            ]
        );
        for (place, part) in found.parts.iter().enumerate() {
            let right = 1.0 - 0.01 * (4.0 * place as f64 + 1.5);
            let mean = part.overlap.expect("a mean");
            assert!((mean.point - right).abs() < 1e-12 && mean.n == 4);
        }
    }

    /// Spearman's ρ as Pearson's r of ranks, ties at their mean rank.
    #[test]
    fn rank_correlation_is_pearson_s_of_mean_ranks() {
        let overlaps = [
            1.0, 0.5, 1.0, 0.25, 0.75, 1.0, 0.0, 0.5, 0.75, 1.0, 0.5, 0.25,
        ];
        let lids = [2.0, 5.0, 2.0, 9.0, 4.0, 3.0, 7.0, 5.0, 8.0, 1.0, 6.0, 5.0];
        let queries: Vec<(f64, f64)> = lids.iter().copied().zip(overlaps).collect();
        let ranks = |values: &[f64]| -> Vec<f64> {
            let rank = |value: &f64| {
                let below = values.iter().filter(|other| *other < value).count();
                let equal = values.iter().filter(|other| *other == value).count();
                below as f64 + f64::midpoint(equal as f64, 1.0)
            };
            values.iter().map(rank).collect()
        };
        let losses: Vec<f64> = overlaps.iter().map(|overlap| 1.0 - overlap).collect();
        let (a, b) = (ranks(&losses), ranks(&lids));
        let mean = 6.5;
        let sum = |x: &[f64], y: &[f64]| -> f64 {
            x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
        };
        let right = sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt();
        let found = lost(&queries)[0]
            .rank_correlation
            .as_ref()
            .expect("both vary")
            .point;
        assert!((found - right).abs() < 1e-12, "{found}, {right}");
        // Twelve queries in five parts: 2, 2, 3, 2, 3.
        let sizes: Vec<usize> = lost(&queries)[0]
            .parts
            .iter()
            .map(|part| part.overlap.expect("a mean").n)
            .collect();
        assert_eq!(sizes, [2, 2, 3, 2, 3]);
    }

    #[test]
    fn queries_without_the_figure_are_left_out_and_too_few_say_nothing() {
        let with = |known: usize| {
            let lid = |place: usize| {
                if place < known {
                    place as f64
                } else {
                    f64::NAN
                }
            };
            let queries: Vec<(f64, f64)> = (0..16).map(|place| (lid(place), 0.5)).collect();
            lost(&queries)
        };
        assert!(with(9).is_empty(), "not two in a part");
        let found = with(10);
        assert_eq!((found[0].parts[4].from, found[0].parts[4].to), (8.0, 9.0));
        assert!(found[0].rank_correlation.is_none(), "the loss never varies");
        assert!(
            lost(&[(3.0, 0.5); 16]).is_empty(),
            "the dimension never varies"
        );
    }
}
