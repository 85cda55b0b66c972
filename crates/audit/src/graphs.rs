//! The graphs an audit looks at: the one of an index, or some built here.

use super::error::AuditError;
use super::request::GraphRequest;
use super::results::GraphFacts;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::index::{Index, IndexFacts};
use annatomy_formats::RowId;
use annatomy_hnsw::{DistanceComputer, EngineClass, Graph, Links, Parameters, Preset, reachable};
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
        segments: Vec::new(),
        source: format!("{} built here as {} builds", wanted.count, wanted.preset),
        class: wanted.preset.engine_class(),
        m: wanted.m,
        ef_construction: wanted.ef_construction,
        ef_search: None,
    };
    Ok(with_facts(graphs, facts, data))
}

/// One graph to build as that of an index was built; its efConstruction is that of `else_as` where the file does not say it.
pub(super) fn as_of(index: &Index, else_as: &GraphRequest) -> GraphRequest {
    let IndexFacts {
        class,
        m,
        ef_construction,
        ..
    } = index.facts;
    GraphRequest {
        preset: match class {
            EngineClass::StopEarly => Preset::Faiss,
            _ => Preset::Hnswlib,
        },
        m,
        ef_construction: if ef_construction == 0 {
            else_as.ef_construction
        } else {
            ef_construction
        },
        count: 1,
    }
}

pub(super) fn with_facts<'g>(
    graphs: Vec<Cow<'g, Graph>>,
    known: IndexFacts,
    data: &Dataset,
) -> Graphs<'g> {
    let reachable: Vec<Vec<bool>> = graphs
        .iter()
        .map(|graph| reachable(graph.as_ref()))
        .collect();
    let unreachable_of = |reached: &Vec<bool>| -> Vec<RowId> {
        let lost = (0..).zip(reached).filter(|(_, reached)| !**reached);
        lost.map(|(row, _)| data.id(row)).collect()
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
        health: Vec::new(),
    };
    Graphs {
        all: graphs,
        reachable,
        class: known.class,
        facts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HandGraph, dataset, graphs, line, noise};
    use annatomy_eval::index::EngineIndex;
    use annatomy_formats::RowIds;
    use annatomy_hnsw::import::{Arithmetic, Engine, SavedIndex};
    use annatomy_hnsw::{Preset, VectorDistances};
    use annatomy_vectors::Metric;
    use std::sync::Arc;

    /// 0 → 1 → 2 → 0, and 3 → 0, to which nothing leads.
    fn hand() -> HandGraph {
        HandGraph(vec![vec![1], vec![2], vec![0], vec![0, 1]])
    }

    #[test]
    fn facts_are_counted_over_all_graphs() {
        let mut data = dataset(line(&[0.0, 1.0, 2.0, 3.0]), None);
        data.ids = Some(Arc::new(RowIds::Integers(vec![40, 30, 20, 10])));
        let whole = HandGraph(vec![vec![1, 2, 3], vec![], vec![], vec![]]);
        let graphs = graphs(&[hand(), whole], EngineClass::RowCap, &data);
        assert_eq!(graphs.facts.count, 2);
        assert_eq!(graphs.facts.links_per_node, 1.0, "5 and 3 links of 8 nodes");
        assert_eq!(graphs.facts.unreachable, [vec![10.into()], vec![]], "by id");
        assert_eq!(graphs.reachable[0], [true, true, true, false]);
        assert_eq!(
            (graphs.facts.class.as_str(), graphs.class),
            ("row-cap", EngineClass::RowCap)
        );
    }

    #[test]
    fn an_index_keeps_its_settings_and_says_its_arithmetic() {
        let data = dataset(line(&[0.0, 1.0, 2.0, 3.0]), None);
        let saved = SavedIndex {
            engine: Engine::Hnswlib,
            graph: Graph::freeze(&hand()),
            vectors: line(&[0.0, 1.0, 2.0, 3.0]),
            metric: None,
            labels: None,
            deleted: Vec::new(),
            bytes_after: 0,
            m: 5,
            ef_construction: 17,
            ef_search: Some(23),
        };
        let index = EngineIndex::of_saved(saved, Metric::L2, Some(Arithmetic::Avx)).index;
        let found = of_index(&index, &data);
        let facts = found.facts;
        assert_eq!(
            (facts.m, facts.ef_construction, facts.ef_search),
            (5, 17, Some(23))
        );
        assert_eq!(facts.source, "hnswlib index");
        assert_eq!(facts.arithmetic.as_deref(), Some("avx"));
        assert_eq!((found.class, found.all.len()), (EngineClass::Raise, 1));
    }

    #[test]
    fn graphs_built_here_have_consecutive_seeds_that_wrap() {
        let rows = noise(60, 4, 1);
        let data = dataset(rows.clone(), None);
        let wanted = GraphRequest {
            preset: Preset::Hnswlib,
            m: 4,
            ef_construction: 12,
            count: 3,
        };
        let oracle = VectorDistances::new(rows.view(), Metric::L2);
        let found = build(&wanted, u64::MAX, &data, &oracle).expect("graphs");
        for (graph, seed) in found.all.iter().zip([u64::MAX, 0, 1]) {
            let alone = Graph::build(&oracle, &Parameters::hnswlib(4, 12, seed)).expect("a graph");
            assert_eq!(graph.as_ref(), &alone, "seed {seed}");
        }
        assert_eq!(found.class, EngineClass::Raise, "hnswlib's rule");
        assert_eq!(found.facts.source, "3 built here as hnswlib builds");
        assert_eq!(
            (found.facts.arithmetic, found.facts.ef_search),
            (None, None)
        );
    }
}
