//! What each stage keeps and loses at each effort and k, and what other codes would keep.
//!
//! Codes of 8 bits a column are tried where the index has fewer and a target of overlap is not met: one
//! search of exact neighbors over the rows so coded, for every effort and k.

use super::pass::{Cell, QueryFound};
use super::results::Found;
use crate::error::AuditError;
use crate::results::{EightBits, RerankDepth, StageResult};
use crate::target::{Measure, Target};
use annatomy_eval::lists::ExactList;
use annatomy_knn::{NeighborTable, Queries, exact_knn};
use annatomy_measures::estimate::Estimate;
use annatomy_methods::eight_bit_rows;
use annatomy_methods::required::FOREVER;
use annatomy_methods::stages::Losses;
use annatomy_runtime::check_memory;
use annatomy_vectors::{MatrixView, Metric};

impl Found<'_> {
    /// A stage for each cell; where codes keep too little, with what 8 bits a column would keep.
    pub(super) fn stages(&self) -> Result<Vec<StageResult>, AuditError> {
        let cells = self.pass.cells.iter().enumerate();
        let mut stages: Vec<StageResult> = cells
            .map(|(place, &cell)| self.stage(place, cell))
            .collect();
        let codes = &self.pass.searcher.method().codes;
        let unmet = |stage: &&mut StageResult| !self.is_met_by_codes(stage.codes_keep);
        let unmet: Vec<&mut StageResult> = stages.iter_mut().filter(unmet).collect();
        let most = unmet.iter().map(|stage| stage.candidates).max();
        if let Some(most) = most.filter(|_| codes.bits_per_column() < 8.0) {
            let table = self.nearest_by_eight_bits(most)?;
            for stage in unmet {
                stage.eight_bits = self.eight_bits(stage.k, stage.candidates, &table);
            }
        }
        Ok(stages)
    }

    fn stage(&self, place: usize, Cell { effort, k }: Cell) -> StageResult {
        let k_index = self.k_index(k);
        let candidates = self.pass.candidates(k);
        let mut lost = Losses::default();
        for query in self.queries {
            lost.add(&query.cells[place].1);
        }
        let method = self.pass.searcher.method();
        let kept = |query: &QueryFound| kept_by_codes(query, k, candidates);
        let codes: Vec<f64> = self.queries.iter().map(kept).collect();
        let after = self.queries.iter();
        let after: Vec<f64> = after.map(|query| query.after_transforms[k_index]).collect();
        let transforms = (!method.transforms.is_empty()).then(|| self.mean(after));
        let coded = !method.codes.are_exact();
        let codes = coded.then(|| self.mean(codes)).flatten();
        let overlap = self
            .queries
            .iter()
            .map(|query| query.cells[place].0.overlap);
        let visited = self
            .queries
            .iter()
            .map(|query| query.cells[place].0.visited);
        let visited = visited.sum::<f64>() / self.queries.len().max(1) as f64;
        StageResult {
            k,
            effort: method.effort_word().map(|_| effort),
            candidates,
            transforms_keep: transforms.flatten(),
            codes_keep: codes,
            overlap: self.mean(overlap.collect()),
            lost: lost.scaled(1.0 / self.queries.len().max(1) as f64).into(),
            scanned: visited / method.rows as f64,
            rerank_depths: self.rerank_depths(k, codes),
            eight_bits: None,
        }
    }

    /// For each target of overlap that the codes alone do not meet, the fewest candidates nearest
    /// by code that hold that share of the exact neighbors.
    fn rerank_depths(&self, k: usize, codes: Option<Estimate>) -> Vec<RerankDepth> {
        let Some(codes) = codes else {
            return Vec::new();
        };
        let mut places: Vec<u32> = Vec::new();
        for query in self.queries {
            places.extend_from_slice(&query.code_places[..k]);
        }
        places.sort_unstable();
        let mut depths = Vec::new();
        for target in self.targets {
            if target.measure != Measure::Overlap || codes.point >= target.value {
                continue;
            }
            let wanted = (target.value * places.len() as f64 - 1e-9).ceil() as usize;
            let place = places.get(wanted.saturating_sub(1)).copied();
            depths.push(RerankDepth {
                target: target.value,
                candidates: place
                    .filter(|&place| place != FOREVER)
                    .map(|place| place as usize + 1),
            });
        }
        depths
    }

    /// Whether codes that keep this share meet every target of overlap.
    fn is_met_by_codes(&self, codes: Option<Estimate>) -> bool {
        let unmet = |target: &Target| {
            let codes = codes.is_some_and(|codes| codes.point < target.value);
            target.measure == Measure::Overlap && codes
        };
        !self.targets.iter().any(unmet)
    }

    /// What codes of 8 bits a column would keep.
    fn eight_bits(&self, k: usize, candidates: usize, table: &NeighborTable) -> Option<EightBits> {
        let data = self.pass.data;
        let mut kept = Vec::with_capacity(self.queries.len());
        let mut exact = ExactList::default();
        for query in 0..self.queries.len() {
            exact.read(self.pass.truth, query);
            let own = data.queries.own_id(query);
            let ids = table.ids(query).iter().flatten().map(|point| point.0);
            let ids: Vec<u32> = ids.filter(|&id| Some(id) != own).take(candidates).collect();
            let found = exact.ids[..k].iter().filter(|id| ids.contains(id)).count();
            kept.push(found as f64 / k as f64);
        }
        self.mean(kept).map(|keep| EightBits {
            keep,
            code_bytes: self.coded_rows().columns(),
        })
    }

    /// The rows that codes are made of.
    fn coded_rows(&self) -> MatrixView<'_> {
        match self.base {
            Some(base) => base.view(),
            None => super::in_memory(self.pass.data),
        }
    }

    /// The `count` nearest rows of each query, and one more, among the same rows in codes of 8 bits a
    /// column.
    fn nearest_by_eight_bits(&self, count: usize) -> Result<NeighborTable, AuditError> {
        let method = self.pass.searcher.method();
        let data = self.pass.data;
        let base = self.coded_rows();
        let bytes = 4 * base.rows() as u64 * base.columns() as u64;
        check_memory("the rows in codes of 8 bits", bytes)?;
        let rows = eight_bit_rows(base);
        let own = data.queries.held_out_rows();
        let transformed = |queries| self.pass.searcher.transformed(queries);
        let of_queries = own.map(transformed).transpose();
        let of_queries = of_queries.map_err(super::data::unusable(&data.name))?;
        let metric = match method.metric {
            Metric::L2 => Metric::L2,
            _ => Metric::InnerProduct,
        };
        let queries = match of_queries {
            Some(queries) => queries,
            None => base.select(&data.queries.numbers),
        };
        let queries = queries.view();
        // One more than the candidates, since a query that is a base row is among them.
        let most = (count + 1).min(rows.rows());
        let view = rows.view();
        let table = exact_knn(&view, Queries::HeldOut(queries), most, metric, self.budget)?;
        Ok(table)
    }
}

/// The share of a query's k exact neighbors among the `candidates` nearest by code.
fn kept_by_codes(query: &QueryFound, k: usize, candidates: usize) -> f64 {
    let places = query.code_places[..k].iter();
    places
        .filter(|&&place| (place as usize) < candidates)
        .count() as f64
        / k as f64
}
