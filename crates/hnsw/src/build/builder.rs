//! HNSW construction in batches (ParlayANN): links are applied in a fixed order, so that the graph
//! does not depend on threads.
//!
//! Enters: a [`DistanceComputer`] and [`Parameters`]. Leaves: a [`Graph`], the same bytes at any
//! thread count.
//!
//! for each batch of new nodes (1 node at first, then 1/BATCH_SHARE of those present)
//!   for each node, in parallel, seeing only earlier batches
//!     descend, search each of its layers, prune the candidates     its own links
//!   sort all links back by (target, layer, order of insertion)
//!   for each target, in parallel                                   append, or prune the full list
//!   write                                                          in order
//!
//! Batches that grow with the graph come from ParlayANN (Dobson et al., PPoPP 2024). They are kept
//! to a few percent of the nodes present, since members of one batch cannot link to each other: the
//! graph stays statistically that of one insertion after another. Keys are kept with the links, so
//! that pruning a full list evaluates only pairs within it.

use super::growing::Growing;
use super::levels::{draw_levels, insertion_order};
use super::parameters::{Parameters, ShortLists};
use super::prune::{Closer, Occlusion, prune};
use crate::distance::DistanceComputer;
use crate::graph::{Graph, Links};
use crate::queue::{CandidateQueue, Scored};
use crate::search::{DescentScratch, NoopRecord, descend, search_layer};
use annatomy_runtime::PerThread;
use rayon::prelude::*;

/// A batch holds at most one new node for this many present.
pub(super) const BATCH_SHARE: usize = 50;
/// Nodes that a parallel task handles, at most.
pub(super) const TASK_NODES: usize = 4;

/// Why a graph cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// M below 2 leaves no choice of links and an infinite level multiplier.
    #[error("M = {m}: a graph needs M between 2 and {limit}")]
    M {
        /// M asked for.
        m: usize,
        /// The largest M.
        limit: usize,
    },
    /// A beam of no width finds nothing.
    #[error("ef_construction = 0: a graph needs ef_construction of at least 1")]
    EfConstruction,
    /// The graph does not fit while it grows.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
    /// Ids and link offsets are 32-bit.
    #[error("{rows} rows with up to {links} links each exceed 32-bit offsets")]
    TooLarge {
        /// Rows given.
        rows: usize,
        /// Links per row on layer 0.
        links: usize,
    },
    /// Below 1, α would rule out candidates that no kept one is close to.
    #[error("alpha = {alpha}: it must be a number of at least 1")]
    Alpha {
        /// α asked for.
        alpha: f32,
    },
    /// The order of insertion is none.
    #[error("an order of insertion of {found} nodes is no permutation of the {rows} rows")]
    Order {
        /// Rows given.
        rows: usize,
        /// Nodes in the order.
        found: usize,
    },
}

const MAX_M: usize = 4096;

/// Graphs with room for no more links than this, all together, are built at once: 8 bytes a link
/// while they grow. Small graphs grow in small batches, each of which leaves threads idle at its
/// end.
const LINKS_AT_ONCE: usize = 1 << 24;

impl Graph {
    /// Builds the graph of all rows of `distances`, in parallel on the current rayon pool.
    ///
    /// # Errors
    /// If M is below 2, `ef_construction` is 0, or rows × 2M exceeds 32-bit offsets.
    pub fn build<D: DistanceComputer>(
        distances: &D,
        parameters: &Parameters,
    ) -> Result<Self, BuildError> {
        check(distances.rows(), parameters)?;
        begin(distances.rows(), 1);
        Ok(Self::grow(distances, parameters))
    }

    /// As [`Graph::build`], nodes inserted in `order`, whatever the parameters say; levels are theirs.
    ///
    /// # Errors
    /// As there, and if `order` does not name every row once.
    pub fn build_in_order<D: DistanceComputer>(
        distances: &D,
        parameters: &Parameters,
        order: &[u32],
    ) -> Result<Self, BuildError> {
        let rows = distances.rows();
        check(rows, parameters)?;
        check_order(order, rows)?;
        begin(rows, 1);
        let levels = draw_levels(parameters, rows);
        Ok(Self::grow_in_order(distances, parameters, levels, order))
    }

    /// Builds a graph for each of `all`, the same that [`Graph::build`] builds; small ones at once,
    /// in less time than one after another.
    ///
    /// # Errors
    /// As those of [`Graph::build`], before anything is built.
    pub fn build_all<D: DistanceComputer>(
        distances: &D,
        all: &[Parameters],
    ) -> Result<Vec<Self>, BuildError> {
        all.iter()
            .try_for_each(|parameters| check(distances.rows(), parameters))?;
        begin(distances.rows(), all.len());
        let grow = |parameters| Self::grow(distances, parameters);
        let links: usize = all
            .iter()
            .map(|parameters| distances.rows() * parameters.capacity(0))
            .sum();
        let at_once = links <= LINKS_AT_ONCE;
        Ok(if at_once {
            all.par_iter().with_max_len(1).map(grow).collect()
        } else {
            all.iter().map(grow).collect()
        })
    }

    fn grow<D: DistanceComputer>(distances: &D, parameters: &Parameters) -> Self {
        let rows = distances.rows();
        let levels = draw_levels(parameters, rows);
        let order = insertion_order(parameters, &levels);
        Self::grow_in_order(distances, parameters, levels, &order)
    }

    fn grow_in_order<D: DistanceComputer>(
        distances: &D,
        parameters: &Parameters,
        levels: Vec<u8>,
        order: &[u32],
    ) -> Self {
        let rows = order.len();
        let mut growing = Growing::new(*parameters, levels);
        let scratch = PerThread::new(Scratch::<D::Queue>::default);
        let mut start = 0;
        while start < rows {
            let end = growing.batch_end(order, start);
            growing.insert(distances, &order[start..end], &scratch);
            start = end;
        }
        Self::freeze(&growing)
    }
}

fn check_order(order: &[u32], rows: usize) -> Result<(), BuildError> {
    let mut seen = vec![false; rows];
    let is_new = |&node: &u32| {
        let seen = seen.get_mut(node as usize);
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    };
    if order.len() == rows && order.iter().all(is_new) {
        return Ok(());
    }
    let found = order.len();
    Err(BuildError::Order { rows, found })
}

pub(super) fn check(rows: usize, parameters: &Parameters) -> Result<(), BuildError> {
    if !(2..=MAX_M).contains(&parameters.m) {
        return Err(BuildError::M {
            m: parameters.m,
            limit: MAX_M,
        });
    }
    if parameters.ef_construction == 0 {
        return Err(BuildError::EfConstruction);
    }
    let links = parameters.capacity(0);
    if rows.saturating_mul(links) >= u32::MAX as usize {
        return Err(BuildError::TooLarge { rows, links });
    }
    // Ids and keys while it grows, ids once it is frozen.
    let bytes = (rows * links * 12) as u64;
    annatomy_runtime::check_memory("a graph under construction", bytes)?;
    Ok(())
}

/// Begins the stage of `graphs` graphs: a step a node, but for the first of each, which has nothing
/// to choose from.
fn begin(rows: usize, graphs: usize) {
    annatomy_runtime::stage("graph", (rows.saturating_sub(1) * graphs) as u64);
}

/// What a thread needs to insert nodes.
#[derive(Default)]
struct Scratch<Q> {
    queue: Q,
    descent: DescentScratch,
    found: Vec<Scored>,
}

/// A link to be added at `target`.
#[derive(Clone, Copy)]
struct LinkBack {
    target: u32,
    level: u32,
    source: Scored,
}

impl Growing {
    /// The end of the batch that begins at `start`: a node that rises above the entry point is a
    /// batch of its own.
    fn batch_end(&self, order: &[u32], start: usize) -> usize {
        let Some(entry_point) = self.entry_point else {
            return start + 1;
        };
        let top = self.level(entry_point);
        let longest = (start / BATCH_SHARE).max(1);
        let batch = &order[start..(start + longest).min(order.len())];
        let fitting = batch
            .iter()
            .take_while(|&&node| self.level(node) <= top)
            .count();
        start + fitting.max(1)
    }

    fn insert<D: DistanceComputer>(
        &mut self,
        distances: &D,
        batch: &[u32],
        scratch: &PerThread<Scratch<D::Queue>>,
    ) {
        let Some(entry_point) = self.entry_point else {
            self.entry_point = batch.first().copied();
            return;
        };
        let choose = |&node: &u32| {
            scratch.with(|scratch| self.choose_links(distances, entry_point, node, scratch))
        };
        let chosen: Vec<Vec<Vec<Scored>>> = if batch.len() < 2 * TASK_NODES {
            batch.iter().map(choose).collect()
        } else {
            batch
                .par_iter()
                .with_max_len(TASK_NODES)
                .map(choose)
                .collect()
        };
        self.link_back(distances, batch, &chosen, Closer);
        for (&node, layers) in batch.iter().zip(&chosen) {
            for (level, links) in layers.iter().enumerate() {
                self.write(node, level, links);
            }
            if self.level(node) > self.level(entry_point) {
                self.entry_point = Some(node);
            }
        }
    }

    /// The links `node` takes on each of its layers, layer 0 first.
    fn choose_links<D: DistanceComputer>(
        &self,
        distances: &D,
        entry_point: u32,
        node: u32,
        scratch: &mut Scratch<D::Queue>,
    ) -> Vec<Vec<Scored>> {
        annatomy_runtime::advance(1);
        let scorer = distances.scorer(node);
        let top = self.level(node).min(self.level(entry_point));
        let mut entry = descend(self, scorer, entry_point, top, &mut scratch.descent);
        let mut layers = vec![Vec::new(); self.level(node) + 1];
        for level in (0..=top).rev() {
            scratch
                .queue
                .reset(self.nodes(), self.parameters.ef_construction);
            search_layer(
                self,
                scorer,
                level,
                entry,
                &mut scratch.queue,
                &mut NoopRecord,
            );
            scratch.queue.nearest(&mut scratch.found);
            entry = scratch.found.first().copied().unwrap_or(entry);
            let limit = self.parameters.forward_limit(level);
            if scratch.found.len() >= limit || self.parameters.short_lists == ShortLists::Prune {
                prune(distances, node, &mut scratch.found, limit, Closer);
            }
            layers[level].extend_from_slice(&scratch.found);
        }
        layers
    }

    /// Adds the nodes of a batch to the lists of those they chose.
    pub(super) fn link_back<D: DistanceComputer>(
        &mut self,
        distances: &D,
        batch: &[u32],
        chosen: &[Vec<Vec<Scored>>],
        rule: impl Occlusion,
    ) {
        let mut links = Vec::new();
        for (&node, layers) in batch.iter().zip(chosen) {
            for (level, layer) in layers.iter().enumerate() {
                links.extend(layer.iter().map(|link| {
                    let key = distances.reverse_key(link.id, node, link.key);
                    LinkBack {
                        target: link.id,
                        level: level as u32,
                        source: Scored { key, id: node },
                    }
                }));
            }
        }
        links.sort_by_key(|link| (link.target, link.level));
        let groups: Vec<&[LinkBack]> = links
            .chunk_by(|a, b| (a.target, a.level) == (b.target, b.level))
            .collect();
        let add_links = |group: &&[LinkBack]| self.with_links_added(distances, group, rule);
        let lists: Vec<Vec<Scored>> = if batch.len() < 2 * TASK_NODES {
            groups.iter().map(add_links).collect()
        } else {
            groups
                .par_iter()
                .with_max_len(8 * TASK_NODES)
                .map(add_links)
                .collect()
        };
        let targets: Vec<(u32, usize)> = groups
            .iter()
            .map(|group| (group[0].target, group[0].level as usize))
            .collect();
        for ((target, level), list) in targets.into_iter().zip(lists) {
            self.write(target, level, &list);
        }
    }

    /// The list of one target after the links of `group` were added in order, pruned each time it
    /// was full.
    fn with_links_added(
        &self,
        distances: &impl DistanceComputer,
        group: &[LinkBack],
        rule: impl Occlusion,
    ) -> Vec<Scored> {
        let (target, level) = (group[0].target, group[0].level as usize);
        let (lists, block) = self.block(target, level);
        let mut list: Vec<Scored> = Vec::with_capacity(lists.capacity + 1);
        list.extend(lists.read(block));
        for link in group {
            // A node that is linked again is there already.
            if list.iter().any(|present| present.id == link.source.id) {
                continue;
            }
            list.push(link.source);
            if list.len() > lists.capacity {
                list.sort_unstable();
                prune(distances, target, &mut list, lists.capacity, rule);
            }
        }
        list
    }
}
