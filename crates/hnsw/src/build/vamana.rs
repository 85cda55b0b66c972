//! Vamana, the graph of DiskANN (Subramanya et al., NeurIPS 2019): one layer, searched from the
//! medoid.
//!
//! Enters: a [`ReducedKeys`] computer, the row that searches start at, [`VamanaParameters`]. Leaves: a
//! [`Graph`] of one layer, the same bytes at any thread count.
//!
//! twice over all nodes in a seeded order, with α = 1, then with α
//!   for each batch                         as HNSW's batches, at most 1/BATCH_SHARE of those present
//!     for each node, in parallel           search to the beam; RobustPrune of the rows that were expanded
//!     write the nodes' own links           and of the links that it had
//!     link back, prune the full lists      as HNSW does, in a fixed order
//!
//! Differs from the paper in that the first pass begins with no links in place of random ones, as
//! ParlayANN does (Dobson et al., PPoPP 2024). Cost: two searches a node, and as many prunes as
//! nodes and full lists.

use super::builder::{BATCH_SHARE, BuildError, TASK_NODES, check};
use super::growing::Growing;
use super::levels::insertion_order;
use super::parameters::{InsertionOrder, Parameters};
use super::prune::{Stretched, prune};
use crate::distance::ReducedKeys;
use crate::graph::Graph;
use crate::queue::{CandidateQueue, QueryScorer, Scored};
use crate::search::{SearchRecord, search_layer};
use annatomy_runtime::PerThread;
use annatomy_vectors::{MatrixView, kernels};
use rayon::prelude::*;

/// Everything that decides a Vamana graph, given the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VamanaParameters {
    /// A node has at most 2M links (the paper's R), as on HNSW's base layer.
    pub m: usize,
    /// Beam width while building, the paper's L.
    pub beam: usize,
    /// How much longer a detour over a kept link may be before the direct link is kept too.
    pub alpha: f32,
    /// Seed of the order.
    pub seed: u64,
}

impl VamanaParameters {
    /// With the paper's α = 1.2.
    pub fn new(m: usize, beam: usize, seed: u64) -> Self {
        Self {
            m,
            beam,
            alpha: 1.2,
            seed,
        }
    }
}

/// The row nearest to the mean of all; `None` without rows.
pub fn medoid(rows: MatrixView<'_>) -> Option<u32> {
    let mut sums = vec![0.0_f64; rows.columns()];
    for row in 0..rows.rows() {
        for (sum, &value) in sums.iter_mut().zip(rows.row(row)) {
            *sum += f64::from(value);
        }
    }
    let count = rows.rows() as f64;
    let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    let from_mean = |row: &u32| kernels::l2_squared_f64(&mean, rows.row(*row as usize));
    (0..rows.rows() as u32).min_by(|a, b| from_mean(a).total_cmp(&from_mean(b)))
}

impl Graph {
    /// Builds the Vamana graph of all rows of `distances`, in parallel on the current rayon pool.
    /// Searches start at row `start`, the [`medoid`].
    ///
    /// # Errors
    /// If M is below 2, the beam is 0, α is below 1 or rows × 2M exceeds 32-bit offsets.
    ///
    /// # Panics
    /// If `start` is no row.
    pub fn build_vamana<D: ReducedKeys>(
        distances: &D,
        parameters: &VamanaParameters,
        start: u32,
    ) -> Result<Self, BuildError> {
        let rows = distances.rows();
        assert!((start as usize) < rows, "start {start} of {rows} rows");
        if !(parameters.alpha >= 1.0 && parameters.alpha.is_finite()) {
            let alpha = parameters.alpha;
            return Err(BuildError::Alpha { alpha });
        }
        let growth = Parameters {
            insertion_order: InsertionOrder::Shuffled,
            ..Parameters::faiss(parameters.m, parameters.beam, parameters.seed)
        };
        check(rows, &growth)?;
        annatomy_runtime::stage("Vamana graph", 2 * rows as u64);
        let levels = vec![0; rows];
        let mut order = insertion_order(&growth, &levels);
        order.retain(|&node| node != start);
        order.insert(0, start);
        let mut growing = Growing::new(growth, levels);
        growing.entry_point = Some(start);
        let scratch = PerThread::new(Scratch::<D::Queue>::default);
        let mut begin = 1;
        annatomy_runtime::advance(1);
        while begin < rows {
            let end = rows.min(begin + (begin / BATCH_SHARE).max(1));
            let batch = &order[begin..end];
            growing.relink(distances, batch, Stretched { squared: 1.0 }, &scratch);
            begin = end;
        }
        let squared = parameters.alpha * parameters.alpha;
        for batch in order.chunks((rows / BATCH_SHARE).max(1)) {
            growing.relink(distances, batch, Stretched { squared }, &scratch);
        }
        Ok(Self::freeze(&growing))
    }
}

/// What a thread needs to choose links.
#[derive(Default)]
struct Scratch<Q> {
    queue: Q,
    expanded: Expanded,
}

/// The rows whose links a search followed.
#[derive(Default)]
struct Expanded(Vec<Scored>);

impl SearchRecord for Expanded {
    fn on_expanded(&mut self, popped: Scored) {
        self.0.push(popped);
    }
}

impl Growing {
    /// Gives the nodes of a batch new links, and links back to them.
    fn relink<D: ReducedKeys>(
        &mut self,
        distances: &D,
        batch: &[u32],
        rule: Stretched,
        scratch: &PerThread<Scratch<D::Queue>>,
    ) {
        let choose = |&node: &u32| {
            annatomy_runtime::advance(1);
            scratch.with(|scratch| vec![self.robust_links(distances, node, rule, scratch)])
        };
        let nodes = batch.par_iter().with_max_len(TASK_NODES);
        let chosen: Vec<Vec<Vec<Scored>>> = nodes.map(choose).collect();
        for (&node, layers) in batch.iter().zip(&chosen) {
            self.write(node, 0, &layers[0]);
        }
        self.link_back(distances, batch, &chosen, rule);
    }

    /// The links of `node`: of the rows that a search for it expands, and of those that it has.
    fn robust_links<D: ReducedKeys>(
        &self,
        distances: &D,
        node: u32,
        rule: Stretched,
        Scratch { queue, expanded }: &mut Scratch<D::Queue>,
    ) -> Vec<Scored> {
        let scorer = distances.scorer(node);
        let entry = self.entry_point.map(|id| Scored {
            key: scorer.key(id),
            id,
        });
        expanded.0.clear();
        if let Some(entry) = entry {
            queue.reset(distances.rows(), self.parameters.ef_construction);
            search_layer(self, scorer, 0, entry, queue, expanded);
        }
        let (lists, block) = self.block(node, 0);
        let mut candidates: Vec<Scored> = lists.read(block).collect();
        candidates.extend(&expanded.0);
        candidates.retain(|candidate| candidate.id != node);
        candidates.sort_unstable();
        candidates.dedup_by_key(|candidate| candidate.id);
        prune(distances, node, &mut candidates, lists.capacity, rule);
        candidates
    }
}
