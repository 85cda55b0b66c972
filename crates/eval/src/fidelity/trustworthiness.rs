//! Trustworthiness of a whole table of answers, over true ranks in the whole data set.

use super::{FidelityError, IdTable, Subject};
use crate::answers::AnswerSlots;
use annatomy_measures::difficulty;
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::{MatrixView, Metric, PointId, validate};
use rayon::prelude::*;

/// Trustworthiness at `k` of what was `returned` for every row, itself left out by id (Venna &
/// Kaski, ICANN 2001, eq. 2).
///
/// Ranks are by (float64 distance, id). 1 if all are true neighbors; empty slots add nothing. Cost
/// O(n²·d).
pub fn trustworthiness(
    rows: MatrixView<'_>,
    metric: Metric,
    returned: IdTable<'_>,
    k: usize,
) -> Result<f64, FidelityError> {
    let subject = Subject {
        rows,
        queries: None,
        metric,
    };
    if k == 0 || 2 * k >= rows.rows() {
        return Err(FidelityError::HalfTheRows {
            k,
            rows: rows.rows(),
        });
    }
    validate::check(rows, metric).map_err(|source| FidelityError::Values {
        what: "rows",
        source,
    })?;
    returned.check_rows("returned", &subject)?;
    let returned_ids = returned.with_empty_slots(rows.rows());
    let returned = IdTable::new(returned.columns(), &returned_ids);
    let ranks_of = |query: usize| {
        annatomy_runtime::check();
        ranks(&subject, query, returned.row(query), k)
    };
    let ranks: Vec<Vec<u32>> = (0..rows.rows())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map(ranks_of)
        .collect();
    let found = difficulty::trustworthiness(rows.rows(), k, ranks.iter().map(Vec::as_slice));
    Ok(found.expect("k was found to lie below half the rows"))
}

/// The 0-based true ranks of what the first `k` slots hold, the query itself left out.
fn ranks(subject: &Subject<'_>, query: usize, slots: &[i64], k: usize) -> Vec<u32> {
    let count = subject.rows.rows();
    let others: Vec<(f64, usize)> = (0..count)
        .filter(|&id| id != query)
        .map(|id| (subject.separation(query, PointId(id as u32)), id))
        .collect();
    let slots = slots.iter().map(|&id| u32::try_from(id).ok());
    let slots = AnswerSlots::new(Some(query as u32), slots);
    let filled = slots.filled(k).map(|id| id as usize);
    let rank = |id: usize| {
        let own = others[id - usize::from(id > query)];
        others
            .iter()
            .filter(|other| other.0 < own.0 || (other.0 == own.0 && other.1 < own.1))
            .count() as u32
    };
    filled.map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{far, noise};

    const ROWS: usize = 31;
    const K: usize = 6;

    /// 1 − 2/(nk(2n − 3k − 1)) Σ (r(i, j) − k) over what is returned beyond rank k, ranks from 1.
    fn plain(metric: Metric, returned: &[i64]) -> f64 {
        let rows = noise(ROWS, 4, 12);
        let mut sum = 0.0;
        for query in 0..ROWS {
            let to = |id: usize| far(metric, rows.row(query), rows.row(id));
            let mut others: Vec<usize> = (0..ROWS).filter(|&id| id != query).collect();
            others.sort_by(|&a, &b| to(a).total_cmp(&to(b)));
            let slots = &returned[query * (K + 1)..][..=K];
            let slots = slots.iter().filter(|&&id| id != query as i64).take(K);
            for &id in slots.filter(|&&id| id >= 0) {
                let rank = others.iter().position(|&other| other as i64 == id);
                sum += (rank.expect("a row") + 1).saturating_sub(K) as f64;
            }
        }
        let (n, k) = (ROWS as f64, K as f64);
        1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * sum
    }

    #[test]
    fn any_answers_are_trusted_as_the_formula_says() {
        let rows = noise(ROWS, 4, 12);
        for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
            for step in [1, 3, 8] {
                let slot = |place: usize| {
                    let (query, slot) = (place / (K + 1), place % (K + 1));
                    let id = (query + slot * step) % ROWS;
                    if (query + slot) % 9 == 8 {
                        -1
                    } else {
                        id as i64
                    }
                };
                let ids: Vec<i64> = (0..ROWS * (K + 1)).map(slot).collect();
                let table = IdTable::new(K + 1, &ids);
                let found = trustworthiness(rows.view(), metric, table, K).expect("a figure");
                let right = plain(metric, &ids);
                assert!(
                    (found - right).abs() < 1e-12,
                    "{metric} {step}: {found}, {right}"
                );
                assert!(right < 0.99, "these are not the neighbors");
            }
        }
    }

    #[test]
    fn half_the_rows_and_no_neighbors_have_no_trustworthiness() {
        let rows = noise(12, 2, 1);
        let ids = [0; 12 * 6];
        let table = IdTable::new(6, &ids);
        for k in [0, 6] {
            let error = trustworthiness(rows.view(), Metric::L2, table, k).expect_err("refused");
            let words = format!("k = {k} of 12 rows");
            assert!(error.to_string().contains(&words), "{error}");
        }
        assert!(trustworthiness(rows.view(), Metric::L2, table, 5).is_ok());
    }
}
