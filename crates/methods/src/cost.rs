//! What a search costs: distances evaluated, and bytes read for them.
//!
//! | routing | evaluations | bytes |
//! |---|---|---|
//! | all rows | n | a code each |
//! | cells | centroids, and rows of the cells probed | float32 centroids, codes, 4 a row's id |
//! | graph | rows visited, and links on the layers above | codes, 4 a link of each row expanded |
//! | NSG | rows visited | a code each; its links are not counted |
//!
//! and for product codes the codebook once, from which the query's table is made. A byte that is read
//! twice counts twice, whatever a cache makes of it.

use crate::codes::Quantizer;
use crate::method::Routing;
use crate::searcher::{QueryScratch, Searcher};
use annatomy_hnsw::{Links, Visits};

/// Bytes of an id.
const ID_BYTES: usize = 4;
/// Bytes of a float32 value.
const VALUE_BYTES: usize = 4;

/// The cost of one search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchCost {
    /// Distances evaluated, of rows and of centroids.
    pub evaluations: usize,
    /// Bytes of codes, centroids, codebooks and links read.
    pub bytes: usize,
}

impl Searcher<'_> {
    /// The cost of the search of `effort` that `visits` records; `scratch` is that of the record.
    pub fn cost(&self, visits: &Visits, effort: usize, scratch: &QueryScratch) -> SearchCost {
        let method = self.method();
        let effort = effort.min(visits.ef());
        let visited = visits.visited(effort);
        let codebook = match &method.codes.quantizer {
            Quantizer::Product(product) => VALUE_BYTES * product.centroids.values().len(),
            _ => 0,
        };
        let codes = |rows: usize| rows * method.code_bytes();
        let (evaluations, bytes) = match &method.routing {
            Routing::Exhaustive | Routing::Nsg(_) => (visited, codes(visited)),
            Routing::Cells(cells) => {
                let (compared, links) = scratch.coarse_cost(cells);
                let centroids = compared * VALUE_BYTES * cells.coarse.centroids.columns();
                let rows = codes(visited) + ID_BYTES * visited;
                (compared + visited, centroids + ID_BYTES * links + rows)
            }
            Routing::Graph(routing) => {
                let above = scratch.descended();
                let expanded = visits.expanded(effort);
                let links: usize = expanded.map(|row| routing.graph.links(row, 0).len()).sum();
                let evaluated = visited + above;
                (evaluated, codes(evaluated) + ID_BYTES * (links + above))
            }
        };
        SearchCost {
            evaluations,
            bytes: bytes + codebook,
        }
    }
}
