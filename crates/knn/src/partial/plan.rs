//! What a search by several nodes takes, before any of it is run: hours, memory and bytes of each node.
//!
//! Enters: a file of base rows, the queries, k. Leaves: a [`PartialPlan`]. A few of the queries are searched in one block
//! of the rows, on this machine, and four times as many: what a block takes whatever the queries, and what each query adds, give a
//! node's time. Memory is counted from sizes, at most:
//!
//! | part | bytes |
//! |---|---|
//! | a block of b rows, and its SQ8 codes | 5bd |
//! | q queries, packed and as codes too | 9qd |
//! | candidates of one block | 16q(k + 97) |
//! | lists of k ids and distances, those of a block, and those being written | 40qk |
//! | the program and its buffers | 32 MiB |
//!
//! Cost: reading one block, and about a second of search. Does not: know a node's disk, processor or network; where
//! they are not this machine's, hours scale with their rate.

use super::{
    FileSearchError, PartialError, PartialQueries, PartialRequest, PartialSearch, valid_rows,
};
use crate::exact::ExactError;
use annatomy_formats::RowRanges;
use annatomy_vectors::MatrixView;
use std::time::Instant;

/// Products of a trial: about a second on two cores.
const TRIAL_PRODUCTS: u128 = 1 << 36;
/// Fewer queries say nothing of many: the rows are read from memory again for each few.
const LEAST_QUERIES: usize = 256;
/// The smaller trial has this part of the queries.
const SMALLER: usize = 4;
/// What a query adds is at least this part of the mean, whatever noise says.
const LEAST_PART: f64 = 0.25;
/// Of the program and its buffers.
const PROGRAM_BYTES: u64 = 32 << 20;

/// The sizes of a search, and what one block of it took here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartialPlan {
    /// Base rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Queries.
    pub queries: usize,
    /// Neighbors of each.
    pub k: usize,
    /// Rows of the block that was searched.
    pub tried_rows: usize,
    /// Queries that were searched for.
    pub tried_queries: usize,
    /// Seconds of reading the block.
    pub read_seconds: f64,
    /// Seconds of the search.
    pub search_seconds: f64,
    /// Of them, what more queries do not take again.
    pub fixed_seconds: f64,
}

/// What one of the nodes takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeCost {
    /// Its base rows, at most.
    pub rows: usize,
    /// Seconds of its search, reading included.
    pub seconds: f64,
    /// Bytes of memory, at most.
    pub memory_bytes: u64,
    /// Bytes of its partial.
    pub partial_bytes: u64,
}

impl PartialPlan {
    /// Tries a block of `file`.
    ///
    /// # Errors
    /// If the rows cannot be read, have no distance under the metric, or cannot be searched.
    pub fn of_file(
        file: &RowRanges,
        request: &PartialRequest<'_>,
    ) -> Result<Self, FileSearchError> {
        let all = request.queries.rows();
        let (rows, columns, k) = (file.rows(), file.columns(), request.k);
        if all.columns() != columns {
            let queries = all.columns();
            return Err(PartialError::from(ExactError::Columns {
                queries,
                base: columns,
            })
            .into());
        }
        let available = rows - usize::from(request.queries.are_base_rows()).min(rows);
        if k == 0 || k > available {
            return Err(PartialError::from(ExactError::TooManyNeighbors { k, available }).into());
        }
        let tried_rows = PartialSearch::block_rows(columns, k).min(rows);
        let begin = Instant::now();
        let block = valid_rows(file, 0..tried_rows, request.metric)?;
        let read_seconds = begin.elapsed().as_secs_f64();
        let tried_queries = tried_queries(all, tried_rows);
        let search = |queries: usize| -> Result<f64, PartialError> {
            let held_out = PartialQueries::HeldOut(all.row_range(0..queries));
            let begin = Instant::now();
            let rows = 0..tried_rows as u64;
            let mut search = PartialSearch::new(held_out, k, request.metric, rows, None)?;
            search.add(block.view(), request.budget_bytes)?;
            Ok(begin.elapsed().as_secs_f64())
        };
        let fewer = (tried_queries / SMALLER).max(1);
        let (few, search_seconds) = (search(fewer)?, search(tried_queries)?);
        Ok(Self {
            rows,
            columns,
            queries: all.rows(),
            k,
            tried_rows,
            tried_queries,
            read_seconds,
            search_seconds,
            fixed_seconds: fixed((fewer, few), (tried_queries, search_seconds)),
        })
    }

    /// What each of `nodes` takes; `None` for no nodes, and for more than there are rows.
    pub fn node(&self, nodes: usize) -> Option<NodeCost> {
        if nodes == 0 || nodes > self.rows {
            return None;
        }
        let rows = self.rows.div_ceil(nodes);
        // A partial has no more slots than there are rows.
        let width = self.k.min(rows);
        let blocks = rows as f64 / self.tried_rows as f64;
        let times = self.queries as f64 / self.tried_queries.max(1) as f64;
        let adds = times * (self.search_seconds - self.fixed_seconds);
        let [q, d, k] = [self.queries, self.columns, width].map(|size| size as u128);
        let block = self.tried_rows.min(rows) as u128;
        let candidates = q.saturating_mul(16 * (k + 97) + 40 * k);
        let rows_and_queries = (5 * d).saturating_mul(block) + (9 * d).saturating_mul(q);
        let memory = rows_and_queries.saturating_add(candidates);
        let bytes = |size: u128| u64::try_from(size).unwrap_or(u64::MAX);
        Some(NodeCost {
            rows,
            seconds: blocks * (self.read_seconds + self.fixed_seconds + adds),
            memory_bytes: bytes(memory).saturating_add(PROGRAM_BYTES),
            partial_bytes: bytes(q.saturating_mul(12 * k)),
        })
    }
}

/// What a block takes whatever the queries: the line through two trials at no queries.
fn fixed((fewer, few): (usize, f64), (more, many): (usize, f64)) -> f64 {
    if more <= fewer {
        return 0.0;
    }
    let a_query = (many - few) / (more - fewer) as f64;
    let mean = many / more as f64;
    many - more as f64 * a_query.clamp(LEAST_PART * mean, mean)
}

/// Queries that take about a second, and not too few.
fn tried_queries(all: MatrixView<'_>, rows: usize) -> usize {
    let a_query = (rows as u128 * all.columns() as u128).max(1);
    let affordable = usize::try_from(TRIAL_PRODUCTS / a_query).unwrap_or(usize::MAX);
    affordable.max(LEAST_QUERIES).min(all.rows())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: PartialPlan = PartialPlan {
        rows: 1_000_001,
        columns: 128,
        queries: 10_000,
        k: 100,
        tried_rows: 200_000,
        tried_queries: 500,
        read_seconds: 0.25,
        search_seconds: 0.5,
        fixed_seconds: 0.1,
    };

    #[test]
    fn what_more_queries_do_not_take_again_is_read_off_two_trials() {
        let near = |found: f64, right: f64| assert!((found - right).abs() < 1e-12, "{found}");
        near(fixed((100, 0.2), (400, 0.5)), 0.1);
        near(fixed((100, 0.6), (400, 0.5)), 0.375);
        near(fixed((100, 0.05), (400, 0.5)), 0.0);
        near(fixed((1, 0.5), (1, 0.5)), 0.0);
    }

    #[test]
    fn a_node_takes_its_share_of_the_rows_and_all_queries() {
        let node = |nodes| PLAN.node(nodes).expect("no more nodes than rows");
        let (one, four) = (node(1), node(4));
        assert_eq!((PLAN.node(0), PLAN.node(1_000_002)), (None, None));
        assert_eq!((one.rows, four.rows), (1_000_001, 250_001));
        let blocks = 1_000_001.0 / 200_000.0;
        assert!((one.seconds - blocks * (0.25 + 0.1 + 20.0 * 0.4)).abs() < 1e-9);
        assert!((four.seconds - one.seconds / 4.0).abs() < 1e-3);
        assert_eq!(one.partial_bytes, 12_000_000);
        assert_eq!(one.memory_bytes, four.memory_bytes, "a block at a time");
        assert!(
            node(10).memory_bytes < four.memory_bytes,
            "less than a block"
        );
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let plan = PartialPlan {
            queries: usize::MAX >> 20,
            k: 1 << 20,
            ..PLAN
        };
        assert!(
            plan.node(1)
                .is_some_and(|node| node.partial_bytes > 1 << 40)
        );
    }
}
