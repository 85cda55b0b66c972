//! Predicted answers: the ids that an engine of some class returns at (ef, k), read from one
//! traversal.

use super::cells::Evaluation;
use super::request::Prediction;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_hnsw::{Traversal, Visits};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;

/// One row of k ids per query, as the engine names them, −1 where a slot is empty.
pub(super) fn predict<S: DistanceSource>(
    on: &Evaluation<'_, S>,
    prediction: &Prediction,
) -> Vec<i64> {
    let Prediction { ef, k, class } = *prediction;
    let scratch = PerThread::new(Scratch::<S::Queue>::default);
    let row = |query: usize| {
        annatomy_runtime::check();
        scratch.with(|Scratch { traversal, visits }| {
            traversal.record(
                on.graph,
                on.source.scorer(query),
                class.effort(ef, k),
                visits,
            );
            let ids = visits
                .rows(visits.answer(class, ef, k))
                .map(|id| on.data.label(id));
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

#[derive(Default)]
struct Scratch<F> {
    traversal: Traversal<F>,
    visits: Visits,
}
