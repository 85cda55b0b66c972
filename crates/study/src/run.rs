//! One run: rows, exact neighborhoods, graphs, then every query through every condition.
//!
//! Memory: the rows twice (once in blocks of columns), and 6n² bytes of tables where they fit the
//! budget.

use super::cells::{Block, Cells};
use super::data::{Source, queries};
use super::explore::{FirstRun, Sample};
use super::plan::Plan;
use super::query::{Context, Scratch};
use super::{Execution, StudyError, methods, order, reduce};
use crate::results::methods::MethodsRun;
use crate::results::order::OrderCounts;
use crate::results::{DataFacts, RunHubness, RunRecord, Settings, StageSeconds, StudyKind};
use annatomy_eval::barycenter::ColumnBlocks;
use annatomy_eval::distance_source::{DistanceSource, OwnRows, Ranked};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::surface::Counts;
use annatomy_hnsw::{
    DistanceComputer, Graph, PairDistances, Parameters, ReducedKeys, Sq8Codes, VectorDistances,
    reachable,
};
use annatomy_knn::{PairTable, Queries, RankTable};
use annatomy_measures::difficulty::Hubness;
use annatomy_runtime::{PerThread, advance, stage};
use annatomy_vectors::validate::duplicates;
use annatomy_vectors::{Matrix, Metric};
use rayon::prelude::*;
use std::time::Instant;

/// Queries measured together; fixed, so that sums do not depend on threads.
const BLOCK_QUERIES: usize = 64;
/// Neighbors by which hubness is counted.
const HUBNESS_K: usize = 10;
/// A sample smaller than one row in this many does not repay a table of all pairs.
const TABLE_SHARE: usize = 4;

/// Runs number `run` of the study.
pub(crate) fn run(
    settings: &Settings,
    plan: &Plan,
    source: &Source<'_>,
    run: usize,
    execution: &Execution,
) -> Result<RunRecord, StudyError> {
    let metric: Metric = settings.metric;
    let mut seconds = StageSeconds::default();
    stage("reading vectors", 0);
    let rows = timed(&mut seconds.data, || source.load(settings, run, metric))?;
    let numbers = queries(settings, run, rows.rows())?;
    let queries = Queries::SomeRows(rows.view(), &numbers);
    let job = Job {
        settings,
        plan,
        rows: &rows,
        queries: &numbers,
        run,
    };
    let budget = execution.memory_budget_bytes;
    stage("exact neighbors", 0);
    if table_bytes(rows.rows(), numbers.len(), budget).is_some() {
        let table = timed(&mut seconds.distances, || {
            PairTable::new(rows.view(), metric, plan.largest_k())
        })?;
        let ranks = timed(&mut seconds.distances, || RankTable::new(&table))?;
        let truth = GroundTruth::of_pairs(&table, queries);
        let source = Ranked::new(&table, &ranks, queries);
        job.finish(&source, &PairDistances(&table), &truth, seconds)
    } else {
        let truth = timed(&mut seconds.distances, || {
            GroundTruth::compute(&rows.view(), queries, plan.largest_k(), metric, budget)
        })?;
        let codes = timed(&mut seconds.build, || {
            Sq8Codes::if_worthwhile(rows.view(), metric)
        });
        let computer = VectorDistances::new(rows.view(), metric).with_codes(codes.as_ref());
        let source = OwnRows::new(computer, Some(&numbers));
        job.finish(&source, &computer, &truth, seconds)
    }
}

/// Bytes of the tables of all pairs; `None` where they do not fit the budget or do not pay.
pub(crate) fn table_bytes(rows: usize, queries: usize, budget_bytes: u64) -> Option<u64> {
    let pays = queries * TABLE_SHARE >= rows;
    (pays && Ranked::fits(rows, budget_bytes))
        .then(|| PairTable::bytes(rows) + RankTable::bytes(rows))
}

struct Job<'j> {
    settings: &'j Settings,
    plan: &'j Plan,
    rows: &'j Matrix,
    queries: &'j [usize],
    run: usize,
}

impl Job<'_> {
    /// Everything after the exact neighbors; `distances` are those of the source, as values.
    fn finish<S: DistanceSource, D: ReducedKeys>(
        self,
        source: &S,
        distances: &D,
        truth: &GroundTruth<'_>,
        mut seconds: StageSeconds,
    ) -> Result<RunRecord, StudyError> {
        let mut explorer = 0.0;
        let sample = if self.run == 0 {
            let read = || Sample::read(self.settings, self.plan, self.rows, self.queries, truth);
            Some(timed(&mut explorer, read)?)
        } else {
            None
        };
        // The explorer's map is laid out on one thread, next to the building of graphs.
        let (mut both, mut build) = (0.0, 0.0);
        let (graphs, map) = timed(&mut both, || {
            rayon::join(
                || timed(&mut build, || self.build(source.computer())),
                || sample.as_ref().map(Sample::map),
            )
        });
        let graphs = graphs?;
        seconds.build += build;
        explorer += both - build;
        let reachable: Vec<Vec<bool>> = graphs.iter().map(reachable).collect();
        let configured = self.plan.graph(self.settings.ef_construction);
        let columns = timed(&mut seconds.measure, || ColumnBlocks::new(self.rows.view()));
        let grid = self.plan.surface_grid()?;
        let context = Context {
            plan: self.plan,
            grid,
            source,
            truth,
            graphs: &graphs,
            reachable: &reachable,
            columns: &columns,
            configured,
        };
        let cells = timed(&mut seconds.measure, || self.measure(&context));
        let order = self.count_orders(source, truth, &mut seconds)?;
        let parts = methods::Parts {
            settings: self.settings,
            run: self.run,
            rows: self.rows,
            queries: self.queries,
            truth,
            columns: &columns,
            distances,
            graph: &graphs[configured],
        };
        let compared = self.compare_methods(&parts, &mut seconds)?;
        let traverse = cells.traverse_share() * seconds.measure;
        seconds.traverse = traverse;
        seconds.measure -= traverse;
        // What the explorer takes is less.
        drop(columns);
        let first = FirstRun {
            settings: self.settings,
            plan: self.plan,
            source,
            truth,
            graphs: &graphs,
            reachable: &reachable,
        };
        let explored = sample
            .zip(map)
            .map(|(sample, map)| timed(&mut explorer, || first.explore(sample, map)));
        seconds.measure += explorer;
        Ok(RunRecord {
            run: self.run,
            conditions: reduce::conditions(self.plan, &cells, self.rows.rows() - 1),
            surface: cells.surface(&grid).surface(&grid),
            explored,
            order,
            methods: compared,
            data: DataFacts {
                rows: self.rows.rows(),
                columns: self.rows.columns(),
                duplicate_rows: duplicates(self.rows.view()).repeated,
                unreachable_nodes: reachable[configured]
                    .iter()
                    .filter(|&&reached| !reached)
                    .count(),
                queries: self.queries.len(),
                hubness: self.hubness(truth),
            },
            seconds,
        })
    }

    /// Of the neighbors at the k nearest to [`HUBNESS_K`].
    fn hubness(&self, truth: &GroundTruth<'_>) -> Option<RunHubness> {
        let ks = self.plan.ks.iter().copied();
        let k = ks.min_by_key(|k| k.abs_diff(HUBNESS_K))?;
        let mut counts = vec![0_u32; self.rows.rows()];
        let mut exact = ExactList::default();
        for query in 0..self.queries.len() {
            exact.read(truth, query);
            for &row in &exact.ids[..k] {
                counts[row as usize] += 1;
            }
        }
        let found = Hubness::of(&counts)?;
        Some(RunHubness {
            k,
            skewness: found.skewness,
            antihub_share: found.antihub_share,
            robin_hood: found.robin_hood,
        })
    }

    /// The study of insertion orders, where it is asked for.
    fn count_orders<S: DistanceSource>(
        &self,
        source: &S,
        truth: &GroundTruth<'_>,
        seconds: &mut StageSeconds,
    ) -> Result<Option<OrderCounts>, StudyError> {
        if !self.settings.studies.contains(&StudyKind::Order) {
            return Ok(None);
        }
        let rows = self.rows.view();
        let counted = timed(&mut seconds.order, || {
            order::count(self.settings, self.run, rows, (source, truth))
        })?;
        Ok(Some(counted))
    }

    /// The study of methods, where it is asked for.
    fn compare_methods<D: ReducedKeys>(
        &self,
        parts: &methods::Parts<'_, D>,
        seconds: &mut StageSeconds,
    ) -> Result<Option<MethodsRun>, StudyError> {
        if !self.settings.studies.contains(&StudyKind::Methods) {
            return Ok(None);
        }
        let measured = timed(&mut seconds.methods, || methods::measure(parts))?;
        Ok(Some(measured))
    }

    fn build<C: DistanceComputer>(&self, computer: &C) -> Result<Vec<Graph>, StudyError> {
        let efs: Vec<String> = self
            .plan
            .graphs
            .iter()
            .map(|planned| planned.ef_construction.to_string())
            .collect();
        stage(&format!("graphs, ef_construction {}", efs.join(", ")), 0);
        let seed = self.settings.seed.wrapping_add(self.run as u64);
        let parameters: Vec<Parameters> = self
            .plan
            .graphs
            .iter()
            .map(|planned| {
                let (preset, m) = (self.settings.preset, self.settings.m);
                preset.parameters(m, planned.ef_construction, seed)
            })
            .collect();
        Ok(Graph::build_all(computer, &parameters)?)
    }

    fn measure<S: DistanceSource>(&self, context: &Context<'_, S>) -> Cells {
        stage("measuring", self.queries.len() as u64);
        let cells = self.plan.conditions.len() * self.plan.ks.len();
        let surface = Counts::new(&context.grid);
        let scratch = PerThread::new(Scratch::<S::Queue>::default);
        let measure_block = |(number, rows): (usize, &[usize])| {
            let mut block = Block::new(cells, rows.len(), surface.clone());
            scratch.with(|scratch| {
                scratch.measure_block(context, number * BLOCK_QUERIES, rows, &mut block);
            });
            advance(rows.len() as u64);
            block
        };
        Cells::new(
            self.queries
                .par_chunks(BLOCK_QUERIES)
                .enumerate()
                .with_max_len(1)
                .map(measure_block)
                .collect(),
            cells,
        )
    }
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *seconds += start.elapsed().as_secs_f64();
    result
}
