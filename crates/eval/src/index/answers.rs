//! Answers: what an engine of a class returns for (ef, k), query by query.
//!
//! The graph of an engine is searched with the engine's own queue. Of others: where every slot lies well
//! within the beam the search is plain, and nothing is recorded. Where k
//! reaches the edge of the beam, what was seen beyond it may be returned as well: the traversal is
//! recorded and the answer read from it.

use super::dispatch::OnSource;
use super::{Index, IndexError};
use crate::distance_source::DistanceSource;
use annatomy_hnsw::{
    Answer, CandidateQueue, EngineClass, EngineSearch, Graph, Links, QueryScorer, Scored, Search,
    Traversal, Visit, Visits,
};
use annatomy_knn::NeighborTable;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId};
use rayon::prelude::*;

#[derive(Default)]
struct Scratch<F> {
    by_engine: EngineSearch,
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
        let rule = scorer.queue_rule();
        if let Some(queue) = rule.and_then(|rule| asked.class.queue(rule, asked.ef, asked.k)) {
            self.by_engine
                .answer(graph, scorer, queue, &mut self.nearest);
            let nearest = self.nearest.iter().take(asked.k);
            self.found.extend(nearest.map(visit));
            return;
        }
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
                self.found.extend(nearest.map(visit));
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

/// A row whose arrival does not matter.
fn visit(&Scored { key, id }: &Scored) -> Visit {
    Visit {
        id,
        key,
        arrival: 0,
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
        let what = format!("the answers of {k} neighbors to each of {count} queries");
        annatomy_runtime::check_memory(what, bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{far, noise, returned};
    use annatomy_hnsw::Parameters;

    const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

    fn index(rows: &Matrix, metric: Metric, budget_bytes: u64) -> Index {
        let parameters = Parameters::faiss(4, 24, 9);
        Index::build(rows.view(), metric, &parameters, budget_bytes).expect("index")
    }

    /// Whether the answers to every query are those of a search in float64 on the same graph.
    fn is_plain(index: &Index, rows: &Matrix, held_out: Option<&Matrix>, class: EngineClass) {
        for (ef, k) in [(1, 1), (1, 6), (5, 6), (7, 6), (12, 12), (40, 6)] {
            let asked = k + usize::from(held_out.is_none());
            let queries = held_out.map(Matrix::view);
            let found = index.search(rows.view(), queries, k, ef, class);
            if class == EngineClass::Refuse && asked > ef {
                let error = found.expect_err("refused");
                assert!(matches!(error, IndexError::Refused { k, .. } if k == asked));
                continue;
            }
            let found = found.expect("answers");
            let vectors = held_out.unwrap_or(rows);
            assert_eq!((found.queries(), found.k()), (vectors.rows(), k));
            for query in 0..vectors.rows() {
                let what = format!("{} {class} ef {ef} k {k} query {query}", index.metric());
                let own = held_out.is_none().then_some(query as u32);
                let to = |row: u32| far(index.metric(), vectors.row(query), rows.row(row as usize));
                let right = returned(index.graph(), to, class, (ef, k), own);
                let right = right.expect("not refused");
                let ids: Vec<u32> = found.ids(query).iter().flatten().map(|id| id.0).collect();
                assert_eq!(ids, right, "{what}");
                let empty = found.ids(query)[ids.len()..].iter();
                assert!(
                    empty.clone().all(Option::is_none),
                    "{what}: empty slots last"
                );
                for (&id, &distance) in ids.iter().zip(found.distances(query)) {
                    let right = to(id);
                    let near = (f64::from(distance) - right).abs() < 1e-5;
                    assert!(near, "{what}: {distance}, {right}");
                }
                let rest = &found.distances(query)[ids.len()..];
                assert!(rest.iter().all(|&distance| distance == f32::INFINITY));
            }
        }
    }

    #[test]
    fn answers_are_those_of_a_search_written_out_plainly() {
        let (rows, queries) = (noise(130, 6, 5), noise(9, 6, 77));
        for metric in METRICS {
            // By ranks of all pairs, and from the vectors.
            for budget in [1 << 30, 0] {
                let index = index(&rows, metric, budget);
                for class in EngineClass::ALL {
                    is_plain(&index, &rows, None, class);
                    is_plain(&index, &rows, Some(&queries), class);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_its_numbers() {
        let rows = noise(10, 3, 1);
        let index = index(&rows, Metric::L2, 0);
        let said = |held_out: bool, k, ef| {
            let queries = held_out.then(|| rows.view());
            let class = EngineClass::StopEarly;
            let found = index.search(rows.view(), queries, k, ef, class);
            found.err().map(|error| error.to_string())
        };
        let words = said(false, 10, 4).expect("nine others");
        assert!(words.contains("10") && words.contains('9'), "{words}");
        assert!(said(false, 9, 4).is_none());
        // Held out, more may be asked for than there are: the slots stay empty.
        assert!(said(true, 11, 4).is_none());
        assert!(said(true, 0, 4).is_some() && said(false, 3, 0).is_some());
    }
}
