//! How the ef that a target needs grows with the rows: graphs over nested samples of the base, and the law
//! ef = a + b·log₂ n fitted to them.
//!
//! Enters: the base in memory, the queries, the parameters of the graphs. Leaves: a [`GrowthResult`]: the smallest
//! ef at n/16, n/8, n/4, n/2 and n rows, and for each k and target the law with its forecast at n, 10 n and 100 n.
//!
//! for each of three seeds          one order of the rows, its first n/16, n/8, … are the samples
//!   for each size but n            n itself once: all samples of n rows are the same rows
//!     build a graph, find the exact neighbors of the queries, advise
//!
//! The queries are the same at every size: those given, or else base rows that are taken out of all samples. Graphs are
//! built here also where there is an index, with its M and efConstruction: rows taken out of a graph do not leave the
//! graph that was built without them. Cost: the builds of 3.8 graphs over all rows, and the audit of each.

pub(crate) mod results;

use super::advice::Adviser;
use super::error::AuditError;
use super::exact;
use super::graphs;
use super::request::{AuditRequest, GraphRequest, Growth};
use super::results::Advice;
use super::target::Target;
use annatomy_eval::dataset::{Base, Dataset, QueryRows};
use annatomy_eval::distance_source::{DistanceSource, Vectors};
use annatomy_eval::index::Index;
use annatomy_hnsw::{Sq8Codes, VectorDistances};
use annatomy_measures::estimate::LogLaw;
use annatomy_runtime::{check_memory, stage};
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{Matrix, MatrixView, Rows};
use results::{GrowthForecast, GrowthLaw, GrowthPoint, GrowthResult};

/// Orders of the rows.
const SEEDS: u64 = 3;
/// Halvings below n.
const HALVINGS: u32 = 4;
/// Base rows that are queries, where none are held out.
const QUERIES: usize = 500;
/// Times n for which the law is asked.
const AHEAD: [usize; 3] = [1, 10, 100];
/// Smaller samples bound the ef that k neighbors need.
const LEAST_ROWS_PER_NEIGHBOR: usize = 10;
/// Fewer rows in the smallest sample say nothing of many.
const LEAST_ROWS: usize = 100;

/// Refuses what has no growth to look at.
pub(super) fn check(
    request: &AuditRequest,
    on_graphs: bool,
    segments: usize,
    data: &Dataset<'_>,
) -> Result<(), AuditError> {
    let refused = |words: &str| Err(AuditError::Request(words.to_owned()));
    if request.growth == Growth::LeftOut {
        return Ok(());
    }
    if !on_graphs {
        return refused("growth is of graphs over the vectors: answers given are of one size");
    }
    if segments > 1 {
        return Err(AuditError::Request(format!(
            "growth is of one graph: of {segments} segments, audit one, or the vectors without an index"
        )));
    }
    if data.filter.is_some() {
        return refused("growth is looked at without allowed rows or deleted rows");
    }
    let (rows, smallest) = (data.base.rows(), LEAST_ROWS << HALVINGS);
    let out = taken_out(data);
    if rows < smallest + out {
        return Err(AuditError::Request(format!(
            "growth over {rows} rows, {out} of them taken out as queries: samples down to 1/{} need {} rows at least",
            1 << HALVINGS,
            smallest + out
        )));
    }
    Ok(())
}

/// Base rows that become queries.
fn taken_out(data: &Dataset<'_>) -> usize {
    if data.queries.are_base_rows() {
        data.queries.count().min(QUERIES).min(data.base.rows() / 10)
    } else {
        0
    }
}

/// The smallest ef at every size, and the laws; `None` unless asked for.
pub(super) fn growth(
    request: &AuditRequest,
    index: Option<&Index>,
    data: &Dataset<'_>,
    ks: &[usize],
) -> Result<Option<GrowthResult>, AuditError> {
    if request.growth == Growth::LeftOut {
        return Ok(None);
    }
    let base = data
        .base
        .in_memory()
        .expect("graphs are over rows in memory");
    let wanted = match index {
        Some(index) => graphs::as_of(index, &request.graphs),
        None => request.graphs.clone(),
    };
    let wanted = GraphRequest { count: 1, ..wanted };
    let queries = queries(request, data, base)?;
    let rest: Vec<u32> = {
        let mut is_query = vec![false; base.rows()];
        queries.out.iter().for_each(|&row| is_query[row] = true);
        (0..base.rows() as u32)
            .filter(|&row| !is_query[row as usize])
            .collect()
    };
    let bytes = wanted.bytes(rest.len()) + 5 * (rest.len() * base.columns()) as u64;
    check_memory("growth", bytes)?;
    let mut points = Vec::new();
    for seed in 0..SEEDS {
        let seed = request.seed.wrapping_add(seed);
        let order = numpy_choice(seed, rest.len(), rest.len())?;
        for halvings in (0..=HALVINGS).rev() {
            if halvings == 0 && seed != request.seed {
                continue;
            }
            let rows = rest.len() >> halvings;
            stage("growth", 0);
            let mut sample: Vec<u32> = order[..rows].iter().map(|&at| rest[at]).collect();
            // As inserted: in the order of the base.
            sample.sort_unstable();
            let sample = gathered(base, sample.iter().map(|&row| row as usize));
            let found = at(
                request,
                &wanted,
                seed,
                &sample,
                data,
                queries.rows.view(),
                ks,
            )?;
            points.extend(found.iter().map(|advice| point(rows, seed, advice)));
        }
    }
    let laws = laws(&points, rest.len(), ks, &request.targets);
    Ok(Some(GrowthResult {
        rows: rest.len(),
        queries: queries.rows.rows(),
        m: wanted.m,
        ef_construction: wanted.ef_construction,
        points,
        laws,
    }))
}

/// The queries of all sizes.
struct SameQueries {
    rows: Matrix,
    /// The base rows that they are, ascending.
    out: Vec<usize>,
}

fn queries(
    request: &AuditRequest,
    data: &Dataset<'_>,
    base: MatrixView<'_>,
) -> Result<SameQueries, AuditError> {
    if let Some(rows) = data.queries.held_out_rows() {
        let all = 0..rows.rows();
        return Ok(SameQueries {
            rows: gathered(rows, all),
            out: Vec::new(),
        });
    }
    let numbers = &data.queries.numbers;
    let drawn = numpy_choice(request.seed, numbers.len(), taken_out(data))?;
    let mut out: Vec<usize> = drawn.into_iter().map(|at| numbers[at]).collect();
    out.sort_unstable();
    Ok(SameQueries {
        rows: gathered(base, out.iter().copied()),
        out,
    })
}

/// The advice on one graph over a sample.
fn at(
    request: &AuditRequest,
    wanted: &GraphRequest,
    seed: u64,
    sample: &Matrix,
    of: &Dataset<'_>,
    queries: MatrixView<'_>,
    ks: &[usize],
) -> Result<Vec<Advice>, AuditError> {
    let count = queries.rows();
    let data = Dataset {
        name: of.name.clone(),
        base: Base::InMemory(Rows::Lent(sample.view())),
        queries: QueryRows::held_out(Rows::Lent(queries), (0..count).collect(), count),
        metric: of.metric,
        ids: None,
        filter: None,
    };
    let ks: Vec<usize> = ks.iter().copied().filter(|&k| k <= sample.rows()).collect();
    let Some(&deepest) = ks.iter().max() else {
        return Ok(Vec::new());
    };
    let truth = exact::neighbors(&data, deepest, request.memory_budget_bytes)?;
    let codes = Sq8Codes::if_worthwhile(sample.view(), data.metric);
    let computer = VectorDistances::new(sample.view(), data.metric).with_codes(codes.as_ref());
    let source = Vectors::new(computer, data.search_queries(), None);
    let graphs = graphs::build(wanted, seed, &data, source.computer())?;
    Ok(Adviser::new(&source, &data, &truth, &graphs, &ks).advise(&request.targets)?)
}

fn point(rows: usize, seed: u64, advice: &Advice) -> GrowthPoint {
    GrowthPoint {
        rows,
        seed,
        k: advice.k,
        target: advice.target,
        ef: advice.ef,
        distance_evaluations: advice.distance_evaluations,
    }
}

/// The law of each k and target. None where a graph of some size does not reach the target: what the others need would pass for
/// what all need. Samples of fewer than ten times k rows are left out, since n bounds their ef.
fn laws(points: &[GrowthPoint], rows: usize, ks: &[usize], targets: &[Target]) -> Vec<GrowthLaw> {
    let mut laws = Vec::new();
    for &k in ks {
        for &target in targets {
            let of_it = points.iter().filter(|at| at.k == k && at.target == target);
            let of_it = of_it.filter(|at| at.rows >= LEAST_ROWS_PER_NEIGHBOR * k);
            let reached: Option<Vec<(f64, f64)>> = of_it
                .map(|at| Some((at.rows as f64, at.ef? as f64)))
                .collect();
            let law = reached.and_then(|reached| LogLaw::fit(&reached));
            let forecasts = law.as_ref().map_or(Vec::new(), |law| {
                let ahead = AHEAD.iter().map(|times| times * rows);
                ahead.map(|rows| forecast(law, rows)).collect()
            });
            laws.push(GrowthLaw {
                k,
                target,
                law,
                forecasts,
            });
        }
    }
    laws
}

/// An ef is at least 1.
fn forecast(law: &LogLaw, rows: usize) -> GrowthForecast {
    let found = law.forecast(rows as f64);
    GrowthForecast {
        rows,
        ef: found.point.max(1.0),
        low: found.low.max(1.0),
        high: found.high.max(1.0),
    }
}

fn gathered(base: MatrixView<'_>, rows: impl ExactSizeIterator<Item = usize>) -> Matrix {
    let count = rows.len();
    let mut values = Vec::with_capacity(count * base.columns());
    rows.for_each(|row| values.extend_from_slice(base.row(row)));
    Matrix::new(count, base.columns(), values).expect("rows of one width")
}
