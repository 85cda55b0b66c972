//! The graphs an audit looks at: the one of an index, or some built here.

use super::data::Index;
use super::error::AuditError;
use super::request::{AuditRequest, GraphRequest};
use super::results::GraphFacts;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::import::Arithmetic;
use annatomy_hnsw::{DistanceComputer, EngineClass, Graph, Links, Parameters, reachable};
use std::borrow::Cow;

/// Graphs with what is known of them.
pub(super) struct Graphs<'g> {
    pub(super) all: Vec<Cow<'g, Graph>>,
    /// Per graph, whether each node can be reached from its entry point.
    pub(super) reachable: Vec<Vec<bool>>,
    /// What the engine of these graphs does when k exceeds ef.
    pub(super) class: EngineClass,
    pub(super) facts: GraphFacts,
}

/// The graph of the index, or graphs over `oracle`.
pub(super) fn graphs<'g>(
    request: &AuditRequest,
    data: &Dataset,
    index: Option<&'g Index<'_>>,
    oracle: &impl DistanceComputer,
) -> Result<Graphs<'g>, AuditError> {
    match index {
        Some(index) => Ok(of_index(index, data)),
        None => build(&request.graphs, request.seed, data, oracle),
    }
}

fn of_index<'g>(index: &'g Index<'_>, data: &Dataset) -> Graphs<'g> {
    let origin = Origin {
        source: index.source.clone(),
        class: index.class,
        arithmetic: index.build.map(|build| build.arithmetic),
        m: index.m,
        ef_construction: index.ef_construction,
        ef_search: index.ef_search,
    };
    with_facts(vec![Cow::Borrowed(index.graph.as_ref())], origin, data)
}

/// Graphs as `wanted`, of seeds `seed`, `seed` + 1, …
pub(super) fn build<'g>(
    wanted: &GraphRequest,
    seed: u64,
    data: &Dataset,
    oracle: &impl DistanceComputer,
) -> Result<Graphs<'g>, AuditError> {
    let seeds = (0..wanted.count).map(|number| seed.wrapping_add(number as u64));
    let parameters: Vec<Parameters> = seeds
        .map(|seed| {
            wanted
                .preset
                .parameters(wanted.m, wanted.ef_construction, seed)
        })
        .collect();
    let graphs = Graph::build_all(oracle, &parameters)?
        .into_iter()
        .map(Cow::Owned)
        .collect();
    let origin = Origin {
        source: format!("{} built here as {} builds", wanted.count, wanted.preset),
        class: wanted.preset.engine_class(),
        arithmetic: None,
        m: wanted.m,
        ef_construction: wanted.ef_construction,
        ef_search: None,
    };
    Ok(with_facts(graphs, origin, data))
}

/// Where graphs come from.
struct Origin {
    source: String,
    class: EngineClass,
    arithmetic: Option<Arithmetic>,
    m: usize,
    ef_construction: usize,
    ef_search: Option<usize>,
}

fn with_facts<'g>(graphs: Vec<Cow<'g, Graph>>, origin: Origin, data: &Dataset) -> Graphs<'g> {
    let reachable: Vec<Vec<bool>> = graphs
        .iter()
        .map(|graph| reachable(graph.as_ref()))
        .collect();
    let unreachable_of = |reached: &Vec<bool>| -> Vec<i64> {
        let lost = (0..).zip(reached).filter(|(_, reached)| !**reached);
        lost.map(|(row, _)| data.label(row)).collect()
    };
    let nodes: usize = graphs.iter().map(|graph| graph.nodes()).sum();
    let links: usize = graphs.iter().map(|graph| graph.base_links()).sum();
    let facts = GraphFacts {
        source: origin.source,
        class: origin.class.to_string(),
        arithmetic: origin.arithmetic.map(|arithmetic| arithmetic.to_string()),
        m: origin.m,
        ef_construction: origin.ef_construction,
        ef_search: origin.ef_search,
        count: graphs.len(),
        links_per_node: links as f64 / nodes.max(1) as f64,
        unreachable: reachable.iter().map(unreachable_of).collect(),
    };
    Graphs {
        all: graphs,
        reachable,
        class: origin.class,
        facts,
    }
}
