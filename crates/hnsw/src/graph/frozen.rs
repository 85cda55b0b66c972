//! The frozen graph: per layer, links packed end to end.

use super::links::Links;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels;
use std::ops::Range;

/// A finished graph: per layer, links packed end to end.
///
/// Layer 0 has every node; layer l > 0 has the nodes of level ≥ l, found through `upper`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub(super) entry_point: Option<u32>,
    /// Of the second segment and those after it.
    pub(super) more_entry_points: Vec<u32>,
    /// Their first nodes.
    pub(super) more_segments: Vec<u32>,
    pub(super) levels: Vec<u8>,
    /// Start of each node's links on layer 0, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) links: Zeroed<u32>,
    /// Start of each node's ranges in `upper_ranges`, one per layer above 0.
    pub(super) upper: Vec<u32>,
    pub(super) upper_ranges: Vec<Range<u32>>,
    pub(super) upper_links: Vec<u32>,
}

impl Graph {
    /// Freezes any graph.
    pub fn freeze(source: &impl Links) -> Self {
        let nodes = source.nodes();
        let mut graph = Self {
            entry_point: source.entry_point(),
            more_entry_points: source.more_entry_points().to_vec(),
            more_segments: source.more_segments().to_vec(),
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

    /// Number of links on all layers.
    pub(super) fn all_links(&self) -> u64 {
        (self.links.len() + self.upper_links.len()) as u64
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

    fn more_entry_points(&self) -> &[u32] {
        &self.more_entry_points
    }

    fn more_segments(&self) -> &[u32] {
        &self.more_segments
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

    #[inline]
    fn prefetch_place(&self, node: u32, level: usize) {
        if level == 0 {
            kernels::prefetch(&self.starts[node as usize..=node as usize]);
        }
    }
}

/// A graph that grows by whole graphs.
pub(super) struct GraphParts {
    graph: Graph,
    /// Links on layer 0 so far.
    filled: usize,
}

impl GraphParts {
    /// Room for the nodes, and for their links on layer 0.
    pub(super) fn with_capacity(nodes: usize, links: usize) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        Self {
            graph: Graph {
                entry_point: None,
                more_entry_points: Vec::new(),
                more_segments: Vec::new(),
                levels: Vec::with_capacity(nodes),
                starts,
                links: Zeroed::new(links),
                upper: Vec::with_capacity(nodes),
                upper_ranges: Vec::new(),
                upper_links: Vec::new(),
            },
            filled: 0,
        }
    }

    /// Appends a graph whose nodes become `offset` and so on.
    pub(super) fn append(&mut self, part: &Graph, offset: u32) {
        let graph = &mut self.graph;
        if offset > 0 {
            graph.more_segments.push(offset);
        }
        graph
            .more_segments
            .extend(part.more_segments.iter().map(|first| first + offset));
        for entry in part.entry_points() {
            match graph.entry_point {
                None => graph.entry_point = Some(entry + offset),
                Some(_) => graph.more_entry_points.push(entry + offset),
            }
        }
        graph.levels.extend(&part.levels);
        let slots = graph.links[self.filled..].iter_mut();
        for (slot, &link) in slots.zip(part.links.iter()) {
            *slot = link + offset;
        }
        let start = self.filled as u32;
        graph
            .starts
            .extend(part.starts.iter().skip(1).map(|end| end + start));
        self.filled += part.links.len();
        let ranges = graph.upper_ranges.len() as u32;
        graph
            .upper
            .extend(part.upper.iter().map(|place| place + ranges));
        let links = graph.upper_links.len() as u32;
        let moved = |range: &Range<u32>| range.start + links..range.end + links;
        graph
            .upper_ranges
            .extend(part.upper_ranges.iter().map(moved));
        graph
            .upper_links
            .extend(part.upper_links.iter().map(|link| link + offset));
    }

    pub(super) fn into_graph(self) -> Graph {
        self.graph
    }
}
