//! What a study costs in memory and rows, computed from its settings before any work.
//!
//! Bytes of the parts that are alive together; 1.20 GB for a run of 10,000 × 2,048 under the default
//! settings, where 1.18 GB were measured:
//!
//! | part | bytes |
//! |---|---|
//! | rows, and again in blocks of columns | 2 · 4nd |
//! | tables of all pairs, where they fit the budget | about 6n² |
//! | otherwise queries, candidates and SQ8 codes | 4qd + 16q(k + 64) + nd |
//! | graphs, under construction and finished | 2 · 4n(3M + 4) each |
//! | figures of each query at each condition and k | 44 each |
//! | sums of a block of 64 queries | 304 for each condition and k |
//! | codes of the study of methods: as made, decoded, and in between | 3 · 4nd |
//! | results: figures, tables, summary | 1 KiB a row, 8 KiB a condition and k |
//! | the program and its buffers | 32 MiB |

use crate::plan::Plan;
use crate::results::{Settings, StudyKind};
use annatomy_runtime::{available_in_words, available_memory, bytes_in_words};

/// Of one query at one condition and k: its overlap and its figures in published conventions.
const QUERY_CELL_BYTES: u128 = 44;
/// Of one block of queries at one condition and k.
const BLOCK_CELL_BYTES: u128 = 304;
const BLOCK_QUERIES: u128 = 64;
/// Of one row of results, with its lines in `measurements.csv` and `metrics.json`.
const RESULT_ROW_BYTES: u128 = 1 << 10;
/// Of one condition and k in `summary.json` and in the report.
const SUMMARY_CELL_BYTES: u128 = 8 << 10;
/// Of the program and its buffers.
const PROGRAM_BYTES: u128 = 32 << 20;
/// Candidates that the exact search keeps beyond k.
const CANDIDATE_MARGIN: u128 = 64;
/// Copies of the rows that codes take: as made, decoded, and while they are decoded.
const CODE_COPIES: usize = 3;
/// Refused everywhere, also where the system does not say what is available: 256 TiB, the address
/// space of a process.
const MOST_BYTES: u128 = 1 << 48;

/// A study costs more memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{runs} runs of {conditions} conditions × {ks} values of k, {queries} queries each, are {result_rows} rows of results and need {} of memory: {}",
    bytes_in_words(*.needed), available_in_words(*.available)
)]
pub struct TooCostly {
    /// Runs.
    pub runs: usize,
    /// Conditions of each run.
    pub conditions: usize,
    /// Values of k.
    pub ks: usize,
    /// Queries of each run.
    pub queries: usize,
    /// Rows of `measurements.csv`.
    pub result_rows: u128,
    /// Bytes that are needed; the largest number where they are more.
    pub needed: u64,
    /// Bytes that are available.
    pub available: u64,
}

/// How exact neighbors are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Neighbors {
    /// The lower bound 0 is taken.
    NotDecided,
    /// From tables of all pairs.
    Tables {
        /// What they take.
        bytes: u64,
    },
    /// By a streaming search.
    Streamed,
}

/// The sizes that decide what a study costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    runs: usize,
    conditions: usize,
    ks: usize,
    largest_k: usize,
    graphs: usize,
    m: usize,
    rows: usize,
    columns: usize,
    queries: usize,
    /// Copies of the rows that the study of methods makes.
    copies: usize,
}

impl Cost {
    /// Of `settings` with `rows` × `columns` data per run.
    pub(crate) fn new(settings: &Settings, rows: usize, columns: usize) -> Self {
        Self {
            runs: settings.runs,
            conditions: Plan::count_conditions(settings),
            ks: settings.ks.len(),
            largest_k: settings.ks.last().copied().unwrap_or(0),
            graphs: Plan::count_graphs(settings),
            m: settings.m,
            rows,
            columns,
            queries: settings.sample.unwrap_or(rows),
            copies: if settings.studies.contains(&StudyKind::Methods) {
                CODE_COPIES
            } else {
                0
            },
        }
    }

    /// Refuses a study that needs more memory than is available.
    pub(crate) fn check(&self, neighbors: Neighbors) -> Result<(), TooCostly> {
        self.check_against(neighbors, available_memory())
    }

    fn check_against(&self, neighbors: Neighbors, available: Option<u64>) -> Result<(), TooCostly> {
        let needed = self.bytes(neighbors);
        let most = available.map_or(MOST_BYTES, u128::from);
        if needed <= most {
            return Ok(());
        }
        Err(TooCostly {
            runs: self.runs,
            conditions: self.conditions,
            ks: self.ks,
            queries: self.queries,
            result_rows: self.result_rows(),
            needed: u64::try_from(needed).unwrap_or(u64::MAX),
            available: u64::try_from(most).unwrap_or(u64::MAX),
        })
    }

    /// Lines of `measurements.csv` without its header.
    fn result_rows(&self) -> u128 {
        product([self.runs, self.conditions, self.ks])
    }

    /// The sum of the parts, at the time when most of them are alive.
    fn bytes(&self, neighbors: Neighbors) -> u128 {
        let parts = [
            self.row_bytes(),
            self.neighbor_bytes(neighbors),
            self.graph_bytes(),
            self.figure_bytes(),
            self.result_bytes(),
            PROGRAM_BYTES,
        ];
        parts.into_iter().fold(0, u128::saturating_add)
    }

    fn row_bytes(&self) -> u128 {
        product([self.rows, self.columns, 2 + self.copies, size_of::<f32>()])
    }

    fn neighbor_bytes(&self, neighbors: Neighbors) -> u128 {
        match neighbors {
            Neighbors::NotDecided => return 0,
            Neighbors::Tables { bytes } => return u128::from(bytes),
            Neighbors::Streamed => {}
        }
        let queries = product([self.queries, self.columns, size_of::<f32>()]);
        let candidates = (self.queries as u128)
            .saturating_mul(16)
            .saturating_mul(self.largest_k as u128 + CANDIDATE_MARGIN);
        let codes = product([self.rows, self.columns]);
        queries.saturating_add(candidates).saturating_add(codes)
    }

    fn graph_bytes(&self) -> u128 {
        let of_node = 2 * 4 * (3 * self.m as u128 + 4);
        product([self.graphs, self.rows]).saturating_mul(of_node)
    }

    fn figure_bytes(&self) -> u128 {
        let cells = product([self.conditions, self.ks]);
        let blocks = (self.queries as u128).div_ceil(BLOCK_QUERIES);
        let of_cell = self.queries as u128 * QUERY_CELL_BYTES + blocks * BLOCK_CELL_BYTES;
        cells.saturating_mul(of_cell)
    }

    fn result_bytes(&self) -> u128 {
        let rows = self.result_rows().saturating_mul(RESULT_ROW_BYTES);
        let cells = product([self.conditions, self.ks]).saturating_mul(SUMMARY_CELL_BYTES);
        rows.saturating_add(cells)
    }
}

fn product<const N: usize>(factors: [usize; N]) -> u128 {
    let factors = factors.into_iter().map(|factor| factor as u128);
    factors.fold(1, u128::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    fn cost(change: impl FnOnce(&mut Settings)) -> Cost {
        let mut settings = defaults();
        change(&mut settings);
        Cost::new(&settings, 10_000, 2_048)
    }

    const GIGABYTE: u64 = 1_000_000_000;

    /// The default study, part by part, worked out by hand.
    #[test]
    fn the_default_study_needs_what_its_parts_add_up_to() {
        let cost = cost(|_| ());
        assert_eq!(cost.result_rows(), 3 * 14 * 50);
        assert_eq!(cost.row_bytes(), 2 * 81_920_000);
        assert_eq!(cost.graph_bytes(), 5 * 10_000 * 800);
        assert_eq!(cost.figure_bytes(), 700 * (440_000 + 157 * 304));
        assert_eq!(cost.result_bytes(), 2_100 * 1_024 + 700 * 8_192);
        assert_eq!(
            cost.neighbor_bytes(Neighbors::Streamed),
            81_920_000 + 10_000 * 16 * 564 + 20_480_000
        );
        let tables = Neighbors::Tables { bytes: 612_560_000 };
        assert_eq!(cost.neighbor_bytes(tables), 612_560_000);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_numbers() {
        let cost = cost(|_| ());
        let tables = Neighbors::Tables { bytes: 612_560_000 };
        assert_eq!(cost.check_against(tables, Some(2 * GIGABYTE)), Ok(()));
        let error = cost
            .check_against(tables, Some(GIGABYTE))
            .expect_err("1 GB");
        let said = error.to_string();
        for part in ["3 runs", "14 conditions", "2100 rows", "1.20 GB", "1.00 GB"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert_eq!(
            cost.check_against(Neighbors::Streamed, Some(GIGABYTE)),
            Ok(()),
            "without tables"
        );
    }

    #[test]
    fn absurd_settings_are_refused_and_no_number_overflows() {
        let endless = cost(|settings| settings.runs = usize::MAX);
        let error = endless
            .check_against(Neighbors::Streamed, None)
            .expect_err("runs");
        assert_eq!(error.needed, u64::MAX);
        assert!(
            error.to_string().contains("12912720851596686130500 rows"),
            "{error}"
        );
        let wide = cost(|settings| settings.ef_values = (1..=100_000).collect());
        assert!(
            wide.check_against(Neighbors::Streamed, Some(64 * GIGABYTE))
                .is_err()
        );
        let dense = cost(|settings| settings.m = usize::MAX / 2);
        assert!(dense.check_against(Neighbors::Streamed, None).is_err());
        let many = cost(|settings| settings.ef_construction_values = (1..=100_000).collect());
        assert!(
            many.check_against(Neighbors::Streamed, Some(64 * GIGABYTE))
                .is_err()
        );
    }
}
