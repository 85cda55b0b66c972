//! Why an index cannot be built or asked.

/// Why an index cannot be built or asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Rows or queries from which no distance can be taken.
    #[error("{what}: {source}")]
    Values {
        /// `rows` or `queries`.
        what: &'static str,
        /// What is wrong with them.
        source: annatomy_vectors::validate::ValidationError,
    },
    /// The rows are not those the graph was built from.
    #[error(
        "{rows} rows of {columns} columns are not the {expected_rows} of {expected_columns} that the index was built from"
    )]
    OtherRows {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
        /// Rows of the index.
        expected_rows: usize,
        /// Columns of the index.
        expected_columns: usize,
    },
    /// The rows are not those that the engine was given.
    #[error(
        "row {row} of X is not row {row} of the index: column {column} is {found} and {expected}"
    )]
    OtherValues {
        /// The first row found to differ.
        row: usize,
        /// The first column of it.
        column: usize,
        /// In the rows given.
        found: f32,
        /// In the index.
        expected: f32,
    },
    /// Graphs that are no segments of one collection.
    #[error(
        "segment {segment} has {columns} columns under {metric}, and the first {expected_columns} under {expected_metric}: graphs built here, of one width and metric, are joined"
    )]
    Segment {
        /// Its number, from 0.
        segment: usize,
        /// Its columns.
        columns: usize,
        /// Its metric.
        metric: annatomy_vectors::Metric,
        /// Columns of the first.
        expected_columns: usize,
        /// Metric of the first.
        expected_metric: annatomy_vectors::Metric,
    },
    /// Segments with more rows or links than 32 bits number.
    #[error(transparent)]
    TooLarge(#[from] annatomy_hnsw::TooManyLinks),
    /// The index was built for something else.
    #[error("metric {asked}, but the index was built for {built}")]
    Metric {
        /// The metric asked for.
        asked: annatomy_vectors::Metric,
        /// The one that the index says.
        built: annatomy_vectors::Metric,
    },
    /// More neighbors or queries than fit.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
    /// The queries' length.
    #[error("queries have {queries} columns and the index has {index}")]
    Columns {
        /// Columns of the queries.
        queries: usize,
        /// Columns of the index.
        index: usize,
    },
    /// A list of efs or ks is empty, not ascending, or holds a 0.
    #[error(transparent)]
    Grid(#[from] crate::surface::GridError),
    /// Bytes that no index was written as.
    #[error("no index in these bytes")]
    Bytes,
    /// Those of a graph.
    #[error(transparent)]
    Graph(#[from] annatomy_hnsw::GraphBytesError),
    /// Queries that there are not.
    #[error("queries {start}:{end} out of {count}")]
    Part {
        /// The first.
        start: usize,
        /// The end.
        end: usize,
        /// How many there are.
        count: usize,
    },
    /// More neighbors than there are other rows, or none.
    #[error("k = {k} neighbors out of {available} rows: k must be between 1 and {available}")]
    Neighbors {
        /// Neighbors asked for.
        k: usize,
        /// Rows that can be neighbors.
        available: usize,
    },
    /// A search of no effort.
    #[error("ef = 0: a search needs ef of at least 1")]
    Effort,
    /// An engine that refuses was asked for more than ef.
    #[error("k = {k} exceeds ef = {ef}: an engine of class refuse answers with an error")]
    Refused {
        /// Neighbors asked for.
        k: usize,
        /// Search effort.
        ef: usize,
    },
    /// The graph.
    #[error(transparent)]
    Build(#[from] annatomy_hnsw::BuildError),
    /// Exact neighbors.
    #[error(transparent)]
    Exact(#[from] annatomy_knn::ExactError),
    /// The table of all pairs.
    #[error(transparent)]
    Table(#[from] annatomy_knn::TableError),
}
