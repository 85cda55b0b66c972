//! The graph of an index over codes: what is known of it, and its health.
//!
//! Enters: a searcher, and the efforts looked at. Leaves: [`GraphFacts`], as of a graph over vectors.
//! Searches are in the engine's arithmetic over its codes; redundant links are those among the decoded
//! rows. Cost: as of [`graph_health`](crate::graph_health), and the decoded rows.

use super::pass::Pass;
use crate::error::AuditError;
use crate::graph_health::{GraphSearches, OnGraph};
use crate::graphs::with_facts;
use crate::results::GraphFacts;
use annatomy_eval::index::IndexFacts;
use annatomy_hnsw::import::Engine;
use annatomy_hnsw::{Graph, RedundantLinks, VectorDistances, Visits};
use annatomy_methods::{GraphRouting, QueryScratch, Routing};
use annatomy_runtime::{check_memory, stage};
use annatomy_vectors::{Matrix, Metric};
use std::borrow::Cow;

/// The graph and its health at `ef`; `None` where the index has no graph.
pub(super) fn facts(
    pass: &Pass<'_>,
    source: &str,
    ef: usize,
) -> Result<Option<GraphFacts>, AuditError> {
    let method = pass.searcher.method();
    let Routing::Graph(routing) = &method.routing else {
        return Ok(None);
    };
    stage("graph health", 0);
    let GraphRouting {
        graph,
        m,
        ef_construction,
        ef_search,
    } = routing;
    let known = IndexFacts {
        segments: Vec::new(),
        source: source.to_owned(),
        class: method.class(),
        m: *m,
        ef_construction: *ef_construction,
        ef_search: *ef_search,
    };
    let mut graphs = with_facts(vec![Cow::Borrowed(graph)], known, pass.data);
    check_memory("decoded rows", (method.rows * method.columns * 4) as u64)?;
    let on = OnGraph {
        graph,
        reachable: &graphs.reachable[0],
        searches: OverCodes {
            pass,
            graph,
            decoded: method.decoded().ok(),
        },
        data: pass.data,
        ef,
    };
    graphs.facts.health = on.health(&[]);
    graphs.facts.arithmetic = Some(pass.searcher.build().arithmetic.to_string());
    Ok(Some(graphs.facts))
}

/// Searches over codes.
struct OverCodes<'a> {
    pass: &'a Pass<'a>,
    graph: &'a Graph,
    /// `None` for codes that have no rows of their own.
    decoded: Option<Matrix>,
}

impl GraphSearches for OverCodes<'_> {
    type Scratch = (QueryScratch, Visits);

    fn of_query<'s>(
        &self,
        query: usize,
        ef: usize,
        (search, visits): &'s mut Self::Scratch,
    ) -> &'s Visits {
        annatomy_runtime::check();
        let vector = self.pass.vector(query);
        self.pass.searcher.record(vector, ef, search, visits);
        visits
    }

    fn of_row<'s>(
        &self,
        row: u32,
        ef: usize,
        (search, visits): &'s mut Self::Scratch,
    ) -> &'s Visits {
        annatomy_runtime::check();
        // DiskANN keeps rows as it is asked for them, which those of the data are not under cosine.
        let kept = self
            .decoded
            .as_ref()
            .filter(|_| self.pass.searcher.method().engine == Engine::DiskAnn);
        let vector = match kept {
            Some(rows) => rows.row(row as usize),
            None => super::in_memory(self.pass.data).row(row as usize),
        };
        self.pass.searcher.record(vector, ef, search, visits);
        visits
    }

    fn redundant(&self, rows: &[u32]) -> RedundantLinks {
        let Some(decoded) = &self.decoded else {
            return RedundantLinks::default();
        };
        let metric = match self.pass.searcher.method().metric {
            Metric::L2 => Metric::L2,
            Metric::Cosine | Metric::InnerProduct => Metric::InnerProduct,
        };
        let distances = VectorDistances::new(decoded.view(), metric);
        RedundantLinks::of(self.graph, &distances, rows)
    }
}
