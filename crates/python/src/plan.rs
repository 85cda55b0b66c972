//! What exact neighbors take on several nodes.

use crate::arrays::view;
use crate::errors::raised;
use crate::partial::{about, opened};
use crate::work::run_reporting;
use annatomy_formats::Role;
use annatomy_knn::{PartialPlan, PartialQueries, PartialRequest, valid_rows};
use annatomy_vectors::{Metric, validate};
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use std::path::PathBuf;

/// Nodes, rows, seconds, bytes of memory and of the partial.
type Node = (usize, usize, f64, u64, u64);

/// What each node takes, for each number of `nodes`, from a block of the file that is searched here.
#[pyfunction]
pub(crate) fn plan_of_file(
    py: Python<'_>,
    path: PathBuf,
    queries: Option<PyReadonlyArray2<'_, f32>>,
    k: usize,
    nodes: Vec<usize>,
    metric: &str,
    threads: usize,
    budget_bytes: u64,
) -> PyResult<Vec<Node>> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let held_out = queries.as_ref().map(view).transpose()?;
    run_reporting(py, threads, None, || {
        let file = opened(&path, Role::Base)?;
        let all = match held_out {
            Some(_) => None,
            None => Some(
                valid_rows(&file, 0..file.rows(), metric).map_err(|error| about(&path, error))?,
            ),
        };
        let queries = match (held_out, &all) {
            (None, Some(all)) => PartialQueries::BaseRows(all.view()),
            (Some(rows), _) => {
                validate::check(rows, metric).map_err(raised)?;
                PartialQueries::HeldOut(rows)
            }
            (None, None) => return Ok(Vec::new()),
        };
        let request = PartialRequest {
            queries,
            k,
            metric,
            budget_bytes,
        };
        let plan = PartialPlan::of_file(&file, &request).map_err(|error| about(&path, error))?;
        // More nodes than rows have no plan.
        let node = |&nodes: &usize| {
            let cost = plan.node(nodes)?;
            Some((
                nodes,
                cost.rows,
                cost.seconds,
                cost.memory_bytes,
                cost.partial_bytes,
            ))
        };
        Ok(nodes.iter().filter_map(node).collect())
    })?
}
