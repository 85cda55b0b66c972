//! Answers: what an engine of a class returns for (ef, k), query by query.
//!
//! Where every slot lies well within the beam the search is plain, and nothing is recorded. Where k
//! reaches the edge of the beam, what was seen beyond it may be returned as well: the traversal is
//! recorded and the answer read from it.

use super::dispatch::OnSource;
use super::{Index, IndexError};
use crate::distance_source::DistanceSource;
use annatomy_hnsw::{
    Answer, CandidateQueue, EngineClass, Graph, Links, QueryScorer, Scored, Search, Traversal,
    Visit, Visits,
};
use annatomy_knn::NeighborTable;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId};
use rayon::prelude::*;

#[derive(Default)]
struct Scratch<F> {
    search: Search<F>,
    traversal: Traversal<F>,
    visits: Visits,
    nearest: Vec<Scored>,
    found: Vec<Visit>,
    reduced: Vec<f32>,
}

/// What is asked of an engine about one query.
#[derive(Clone, Copy)]
struct Asked {
    class: EngineClass,
    ef: usize,
    k: usize,
}

impl<F: CandidateQueue> Scratch<F> {
    /// Puts the rows returned into `found`, nearest first.
    fn answer<V: QueryScorer<Queue = F>>(&mut self, graph: &Graph, scorer: V, asked: Asked) {
        self.found.clear();
        let effort = asked.class.effort(asked.ef, asked.k);
        if asked.k < effort {
            self.search
                .nearest(graph, scorer, effort, &mut self.nearest);
            // Rows outside the beam are no nearer than its last: they matter only if the k-th is as
            // far as that.
            let within = self.nearest.len() < effort
                || self.nearest[asked.k - 1].key < self.nearest[effort - 1].key;
            if within {
                let nearest = self.nearest.iter().take(asked.k);
                self.found.extend(nearest.map(|&Scored { key, id }| Visit {
                    id,
                    key,
                    arrival: 0,
                }));
                return;
            }
        }
        let visits = &mut self.visits;
        self.traversal.record(graph, scorer, effort, visits);
        if let Answer::Rows { visited, rows } = visits.answer(asked.class, asked.ef, asked.k) {
            self.found
                .extend(visits.among_first(visited).take(rows).copied());
        }
    }
}

impl Index {
    /// What an engine of `class` returns for (ef, k), nearest first; slots it cannot fill are
    /// `None`.
    ///
    /// Without `queries` every row is one, itself left out by id: the engine is asked for k + 1 and
    /// the query removed wherever it stands. Distances are float32, true (not squared) for L2. Runs
    /// on the current rayon pool.
    pub fn search<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        k: usize,
        ef: usize,
        class: EngineClass,
    ) -> Result<NeighborTable, IndexError> {
        self.check_shape(rows)?;
        self.check_request(queries.is_none(), k, ef, class)?;
        let own_queries = queries
            .map(|queries| self.queries(queries))
            .transpose()?
            .flatten();
        let queries = queries.map(|queries| own_queries.as_ref().map_or(queries, Matrix::view));
        let asked = Asked {
            class,
            ef,
            k: k + usize::from(queries.is_none()),
        };
        let count = queries.map_or(rows.rows(), |queries| queries.rows()) as u64;
        let slot_bytes = size_of::<(Option<PointId>, f32)>() as u64;
        let bytes = count.saturating_mul(k as u64).saturating_mul(slot_bytes);
        annatomy_runtime::check_memory("the answers", bytes)?;
        let search = SearchAll {
            index: self,
            graph: self.graph(),
            metric: self.metric(),
            queries: queries.map_or(rows.rows(), |queries| queries.rows()),
            own: queries.is_none(),
            k,
            asked,
        };
        self.on_source(rows, queries, search)
    }

    fn check_request(
        &self,
        own: bool,
        k: usize,
        ef: usize,
        class: EngineClass,
    ) -> Result<(), IndexError> {
        let available = self.graph().nodes().saturating_sub(usize::from(own));
        if k == 0 || (own && k > available) {
            return Err(IndexError::Neighbors { k, available });
        }
        if ef == 0 {
            return Err(IndexError::Effort);
        }
        if class == EngineClass::Refuse && k + usize::from(own) > ef {
            return Err(IndexError::Refused {
                k: k + usize::from(own),
                ef,
            });
        }
        Ok(())
    }
}

/// Every query of a search, on any source.
struct SearchAll<'s> {
    index: &'s Index,
    graph: &'s Graph,
    metric: Metric,
    queries: usize,
    /// Whether query number q is base row q, left out of its own answer.
    own: bool,
    k: usize,
    asked: Asked,
}

impl OnSource for SearchAll<'_> {
    type Output = NeighborTable;

    fn run<S: DistanceSource>(self, source: &S) -> Result<NeighborTable, IndexError> {
        let k = self.k;
        let scratch = PerThread::new(Scratch::<S::Queue>::default);
        annatomy_runtime::stage("searches", self.queries as u64);
        let mut ids = vec![None; self.queries * k];
        let mut distances = vec![f32::INFINITY; self.queries * k];
        let slots = ids.par_chunks_mut(k).zip(distances.par_chunks_mut(k));
        slots
            .enumerate()
            .with_max_len(TASK_QUERIES)
            .for_each(|(query, (ids, distances))| {
                annatomy_runtime::advance(1);
                scratch.with(|scratch| {
                    scratch.answer(self.graph, source.scorer(query), self.asked);
                    let own = self.own.then_some(query as u32);
                    scratch.found.retain(|visit| Some(visit.id) != own);
                    scratch.found.truncate(k);
                    scratch.reduced.clear();
                    source.reduced_distances(query, &scratch.found, &mut scratch.reduced);
                    let found = scratch.found.iter().zip(&scratch.reduced);
                    for ((visit, &reduced), (id, distance)) in
                        found.zip(ids.iter_mut().zip(distances))
                    {
                        *id = Some(PointId(visit.id));
                        *distance = self.index.unscaled(self.metric.true_distance(reduced));
                    }
                });
            });
        Ok(NeighborTable::new(k, ids, distances))
    }
}
