//! Why answers cannot be measured.

/// Why answers cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum FidelityError {
    /// Distances that may be negative have no geometry.
    #[error("metric ip has no geometry to measure (distances may be negative): use l2 or cosine")]
    NoGeometry,
    /// Rows or queries from which no distance can be taken.
    #[error("{what}: {source}")]
    Values {
        /// `rows` or `queries`.
        what: &'static str,
        /// What is wrong with them.
        source: annatomy_vectors::validate::ValidationError,
    },
    /// The queries' length.
    #[error("queries have {queries} columns and the rows have {rows}")]
    Columns {
        /// Columns of the queries.
        queries: usize,
        /// Columns of the rows.
        rows: usize,
    },
    /// A table with another number of rows than there are queries.
    #[error("the {table} table has {rows} rows for {queries} queries")]
    Rows {
        /// `exact` or `returned`.
        table: &'static str,
        /// Its rows.
        rows: usize,
        /// Queries.
        queries: usize,
    },
    /// An exact neighbor that is no row.
    #[error("the {table} table holds id {id} in row {row}: ids lie between 0 and {last}")]
    Id {
        /// `exact`.
        table: &'static str,
        /// The table's row.
        row: usize,
        /// The id.
        id: i64,
        /// The largest id.
        last: i64,
    },
    /// An exact list with the same id twice.
    #[error("row {row} of the exact table holds an id twice")]
    Repeated {
        /// The table's row.
        row: usize,
    },
    /// Exact lists shorter than k.
    #[error(
        "k = {k}, but row {row} of the exact table holds {available} neighbors, the query itself left out"
    )]
    TooFew {
        /// Neighbors asked for.
        k: usize,
        /// The table's row.
        row: usize,
        /// Neighbors it holds.
        available: usize,
    },
    /// Neighbor counts must rise from 1.
    #[error("ks must ascend from at least 1, without repeats")]
    Order,
    /// Trustworthiness is defined for less than half the rows.
    #[error("k = {k} of {rows} rows: trustworthiness needs k between 1 and below half the rows")]
    HalfTheRows {
        /// Neighbors asked for.
        k: usize,
        /// Rows.
        rows: usize,
    },
}
