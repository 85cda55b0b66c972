//! What an audit of files costs in memory, computed from their headers before any row is read.
//!
//! n rows of d columns, q queries, depth K (the largest k), G graphs of M, T threads:
//!
//! | part | bytes |
//! |---|---|
//! | rows, unless an index holds them or answers alone leave them in their file | 4nd |
//! | rows compared with those of an index, until it is known that they are the same | 4nd |
//! | held-out queries, and queries out of a file of rows | 4qd |
//! | tables of all pairs, where every row asks and they fit the budget | 6.2n² + 4nd + 4nK |
//! | otherwise queries in panels, candidates, magnitudes and order of all rows | 4qd + 16q(K + 97) + 12n |
//! | exact neighbors | 20qK |
//! | hashes that tell repeated rows | 36n |
//! | SQ8 codes, where graphs are built here | nd |
//! | graphs built here, one of them under construction | (G + 2) · 4n(2M + 6) |
//! | which rows each graph reaches, required efforts, and the measures of every query | G (n + 8qΣk + 256qC) |
//! | one traversal a thread: marks, ranks, and V = min(n, 2M · effort) visits | T (6n + 96V) |
//! | answers and predictions | 24q · slots + 8qk |
//! | the program, its buffers and the report | 32 MiB |
//!
//! C: cells (efforts × k, engines × k, and 2 for each k and target). Does not: count a denser graph
//! that is tried where no effort meets a target, nor traversals beyond the first effort; each is
//! checked when it comes.

use super::cells::KEPT_BYTES;
use super::choices::Choices;
use super::depth::DEFAULT_KS;
use super::engines::ENGINES;
use super::error::AuditError;
use super::load::Opened;
use super::request::AuditRequest;
use super::too_costly::TooCostly;
use annatomy_eval::distance_source::Ranked;
use annatomy_formats::VectorFile;
use annatomy_runtime::{NotEnoughMemory, available_memory, check_memory, thread_count};

/// Of the program, its buffers and the report.
const PROGRAM_BYTES: u128 = 32 << 20;
/// Marks (2) and exact ranks (4) of every row, in one thread.
const MARK_BYTES: u128 = 6;
/// Of a visit while it is recorded and read.
const VISIT_BYTES: u128 = 96;
/// Of one query in one cell, once by query and once by cell.
const CELL_BYTES: u128 = 256;
/// Cells of a k and target that are kept while an effort is looked for.
const CELLS_OF_A_TARGET: usize = 2;

/// Where the base rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// In an index that is in memory already; `true`: compared with a file.
    Indexed { compared: bool },
    /// To be read.
    Read,
    /// Left in their file.
    Streamed,
}

/// The sizes that decide what an audit costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost<'r> {
    request: &'r AuditRequest,
    base: Base,
    rows: usize,
    columns: usize,
    queries: usize,
    held_out: bool,
    /// Whether graphs are looked at.
    on_graphs: bool,
    /// Of the graphs that are looked at.
    m: usize,
    slots: usize,
    threads: usize,
}

impl<'r> Cost<'r> {
    /// Of what is asked of open files; none where nothing says what the rows are.
    pub(super) fn of(
        request: &'r AuditRequest,
        opened: &Opened,
        choices: &Choices,
    ) -> Result<Option<Self>, AuditError> {
        let indexed = opened.index.as_ref().map(|index| {
            let renamed = index.saved.labels.is_some();
            let compared = opened.vectors.is_some() && !index.over_vectors && !renamed;
            (index.saved.vectors.view(), Base::Indexed { compared })
        });
        let vectors = opened.vectors.as_ref().map(|vectors| &vectors.file);
        let (rows, columns, base) = match (indexed, vectors) {
            (Some((rows, base)), _) => (rows.rows(), rows.columns(), base),
            (None, Some(file)) => (file.rows(), file.columns(), Base::Read),
            (None, None) => return Ok(None),
        };
        let held_out = opened.queries.as_ref().map(|queries| &queries.file);
        let population = held_out.map_or(rows, VectorFile::rows);
        let queries = choices.sampling.size(population)?;
        let stays = !choices.graphs && (held_out.is_some() || queries < rows);
        Ok(Some(Self {
            request,
            base: if stays { Base::Streamed } else { base },
            rows,
            columns,
            queries,
            held_out: held_out.is_some(),
            on_graphs: choices.graphs,
            m: opened
                .index
                .as_ref()
                .map_or(request.graphs.m, |index| index.saved.m),
            slots: opened
                .answers
                .as_ref()
                .map_or(0, |answers| answers.ids.columns()),
            threads: thread_count(request.threads),
        }))
    }

    /// Refuses predictions beyond their limit, and an audit that needs more memory than is available.
    pub(super) fn check(&self) -> Result<(), AuditError> {
        self.request.check_predictions(self.queries)?;
        match available_memory() {
            Some(available) => Ok(self.check_against(available)?),
            None => Ok(()),
        }
    }

    fn check_against(&self, available: u64) -> Result<(), TooCostly> {
        let needed = self.bytes();
        if needed <= u128::from(available) {
            return Ok(());
        }
        Err(TooCostly {
            rows: self.rows,
            columns: self.columns,
            queries: self.queries,
            graphs: self.graphs(),
            needed: u64::try_from(needed).unwrap_or(u64::MAX),
            available,
        })
    }

    /// The sum of the parts.
    fn bytes(&self) -> u128 {
        let parts = [
            self.row_bytes(),
            self.exact_bytes(),
            self.graph_bytes(),
            self.measure_bytes(),
            self.traversal_bytes(),
            self.table_bytes(),
            PROGRAM_BYTES,
        ];
        sum(&parts)
    }

    fn row_bytes(&self) -> u128 {
        let all = product(&[4, self.rows, self.columns]);
        let base = match self.base {
            Base::Read | Base::Indexed { compared: true } => all,
            Base::Indexed { compared: false } | Base::Streamed => 0,
        };
        let drawn = if self.held_out || self.base == Base::Streamed {
            product(&[4, self.queries, self.columns])
        } else {
            0
        };
        sum(&[base, drawn, product(&[36, self.rows])])
    }

    fn exact_bytes(&self) -> u128 {
        let lists = product(&[20, self.queries, self.depth()]);
        let tables = !self.held_out
            && self.base == Base::Read
            && self.on_graphs
            && Ranked::fits(self.rows, self.request.memory_budget_bytes);
        if tables {
            let width = self.columns.saturating_add(self.depth()).saturating_add(1);
            let panels = product(&[4, self.rows, width]);
            return sum(&[lists, Ranked::bytes(self.rows).into(), panels]);
        }
        let queries = product(&[4, self.queries, self.columns]);
        let candidates = product(&[16, self.queries, self.depth().saturating_add(97)]);
        sum(&[lists, queries, candidates, product(&[12, self.rows])])
    }

    fn graph_bytes(&self) -> u128 {
        if !self.builds() {
            return 0;
        }
        let graphs = self.request.graphs.count.saturating_add(2);
        let links = self.m.saturating_mul(2).saturating_add(6);
        let codes = product(&[self.rows, self.columns]);
        sum(&[product(&[4, graphs, self.rows, links]), codes])
    }

    fn measure_bytes(&self) -> u128 {
        let ks = self.ks();
        let engines = ENGINES.len() + self.request.targets.len() * CELLS_OF_A_TARGET;
        let cells = (self.request.efs.len().max(1) + engines) * ks.len();
        let of_query = 8 * ks.iter().map(|&k| k as u128).sum::<u128>() + CELL_BYTES * cells as u128;
        let of_graph = (self.queries as u128)
            .saturating_mul(of_query)
            .saturating_add(self.rows as u128);
        let graphs = of_graph.saturating_mul(self.graphs().max(1) as u128);
        let kept = if self.graphs() == 1 {
            product(&[KEPT_QUERY_BYTES, self.queries]).min(KEPT_BYTES as u128)
        } else {
            0
        };
        graphs.saturating_add(kept)
    }

    fn traversal_bytes(&self) -> u128 {
        if self.graphs() == 0 {
            return 0;
        }
        let marks = MARK_BYTES * self.rows as u128;
        let visits = visit_bytes(self.rows, self.m, first_effort(self.depth()));
        marks
            .saturating_add(visits)
            .saturating_mul(self.threads as u128)
    }

    fn table_bytes(&self) -> u128 {
        let predictions = self.request.predictions.iter();
        let predicted = predictions.map(|prediction| product(&[8, self.queries, prediction.k]));
        let answers = product(&[24, self.queries, self.slots]);
        predicted.fold(answers, u128::saturating_add)
    }

    fn builds(&self) -> bool {
        self.on_graphs && !matches!(self.base, Base::Indexed { .. })
    }

    fn graphs(&self) -> usize {
        match self.base {
            _ if !self.on_graphs => 0,
            Base::Indexed { .. } => 1,
            _ => self.request.graphs.count,
        }
    }

    fn ks(&self) -> &[usize] {
        self.request.ks.as_deref().unwrap_or(&DEFAULT_KS)
    }

    /// The largest k for which exact neighbors are found.
    fn depth(&self) -> usize {
        let repaired = if self.request.repair { self.slots } else { 0 };
        let largest = self.ks().iter().copied().max().unwrap_or(1);
        largest.max(repaired).min(self.rows)
    }
}

/// To what effort traversals are recorded at first.
pub(super) fn first_effort(largest_k: usize) -> usize {
    largest_k.saturating_mul(4).max(1_000)
}

/// Refuses to record searches of `effort` on the threads at hand, on a graph of `m`, where the
/// visits do not fit into memory.
pub(super) fn check_visits(rows: usize, m: usize, effort: usize) -> Result<(), NotEnoughMemory> {
    let threads = rayon::current_num_threads() as u128;
    let needed = visit_bytes(rows, m, effort).saturating_mul(threads);
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    check_memory("a record of searches of more effort", needed)
}

/// Bytes of a traversal that is kept, about.
const KEPT_QUERY_BYTES: usize = 60 << 10;

/// Bytes of the most visits that one search of `effort` makes.
fn visit_bytes(rows: usize, m: usize, effort: usize) -> u128 {
    VISIT_BYTES * product(&[2, m, effort]).min(rows as u128)
}

fn sum(parts: &[u128]) -> u128 {
    parts.iter().copied().fold(0, u128::saturating_add)
}

fn product(factors: &[usize]) -> u128 {
    let factors = factors.iter().map(|&factor| factor as u128);
    factors.fold(1, u128::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(request: &AuditRequest, base: Base) -> Cost<'_> {
        Cost {
            request,
            base,
            rows: 1_000_000,
            columns: 128,
            queries: 2_000,
            held_out: false,
            on_graphs: base != Base::Streamed,
            m: request.graphs.m,
            slots: 0,
            threads: 2,
        }
    }

    /// Part by part, worked out by hand.
    #[test]
    fn a_million_rows_need_what_their_parts_add_up_to() {
        let mut request = AuditRequest {
            ks: Some(vec![10, 100]),
            ..AuditRequest::default()
        };
        request.graphs.count = 1;
        request.graphs.m = 16;
        let own = cost(&request, Base::Read);
        assert_eq!(own.row_bytes(), 512_000_000 + 36_000_000);
        assert_eq!(
            own.exact_bytes(),
            2_000 * 100 * 20 + 1_024_000 + 2_000 * 16 * 197 + 12_000_000
        );
        assert_eq!(own.graph_bytes(), 3 * 4_000_000 * 38 + 128_000_000);
        assert_eq!(
            own.measure_bytes(),
            1_000_000 + 2_000 * (8 * 110 + 256 * (1 + 9 + 2) * 2) + 2_000 * 61_440
        );
        assert_eq!(own.traversal_bytes(), 2 * (6_000_000 + 96 * 32_000));
        let indexed = cost(&request, Base::Indexed { compared: false });
        assert_eq!(indexed.graph_bytes(), 0);
        assert_eq!(indexed.row_bytes(), 36_000_000);
        let compared = cost(&request, Base::Indexed { compared: true });
        assert_eq!(compared.row_bytes(), own.row_bytes());
    }

    #[test]
    fn answers_alone_leave_the_rows_in_their_file() {
        let request = AuditRequest {
            neighbors: Some("ids.npy".into()),
            ks: Some(vec![10]),
            ..AuditRequest::default()
        };
        let cost = cost(&request, Base::Streamed);
        assert_eq!(cost.graphs(), 0);
        assert_eq!(cost.traversal_bytes() + cost.graph_bytes(), 0);
        assert!(cost.bytes() < 120_000_000, "{}", cost.bytes());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_numbers_and_nothing_overflows() {
        let request = AuditRequest::default();
        let error = cost(&request, Base::Read).check_against(1_000_000_000);
        let said = error.expect_err("1 GB").to_string();
        for part in [
            "1000000 × 128",
            "2000 queries",
            "3 graphs",
            "1.00 GB are available",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let mut absurd = AuditRequest::default();
        absurd.graphs.m = usize::MAX;
        absurd.ks = Some(vec![usize::MAX, usize::MAX]);
        let cost = Cost {
            rows: usize::MAX,
            columns: usize::MAX,
            queries: usize::MAX,
            threads: usize::MAX,
            ..cost(&absurd, Base::Read)
        };
        assert_eq!(cost.check_against(1).expect_err("all").needed, u64::MAX);
    }
}
