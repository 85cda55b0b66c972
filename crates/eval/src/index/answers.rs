//! Answers: what an engine of a class returns for (ef, k), query by query.
//!
//! Where every slot lies well within the beam the search is plain, and nothing is recorded. Where k
//! reaches the edge of the beam, what was seen beyond it may be returned as well: the traversal is
//! recorded and the answer read from it.

use super::{Index, IndexError};
use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{
    Answer, CandidateQueue, DistanceComputer, EngineClass, Graph, Links, Scored, Search, Traversal,
};
use annatomy_hnsw::{QueryScorer, VectorDistances, Visits};
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
    found: Vec<Scored>,
}

/// What is asked of an engine about one query.
#[derive(Clone, Copy)]
struct Asked {
    class: EngineClass,
    ef: usize,
    k: usize,
}

impl<F: CandidateQueue> Scratch<F> {
    /// The rows returned, nearest first.
    fn answer<V: QueryScorer<Queue = F>>(
        &mut self,
        graph: &Graph,
        view: V,
        asked: Asked,
    ) -> &[Scored] {
        let effort = asked.class.effort(asked.ef, asked.k);
        if asked.k < effort {
            self.search.nearest(graph, view, effort, &mut self.found);
            // Rows outside the beam are no nearer than its last: they matter only if the k-th is as
            // far as that.
            let within = self.found.len() < effort
                || self.found[asked.k - 1].key < self.found[effort - 1].key;
            if within {
                self.found.truncate(asked.k);
                return &self.found;
            }
        }
        self.traversal.record(graph, view, effort, &mut self.visits);
        self.found.clear();
        if let Answer::Rows { visited, rows } = self.visits.answer(asked.class, asked.ef, asked.k) {
            let returned = self.visits.among_first(visited).take(rows);
            self.found.extend(returned.map(|visit| Scored {
                key: visit.key,
                id: visit.id,
            }));
        }
        &self.found
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
        let asked = Asked { class, ef, k };
        let Some(engine) = self.engine() else {
            return Ok(match self.own_rows() {
                Some(own) => self.search_vectors(own, queries, asked),
                None => self.search_vectors(rows, queries, asked),
            });
        };
        let rows = rows.float32();
        let oracle = EngineDistances::new(rows.view(), self.metric(), engine);
        let distance = |key| oracle.distance_of_key(key);
        Ok(match queries {
            Some(queries) => self.held_out(
                queries.rows(),
                asked,
                |query| oracle.scorer_for(queries.row(query as usize)),
                distance,
            ),
            None => self.each_row(asked, |row| oracle.scorer(row), distance),
        })
    }

    fn search_vectors<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        asked: Asked,
    ) -> NeighborTable {
        let oracle = VectorDistances::new(rows, self.metric()).with_codes(self.sketch());
        let distance =
            |key| distance_of(self.metric(), VectorDistances::reduced_distance_of_key(key));
        let Some(queries) = queries else {
            return self.each_row(asked, |row| oracle.scorer(row), distance);
        };
        let sketched = self.sketch().map(|sketch| sketch.queries(queries));
        let view = |query: u32| {
            oracle.scorer_with_codes(queries.row(query as usize), sketched.as_ref(), query)
        };
        self.held_out(queries.rows(), asked, view, distance)
    }

    fn held_out<V: QueryScorer>(
        &self,
        queries: usize,
        asked: Asked,
        view: impl Fn(u32) -> V + Sync,
        distance_of_key: impl Fn(u32) -> f32 + Sync,
    ) -> NeighborTable {
        self.answer(
            queries,
            asked.k,
            asked,
            |query| (view(query), None),
            distance_of_key,
        )
    }

    /// Every row as a query, which itself takes a place in what the engine returns.
    fn each_row<V: QueryScorer>(
        &self,
        asked: Asked,
        view: impl Fn(u32) -> V + Sync,
        distance_of_key: impl Fn(u32) -> f32 + Sync,
    ) -> NeighborTable {
        let with_itself = Asked {
            k: asked.k + 1,
            ..asked
        };
        self.answer(
            self.graph().nodes(),
            asked.k,
            with_itself,
            |row| (view(row), Some(row)),
            distance_of_key,
        )
    }

    /// The `k` nearest that are returned to each of `count` queries; `view` also names the row that
    /// a query is.
    fn answer<V: QueryScorer>(
        &self,
        count: usize,
        k: usize,
        asked: Asked,
        view: impl Fn(u32) -> (V, Option<u32>) + Sync,
        distance_of_key: impl Fn(u32) -> f32 + Sync,
    ) -> NeighborTable {
        let scratch = PerThread::new(Scratch::<V::Queue>::default);
        annatomy_runtime::stage("searches", count as u64);
        let mut ids = vec![None; count * k];
        let mut distances = vec![f32::INFINITY; count * k];
        let slots = ids
            .par_chunks_mut(k)
            .zip(distances.par_chunks_mut(k))
            .enumerate();
        slots
            .with_max_len(TASK_QUERIES)
            .for_each(|(query, (ids, distances))| {
                annatomy_runtime::advance(1);
                let (view, own) = view(query as u32);
                scratch.with(|scratch| {
                    let found = scratch.answer(self.graph(), view, asked);
                    let others = found.iter().filter(|seen| Some(seen.id) != own);
                    for ((seen, id), distance) in others.zip(ids).zip(distances) {
                        *id = Some(PointId(seen.id));
                        *distance = distance_of_key(seen.key);
                    }
                });
            });
        NeighborTable::new(k, ids, distances)
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

fn distance_of(metric: Metric, separation: f32) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt(),
        Metric::Cosine | Metric::InnerProduct => separation,
    }
}
