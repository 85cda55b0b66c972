//! An index as bytes, for another process that holds the same rows.
//!
//! Enters: an [`Index`]. Leaves: its metric, its facts and its graph, and not its rows: whoever reads
//! them brings these. What an index derives from the rows (unit length, scale, SQ8 codes) is derived
//! again, as in building.

use super::{Index, IndexError, IndexFacts};
use annatomy_hnsw::Graph;
use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{MatrixView, Metric};
use serde::{Deserialize, Serialize};

/// All but the graph.
#[derive(Serialize, Deserialize)]
struct Header {
    metric: Metric,
    columns: usize,
    build: Option<EngineBuild>,
    facts: IndexFacts,
}

impl Index {
    /// The index without its rows.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            metric: self.metric(),
            columns: self.columns(),
            build: self.engine(),
            facts: self.facts.clone(),
        };
        let mut bytes = postcard::to_allocvec(&header).expect("plain data in memory");
        self.graph().write(&mut bytes);
        bytes
    }

    /// The index that [`to_bytes`](Self::to_bytes) wrote, over `rows`, which are those it was built
    /// from.
    ///
    /// # Errors
    /// If the bytes are of no index, or `rows` are of another shape.
    pub fn from_bytes<S: Stored>(
        bytes: &[u8],
        rows: MatrixView<'_, S>,
    ) -> Result<Self, IndexError> {
        let (header, bytes) = postcard::take_from_bytes(bytes).map_err(|_| IndexError::Bytes)?;
        let Header {
            metric,
            columns,
            build,
            facts,
        } = header;
        let graph = Graph::read(bytes)?;
        let index = match build {
            Some(build) => Self::of_engine(graph, metric, columns, build, facts),
            None => Self::of_graph(graph, (rows, columns), metric, facts)?,
        };
        index.check_shape(rows)?;
        Ok(index)
    }
}
