//! The graphs an audit looks at: the one of an index, or some built here.

use super::error::AuditError;
use super::request::GraphRequest;
use super::results::GraphFacts;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::index::{Index, IndexFacts};
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

/// The graph of an index over the data.
pub(super) fn of_index<'g>(index: &'g Index, data: &Dataset) -> Graphs<'g> {
    let arithmetic = index.engine().map(|build| build.arithmetic.to_string());
    let mut graphs = with_facts(
        vec![Cow::Borrowed(index.graph())],
        index.facts.clone(),
        data,
    );
    graphs.facts.arithmetic = arithmetic;
    graphs
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
    let facts = IndexFacts {
        source: format!("{} built here as {} builds", wanted.count, wanted.preset),
        class: wanted.preset.engine_class(),
        m: wanted.m,
        ef_construction: wanted.ef_construction,
        ef_search: None,
    };
    Ok(with_facts(graphs, facts, data))
}

fn with_facts<'g>(graphs: Vec<Cow<'g, Graph>>, known: IndexFacts, data: &Dataset) -> Graphs<'g> {
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
        source: known.source,
        class: known.class.to_string(),
        arithmetic: None,
        m: known.m,
        ef_construction: known.ef_construction,
        ef_search: known.ef_search,
        count: graphs.len(),
        links_per_node: links as f64 / nodes.max(1) as f64,
        unreachable: reachable.iter().map(unreachable_of).collect(),
    };
    Graphs {
        all: graphs,
        reachable,
        class: known.class,
        facts,
    }
}
