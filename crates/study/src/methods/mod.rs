//! The study of methods: what HNSW, Vamana and IVF, each over float32, float16, 8-bit and product
//! codes, leave of a neighborhood at every effort, and what they read for it.
//!
//! for each kind of codes               made of the run's rows
//!   for each method                    the run's own HNSW graph, Vamana of the same degree bound and beam,
//!                                      √n cells
//!     for each query                   one search to the largest effort, recorded
//!       for each (effort, k)           measures of the k nearest by code of what that effort visits
//!
//! One rule of answers holds for all, that of FAISS: an effort visits a set of rows, and the k best of it
//! by code are returned. Graphs and cells are built over float32 rows, so that codes change the search
//! alone; codes are of the rows, not of residuals. Distances are computed in the order of AVX2 on any
//! machine.
//!
//! Cost: twelve searches of each of at most MOST_QUERIES queries, two graphs, a k-means of √n cells, one of
//! 256 centroids for every eight columns.

mod build;
mod sweep;

use crate::StudyError;
use crate::design::{every, few_ks};
use crate::results::Settings;
use crate::results::methods::{CodesName, ExactGeometry, MethodCurve, MethodsRun};
use annatomy_eval::barycenter::ColumnBlocks;
use annatomy_eval::dataset::{Base, Dataset, QueryRows};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_hnsw::{Graph, ReducedKeys};
use annatomy_measures::difficulty::Hubness;
use annatomy_methods::Method;
use annatomy_vectors::{Matrix, Rows};
use build::Routings;
use sweep::Sweep;

/// Most queries, spread evenly over those of the run.
const MOST_QUERIES: usize = 1_000;

/// What a run has, of which the methods are made.
pub(crate) struct Parts<'p, D> {
    pub(crate) settings: &'p Settings,
    pub(crate) run: usize,
    pub(crate) rows: &'p Matrix,
    pub(crate) queries: &'p [usize],
    pub(crate) truth: &'p GroundTruth<'p>,
    pub(crate) columns: &'p ColumnBlocks,
    pub(crate) distances: &'p D,
    /// The configured HNSW graph.
    pub(crate) graph: &'p Graph,
}

/// Builds every method in turn, and searches it.
pub(crate) fn measure<D: ReducedKeys>(parts: &Parts<'_, D>) -> Result<MethodsRun, StudyError> {
    let (settings, rows) = (parts.settings, parts.rows.view());
    let ks = few_ks(settings);
    let step = every(parts.queries.len(), MOST_QUERIES);
    let numbers: Vec<usize> = (0..parts.queries.len()).step_by(step).collect();
    let data = Dataset {
        name: settings.data.clone(),
        base: Base::InMemory(Rows::Lent(rows)),
        queries: QueryRows::base_rows(parts.queries.to_vec(), rows.rows()),
        metric: settings.metric,
        ids: None,
        filter: None,
    };
    let seed = settings.seed.wrapping_add(parts.run as u64);
    let mut routings = Routings::build(parts, seed)?;
    let mut curves = Vec::new();
    for name in CodesName::ALL {
        let mut codes = build::codes(name, rows, seed);
        for (method, efforts) in routings.all() {
            let label = format!("{} over {}", method.name(), name.name());
            let routing = routings.take(method);
            let built = Method::of_parts(label, codes, routing);
            let sweep = Sweep {
                data: &data,
                truth: parts.truth,
                columns: parts.columns,
                numbers: &numbers,
                ks: &ks,
                efforts: &efforts,
            };
            let points = sweep.points(&built)?;
            curves.push(MethodCurve {
                method,
                codes: name,
                code_bytes: built.code_bytes(),
                points,
            });
            codes = built.codes;
            routings.put_back(method, built.routing);
        }
    }
    Ok(MethodsRun {
        queries: numbers.len(),
        exact: exact(parts.truth, &numbers, &ks, rows.rows()),
        curves,
    })
}

/// Hubness of the exact neighbors of the same queries.
fn exact(
    truth: &GroundTruth<'_>,
    numbers: &[usize],
    ks: &[usize],
    rows: usize,
) -> Vec<ExactGeometry> {
    let mut list = ExactList::default();
    let mut counts = vec![vec![0_u32; rows]; ks.len()];
    for &query in numbers {
        list.read(truth, query);
        for (&k, counts) in ks.iter().zip(&mut counts) {
            for &id in &list.ids[..k] {
                counts[id as usize] += 1;
            }
        }
    }
    let of_k = |(&k, counts): (&usize, &Vec<u32>)| {
        let hubness = Hubness::of(counts);
        ExactGeometry {
            k,
            skewness: hubness
                .and_then(|hubness| hubness.skewness)
                .unwrap_or(f64::NAN),
            robin_hood: hubness
                .and_then(|hubness| hubness.robin_hood)
                .unwrap_or(f64::NAN),
        }
    };
    ks.iter().zip(&counts).map(of_k).collect()
}
