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
