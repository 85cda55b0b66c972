//! The queries: held-out rows, base rows, or a sample of either.

use super::Base;
use annatomy_vectors::{MatrixView, Rows};

/// The queries that are measured.
#[derive(Debug)]
pub struct QueryRows<'d> {
    /// Held-out queries, one row per entry of `numbers`; `None` where queries are base rows.
    pub held_out: Option<Rows<'d>>,
    /// Their numbers in their file, or the base rows that are queries; ascending.
    pub numbers: Vec<usize>,
    /// Number of queries before sampling.
    pub population: usize,
}

impl<'d> QueryRows<'d> {
    /// The base rows `numbers` of `population` rows, each excluded from its own neighbors by id.
    pub fn base_rows(numbers: Vec<usize>, population: usize) -> Self {
        Self {
            held_out: None,
            numbers,
            population,
        }
    }

    /// The held-out queries `rows`, rows `numbers` of a file of `population`.
    pub fn held_out(rows: Rows<'d>, numbers: Vec<usize>, population: usize) -> Self {
        Self {
            held_out: Some(rows),
            numbers,
            population,
        }
    }

    /// Number of queries that are measured.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Whether queries are base rows.
    pub fn are_base_rows(&self) -> bool {
        self.held_out.is_none()
    }

    /// The held-out queries, if they are.
    pub fn held_out_rows(&self) -> Option<MatrixView<'_>> {
        self.held_out.as_ref().map(Rows::view)
    }

    /// The base row that query number `query` is, if any.
    pub fn own_id(&self, query: usize) -> Option<u32> {
        self.are_base_rows().then(|| self.numbers[query] as u32)
    }

    /// The vector of query number `query`; `base` is the base of the same data set.
    pub fn row<'r>(&'r self, base: &'r Base<'_>, query: usize) -> &'r [f32] {
        match (&self.held_out, base) {
            (Some(rows), _) => rows.view().row(query),
            (None, Base::InMemory(base)) => base.view().row(self.numbers[query]),
            (None, Base::Streamed { drawn, .. }) => drawn.row(query),
        }
    }
}
