//! The arithmetic of a live engine, found by its answers.
//!
//! A few searches give distances; the arithmetic in which all of them are reproduced bit for bit is
//! the engine's.

use super::arithmetic::{Arithmetic, EngineBuild};
use super::saved_index::SavedIndex;
use annatomy_vectors::{MatrixView, Metric};
use std::collections::HashMap;

/// What a live engine returned.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'p> {
    /// The queries as they were given to the engine, q × d.
    pub queries: MatrixView<'p>,
    /// Ids as the engine names its rows, q × k in rows; others than rows of the index are skipped.
    pub ids: &'p [i64],
    /// The engine's own figures: squared for L2, a·b (FAISS) or 1 − a·b (hnswlib); q × k.
    pub distances: &'p [f32],
}

impl SavedIndex {
    /// The arithmetic that gives all distances of `probe`, bit for bit.
    ///
    /// Where several do, that of this machine is preferred, then the first of
    /// [`Arithmetic::ALL`]. `None`: no known arithmetic does, or there is nothing to compare.
    pub fn arithmetic_of(&self, metric: Metric, probe: Probe<'_>) -> Option<Arithmetic> {
        let returned = self.rows_of(probe);
        if returned.is_empty() {
            return None;
        }
        let machine = EngineBuild::on_this_machine(self.engine).arithmetic;
        std::iter::once(machine)
            .chain(Arithmetic::ALL)
            .find(|&arithmetic| {
                let build = EngineBuild::new(self.engine, Some(arithmetic));
                self.is_reproduced(build, metric, probe.queries, &returned)
            })
    }

    fn is_reproduced(
        &self,
        build: EngineBuild,
        metric: Metric,
        queries: MatrixView<'_>,
        returned: &[Returned],
    ) -> bool {
        let mut queries = queries.to_matrix();
        if metric == Metric::Cosine {
            build.normalize_rows(&mut queries);
        }
        returned.iter().all(|returned| {
            let (query, row) = (queries.row(returned.query), self.vectors.row(returned.row));
            build.gives(metric, query, row, returned.distance)
        })
    }

    fn rows_of(&self, probe: Probe<'_>) -> Vec<Returned> {
        let named: Option<HashMap<i64, usize>> = self
            .labels
            .as_ref()
            .map(|labels| labels.iter().copied().zip(0..).collect());
        let rows = self.vectors.rows();
        let row_of = |id: i64| match &named {
            Some(named) => named.get(&id).copied(),
            None => usize::try_from(id).ok().filter(|&row| row < rows),
        };
        let columns = probe.ids.len() / probe.queries.rows().max(1);
        let mut returned = Vec::new();
        for (slot, (&id, &distance)) in probe.ids.iter().zip(probe.distances).enumerate() {
            if let Some(row) = row_of(id) {
                let query = slot / columns;
                returned.push(Returned {
                    query,
                    row,
                    distance,
                });
            }
        }
        returned
    }
}

/// One filled slot of a probe.
struct Returned {
    query: usize,
    row: usize,
    distance: f32,
}
