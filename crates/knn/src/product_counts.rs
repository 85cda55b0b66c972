//! By which products exact neighbors were found, and how many pairs of rows had one in float32.
//!
//! Enters: from each task of a search, its pairs. Leaves: a line for the command. Cost: two additions a task.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one search. Where threads race for a threshold a few pairs more or less are evaluated, so two runs
/// count nearly and not exactly the same.
#[derive(Debug, Default)]
pub struct ProductCounts {
    queries: AtomicU64,
    pairs: AtomicU64,
    evaluated: AtomicU64,
    bounded_by: OnceLock<&'static str>,
}

impl ProductCounts {
    pub(crate) fn count_queries(&self, queries: usize) {
        self.queries.fetch_add(queries as u64, Ordering::Relaxed);
    }

    /// Pairs, and those of them that had a float32 product.
    pub(crate) fn count(&self, pairs: usize, evaluated: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
        self.evaluated
            .fetch_add(evaluated as u64, Ordering::Relaxed);
    }

    /// Other pairs had an integer product by the kernels of this name.
    pub(crate) fn bounded_by(&self, kernels: &'static str) {
        self.bounded_by.get_or_init(|| kernels);
    }

    /// The integer kernels that bounded the other pairs; `None` where all had a float32 product.
    pub fn integer_kernels(&self) -> Option<&'static str> {
        self.bounded_by.get().copied()
    }

    /// Rows that a query was compared with, and those of them that were evaluated in float32, in the mean.
    pub fn rows_per_query(&self) -> (f64, f64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let queries = of(&self.queries).max(1.0);
        (of(&self.pairs) / queries, of(&self.evaluated) / queries)
    }
}

/// `int8 (avx512-vnni); 895 of 10000 rows a query evaluated`, or `float32`.
impl fmt::Display for ProductCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, evaluated) = self.rows_per_query();
        match self.integer_kernels() {
            Some(name) => write!(
                formatter,
                "int8 ({name}); {evaluated:.0} of {rows:.0} rows a query evaluated"
            ),
            None => write!(formatter, "float32"),
        }
    }
}
