//! A graph under construction: link lists in blocks of full capacity, keys stored with the ids.
//!
//! Stored keys spare the prune heuristic the distances from a list's node to its links.

use super::parameters::Parameters;
use crate::graph::Links;
use crate::queue::Scored;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels;

/// Every list in a block of its full capacity.
pub(super) struct Growing {
    pub(super) parameters: Parameters,
    levels: Vec<u8>,
    pub(super) entry_point: Option<u32>,
    layers: Vec<Lists>,
    /// Index of each node's block on its layers above 0: `upper[node] + level − 1`.
    upper: Vec<u32>,
}

/// Link lists of equal capacity.
pub(super) struct Lists {
    pub(super) capacity: usize,
    lengths: Vec<u16>,
    ids: Zeroed<u32>,
    keys: Zeroed<u32>,
}

impl Links for Growing {
    fn levels(&self) -> &[u8] {
        &self.levels
    }

    fn entry_point(&self) -> Option<u32> {
        self.entry_point
    }

    #[inline]
    fn links(&self, node: u32, level: usize) -> &[u32] {
        let (lists, block) = self.block(node, level);
        let start = block * lists.capacity;
        &lists.ids[start..start + usize::from(lists.lengths[block])]
    }

    #[inline]
    fn prefetch_links(&self, node: u32, level: usize) {
        let (lists, block) = self.block(node, level);
        kernels::prefetch(&lists.lengths[block..=block]);
        kernels::prefetch_whole(&lists.ids[block * lists.capacity..][..lists.capacity]);
    }
}

impl Lists {
    fn new(blocks: usize, capacity: usize) -> Self {
        let links = blocks * capacity;
        Self {
            capacity,
            lengths: vec![0; blocks],
            ids: Zeroed::new(links),
            keys: Zeroed::new(links),
        }
    }

    pub(super) fn read(&self, block: usize) -> impl Iterator<Item = Scored> + '_ {
        let range = block * self.capacity..block * self.capacity + usize::from(self.lengths[block]);
        self.keys[range.clone()]
            .iter()
            .zip(&self.ids[range])
            .map(|(&key, &id)| Scored { key, id })
    }

    fn write(&mut self, block: usize, links: &[Scored]) {
        let start = block * self.capacity;
        self.lengths[block] = links.len() as u16;
        for (offset, link) in links.iter().enumerate() {
            self.ids[start + offset] = link.id;
            self.keys[start + offset] = link.key;
        }
    }
}

impl Growing {
    pub(super) fn new(parameters: Parameters, levels: Vec<u8>) -> Self {
        let mut upper_blocks = 0u32;
        let upper = levels
            .iter()
            .map(|&level| {
                let first = upper_blocks;
                upper_blocks += u32::from(level);
                first
            })
            .collect();
        let layers = vec![
            Lists::new(levels.len(), parameters.capacity(0)),
            Lists::new(upper_blocks as usize, parameters.capacity(1)),
        ];
        Self {
            parameters,
            levels,
            entry_point: None,
            layers,
            upper,
        }
    }

    /// The lists of `level` and the block of `node` in them.
    pub(super) fn block(&self, node: u32, level: usize) -> (&Lists, usize) {
        (&self.layers[level.min(1)], self.block_index(node, level))
    }

    fn block_index(&self, node: u32, level: usize) -> usize {
        match level {
            0 => node as usize,
            _ => self.upper[node as usize] as usize + level - 1,
        }
    }

    /// Replaces the links of `node` on `level`.
    pub(super) fn write(&mut self, node: u32, level: usize, links: &[Scored]) {
        let block = self.block_index(node, level);
        self.layers[level.min(1)].write(block, links);
    }
}
