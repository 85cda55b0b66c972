//! The search of a navigating spreading-out graph (NSG: Fu, Xiang, Wang & Cai 2019) as FAISS has it.
//!
//! A search of effort L keeps a pool of L rows. It begins full: the entry point's links, then rows
//! drawn at random, the same for every query. So a larger L begins at more rows, a visited set need
//! not contain that of a smaller L, and one pass does not answer every effort: **each L is replayed**.
//!
//! pool = the first L starts, by key
//! from the nearest row of the pool that is not expanded
//!   compare its links that are new; the nearer ones enter the pool and push the farthest out
//!   go on at the first place that changed, or else at the next
//!
//! FAISS searches at max(L, k). Where it gave the entry point a link twice, as it does under an inner
//! product, that row stands in the pool twice, and can be in the answer twice. Source: faiss 1.15 `impl/NSG.cpp`, `IndexNSG.cpp`.

use crate::mersenne::Mersenne;
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::reserved;
use annatomy_hnsw::{Graph, Links, QueryScorer, Scored, Visits};
use annatomy_vectors::RankedBitSet;

/// FAISS draws the rows that fill a pool from this seed in every search.
const SEED: u32 = 0x1234;

/// An NSG over codes.
#[derive(Clone, Debug)]
pub struct NsgRouting {
    /// Node i is row i; one layer.
    pub graph: Graph,
    /// Most links of a node, R.
    pub r: usize,
    /// search_L, where the index says it.
    pub search_l: Option<usize>,
    /// Every row, in the order in which a pool is filled at first; some more than once.
    starts: Vec<u32>,
}

/// Memory of one search.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    rows: Vec<Pooled>,
    seen: RankedBitSet,
    evaluated: Vec<Scored>,
}

#[derive(Clone, Copy, Debug)]
struct Pooled {
    row: Scored,
    is_expanded: bool,
}

impl NsgRouting {
    /// # Errors
    /// If the order of the starts does not fit into memory.
    pub(crate) fn new(
        graph: Graph,
        r: usize,
        search_l: Option<usize>,
    ) -> Result<Self, SavedIndexError> {
        let starts = starts(&graph)?;
        Ok(Self {
            graph,
            r,
            search_l,
            starts,
        })
    }

    /// Row i is called `places[i]`.
    pub(crate) fn renamed(&mut self, graph: Graph, places: &[u32]) {
        self.graph = graph;
        for row in &mut self.starts {
            *row = places[*row as usize];
        }
    }

    /// Records the search of effort `effort`, as one group of visits.
    pub(crate) fn record(
        &self,
        scorer: impl QueryScorer,
        effort: usize,
        pool: &mut Pool,
        visits: &mut Visits,
    ) {
        let size = effort.clamp(1, self.starts.len());
        pool.begin(&self.starts[..size], self.graph.nodes(), scorer);
        let mut place = 0;
        while place < size {
            place = pool.expand(place, size, &self.graph, scorer);
        }
        let mut scan = visits.scan();
        for (place, &row) in pool.evaluated.iter().enumerate() {
            scan.keep(place, row);
        }
        scan.end_group(pool.evaluated.len());
        scan.finish();
    }
}

/// The entry point's links, as often as they stand there, then all other rows in the order in which
/// they are first drawn.
fn starts(graph: &Graph) -> Result<Vec<u32>, SavedIndexError> {
    let rows = graph.nodes();
    let mut starts: Vec<u32> = reserved("the starts of a search", rows)?;
    let mut seen = RankedBitSet::default();
    seen.reset(rows);
    let links = graph
        .entry_point()
        .map_or(&[][..], |entry| graph.links(entry, 0));
    starts.extend_from_slice(links);
    let mut left = rows;
    for &row in links {
        left -= usize::from(seen.insert(row));
    }
    let mut generator = Mersenne::new(SEED);
    while left > 0 {
        let row = generator.draw() % rows as u32;
        if seen.insert(row) {
            starts.push(row);
            left -= 1;
        }
    }
    Ok(starts)
}

impl Pool {
    fn begin(&mut self, starts: &[u32], rows: usize, scorer: impl QueryScorer) {
        self.seen.reset(rows);
        self.evaluated.clear();
        self.rows.clear();
        for &id in starts {
            self.seen.insert(id);
            let key = scorer.key(id);
            self.evaluated.push(Scored { key, id });
        }
        let unexpanded = |&row: &Scored| Pooled {
            row,
            is_expanded: false,
        };
        self.rows.extend(self.evaluated.iter().map(unexpanded));
        self.rows.sort_by_key(|pooled| pooled.row.key);
    }

    /// Expands the row at `place`, if that was not done yet; the place to go on at.
    fn expand(
        &mut self,
        place: usize,
        size: usize,
        graph: &Graph,
        scorer: impl QueryScorer,
    ) -> usize {
        let pooled = &mut self.rows[place];
        if pooled.is_expanded {
            return place + 1;
        }
        pooled.is_expanded = true;
        let expanded = pooled.row.id;
        let mut first_changed = size;
        for &id in graph.links(expanded, 0) {
            if !self.seen.insert(id) {
                continue;
            }
            let row = Scored {
                key: scorer.key(id),
                id,
            };
            self.evaluated.push(row);
            if row.key < self.rows[size - 1].row.key {
                first_changed = first_changed.min(self.enter(row));
            }
        }
        if first_changed <= place {
            first_changed
        } else {
            place + 1
        }
    }

    /// Puts a row behind those as near, in place of the farthest; its place.
    fn enter(&mut self, row: Scored) -> usize {
        let place = self
            .rows
            .partition_point(|pooled| pooled.row.key <= row.key);
        self.rows.pop();
        self.rows.insert(
            place,
            Pooled {
                row,
                is_expanded: false,
            },
        );
        place
    }
}
