//! Chooses the distance source of an index for a set of queries: the engine's arithmetic, or our
//! kernels over the rows as they are stored.

use super::{Index, IndexError};
use crate::distance_source::{AsEngine, DistanceSource, OwnRows, Vectors};
use annatomy_hnsw::VectorDistances;
use annatomy_hnsw::import::EngineDistances;
use annatomy_knn::Queries;
use annatomy_vectors::MatrixView;
use annatomy_vectors::kernels::Stored;

/// Work that runs on whatever source an index has.
pub(super) trait OnSource {
    /// What it gives.
    type Output;

    /// Runs it.
    fn run<S: DistanceSource>(self, source: &S) -> Result<Self::Output, IndexError>;
}

impl Index {
    /// Runs `work` on the source of held-out `queries`, all rows where they are `None`. Both are as the
    /// graph measures them (cosine: of unit length).
    pub(super) fn on_source<S: Stored, W: OnSource>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        work: W,
    ) -> Result<W::Output, IndexError> {
        let Some(engine) = self.engine() else {
            return match self.own_rows() {
                Some(own) => self.on_vectors(own, queries, work),
                None => self.on_vectors(rows, queries, work),
            };
        };
        let rows = rows.float32();
        let queries = queries.map_or(Queries::AllRows(rows.view()), Queries::HeldOut);
        let computer = EngineDistances::new(rows.view(), self.metric(), engine);
        work.run(&AsEngine::new(computer, queries))
    }

    /// Runs `work` on the source of the base rows of these numbers as queries.
    pub(super) fn on_own_rows<S: Stored, W: OnSource>(
        &self,
        rows: MatrixView<'_, S>,
        numbers: &[usize],
        work: W,
    ) -> Result<W::Output, IndexError> {
        let Some(engine) = self.engine() else {
            return match self.own_rows() {
                Some(own) => work.run(&OwnRows::new(self.computer(own), Some(numbers))),
                None => work.run(&OwnRows::new(self.computer(rows), Some(numbers))),
            };
        };
        let rows = rows.float32();
        let queries = Queries::SomeRows(rows.view(), numbers);
        let computer = EngineDistances::new(rows.view(), self.metric(), engine);
        work.run(&AsEngine::new(computer, queries))
    }

    fn on_vectors<S: Stored, W: OnSource>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        work: W,
    ) -> Result<W::Output, IndexError> {
        let computer = self.computer(rows);
        match queries {
            None => work.run(&OwnRows::new(computer, None)),
            Some(queries) => {
                let codes = self.codes().map(|codes| codes.queries(queries));
                work.run(&Vectors::new(computer, Queries::HeldOut(queries), codes))
            }
        }
    }

    fn computer<'v, S: Stored>(&'v self, rows: MatrixView<'v, S>) -> VectorDistances<'v, S> {
        VectorDistances::new(rows, self.metric()).with_codes(self.codes())
    }
}
