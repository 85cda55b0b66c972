//! Scans of codes: of all rows, or of cells one after the other.
//!
//! rank the cells by their centroids
//! for each cell, nearest first
//!   prepare the table of the cell         product codes of residuals: one addition an entry
//!   compare its codes                     they lie together, and so do their keys
//! for each cell again
//!   keep what an answer may hold          a running limit; see `nearest`
//!
//! Cells are ranked as FAISS ranks them for fewer than 20 queries at once, one distance after the
//! other; for more it uses BLAS, which can change the order of cells that are as near as rounding.

use crate::cells::Cells;
use crate::scorer::Scan;
use crate::searcher::{QueryScratch, Searcher, Wanted};
use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{QueryScorer, ScanRecord, Scored, Visits};
use std::ops::Range;

impl Searcher<'_> {
    pub(crate) fn scan_all(
        &self,
        wanted: Wanted<'_>,
        scratch: &mut QueryScratch,
        visits: &mut Visits,
    ) {
        let rows = self.method().rows;
        self.set_query(None, scratch);
        scratch.begin_scan(rows);
        self.compare(0..rows, scratch);
        self.begin_keeping(wanted, scratch);
        let mut scan = visits.scan();
        self.keep(0..rows, scratch, &mut scan);
        scan.finish();
    }

    pub(crate) fn scan_cells(
        &self,
        cells: &Cells,
        effort: usize,
        wanted: Wanted<'_>,
        scratch: &mut QueryScratch,
        visits: &mut Visits,
    ) {
        self.rank_cells(cells, scratch);
        self.set_query(None, scratch);
        scratch.begin_scan(self.method().rows);
        let probed = effort.min(cells.lists.len());
        // A graph over the centroids may find fewer cells than are asked for.
        for rank in 0..probed.min(scratch.ranked.len()) {
            let (key, cell) = scratch.ranked[rank];
            let places = self.order.of_cell(cell as usize);
            if !places.is_empty() {
                self.set_query(Some((cells, key, cell as usize)), scratch);
                self.compare(places, scratch);
            }
        }
        self.begin_keeping(wanted, scratch);
        let mut scan = visits.scan();
        for rank in 0..probed {
            let places = match scratch.ranked.get(rank) {
                Some(&(_, cell)) => self.order.of_cell(cell as usize),
                None => 0..0,
            };
            self.keep(places, scratch, &mut scan);
        }
        scan.finish();
    }

    /// Cells by (key, number), nearest first.
    fn rank_cells(&self, cells: &Cells, scratch: &mut QueryScratch) {
        let coarse = &cells.coarse;
        let distances = EngineDistances::new(coarse.centroids.view(), self.metric, self.build);
        let scorer = distances.scorer_for(&scratch.query);
        scratch.ranked.clear();
        if let Some((graph, ef)) = &coarse.graph {
            let visits = &mut scratch.coarse_visits;
            scratch.traversal.record(graph, scorer, *ef, visits);
            let found = visits.among_first(visits.visited(*ef));
            scratch
                .ranked
                .extend(found.map(|visit| (visit.key, visit.id)));
            return;
        }
        let numbers = 0..coarse.centroids.rows() as u32;
        scratch
            .ranked
            .extend(numbers.map(|cell| (scorer.key(cell), cell)));
        scratch.ranked.sort_unstable();
    }

    /// Puts the keys of the codes at `places` in their places.
    fn compare(&self, places: Range<usize>, scratch: &mut QueryScratch) {
        let scorer = self.scorer(&scratch.codes);
        self.arch.dispatch(Scan {
            scorer,
            first: places.start,
            keys: &mut scratch.keys[places],
        });
    }

    /// Keys that are as near as that of a row that is asked about are kept.
    fn begin_keeping(&self, wanted: Wanted<'_>, scratch: &mut QueryScratch) {
        let rows = wanted.rows.iter();
        let keys = rows.map(|&row| scratch.keys[self.order.place(row)]);
        let least = keys.max().unwrap_or(0);
        scratch.limit.begin(wanted.candidates, least);
    }

    /// Records a group: the codes at `places`.
    fn keep(&self, places: Range<usize>, scratch: &mut QueryScratch, scan: &mut ScanRecord<'_>) {
        let limit = &mut scratch.limit;
        for (place, &key) in scratch.keys[places.clone()].iter().enumerate() {
            if limit.keeps(key) {
                let id = self.order.row(places.start + place);
                scan.keep(place, Scored { key, id });
            }
        }
        scan.end_group(places.len());
    }
}

impl QueryScratch {
    /// Rows that a scan leaves out have the smallest key, which keeps nothing.
    fn begin_scan(&mut self, rows: usize) {
        self.keys.clear();
        self.keys.resize(rows, 0);
    }
}
