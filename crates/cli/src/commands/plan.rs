//! `annatomy knn --plan`: hours and memory of the exact side on several nodes, from one block searched here.

use super::partial::{Opened, failed_search};
use super::{about, on_threads};
use crate::arguments::KnnArguments;
use crate::failure::Failure;
use crate::say::print;
use annatomy::report::plan_words;
use annatomy_formats::Role;
use annatomy_knn::{PartialPlan, PartialQueries, PartialRequest};
use annatomy_runtime::thread_count;

pub fn run(arguments: &KnnArguments) -> Result<(), Failure> {
    let base = Opened::new(&arguments.vectors, Role::Base)?;
    let queries = match &arguments.queries {
        Some(path) => Opened::new(path, Role::Queries)?.read_all(arguments)?,
        None => base.read_all(arguments)?,
    };
    let queries = match &arguments.queries {
        Some(_) => PartialQueries::HeldOut(queries.view()),
        None => PartialQueries::BaseRows(queries.view()),
    };
    let request = PartialRequest {
        queries,
        k: arguments.k,
        metric: arguments.metric,
        budget_bytes: super::knn::budget_bytes(),
    };
    let plan = on_threads(arguments.threads, || {
        PartialPlan::of_file(&base.file, &request)
    })?
    .map_err(|error| failed_search(&base, arguments, &error))?;
    let nodes = arguments.nodes.map(|nodes| nodes as usize);
    if let Some(nodes) = nodes.filter(|&nodes| plan.node(nodes).is_none()) {
        let problem = format!(
            "--nodes {nodes}: the file has {} rows, and each node needs one",
            plan.rows
        );
        return Err(about(&arguments.vectors, &problem, Failure::usage));
    }
    print(&plan_words(&plan, nodes, thread_count(arguments.threads)))
}
