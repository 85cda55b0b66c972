//! What a saved index does to a query, stage after stage.

use crate::cells::Cells;
use crate::codes::Codes;
use crate::nsg::NsgRouting;
use crate::rotation::Transform;
use annatomy_hnsw::import::faiss_file::{renamed, reserved};
use annatomy_hnsw::import::{Engine, SavedIndexError};
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_vectors::{Matrix, Metric};

/// A saved index: its stages and what they hold. Rows are numbered from 0.
#[derive(Clone, Debug)]
pub struct Method {
    /// Who wrote it.
    pub engine: Engine,
    /// The engine's classes, outermost first, joined by " of ".
    pub name: String,
    /// Columns of a query.
    pub columns: usize,
    /// Number of rows, n.
    pub rows: usize,
    /// How distance is taken.
    pub metric: Metric,
    /// What the engine calls each row; `None`: by its number.
    pub labels: Option<Vec<i64>>,
    /// What is done to a query, and was done to the rows, first.
    pub transforms: Vec<Transform>,
    /// The rows as they are kept.
    pub codes: Codes,
    /// Which rows are looked at.
    pub routing: Routing,
    /// Exact distances of the first candidates, if the index reranks.
    pub rerank: Option<Rerank>,
    /// Bytes of the file after the index, which are not looked at.
    pub bytes_after: usize,
}

/// Which rows a search looks at.
#[derive(Clone, Debug)]
pub enum Routing {
    /// All of them.
    Exhaustive,
    /// Those of the nearest cells: an inverted file (IVF).
    Cells(Cells),
    /// Those that a walk of a graph meets.
    Graph(GraphRouting),
    /// Those that a walk of a navigating spreading-out graph meets.
    Nsg(NsgRouting),
}

/// A graph over codes.
#[derive(Clone, Debug)]
pub struct GraphRouting {
    /// Node i is row i.
    pub graph: Graph,
    /// M.
    pub m: usize,
    /// efConstruction; 0 where the index does not say it.
    pub ef_construction: usize,
    /// efSearch, where the index says it.
    pub ef_search: Option<usize>,
}

/// Exact distances of the first candidates.
#[derive(Clone, Debug)]
pub struct Rerank {
    /// n × d, in float32, as they were before any transform.
    pub rows: Matrix,
    /// Of k neighbors, k · `factor` candidates are reranked, rounded down.
    pub factor: f32,
}

impl Method {
    /// What the engine does when k exceeds the effort.
    pub fn class(&self) -> EngineClass {
        match self.routing {
            Routing::Nsg(_) => EngineClass::Raise,
            _ => self.engine.class(),
        }
    }

    /// Whether a record to one effort answers every smaller one; otherwise each is searched for.
    pub fn answers_nest(&self) -> bool {
        !matches!(self.routing, Routing::Nsg(_))
    }

    /// The graph that is walked, if there is one.
    pub fn graph(&self) -> Option<&Graph> {
        match &self.routing {
            Routing::Graph(routing) => Some(&routing.graph),
            Routing::Nsg(routing) => Some(&routing.graph),
            Routing::Exhaustive | Routing::Cells(_) => None,
        }
    }

    /// Whether the engine takes lengths into account itself under cosine, and so wants queries as they
    /// were before they were scaled to unit length.
    pub fn divides_by_lengths(&self) -> bool {
        self.metric == Metric::Cosine && matches!(self.engine, Engine::Usearch | Engine::DiskAnn)
    }

    /// The engine's word for its effort: `nprobe`, `ef`, `L`, or none where all rows are looked at.
    pub fn effort_word(&self) -> Option<&'static str> {
        match self.routing {
            Routing::Exhaustive => None,
            Routing::Cells(_) => Some("nprobe"),
            Routing::Graph(_) if self.engine == Engine::DiskAnn => Some("L"),
            Routing::Graph(_) => Some("ef"),
            Routing::Nsg(_) => Some("L"),
        }
    }

    /// The largest effort that changes anything: the number of cells, or of rows.
    pub fn largest_effort(&self) -> usize {
        match &self.routing {
            Routing::Exhaustive => 1,
            Routing::Cells(cells) => cells.lists.len(),
            Routing::Graph(_) | Routing::Nsg(_) => self.rows,
        }
    }

    /// The effort that the index was saved with.
    pub fn saved_effort(&self) -> Option<usize> {
        match &self.routing {
            Routing::Exhaustive => Some(1),
            Routing::Cells(cells) => Some(cells.nprobe),
            Routing::Graph(graph) => graph.ef_search,
            Routing::Nsg(nsg) => nsg.search_l,
        }
    }

    /// The candidates that are handed on for k neighbors: more than k where they are reranked.
    pub fn candidates(&self, k: usize) -> usize {
        self.rerank.as_ref().map_or(k, |rerank| {
            let candidates = k as f32 * rerank.factor;
            (candidates as usize).max(k)
        })
    }

    /// Bytes of one code.
    pub fn code_bytes(&self) -> usize {
        self.codes.size
    }

    /// The rows as the codes have them, in the columns of the stage that the codes are of.
    ///
    /// # Errors
    /// If they do not fit into memory.
    pub fn decoded(&self) -> Result<Matrix, SavedIndexError> {
        let centroids = match &self.routing {
            Routing::Cells(cells) if cells.by_residual => Some(cells),
            _ => None,
        };
        let mut rows = self.codes.decoded()?;
        if let Some(cells) = centroids {
            for (cell, list) in cells.lists.iter().enumerate() {
                let centroid = cells.coarse.centroids.row(cell);
                for &row in list {
                    let values = rows.row_mut(row as usize).iter_mut();
                    values.zip(centroid).for_each(|(value, c)| *value += c);
                }
            }
        }
        Ok(rows)
    }

    /// The vectors that were added, where the index keeps them as they were.
    pub fn original_rows(&self) -> Option<Result<Matrix, SavedIndexError>> {
        match &self.rerank {
            Some(rerank) => Some(Ok(rerank.rows.clone())),
            None if self.transforms.is_empty() && self.codes.are_exact() => Some(self.decoded()),
            None => None,
        }
    }

    /// Row i becomes row `places[i]`, a permutation.
    pub(crate) fn placed(mut self, places: &[u32]) -> Result<Self, SavedIndexError> {
        let size = self.codes.size;
        let mut bytes = reserved("the codes", self.codes.bytes.len())?;
        bytes.resize(self.codes.bytes.len(), 0);
        for (row, &place) in places.iter().enumerate() {
            let place = place as usize * size;
            bytes[place..place + size]
                .copy_from_slice(&self.codes.bytes[row * size..(row + 1) * size]);
        }
        self.codes.bytes = bytes;
        if let Some(rerank) = &mut self.rerank {
            let mut rows = Matrix::zeros(rerank.rows.rows(), rerank.rows.columns());
            for (row, &place) in places.iter().enumerate() {
                let values = rerank.rows.row(row);
                rows.row_mut(place as usize).copy_from_slice(values);
            }
            rerank.rows = rows;
        }
        match &mut self.routing {
            Routing::Exhaustive => {}
            Routing::Cells(cells) => {
                for row in cells.lists.iter_mut().flatten() {
                    *row = places[*row as usize];
                }
            }
            Routing::Graph(routing) => routing.graph = renamed(&routing.graph, places)?,
            Routing::Nsg(routing) => {
                let graph = renamed(&routing.graph, places)?;
                routing.renamed(graph, places);
            }
        }
        Ok(self)
    }
}
