//! Barycenter shifts of a block of queries: begin, add lists and answers, finish.
//!
//! Enters: per query, exact neighbors and returned lists. Leaves: one shift per list, k and
//! convention. Vectors are read once, in [`BarycenterShifts::finish`], for the whole block.

use super::accumulate::squared_norms;
use super::answer_difference::AnswerDifference;
use super::changes::Start;
use super::column_blocks::ColumnBlocks;
use super::direct_difference::DirectDifference;
use super::list_difference::ListDifference;
use super::query_shifts::{Cell, Convention, ListAtK, QueryShifts};
use crate::lists::{Answer, ReturnedRows, VisitedList};

/// One returned list that serves several k.
#[derive(Clone, Copy, Debug)]
pub struct ListShifts<'l> {
    /// Neighbor counts, ascending.
    pub ks: &'l [usize],
    /// The list, with ids and ranks; its first k rows are the answer at k.
    pub returned: &'l ReturnedRows,
    /// The cell of the first k; the others follow it.
    pub first_cell: Cell,
    /// In which conventions shifts are wanted.
    pub conventions: &'l [Convention],
}

/// One answer that serves one k.
#[derive(Clone, Copy, Debug)]
pub struct AnswerShift<'l> {
    /// Neighbor count.
    pub k: usize,
    /// The list that the answer was read from.
    pub visited: &'l VisitedList,
    /// The answer.
    pub answer: &'l Answer,
    /// Its cell; the cells of one condition come in order of k.
    pub cell: Cell,
    /// In which conventions shifts are wanted.
    pub conventions: &'l [Convention],
}

/// The barycenter shifts of a block of queries; reused from block to block.
///
/// [`begin_block`](Self::begin_block), then for each query [`begin_query`](Self::begin_query) and
/// its lists, then [`finish`](Self::finish).
#[derive(Debug, Default)]
pub struct BarycenterShifts {
    queries: Vec<QueryShifts>,
    /// How many queries of the block have begun.
    begun: usize,
    list: ListDifference,
    answer: AnswerDifference,
    direct: DirectDifference,
}

impl BarycenterShifts {
    /// Begins a block of queries.
    pub fn begin_block(&mut self) {
        self.begun = 0;
    }

    /// Begins the next query of the block: its exact neighbors, nearest first, and their mean
    /// squared distance at each k, by which published shifts are divided.
    pub fn begin_query(&mut self, ks: &[usize], exact: &[u32], exact_means: &[f32]) {
        if self.begun == self.queries.len() {
            self.queries.push(QueryShifts::default());
        }
        self.queries[self.begun].begin(ks, exact, exact_means);
        self.begun += 1;
    }

    /// Adds the shifts of one returned list that serves several k.
    ///
    /// # Panics
    /// If no query has begun.
    pub fn add_list(&mut self, list: &ListShifts<'_>) {
        let query = &mut self.queries[self.begun - 1];
        let difference = &mut self.list;
        difference.restart();
        for (offset, &k) in list.ks.iter().enumerate() {
            difference.advance(query.exact(), list.returned, k);
            let filled = list.returned.len().min(k);
            let at_k = ListAtK {
                cell: list.first_cell.after(offset),
                k,
                filled,
                is_exact: difference.is_exact_prefix() && filled == k,
            };
            let start = match offset {
                0 => Start::Restart,
                _ => Start::Continue,
            };
            query.add(at_k, difference.changes(start), list.conventions);
        }
    }

    /// Adds the shift of an answer that serves one k.
    ///
    /// # Panics
    /// If no query has begun.
    pub fn add_answer(&mut self, answer: &AnswerShift<'_>) {
        let difference = &mut self.answer;
        if answer.cell.k_index == 0 {
            difference.restart();
        }
        if answer.conventions.is_empty() {
            return;
        }
        let query = &mut self.queries[self.begun - 1];
        let (k, filled) = (answer.k, answer.answer.returned.len());
        difference.advance(query.exact(), answer.visited, answer.answer);
        let at_k = ListAtK {
            cell: answer.cell,
            k,
            filled,
            is_exact: difference.is_exact_prefix() && filled >= k,
        };
        query.add(at_k, difference.changes(), answer.conventions);
    }

    /// Adds the shift, 0, of an answer that is the `k` exact neighbors.
    ///
    /// # Panics
    /// If no query has begun.
    pub fn add_exact_answer(&mut self, k: usize, cell: Cell, conventions: &[Convention]) {
        self.answer.assign_exact_prefix(k);
        let at_k = ListAtK {
            cell,
            k,
            filled: k,
            is_exact: true,
        };
        self.queries[self.begun - 1].add(at_k, self.answer.changes(), conventions);
    }

    /// Adds the shifts of a list from exact neighbors other than the query's own; the list's ranks
    /// are those in `exact`.
    ///
    /// # Panics
    /// If no query has begun.
    pub fn add_list_against(&mut self, exact: &[u32], list: &ListShifts<'_>) {
        let query = &mut self.queries[self.begun - 1];
        let difference = &mut self.direct;
        for (offset, &k) in list.ks.iter().enumerate() {
            difference.compare(exact, list.returned, k);
            let at_k = ListAtK {
                cell: list.first_cell.after(offset),
                k,
                filled: list.returned.len().min(k),
                is_exact: difference.is_empty(),
            };
            query.add(at_k, difference.changes(), list.conventions);
        }
    }

    /// Computes the norms of the block and reports every shift: the query's number in the block,
    /// cell, convention, shift; NaN where it is not defined.
    pub fn finish(
        &mut self,
        ks: &[usize],
        columns: &ColumnBlocks,
        mut report: impl FnMut(usize, Cell, Convention, f64),
    ) {
        let queries = &mut self.queries[..self.begun];
        squared_norms(queries.iter_mut().map(|query| &mut query.sums), columns);
        for (number, query) in queries.iter().enumerate() {
            query.report(ks, columns, |cell, convention, shift| {
                report(number, cell, convention, shift);
            });
        }
    }
}
