//! Exact neighbors among the allowed rows, the query itself excluded by id.
//!
//! One mask for all queries: the allowed rows are gathered, searched under the certificate of
//! `annatomy-knn` for one neighbor more, and the query itself is taken out; cost as that search.
//! A mask per query: all its allowed rows in float64, O(allowed·d) a query.

use super::Allowed;
use annatomy_knn::{ExactError, NeighborTable, Queries, exact_knn};
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId};
use rayon::prelude::*;

/// Why there are no exact neighbors among the allowed rows.
#[derive(Debug, thiserror::Error)]
pub enum AllowedError {
    /// Fewer rows are allowed than neighbors are wanted.
    #[error(
        "query {query} may be answered with {available} rows: k = {k} neighbors are more than that"
    )]
    TooFew {
        /// The first such query, by its place among those measured.
        query: usize,
        /// Rows that may be its neighbors, itself left out.
        available: usize,
        /// Neighbors wanted.
        k: usize,
    },
    /// Of the search for exact neighbors.
    #[error(transparent)]
    Exact(#[from] ExactError),
}

/// The `k` exact neighbors of every query among its allowed rows, true distances, ties by id.
///
/// Under cosine all rows have unit length.
///
/// # Errors
/// If a query has fewer than k rows that may be its neighbors.
pub fn exact_among(
    base: MatrixView<'_>,
    queries: Queries<'_>,
    allowed: &Allowed,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<NeighborTable, AllowedError> {
    for query in 0..queries.count() {
        let own = queries.own_id(query);
        let holds_own = own.is_some_and(|own| allowed.holds(query, own));
        let available = allowed.count(query) - usize::from(holds_own);
        if k > available {
            return Err(AllowedError::TooFew {
                query,
                available,
                k,
            });
        }
    }
    if allowed.is_shared() {
        return among_shared(base, queries, allowed, k, metric, budget_bytes);
    }
    Ok(among_each(base, queries, allowed, k, metric))
}

fn among_shared(
    base: MatrixView<'_>,
    queries: Queries<'_>,
    allowed: &Allowed,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<NeighborTable, AllowedError> {
    let ids: Vec<usize> = allowed.of(0).map(|row| row as usize).collect();
    let rows = base.select(&ids);
    let vectors: Vec<f32> = (0..queries.count())
        .flat_map(|query| queries.row(query).iter().copied())
        .collect();
    let vectors = Matrix::new(queries.count(), base.columns(), vectors).expect("whole rows");
    let deeper = (k + usize::from(queries.are_base_rows())).min(ids.len());
    let held_out = Queries::HeldOut(vectors.view());
    let table = exact_knn(&rows.view(), held_out, deeper, metric, budget_bytes)?;
    let (mut found, mut distances) = (Vec::new(), Vec::new());
    for query in 0..queries.count() {
        let own = queries.own_id(query);
        let slots = table
            .ids(query)
            .iter()
            .flatten()
            .zip(table.distances(query));
        let named = slots.map(|(place, &distance)| (ids[place.index()] as u32, distance));
        let others = named.filter(|&(id, _)| Some(id) != own);
        for (id, distance) in others.take(k) {
            found.push(Some(PointId(id)));
            distances.push(distance);
        }
    }
    Ok(NeighborTable::new(k, found, distances))
}

fn among_each(
    base: MatrixView<'_>,
    queries: Queries<'_>,
    allowed: &Allowed,
    k: usize,
    metric: Metric,
) -> NeighborTable {
    let nearest = |query: usize| {
        annatomy_runtime::check();
        let (own, vector) = (queries.own_id(query), queries.row(query));
        let others = allowed.of(query).filter(|&row| Some(row) != own);
        let reduced = |row: u32| metric.reduced_distance_f64(vector, base.row(row as usize));
        let mut all: Vec<(f64, u32)> = others.map(|row| (reduced(row), row)).collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if k < all.len() {
            all.select_nth_unstable_by(k - 1, order);
            all.truncate(k);
        }
        all.sort_unstable_by(order);
        all
    };
    let lists: Vec<Vec<(f64, u32)>> = (0..queries.count())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map(nearest)
        .collect();
    let slots = || lists.iter().flatten();
    let ids = slots().map(|&(_, row)| Some(PointId(row))).collect();
    let distance = |&(reduced, _): &(f64, u32)| metric.true_distance_f64(reduced) as f32;
    NeighborTable::new(k, ids, slots().map(distance).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{brute_force, noise, unit_noise};

    const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

    fn check(rows: &Matrix, metric: Metric, allowed: &Allowed, numbers: &[usize], k: usize) {
        let queries = Queries::SomeRows(rows.view(), numbers);
        let found = exact_among(rows.view(), queries, allowed, k, metric, 1 << 24).expect("enough");
        for (query, &row) in numbers.iter().enumerate() {
            let exact = brute_force(rows.view(), metric, row);
            let exact = exact
                .into_iter()
                .filter(|&(_, id)| allowed.holds(query, id));
            let expected: Vec<u32> = exact.map(|(_, id)| id).take(k).collect();
            let ids: Vec<u32> = found.ids(query).iter().flatten().map(|id| id.0).collect();
            assert_eq!(ids, expected, "{metric}, query {query}");
        }
    }

    #[test]
    fn neighbors_are_those_of_a_filtered_brute_force() {
        for metric in METRICS {
            let rows = match metric {
                Metric::Cosine => unit_noise(90, 7, 3),
                _ => noise(90, 7, 3),
            };
            let numbers = [0, 4, 41, 89];
            for step in [2, 7] {
                let shared: Vec<u32> = (0..90).step_by(step).collect();
                let shared = Allowed::new(90, 4, &[shared]).expect("rows");
                check(&rows, metric, &shared, &numbers, 5);
            }
            let own = [3, 5, 2, 8].map(|step| (0..90).step_by(step).collect::<Vec<u32>>());
            let own = Allowed::new(90, 4, &own).expect("rows");
            check(&rows, metric, &own, &numbers, 6);
        }
    }

    #[test]
    fn fewer_rows_than_neighbors_are_an_error_with_the_numbers() {
        let rows = noise(20, 3, 1);
        let allowed = Allowed::new(20, 20, &[[2, 3, 9]]).expect("rows");
        let queries = Queries::AllRows(rows.view());
        let found = exact_among(rows.view(), queries, &allowed, 3, Metric::L2, 1 << 20);
        let error = found.expect_err("row 2 has two others").to_string();
        assert!(
            error.contains("query 2") && error.contains("2 rows"),
            "{error}"
        );
    }
}
