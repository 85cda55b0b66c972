//! Exact neighbors where rows repeat: the search runs over distinct rows, and each is then replaced
//! by the rows equal to it, ascending by id.
//!
//! Enters: rows of which some occur more often than a top-k buffer has margin for (blank pictures,
//! empty texts). Leaves: the same ids as a search over all rows, which would end in a full scan for
//! every query that has such a row at its k-th distance.
//!
//! Of the k nearest rows none is outside the k nearest distinct ones: each distinct row before it
//! brings at least one row. Cost: that of the distinct rows, and their copy.

use crate::queries::Queries;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId};

/// The rows of a base, grouped by value.
pub(crate) struct DistinctRows {
    rows: Matrix,
    /// For every row of the base its number among the distinct rows.
    distinct_of: Vec<u32>,
    /// Start of each group in `members`, and the end of the last.
    starts: Vec<usize>,
    /// Ids of equal rows, ascending.
    members: Vec<u32>,
}

impl DistinctRows {
    /// Groups `rows`; `representatives` names for each the first row equal to it.
    pub(crate) fn new(rows: MatrixView<'_>, representatives: &[u32]) -> Self {
        let mut firsts: Vec<usize> = Vec::new();
        let mut distinct_of = vec![0; rows.rows()];
        for (row, &first) in representatives.iter().enumerate() {
            if first as usize == row {
                distinct_of[row] = firsts.len() as u32;
                firsts.push(row);
            } else {
                distinct_of[row] = distinct_of[first as usize];
            }
        }
        let mut starts = vec![0; firsts.len() + 1];
        for &group in &distinct_of {
            starts[group as usize + 1] += 1;
        }
        for group in 0..firsts.len() {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut members = vec![0; rows.rows()];
        for (row, &group) in (0..).zip(&distinct_of) {
            members[next[group as usize]] = row;
            next[group as usize] += 1;
        }
        Self {
            rows: rows.select(&firsts),
            distinct_of,
            starts,
            members,
        }
    }

    /// Number of distinct rows.
    pub(crate) fn count(&self) -> usize {
        self.rows.rows()
    }

    /// The distinct rows.
    pub(crate) fn view(&self) -> MatrixView<'_> {
        self.rows.view()
    }

    fn members(&self, group: u32) -> &[u32] {
        &self.members[self.starts[group as usize]..self.starts[group as usize + 1]]
    }

    /// The distinct rows among some rows of the base, ascending, and for each row its place there.
    pub(crate) fn distinct_queries(&self, ids: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut distinct: Vec<usize> = ids
            .iter()
            .map(|&id| self.distinct_of[id] as usize)
            .collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place =
            |&id: &usize| distinct.partition_point(|&row| row < self.distinct_of[id] as usize);
        let places = ids.iter().map(place).collect();
        (distinct, places)
    }

    /// The `k` nearest rows of one query, from its nearest distinct rows with their distances; a
    /// query that is a row is not among those and not among its own neighbors.
    pub(crate) fn expand(
        &self,
        queries: &Queries<'_>,
        query: usize,
        k: usize,
        metric: Metric,
        mut nearest: Vec<(u32, f32)>,
    ) -> Vec<(u32, f32)> {
        let (vector, own) = (queries.row(query), queries.own_id(query));
        let exact = |group: u32| metric.reduced_distance_f64(vector, self.rows.row(group as usize));
        if let Some(own) = own {
            let group = self.distinct_of[own as usize];
            let reduced = exact(group);
            let distance = metric.true_distance(reduced as f32);
            let place = nearest.partition_point(|&(other, other_distance)| {
                other_distance < distance
                    || other_distance == distance && (exact(other), other) < (reduced, group)
            });
            nearest.insert(place, (group, distance));
        }
        let mut found: Vec<(u32, f32)> = Vec::with_capacity(k + 1);
        let mut tied: Vec<(f64, u32)> = Vec::new();
        for equal in nearest.chunk_by(|a, b| a.1 == b.1) {
            tied.clear();
            for &(group, _) in equal {
                // One group needs no order but that of its ids.
                let value = if equal.len() > 1 { exact(group) } else { 0.0 };
                tied.extend(self.members(group).iter().map(|&id| (value, id)));
            }
            if equal.len() > 1 {
                tied.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            }
            for &(_, id) in &tied {
                if Some(id) != own {
                    found.push((id, equal[0].1));
                }
            }
            if found.len() >= k {
                break;
            }
        }
        found.truncate(k);
        found
    }
}

/// The neighbors of all queries as one table, row after row.
pub(crate) fn expand_all<I: From<PointId>>(
    distinct: &DistinctRows,
    queries: &Queries<'_>,
    (k, metric): (usize, Metric),
    place_of: impl Fn(usize) -> usize,
    (per_query, ids, distances): (usize, &[u32], &[f32]),
) -> (Vec<I>, Vec<f32>) {
    let count = queries.count();
    let (mut all_ids, mut all_distances) =
        (Vec::with_capacity(count * k), Vec::with_capacity(count * k));
    for query in 0..count {
        annatomy_runtime::check();
        let range = place_of(query) * per_query..(place_of(query) + 1) * per_query;
        let nearest = ids[range.clone()]
            .iter()
            .copied()
            .zip(distances[range].iter().copied())
            .collect();
        for (id, distance) in distinct.expand(queries, query, k, metric, nearest) {
            all_ids.push(PointId(id).into());
            all_distances.push(distance);
        }
    }
    (all_ids, all_distances)
}
