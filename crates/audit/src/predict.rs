//! Predicted answers: the ids that an engine of some class returns at (ef, k), searched with the queue of
//! the engine that saved the graph, or read from one traversal.

use super::cells::Evaluation;
use super::request::Prediction;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::query_state::QueryState;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;

/// k base rows per query, −1 where a slot is empty.
pub(super) fn predict<S: DistanceSource>(
    on: &Evaluation<'_, S>,
    prediction: &Prediction,
) -> Vec<i64> {
    let Prediction { ef, k, class } = *prediction;
    let state = PerThread::new(QueryState::<S::Queue>::default);
    let row = |query: usize| {
        state.with(|state| {
            let searched = on.searched();
            if !state.search_as_engine(&searched, query, (class, ef, k)) {
                state.record(&searched, query, class.effort(ef, k));
            }
            let ids = state.ids(class, ef, k).into_iter().map(i64::from);
            ids.chain(std::iter::repeat(-1))
                .take(k)
                .collect::<Vec<i64>>()
        })
    };
    (0..on.data.queries.count())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .flat_map_iter(row)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{dataset, noise, random_graph};
    use annatomy_eval::distance_source::OwnRows;
    use annatomy_hnsw::{EngineClass, Graph, VectorDistances, reachable};
    use annatomy_vectors::Metric;

    /// The engine is asked for k rows, and the query is one of them where it is found.
    #[test]
    fn predicted_ids_are_those_of_a_search_written_out_plainly() {
        let data = dataset(noise(36, 3, 4), None);
        let graph = random_graph(36, 3, &[9], 6);
        let frozen = Graph::freeze(&graph);
        let base = data.base.in_memory().expect("in memory");
        let truth = exact::neighbors(&data, 3, 1 << 20).expect("small");
        let on = Evaluation {
            source: &OwnRows::new(VectorDistances::new(base, Metric::L2), None),
            data: &data,
            truth: &truth,
            graph: &frozen,
            reachable: &reachable(&frozen),
            filter: None,
        };
        for (class, efforts, rows) in [
            (EngineClass::StopEarly, [3, 20], [7, 7]),
            (EngineClass::Raise, [7, 20], [7, 7]),
            (EngineClass::RowCap, [3, 20], [3, 7]),
            (EngineClass::BeamIsK, [7, 7], [7, 7]),
        ] {
            for (place, ef) in [3, 20].into_iter().enumerate() {
                let ids = predict(&on, &Prediction { ef, k: 7, class });
                assert_eq!(ids.len(), 36 * 7);
                for (query, found) in ids.chunks(7).enumerate() {
                    let mut seen = graph.seen(&data, query, efforts[place]);
                    seen.truncate(rows[place]);
                    let mut right: Vec<i64> = seen.iter().map(|&row| row.into()).collect();
                    right.resize(7, -1);
                    assert_eq!(found, right, "{class}, ef {ef}, query {query}");
                }
            }
        }
        let class = EngineClass::Refuse;
        let refused = predict(&on, &Prediction { ef: 6, k: 7, class });
        assert!(refused.iter().all(|&id| id == -1), "k exceeds ef");
    }
}
