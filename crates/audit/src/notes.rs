//! What a reader should know of how things were taken, as plain data.

use super::distance_kind::DistanceKind;
use serde::Serialize;

/// What a reader should know of how things were taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// The answers' file says that they were searched under another metric.
    RunOfOtherMetric {
        /// The metric of the run.
        run: String,
        /// The metric of the audit.
        metric: String,
    },
    /// The distances given are of another metric.
    DistancesOfOtherMetric {
        /// What they are.
        kind: DistanceKind,
        /// The metric that orders neighbors so.
        theirs: String,
        /// The metric of the audit.
        metric: String,
    },
    /// An index over unit rows compares inner products: cosine.
    InnerProductOfUnitRows,
    /// The index file does not say its metric, and L2 was taken.
    MetricNotSaved,
    /// The index file does not say its metric, its rows have unit length, and cosine was taken.
    UnitRows,
    /// The index was saved without its vectors: the file of vectors is used.
    IndexWithoutVectors,
    /// The index file goes on after the index, as OpenSearch's files do.
    BytesAfterIndex {
        /// The file.
        path: String,
        /// Bytes that are not read.
        bytes: u64,
    },
    /// Trailing axes of length 1 of a file's array were dropped.
    SingletonAxes {
        /// The file.
        path: String,
        /// How many.
        axes: usize,
    },
    /// The index holds rows that are marked deleted: searched through, never returned.
    DeletedRows {
        /// How many.
        rows: usize,
    },
    /// Neighbor counts for which the answers have too few slots.
    BeyondSlots {
        /// Those left out.
        ks: Vec<usize>,
        /// Slots per query, besides the query itself.
        slots: usize,
    },
    /// VECTORS were not given, and the index keeps codes alone: its decoded rows are the base.
    DecodedRows {
        /// How rows are kept.
        codes: String,
    },
    /// The index scales rows and queries to unit length: cosine.
    NormalizedByIndex,
    /// The queue of many queries ends among rows of equal distance: which of them it holds is up to the
    /// engine, and it can find less than is read from traces at this effort.
    TiedAtEnd {
        /// Whether the queue of the graph's engine was followed at the efforts asked for and advised; then only
        /// curves and required efs are read from traces.
        is_followed: bool,
        /// Effort.
        ef: usize,
        /// How many queries.
        queries: u64,
        /// Of how many.
        of: usize,
        /// The mean number of rows of equal distance that the longest search recorded for them visits.
        rows: f64,
    },
    /// The answers name rows by a column of the base's file.
    NamedByColumn {
        /// The column.
        column: String,
    },
}

impl Note {
    /// Whether it contradicts the audit's own premises: then it comes before everything else.
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::RunOfOtherMetric { .. } | Self::DistancesOfOtherMetric { .. }
        )
    }
}
