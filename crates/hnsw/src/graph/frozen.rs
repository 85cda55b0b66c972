//! The frozen graph: per layer, links packed end to end.

use super::links::Links;
use annatomy_runtime::Zeroed;
use std::ops::Range;

/// A finished graph: per layer, links packed end to end.
///
/// Layer 0 has every node; layer l > 0 has the nodes of level ≥ l, found through `upper`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    entry_point: Option<u32>,
    levels: Vec<u8>,
    /// Start of each node's links on layer 0, and the end of the last.
    starts: Vec<u32>,
    links: Zeroed<u32>,
    /// Start of each node's ranges in `upper_ranges`, one per layer above 0.
    upper: Vec<u32>,
    upper_ranges: Vec<Range<u32>>,
    upper_links: Vec<u32>,
}

impl Graph {
    /// Freezes any graph.
    pub fn freeze(source: &impl Links) -> Self {
        let nodes = source.nodes();
        let mut graph = Self {
            entry_point: source.entry_point(),
            levels: source.levels().to_vec(),
            starts: Vec::with_capacity(nodes + 1),
            links: Zeroed::new(
                (0..nodes as u32)
                    .map(|node| source.links(node, 0).len())
                    .sum(),
            ),
            upper: Vec::with_capacity(nodes),
            upper_ranges: Vec::new(),
            upper_links: Vec::new(),
        };
        graph.starts.push(0);
        for node in 0..nodes as u32 {
            let links = source.links(node, 0);
            let start = graph.starts[node as usize] as usize;
            let end = start + links.len();
            graph.links[start..end].copy_from_slice(links);
            graph.starts.push(end as u32);
            graph.upper.push(graph.upper_ranges.len() as u32);
            for level in 1..=source.level(node) {
                let start = graph.upper_links.len() as u32;
                graph
                    .upper_links
                    .extend_from_slice(source.links(node, level));
                graph
                    .upper_ranges
                    .push(start..graph.upper_links.len() as u32);
            }
        }
        graph
    }

    /// Number of links on layer 0.
    pub fn base_links(&self) -> usize {
        self.links.len()
    }

    /// Number of nodes on each layer, layer 0 first.
    pub fn layer_sizes(&self) -> Vec<usize> {
        let top = self
            .levels
            .iter()
            .copied()
            .max()
            .map_or(0, |level| usize::from(level) + 1);
        let mut sizes = vec![0; top];
        for &level in &self.levels {
            sizes[..=usize::from(level)]
                .iter_mut()
                .for_each(|size| *size += 1);
        }
        sizes
    }
}

impl Links for Graph {
    fn levels(&self) -> &[u8] {
        &self.levels
    }

    fn entry_point(&self) -> Option<u32> {
        self.entry_point
    }

    #[inline]
    fn links(&self, node: u32, level: usize) -> &[u32] {
        let node = node as usize;
        if level == 0 {
            &self.links[self.starts[node] as usize..self.starts[node + 1] as usize]
        } else {
            let range = &self.upper_ranges[self.upper[node] as usize + level - 1];
            &self.upper_links[range.start as usize..range.end as usize]
        }
    }
}
