//! Where the distances of a query come from while it traverses a graph and while it is measured.
//!
//! Enters: queries, and a table of all pairs or the vectors. Leaves: the [`DistanceComputer`] that
//! graphs are built with, one scorer per query, and the reduced distances of visited rows.
//!
//! * [`Ranked`] reads a table of all pairs: base rows as queries, n up to 65,536, fastest;
//! * [`Vectors`] evaluates held-out queries or base rows with our kernels;
//! * [`OwnRows`] evaluates base rows as they are stored, float16 too;
//! * [`AsEngine`] evaluates vectors in the arithmetic of the engine that saved the graph.
//!
//! A reduced distance orders rows as the distance does and is cheaper: ‖x − y‖² for L2, and the
//! distance itself for cosine and inner product.

use annatomy_hnsw::import::{EngineDistances, EngineScorer};
use annatomy_hnsw::{
    CandidateQueue, DistanceComputer, HeapQueue, QueryScorer, RankDistances, RankScorer,
    Sq8Queries, VectorDistances, VectorScorer, Visit,
};
use annatomy_knn::{MAX_RANKED_ROWS, PairTable, Queries, RankTable};
use annatomy_vectors::kernels::Stored;

/// How queries see the base.
pub trait DistanceSource: Sync {
    /// What graphs are built with.
    type Computer: DistanceComputer;
    /// How one query is compared with the rows.
    type Scorer<'s>: QueryScorer<Queue = Self::Queue>
    where
        Self: 's;
    /// The search structure that suits the scorer.
    type Queue: CandidateQueue;

    /// The distance computer over the base.
    fn computer(&self) -> &Self::Computer;

    /// The scorer of query number `query`.
    fn scorer(&self, query: usize) -> Self::Scorer<'_>;

    /// Appends the reduced distances of rows that query number `query` visited.
    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let _ = query;
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(VectorDistances::reduced_distance_of_key));
    }
}

/// A table of all pairs; queries are base rows.
#[derive(Debug)]
pub struct Ranked<'t> {
    table: &'t PairTable,
    computer: RankDistances<'t>,
    queries: Queries<'t>,
}

impl<'t> Ranked<'t> {
    /// Queries that read `table` and its `ranks`.
    ///
    /// # Panics
    /// If the queries are no base rows.
    pub fn new(table: &'t PairTable, ranks: &'t RankTable, queries: Queries<'t>) -> Self {
        assert!(
            queries.count() == 0 || queries.own_id(0).is_some(),
            "a table of all pairs holds base rows alone"
        );
        Self {
            table,
            computer: RankDistances(ranks),
            queries,
        }
    }

    /// Bytes that the two tables of `rows` rows take.
    pub fn bytes(rows: usize) -> u64 {
        PairTable::bytes(rows) + RankTable::bytes(rows)
    }

    /// The one rule for when a table of all pairs is used: 2 to 65,536 rows, within the budget.
    pub fn fits(rows: usize, budget_bytes: u64) -> bool {
        (2..=MAX_RANKED_ROWS).contains(&rows) && Self::bytes(rows) <= budget_bytes
    }

    fn row(&self, query: usize) -> u32 {
        let own = self.queries.own_id(query);
        own.expect("checked when the source was made")
    }
}

impl<'t> DistanceSource for Ranked<'t> {
    type Computer = RankDistances<'t>;
    type Scorer<'s>
        = RankScorer<'s>
    where
        Self: 's;
    type Queue = <RankDistances<'t> as DistanceComputer>::Queue;

    fn computer(&self) -> &RankDistances<'t> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> RankScorer<'_> {
        self.computer.scorer(self.row(query))
    }

    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let row = self.table.row(self.row(query) as usize);
        reduced.extend(visits.iter().map(|visit| row[visit.id as usize]));
    }
}

/// Vectors of float32 as queries, over rows as they are stored.
#[derive(Debug)]
pub struct Vectors<'v, S: Stored = f32> {
    computer: VectorDistances<'v, S>,
    queries: Queries<'v>,
    codes: Option<Sq8Queries<'v>>,
}

impl<'v, S: Stored> Vectors<'v, S> {
    /// Queries that evaluate vectors by `computer`; `codes` are theirs, where the computer has an
    /// SQ8 prefilter.
    pub fn new(
        computer: VectorDistances<'v, S>,
        queries: Queries<'v>,
        codes: Option<Sq8Queries<'v>>,
    ) -> Self {
        Self {
            computer,
            queries,
            codes,
        }
    }
}

impl<'v, S: Stored> DistanceSource for Vectors<'v, S> {
    type Computer = VectorDistances<'v, S>;
    type Scorer<'s>
        = VectorScorer<'s, f32, S>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &VectorDistances<'v, S> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> VectorScorer<'_, f32, S> {
        let vector = self.queries.row(query);
        match &self.codes {
            None => self.computer.scorer_for(vector),
            codes => {
                let codes = codes.as_ref();
                self.computer.scorer_with_codes(vector, codes, query as u32)
            }
        }
    }
}

/// Base rows as queries, as they are stored.
#[derive(Debug)]
pub struct OwnRows<'v, S: Stored = f32> {
    computer: VectorDistances<'v, S>,
    /// The rows that are queries; `None` for all of them.
    numbers: Option<&'v [usize]>,
}

impl<'v, S: Stored> OwnRows<'v, S> {
    /// All rows of `computer` as queries, or those of the given numbers.
    pub fn new(computer: VectorDistances<'v, S>, numbers: Option<&'v [usize]>) -> Self {
        Self { computer, numbers }
    }
}

impl<'v, S: Stored> DistanceSource for OwnRows<'v, S> {
    type Computer = VectorDistances<'v, S>;
    type Scorer<'s>
        = <VectorDistances<'v, S> as DistanceComputer>::Scorer<'s>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &VectorDistances<'v, S> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> Self::Scorer<'_> {
        let row = self.numbers.map_or(query, |numbers| numbers[query]);
        self.computer.scorer(row as u32)
    }
}

/// Vectors in an engine's own order of summation.
#[derive(Debug)]
pub struct AsEngine<'v> {
    computer: EngineDistances<'v>,
    queries: Queries<'v>,
}

impl<'v> AsEngine<'v> {
    /// Queries that evaluate vectors as the engine of `computer` does.
    pub fn new(computer: EngineDistances<'v>, queries: Queries<'v>) -> Self {
        Self { computer, queries }
    }
}

impl<'v> DistanceSource for AsEngine<'v> {
    type Computer = EngineDistances<'v>;
    type Scorer<'s>
        = EngineScorer<'s>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &EngineDistances<'v> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> EngineScorer<'_> {
        self.computer.scorer_for(self.queries.row(query))
    }

    fn reduced_distances(&self, _query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(|key| self.computer.reduced_distance_of_key(key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{brute_force, noise, unit_noise};
    use annatomy_hnsw::import::{Engine, EngineBuild};
    use annatomy_vectors::{Matrix, MatrixView, Metric};
    use half::f16;

    const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

    /// Ids and reduced distances of all other rows, by the keys of a source.
    fn by_keys<S: DistanceSource>(source: &S, rows: usize, query: usize) -> Vec<(f32, u32)> {
        let scorer = source.scorer(query);
        let mut visits: Vec<Visit> = (0..rows as u32)
            .filter(|&id| id != query as u32)
            .map(|id| Visit {
                id,
                key: scorer.key(id),
                arrival: id,
            })
            .collect();
        visits.sort_by_key(|visit| (visit.key, visit.id));
        let mut reduced = vec![7.0];
        source.reduced_distances(query, &visits, &mut reduced);
        assert_eq!(reduced[0], 7.0, "what is there stays there");
        let ids = visits.iter().map(|visit| visit.id);
        reduced.into_iter().skip(1).zip(ids).collect()
    }

    fn agrees<S: DistanceSource>(source: &S, rows: MatrixView<'_>, metric: Metric, who: &str) {
        for query in [0, 7, rows.rows() - 1] {
            let expected = brute_force(rows, metric, query);
            let found = by_keys(source, rows.rows(), query);
            for ((reduced, id), (exact, exact_id)) in found.iter().zip(&expected) {
                assert_eq!(id, exact_id, "{who}, {metric}, query {query}");
                let error = (f64::from(*reduced) - exact).abs();
                assert!(error < 1e-4 * exact.abs().max(1.0), "{who}, {metric}");
            }
        }
    }

    fn rows_for(metric: Metric) -> Matrix {
        match metric {
            Metric::Cosine => unit_noise(60, 24, 5),
            _ => noise(60, 24, 5),
        }
    }

    #[test]
    fn every_source_orders_rows_as_float64_does() {
        for metric in METRICS {
            let rows = rows_for(metric);
            let view = rows.view();
            let queries = Queries::AllRows(view);
            let table = PairTable::new(view, metric, 20).expect("small");
            let ranks = RankTable::new(&table).expect("small");
            agrees(
                &Ranked::new(&table, &ranks, queries),
                view,
                metric,
                "ranked",
            );
            let computer = VectorDistances::new(view, metric);
            agrees(&OwnRows::new(computer, None), view, metric, "own rows");
            let held_out = Queries::HeldOut(view);
            let vectors = Vectors::new(computer, held_out, None);
            agrees(&vectors, view, metric, "vectors");
        }
    }

    #[test]
    fn an_engine_constant_is_taken_off_its_reduced_distances() {
        for metric in METRICS {
            let rows = rows_for(metric);
            let view = rows.view();
            for engine in [Engine::Faiss, Engine::Hnswlib] {
                let computer =
                    EngineDistances::new(view, metric, EngineBuild::on_this_machine(engine));
                let source = AsEngine::new(computer, Queries::AllRows(view));
                agrees(&source, view, metric, &format!("{engine:?}"));
            }
        }
    }

    #[test]
    fn chosen_rows_are_queries_by_number() {
        let rows = noise(30, 8, 9);
        let numbers = [3, 11, 29];
        let computer = VectorDistances::new(rows.view(), Metric::L2);
        let source = OwnRows::new(computer, Some(&numbers));
        for (query, &row) in numbers.iter().enumerate() {
            assert_eq!(
                source.scorer(query).key(row as u32),
                source.scorer(query).key(row as u32)
            );
            let mut nearest: Vec<u32> = (0..30).collect();
            nearest.sort_by_key(|&id| source.scorer(query).key(id));
            assert_eq!(nearest[0], row as u32, "a row is nearest to itself");
        }
    }

    #[test]
    fn rows_in_float16_order_as_their_widened_values() {
        let wide = noise(40, 16, 3);
        let halves: Vec<f16> = wide
            .view()
            .values()
            .iter()
            .map(|&x| f16::from_f32(x))
            .collect();
        let halves = Matrix::new(40, 16, halves).expect("shape");
        let widened = halves.view().widened();
        let computer = VectorDistances::new(halves.view(), Metric::L2);
        agrees(
            &OwnRows::new(computer, None),
            widened.view(),
            Metric::L2,
            "float16",
        );
    }

    #[test]
    fn tables_are_used_where_they_fit() {
        assert!(!Ranked::fits(1, u64::MAX), "one row has no neighbors");
        assert!(Ranked::fits(2, u64::MAX));
        assert!(Ranked::fits(MAX_RANKED_ROWS, u64::MAX));
        assert!(
            !Ranked::fits(MAX_RANKED_ROWS + 1, u64::MAX),
            "ranks have 16 bits"
        );
        let bytes = Ranked::bytes(1_000);
        assert!(Ranked::fits(1_000, bytes) && !Ranked::fits(1_000, bytes - 1));
        assert!(
            bytes >= 6 * 1_000 * 1_000,
            "4 bytes a distance and 2 a rank"
        );
    }

    #[test]
    #[should_panic(expected = "base rows alone")]
    fn held_out_queries_have_no_table() {
        let rows = noise(10, 4, 1);
        let table = PairTable::new(rows.view(), Metric::L2, 3).expect("small");
        let ranks = RankTable::new(&table).expect("small");
        let _ = Ranked::new(&table, &ranks, Queries::HeldOut(rows.view()));
    }
}
