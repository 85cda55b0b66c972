//! A graph as a reader gathers it: one list per node and layer, checked as it comes in.

use super::cursor::reserved;
use super::error::SavedIndexError;
use crate::graph::{Graph, Links};

/// Layers above this never occur: at M = 2 a node reaches it with probability 2⁻⁶⁴.
pub(super) const MOST_LAYERS: usize = 64;

/// Link lists, layer 0 first within each node.
pub(super) struct Layers {
    entry_point: Option<u32>,
    levels: Vec<u8>,
    /// Index of each node's list on layer 0.
    first_list: Vec<usize>,
    /// End of each list in `links`; a list starts where the one before ends.
    ends: Vec<u32>,
    links: Vec<u32>,
}

impl Layers {
    /// Room for `nodes` and `links`, or an error where memory has none.
    pub(super) fn new(
        entry_point: Option<u32>,
        nodes: usize,
        links: usize,
    ) -> Result<Self, SavedIndexError> {
        Ok(Self {
            entry_point,
            levels: reserved("the levels", nodes)?,
            first_list: reserved("the lists", nodes)?,
            ends: reserved("the ends of lists", nodes)?,
            links: reserved("the links", links)?,
        })
    }

    /// Begins the next node, whose lists follow.
    pub(super) fn begin_node(&mut self) {
        self.first_list.push(self.ends.len());
        self.levels.push(0);
    }

    /// The next list of the node begun last.
    pub(super) fn push_list(&mut self, links: impl Iterator<Item = u32>) {
        let node = self.levels.len() - 1;
        self.levels[node] = (self.ends.len() - self.first_list[node]) as u8;
        self.links.extend(links);
        self.ends.push(self.links.len() as u32);
    }

    /// Freezes the graph if each link leads to a node of its layer.
    pub(super) fn finish(self) -> Result<Graph, SavedIndexError> {
        let nodes = self.levels.len();
        for node in 0..nodes {
            for level in 0..=self.level(node as u32) {
                for &link in self.links(node as u32, level) {
                    let Some(&reached) = self.levels.get(link as usize) else {
                        let expected = format!("a node below {nodes}");
                        return Err(SavedIndexError::Node {
                            what: "a link",
                            node,
                            found: link.into(),
                            expected,
                        });
                    };
                    if usize::from(reached) < level {
                        let expected =
                            format!("at least {level}, the layer of the link from node {node}");
                        let (node, found) = (link as usize, reached.into());
                        return Err(SavedIndexError::Node {
                            what: "the highest layer",
                            node,
                            found,
                            expected,
                        });
                    }
                }
            }
        }
        Ok(Graph::freeze(&self))
    }
}

impl Links for Layers {
    fn levels(&self) -> &[u8] {
        &self.levels
    }

    fn entry_point(&self) -> Option<u32> {
        self.entry_point
    }

    fn links(&self, node: u32, level: usize) -> &[u32] {
        let list = self.first_list[node as usize] + level;
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.links[start as usize..self.ends[list] as usize]
    }
}

/// `graph` with node `i` called `names[i]`; `names` is a permutation of the nodes.
pub fn renamed(graph: &Graph, names: &[u32]) -> Result<Graph, SavedIndexError> {
    let mut node_called = vec![0; names.len()];
    names
        .iter()
        .zip(0..)
        .for_each(|(&name, node)| node_called[name as usize] = node);
    let entry_point = graph.entry_point().map(|node| names[node as usize]);
    let mut layers = Layers::new(entry_point, names.len(), graph.base_links())?;
    for node in node_called {
        layers.begin_node();
        for level in 0..=graph.level(node) {
            layers.push_list(
                graph
                    .links(node, level)
                    .iter()
                    .map(|&link| names[link as usize]),
            );
        }
    }
    Ok(Graph::freeze(&layers))
}
