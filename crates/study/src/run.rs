//! One run: rows, exact neighborhoods, graphs, then every query through every condition.
//!
//! Memory: the rows twice (once in blocks of columns), and 6n² bytes of tables where they fit the
//! budget.

use super::barycenter::ColumnBlocks;
use super::cells::{Block, Cells, SurfaceSums};
use super::data::{Source, queries};
use super::neighborhoods::{Computed, NeighborhoodError, Neighborhoods, Ranked};
use super::plan::Plan;
use super::query::{Context, Scratch};
use super::{Execution, Progress, StudyError, reduce};
use crate::results::{DataFacts, RunRecord, Settings, StageSeconds};
use annatomy_hnsw::{DistanceComputer, Graph, Parameters, Sq8Codes, reachable};
use annatomy_knn::{MAX_RANKED_ROWS, PairTable, RankTable};
use annatomy_runtime::PerThread;
use annatomy_vectors::validate::duplicates;
use annatomy_vectors::{Matrix, Metric};
use rayon::prelude::*;
use std::time::Instant;

/// Queries measured together; fixed, so that sums do not depend on threads.
const BLOCK_QUERIES: usize = 64;
/// A sample smaller than one row in this many does not repay a table of all pairs.
const TABLE_SHARE: usize = 4;

/// Runs number `run` of the study.
pub(crate) fn run(
    settings: &Settings,
    plan: &Plan,
    source: &Source<'_>,
    run: usize,
    execution: &Execution,
    progress: &dyn Progress,
) -> Result<RunRecord, StudyError> {
    let metric: Metric = settings
        .metric
        .parse()
        .map_err(crate::config::SettingsError::from)?;
    let mut seconds = StageSeconds::default();
    progress.stage(run, "reading vectors", 0);
    let rows = timed(&mut seconds.data, || source.load(settings, run, metric))?;
    let queries = queries(settings, run, rows.rows())?;
    let job = Job {
        settings,
        plan,
        rows: &rows,
        queries: &queries,
        metric,
        run,
        progress,
    };
    let fits = rows.rows() <= MAX_RANKED_ROWS
        && Ranked::bytes(rows.rows()) <= execution.memory_budget_bytes;
    progress.stage(run, "exact neighbors", 0);
    if fits && queries.len() * TABLE_SHARE >= rows.rows() {
        let table = timed(&mut seconds.distances, || {
            PairTable::new(rows.view(), metric, plan.largest_k())
        })
        .map_err(NeighborhoodError::from)?;
        let ranks = timed(&mut seconds.distances, || RankTable::new(&table))
            .map_err(NeighborhoodError::from)?;
        job.finish(&Ranked::new(&table, &ranks, &queries), seconds)
    } else {
        let budget = execution.memory_budget_bytes;
        let computed = timed(&mut seconds.distances, || {
            Computed::new(rows.view(), metric, &queries, plan.largest_k(), budget)
        })?;
        let sketch = timed(&mut seconds.build, || {
            Sq8Codes::if_worthwhile(rows.view(), metric)
        });
        job.finish(&computed.with_codes(sketch.as_ref()), seconds)
    }
}

struct Job<'j> {
    settings: &'j Settings,
    plan: &'j Plan,
    rows: &'j Matrix,
    queries: &'j [usize],
    metric: Metric,
    run: usize,
    progress: &'j dyn Progress,
}

impl Job<'_> {
    /// Everything after the exact neighbors.
    fn finish<N: Neighborhoods>(
        self,
        neighborhoods: &N,
        mut seconds: StageSeconds,
    ) -> Result<RunRecord, StudyError> {
        let graphs = timed(&mut seconds.build, || self.build(neighborhoods.oracle()))?;
        let reachable: Vec<Vec<bool>> = graphs.iter().map(reachable).collect();
        let configured = self.plan.graph(self.settings.ef_construction);
        let columns = timed(&mut seconds.measure, || ColumnBlocks::new(self.rows.view()));
        let context = Context {
            plan: self.plan,
            metric: self.metric,
            rows: self.rows.rows(),
            neighborhoods,
            graphs: &graphs,
            reachable: &reachable,
            columns: &columns,
            configured,
        };
        let cells = timed(&mut seconds.measure, || self.measure(&context));
        let traverse = cells.traverse_share() * seconds.measure;
        seconds.traverse = traverse;
        seconds.measure -= traverse;
        Ok(RunRecord {
            run: self.run,
            conditions: reduce::conditions(self.plan, &cells),
            surface: reduce::surface(self.plan, cells.surface()),
            data: DataFacts {
                rows: self.rows.rows(),
                columns: self.rows.columns(),
                duplicate_rows: duplicates(self.rows.view()).repeated,
                unreachable_nodes: reachable[configured]
                    .iter()
                    .filter(|&&reached| !reached)
                    .count(),
                queries: self.queries.len(),
            },
            seconds,
        })
    }

    fn build<O: DistanceComputer>(&self, oracle: &O) -> Result<Vec<Graph>, StudyError> {
        let efs: Vec<String> = self
            .plan
            .graphs
            .iter()
            .map(|planned| planned.ef_construction.to_string())
            .collect();
        self.progress.stage(
            self.run,
            &format!("graphs, ef_construction {}", efs.join(", ")),
            0,
        );
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
        Ok(Graph::build_all(oracle, &parameters)?)
    }

    fn measure<N: Neighborhoods>(&self, context: &Context<'_, N>) -> Cells {
        self.progress
            .stage(self.run, "measuring", self.queries.len() as u64);
        let cells = self.plan.conditions.len() * self.plan.ks.len();
        let surface = SurfaceSums::new(self.plan.surface_efs.len(), self.plan.ks.len());
        let scratch = PerThread::new(Scratch::<<N::Distances as DistanceComputer>::Queue>::default);
        let measure_block = |(number, rows): (usize, &[usize])| {
            let mut block = Block::new(cells, rows.len(), surface.clone());
            scratch.with(|scratch| {
                scratch.measure_block(context, number * BLOCK_QUERIES, rows, &mut block)
            });
            self.progress.advance(rows.len() as u64);
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
