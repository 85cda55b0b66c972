//! Searches of a method in its engine's own arithmetic, recorded.
//!
//! Enters: a [`Method`] and an instruction set. Leaves: per query its [`Visits`], from which the
//! answer to any (effort, k) is read.
//!
//! transform the query                                     once
//!   rank the cells, scan them one after the other         IVF: a group of visits per cell
//!   or walk the graph                                     HNSW; NSG, for one effort
//!   or scan all rows                                      one group
//!     an answer: the candidates nearest by code, reranked
//!
//! Scans are in `scan`.

use crate::arithmetic::add_multiple;
use crate::cells::Cells;
use crate::codes::ProductQuantizer;
use crate::kept::{CodeQuery, Kept};
use crate::method::{Method, Routing};
use crate::nearest::Limit;
use crate::nsg::Pool;
use crate::rotation::{apply_all, transformed};
use crate::scan_order::ScanOrder;
use crate::scorer::{AddTables, CodeScorer, Dot, FillTable, Norm};
use crate::usearch;
use annatomy_hnsw::import::diskann_file::DiskAnnScalar;
use annatomy_hnsw::import::faiss_file::{Level, reserved};
use annatomy_hnsw::import::{Arithmetic, Engine, EngineBuild, EngineDistances, SavedIndexError};
use annatomy_hnsw::{
    EngineClass, EngineSearch, HeapQueue, Links, QueryScorer, Scored, Traversal, VectorDistances,
    Visits,
};
use annatomy_vectors::{Matrix, MatrixView, Metric};
use pulp::Arch;
use rayon::prelude::*;

/// Tables of cells beyond this are not kept, as FAISS does (`precomputed_table_max_bytes`).
const MOST_TABLE_BYTES: u128 = 1 << 31;

/// A method ready to be searched.
#[derive(Debug)]
pub struct Searcher<'m> {
    method: &'m Method,
    pub(crate) build: EngineBuild,
    level: Level,
    pub(crate) metric: Metric,
    pub(crate) order: ScanOrder,
    kept: Kept<'m>,
    /// nlist × M × 2^bits: what a cell adds to the table of a query.
    cell_tables: Option<Vec<f32>>,
    pub(crate) arch: Arch,
}

/// What is asked of a record.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Rows of the longest answer, before it is reranked.
    pub candidates: usize,
    /// Rows whose place among all others is asked.
    pub rows: &'w [u32],
}

impl Wanted<'_> {
    /// Everything.
    pub const ALL: Self = Self {
        candidates: usize::MAX,
        rows: &[],
    };
}

/// Memory of one search; one per thread.
#[derive(Debug, Default)]
pub struct QueryScratch {
    pub(crate) query: Vec<f32>,
    spare: Vec<f32>,
    residual: Vec<f32>,
    pub(crate) codes: CodeQuery,
    pub(crate) coarse_visits: Visits,
    pub(crate) traversal: Traversal<HeapQueue>,
    by_engine: EngineSearch,
    returned: Vec<Scored>,
    pub(crate) ranked: Vec<(u32, u32)>,
    /// Keys of the rows, in the order of a scan.
    pub(crate) keys: Vec<u32>,
    pub(crate) limit: Limit,
    pool: Pool,
    reranked: Vec<(u32, u32)>,
}

impl QueryScratch {
    /// Distances that the last walk of a graph evaluated on the layers above its base layer.
    pub(crate) fn descended(&self) -> usize {
        self.traversal.descended()
    }

    /// Centroids that were compared to rank cells, and links that were followed for it.
    pub(crate) fn coarse_cost(&self, cells: &Cells) -> (usize, usize) {
        let Some((graph, ef)) = &cells.coarse.graph else {
            return (cells.lists.len(), 0);
        };
        let (visits, above) = (&self.coarse_visits, self.traversal.descended());
        let links = visits.expanded(*ef);
        let links: usize = links.map(|cell| graph.links(cell, 0).len()).sum();
        (visits.visited(*ef) + above, links + above)
    }
}

impl<'m> Searcher<'m> {
    /// `arithmetic`: by default that of this machine.
    ///
    /// # Errors
    /// If decoded codes or tables do not fit into memory.
    pub fn new(
        method: &'m Method,
        arithmetic: Option<Arithmetic>,
    ) -> Result<Self, SavedIndexError> {
        let build = EngineBuild::new(method.engine, arithmetic);
        let level = Level::of(build.arithmetic);
        let metric = match method.metric {
            Metric::L2 => Metric::L2,
            Metric::Cosine | Metric::InnerProduct => Metric::InnerProduct,
        };
        let order = ScanOrder::of(method)?;
        let kept = match method.engine {
            Engine::Usearch => Kept::of_usearch(method, build.arithmetic)?,
            Engine::DiskAnn => Kept::of_diskann(method)?,
            _ => Kept::new(&method.codes, &order, level)?,
        };
        let mut searcher = Self {
            method,
            build,
            level,
            metric,
            order,
            kept,
            cell_tables: None,
            arch: Arch::new(),
        };
        searcher.cell_tables = searcher.tables_of_cells()?;
        Ok(searcher)
    }

    /// What is searched.
    pub fn method(&self) -> &'m Method {
        self.method
    }

    /// In whose order distances are summed.
    pub fn build(&self) -> EngineBuild {
        self.build
    }

    /// `rows` as the codes are made of: after all transforms.
    ///
    /// # Errors
    /// If they do not fit into memory.
    pub fn transformed(&self, rows: MatrixView<'_>) -> Result<Matrix, SavedIndexError> {
        transformed(&self.method.transforms, rows, self.level)
    }

    /// Records the search of `query` to `effort`. Of an NSG the record answers this effort alone.
    ///
    /// # Panics
    /// If `query` has another number of columns than the method.
    pub fn record(
        &self,
        query: &[f32],
        effort: usize,
        scratch: &mut QueryScratch,
        visits: &mut Visits,
    ) {
        self.record_wanted(query, effort, Wanted::ALL, scratch, visits);
    }

    /// The same for what is `wanted`: a scan keeps the rows that can matter and counts the others,
    /// which takes less time.
    pub fn record_wanted(
        &self,
        query: &[f32],
        effort: usize,
        wanted: Wanted<'_>,
        scratch: &mut QueryScratch,
        visits: &mut Visits,
    ) {
        self.begin(query, scratch);
        match &self.method.routing {
            Routing::Exhaustive => self.scan_all(wanted, scratch, visits),
            Routing::Cells(cells) => self.scan_cells(cells, effort, wanted, scratch, visits),
            Routing::Graph(routing) => {
                self.set_query(None, scratch);
                let scorer = self.scorer(&scratch.codes);
                scratch
                    .traversal
                    .record(&routing.graph, scorer, effort, visits);
            }
            Routing::Nsg(routing) => {
                self.set_query(None, scratch);
                let scorer = self.scorer(&scratch.codes);
                routing.record(scorer, effort, &mut scratch.pool, visits);
            }
        }
    }

    /// Records a scan of all rows: what the codes alone would give.
    pub fn record_all(
        &self,
        query: &[f32],
        wanted: Wanted<'_>,
        scratch: &mut QueryScratch,
        visits: &mut Visits,
    ) {
        self.begin(query, scratch);
        match &self.method.routing {
            Routing::Cells(cells) => {
                self.scan_cells(cells, cells.lists.len(), wanted, scratch, visits);
            }
            _ => self.scan_all(wanted, scratch, visits),
        }
    }

    /// Searches `query` for `k` rows at `effort` with the queue of the engine, which decides where codes are
    /// equally far: `visits` becomes the record of this search, `candidates` what is handed on, in the engine's
    /// order. False where no graph of such an engine is walked; then nothing is searched.
    pub fn search_as_engine(
        &self,
        query: &[f32],
        (effort, k): (usize, usize),
        scratch: &mut QueryScratch,
        visits: &mut Visits,
        candidates: &mut Vec<u32>,
    ) -> bool {
        let Routing::Graph(routing) = &self.method.routing else {
            return false;
        };
        self.begin(query, scratch);
        self.set_query(None, scratch);
        let scorer = self.scorer(&scratch.codes);
        let (class, wanted) = (self.method.class(), self.method.candidates(k));
        let rule = scorer.queue_rule();
        let Some(queue) = rule.and_then(|rule| class.queue(rule, effort, wanted)) else {
            return false;
        };
        let returned = &mut scratch.returned;
        scratch
            .by_engine
            .record(&routing.graph, scorer, queue, (|_| true, visits), returned);
        candidates.clear();
        candidates.extend(returned.iter().map(|row| row.id));
        true
    }

    /// The rows that are handed on for (`effort`, `k`), nearest first, read from a record, which must go as deep
    /// as the engine's class searches for them.
    pub fn candidates(&self, visits: &Visits, effort: usize, k: usize, out: &mut Vec<u32>) {
        let candidates = self.method.candidates(k);
        let effort = self.method.class().effort(effort, candidates);
        let effort = effort.min(visits.ef());
        out.clear();
        out.extend(visits.rows(visits.answer(EngineClass::StopEarly, effort, candidates)));
    }

    /// The ids of the answer to (`effort`, `k`), nearest first, read from a record of `query`.
    pub fn answer<'s>(
        &self,
        query: &[f32],
        visits: &Visits,
        effort: usize,
        k: usize,
        scratch: &'s mut QueryScratch,
    ) -> impl Iterator<Item = u32> + use<'s, 'm> {
        let mut candidates = Vec::new();
        self.candidates(visits, effort, k, &mut candidates);
        self.reranked(query, &candidates, k, scratch)
    }

    /// The ids of the answer of `k` rows to `query`, nearest first, of these candidates.
    pub fn reranked<'s>(
        &self,
        query: &[f32],
        candidates: &[u32],
        k: usize,
        scratch: &'s mut QueryScratch,
    ) -> impl Iterator<Item = u32> + use<'s, 'm> {
        scratch.reranked.clear();
        scratch
            .reranked
            .extend(candidates.iter().map(|&id| (0, id)));
        if let Some(rerank) = &self.method.rerank {
            let distances = EngineDistances::new(rerank.rows.view(), self.metric, self.build);
            let scorer = distances.scorer_for(query);
            let reranked = &mut scratch.reranked;
            for (key, id) in reranked.iter_mut() {
                *key = scorer.key(*id);
            }
            reranked.sort_unstable();
        }
        scratch.reranked.iter().take(k).map(|&(_, id)| id)
    }

    fn begin(&self, query: &[f32], scratch: &mut QueryScratch) {
        assert_eq!(query.len(), self.method.columns, "columns of a query");
        let QueryScratch {
            query: vector,
            spare,
            ..
        } = scratch;
        apply_all(&self.method.transforms, query, self.level, spare, vector);
    }

    /// Prepares the comparison with codes: of the rows, or of one cell (its key and number) where
    /// codes are of residuals.
    pub(crate) fn set_query(&self, cell: Option<(&Cells, u32, usize)>, scratch: &mut QueryScratch) {
        let QueryScratch {
            query,
            residual,
            codes,
            ..
        } = scratch;
        match cell {
            None => {
                codes.offset = 0.0;
                self.set_vector(query, codes);
                if self.cell_tables.is_some()
                    && let Kept::Product { quantizer, .. } = &self.kept
                {
                    let metric = Metric::InnerProduct;
                    self.table(metric, quantizer, query, &mut codes.query_table);
                }
            }
            Some((cells, _, _)) if !cells.by_residual => {}
            Some((cells, key, cell)) => {
                let centroid = cells.coarse.centroids.row(cell);
                let coarse = VectorDistances::reduced_distance_of_key(key);
                self.set_cell(query, centroid, coarse, cell, residual, codes);
            }
        }
    }

    fn set_cell(
        &self,
        query: &[f32],
        centroid: &[f32],
        coarse: f32,
        cell: usize,
        residual: &mut Vec<f32>,
        codes: &mut CodeQuery,
    ) {
        if self.metric != Metric::L2 {
            codes.offset = match &self.kept {
                Kept::Product { .. } => self.arch.dispatch(Dot(query, centroid, self.level)),
                _ => -coarse,
            };
            return;
        }
        if let (Some(tables), Kept::Product { quantizer, .. }) = (&self.cell_tables, &self.kept) {
            let entries = quantizer.parts * quantizer.per_part();
            codes.offset = coarse;
            self.arch.dispatch(AddTables {
                cell: &tables[cell * entries..(cell + 1) * entries],
                query: &codes.query_table,
                level: self.level,
                table: &mut codes.table,
            });
            return;
        }
        residual.clear();
        residual.extend(query.iter().zip(centroid).map(|(&x, &c)| x - c));
        codes.offset = 0.0;
        self.set_vector(residual, codes);
    }

    /// Prepares the comparison of `vector` with codes.
    fn set_vector(&self, vector: &[f32], codes: &mut CodeQuery) {
        codes.vector.clear();
        match &self.kept {
            Kept::Flat(_) | Kept::Scalar { .. } => codes.vector.extend_from_slice(vector),
            Kept::DiskAnn { scalar, .. } => match scalar {
                DiskAnnScalar::Float32 => codes.vector.extend_from_slice(vector),
                // Rust cuts towards zero and stays within the range.
                DiskAnnScalar::Int8 => codes
                    .vector
                    .extend(vector.iter().map(|&x| f32::from(x as i8))),
                DiskAnnScalar::UInt8 => codes
                    .vector
                    .extend(vector.iter().map(|&x| f32::from(x as u8))),
            },
            Kept::Integers { signed, .. } => {
                // As C++ converts: towards zero, then modulo 256.
                let shift = if *signed { 128 } else { 0 };
                let byte = |x: f32| ((x as i32).wrapping_add(shift) as u8) as i32 - shift;
                codes.vector.extend(vector.iter().map(|&x| byte(x) as f32));
            }
            Kept::Usearch { scalar, .. } => usearch::cast(*scalar, vector, &mut codes.vector),
            Kept::Uniform { minimum, range, .. } => {
                codes.vector.extend_from_slice(vector);
                codes.adjust(vector, self.metric, *minimum, *range);
            }
            Kept::Product { quantizer, .. } => {
                if self.cell_tables.is_none() {
                    self.table(self.metric, quantizer, vector, &mut codes.table);
                }
            }
        }
    }

    fn table(&self, metric: Metric, quantizer: &ProductQuantizer, x: &[f32], table: &mut Vec<f32>) {
        self.arch.dispatch(FillTable {
            metric,
            quantizer,
            x,
            level: self.level,
            table,
        });
    }

    pub(crate) fn scorer<'s>(&'s self, query: &'s CodeQuery) -> CodeScorer<'s> {
        CodeScorer {
            kept: &self.kept,
            level: self.level,
            metric: self.metric,
            query,
            arch: self.arch,
        }
    }

    /// ‖c‖² + 2·(centroid·c) of every cell and centroid of a group, where FAISS keeps them.
    fn tables_of_cells(&self) -> Result<Option<Vec<f32>>, SavedIndexError> {
        let (Routing::Cells(cells), Kept::Product { quantizer, .. }) =
            (&self.method.routing, &self.kept)
        else {
            return Ok(None);
        };
        let entries = quantizer.parts * quantizer.per_part();
        let bytes = cells.lists.len() as u128 * entries as u128 * 4;
        if self.metric != Metric::L2 || !cells.by_residual || bytes > MOST_TABLE_BYTES {
            return Ok(None);
        }
        let mut tables: Vec<f32> = reserved("the tables of cells", cells.lists.len() * entries)?;
        tables.resize(cells.lists.len() * entries, 0.0);
        let centroids = quantizer.centroids.view();
        let norms: Vec<f32> = (0..centroids.rows())
            .map(|row| self.arch.dispatch(Norm(centroids.row(row), self.level)))
            .collect();
        tables
            .par_chunks_mut(entries)
            .enumerate()
            .for_each_init(Vec::new, |table, (cell, out)| {
                let centroid = cells.coarse.centroids.row(cell);
                self.table(Metric::InnerProduct, quantizer, centroid, table);
                for ((out, &norm), &product) in out.iter_mut().zip(&norms).zip(&*table) {
                    *out = add_multiple(norm, 2.0, product, self.level);
                }
            });
        Ok(Some(tables))
    }
}
