//! Answers: what an engine of a class returns for (ef, k), query by query.

use super::{Index, IndexError};
use annatomy_hnsw::{Answer, EngineClass, HeapFrontier, Links, PerThread, Traversal, VectorOracle, Visits};
use annatomy_knn::NeighborTable;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId, interrupt};
use rayon::prelude::*;

#[derive(Default)]
struct Scratch {
    traversal: Traversal<HeapFrontier>,
    visits: Visits,
}

impl Index {
    /// What an engine of `class` returns for (ef, k), nearest first; slots it cannot fill are `None`.
    ///
    /// Without `queries` every row is one, itself left out by id: the engine is asked for k + 1 and the query removed
    /// wherever it stands. Distances are float32, true (not squared) for L2. Runs on the current rayon pool.
    pub fn search(
        &self,
        rows: MatrixView<'_>,
        queries: Option<MatrixView<'_>>,
        k: usize,
        ef: usize,
        class: EngineClass,
    ) -> Result<NeighborTable, IndexError> {
        let rows = self.rows(rows)?;
        self.check_request(queries.is_none(), k, ef, class)?;
        let own_queries = queries.map(|queries| self.queries(queries)).transpose()?.flatten();
        let queries = queries.map(|queries| own_queries.as_ref().map_or(queries, Matrix::view));
        let count = queries.map_or(rows.rows(), |queries| queries.rows());
        let asked = k + usize::from(queries.is_none());
        let oracle = VectorOracle::new(rows, self.metric());
        let scratch = PerThread::new(Scratch::default);
        let mut ids = vec![None; count * k];
        let mut distances = vec![f32::INFINITY; count * k];
        let slots = ids.par_chunks_mut(k).zip(distances.par_chunks_mut(k)).enumerate();
        slots.with_min_len(4).for_each(|(query, (ids, distances))| {
            interrupt::check();
            let (vector, own) = match queries {
                Some(queries) => (queries.row(query), None),
                None => (rows.row(query), Some(query as u32)),
            };
            scratch.with(|Scratch { traversal, visits }| {
                let view = oracle.view_of(vector);
                traversal.record::<VectorOracle<'_>>(self.graph(), view, class.effort(ef, asked), visits);
                let Answer::Rows { visited, rows } = visits.answer(class, ef, asked) else { return };
                let found = visits.among_first(visited).take(rows).filter(|visit| Some(visit.id) != own);
                for ((visit, id), distance) in found.zip(ids).zip(distances) {
                    *id = Some(PointId(visit.id));
                    *distance = distance_of(self.metric(), VectorOracle::separation_of_key(visit.key));
                }
            });
        });
        Ok(NeighborTable::new(k, ids, distances))
    }

    fn check_request(&self, own: bool, k: usize, ef: usize, class: EngineClass) -> Result<(), IndexError> {
        let available = self.graph().nodes().saturating_sub(usize::from(own));
        if k == 0 || (own && k > available) {
            return Err(IndexError::Neighbors { k, available });
        }
        if ef == 0 {
            return Err(IndexError::Effort);
        }
        if class == EngineClass::Refuse && k + usize::from(own) > ef {
            return Err(IndexError::Refused { k: k + usize::from(own), ef });
        }
        Ok(())
    }
}

fn distance_of(metric: Metric, separation: f32) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt(),
        Metric::Cosine | Metric::InnerProduct => separation,
    }
}
