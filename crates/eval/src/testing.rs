//! Small data sets and graphs that the unit tests of this crate share.

use crate::distance_source::{OwnRows, Vectors};
use crate::ground_truth::GroundTruth;
use crate::query_state::Searched;
use annatomy_hnsw::{EngineClass, Graph, Links, Parameters, VectorDistances, reachable};
use annatomy_knn::Queries;
use annatomy_vectors::{Matrix, MatrixView, Metric};

/// `rows` × `columns` values in −1..1, the same at every call.
pub(crate) fn noise(rows: usize, columns: usize, seed: u32) -> Matrix {
    let mut state = seed;
    let values = (0..rows * columns).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    });
    Matrix::new(rows, columns, values.collect()).expect("shape")
}

/// Rows at unit length, as cosine wants them.
pub(crate) fn unit_noise(rows: usize, columns: usize, seed: u32) -> Matrix {
    let mut matrix = noise(rows, columns, seed);
    annatomy_vectors::transform::normalize_rows(&mut matrix).expect("no zero rows");
    matrix
}

/// Runs `work` on a graph over `rows` whose every row is a query, with `k` exact neighbors.
pub(crate) fn on_graph<R>(
    rows: MatrixView<'_>,
    metric: Metric,
    k: usize,
    work: impl FnOnce(&Searched<'_, OwnRows<'_>>) -> R,
) -> R {
    let computer = VectorDistances::new(rows, metric);
    let graph = Graph::build(&computer, &Parameters::faiss(4, 20, 1)).expect("graph");
    let queries = Queries::AllRows(rows);
    let truth = GroundTruth::compute(&rows, queries, k, metric, 1 << 20).expect("exact");
    work(&Searched {
        source: &OwnRows::new(computer, None),
        truth: &truth,
        graph: &graph,
        reachable: &reachable(&graph),
        filter: None,
    })
}

/// All other rows by their distance in float64, nearest first, ties by id.
pub(crate) fn brute_force(rows: MatrixView<'_>, metric: Metric, query: usize) -> Vec<(f64, u32)> {
    let others = (0..rows.rows()).filter(|&row| row != query);
    let distance = |row: usize| {
        let (x, y) = (rows.row(query), rows.row(row));
        let pairs = || x.iter().zip(y).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        match metric {
            Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>(),
            Metric::Cosine => 1.0 - pairs().map(|(a, b)| a * b).sum::<f64>(),
            Metric::InnerProduct => -pairs().map(|(a, b)| a * b).sum::<f64>(),
        }
    };
    let mut all: Vec<(f64, u32)> = others.map(|row| (distance(row), row as u32)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

/// The distance that a metric orders rows by, in float64.
pub(crate) fn far(metric: Metric, x: &[f32], y: &[f32]) -> f64 {
    let wide = |x: &[f32]| x.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    let (x, y) = (wide(x), wide(y));
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    match metric {
        Metric::L2 => x
            .iter()
            .zip(&y)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt(),
        Metric::Cosine => 1.0 - dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt(),
        Metric::InnerProduct => -dot(&x, &y),
    }
}

/// A best-first search written out plainly: the rows that it sees at `effort`, nearest first.
pub(crate) fn seen(graph: &Graph, far: impl Fn(u32) -> f64, effort: usize) -> Vec<u32> {
    let order = |a: &u32, b: &u32| far(*a).total_cmp(&far(*b)).then(a.cmp(b));
    let mut at = graph.entry_point().expect("rows");
    for level in (1..=graph.level(at)).rev() {
        loop {
            let links = graph.links(at, level).iter().copied();
            // Of links that tie the first in the list is followed.
            let nearest = links.min_by(|&a, &b| far(a).total_cmp(&far(b)));
            let nearest = nearest.filter(|&link| far(link) < far(at));
            let Some(nearest) = nearest else { break };
            at = nearest;
        }
    }
    let (mut seen, mut open) = (vec![at], vec![at]);
    while let Some(node) = open.iter().copied().min_by(order) {
        open.retain(|&other| other != node);
        if seen.iter().filter(|&&row| far(row) < far(node)).count() >= effort {
            break;
        }
        for &link in graph.links(node, 0) {
            if !seen.contains(&link) {
                seen.push(link);
                open.push(link);
            }
        }
    }
    seen.sort_by(order);
    seen
}

/// What an engine of `class` returns of k neighbors at ef, nearest first; the query, row `own` of
/// the base, is taken out of one more. `None` where the engine refuses.
pub(crate) fn returned(
    graph: &Graph,
    far: impl Fn(u32) -> f64,
    class: EngineClass,
    (ef, k): (usize, usize),
    own: Option<u32>,
) -> Option<Vec<u32>> {
    let asked = k + usize::from(own.is_some());
    let (effort, rows) = match class {
        EngineClass::Refuse if asked > ef => return None,
        EngineClass::StopEarly | EngineClass::Refuse => (ef, asked),
        EngineClass::Raise => (ef.max(asked), asked),
        EngineClass::RowCap => (ef, asked.min(ef)),
        EngineClass::BeamIsK => (asked, asked),
    };
    let mut ids = seen(graph, far, effort);
    ids.truncate(rows);
    ids.retain(|&id| Some(id) != own);
    ids.truncate(k);
    Some(ids)
}

/// What is searched in and for, and the graph.
pub(crate) struct Searching {
    pub(crate) rows: Matrix,
    pub(crate) held_out: Option<Matrix>,
    pub(crate) metric: Metric,
    pub(crate) graph: Graph,
}

impl Searching {
    pub(crate) fn new(rows: Matrix, held_out: Option<Matrix>, metric: Metric) -> Self {
        let computer = VectorDistances::new(rows.view(), metric);
        let graph = Graph::build(&computer, &Parameters::faiss(3, 16, 4)).expect("graph");
        Self {
            rows,
            held_out,
            metric,
            graph,
        }
    }

    /// Runs `work` with `k` exact neighbors of every query.
    pub(crate) fn on<R>(&self, k: usize, work: impl FnOnce(&Searched<'_, Vectors<'_>>) -> R) -> R {
        let queries = match &self.held_out {
            Some(rows) => Queries::HeldOut(rows.view()),
            None => Queries::AllRows(self.rows.view()),
        };
        let base = self.rows.view();
        let truth = GroundTruth::compute(&base, queries, k, self.metric, 0).expect("exact");
        let computer = VectorDistances::new(base, self.metric);
        work(&Searched {
            source: &Vectors::new(computer, queries, None),
            truth: &truth,
            graph: &self.graph,
            reachable: &reachable(&self.graph),
            filter: None,
        })
    }

    pub(crate) fn queries(&self) -> usize {
        self.held_out.as_ref().unwrap_or(&self.rows).rows()
    }

    /// The row that a query is, if it is one.
    pub(crate) fn own(&self, query: usize) -> Option<u32> {
        self.held_out.is_none().then_some(query as u32)
    }

    pub(crate) fn to(&self, query: usize, row: u32) -> f64 {
        let vectors = self.held_out.as_ref().unwrap_or(&self.rows);
        far(self.metric, vectors.row(query), self.rows.row(row as usize))
    }
}

/// Rows in general position under L2 and inner product, where the largest product of a row need not
/// be with itself, and a lattice on which most distances tie; all rows as queries, or others.
pub(crate) fn cases() -> Vec<Searching> {
    let lattice = noise(48, 3, 11);
    let lattice = lattice.values().iter().map(|value| (1.5 * value).round());
    let lattice = Matrix::new(48, 3, lattice.collect()).expect("shape");
    let mut cases = Vec::new();
    for metric in [Metric::L2, Metric::InnerProduct] {
        cases.push(Searching::new(noise(48, 4, 8), None, metric));
        cases.push(Searching::new(
            noise(48, 4, 8),
            Some(noise(11, 4, 2)),
            metric,
        ));
    }
    cases.push(Searching::new(lattice.clone(), None, Metric::L2));
    cases.push(Searching::new(lattice, Some(noise(11, 3, 2)), Metric::L2));
    cases
}
