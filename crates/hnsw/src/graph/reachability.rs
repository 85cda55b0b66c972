//! Reachability: the nodes to which a path leads from an entry point.

use super::links::Links;

/// Nodes whose links are prefetched before their turn, and as many more whose place is.
const AHEAD: usize = 8;

/// Marks every node to which a path leads from an entry point, through the links of any layer.
/// Cost: one walk of the graph, breadth first, so that the next nodes are known early.
pub fn reachable(graph: &impl Links) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes()];
    let mut nodes: Vec<u32> = graph.entry_points().collect();
    for &entry in &nodes {
        reached[entry as usize] = true;
    }
    let mut next = 0;
    while let Some(&node) = nodes.get(next) {
        if let Some(&soon) = nodes.get(next + 2 * AHEAD) {
            graph.prefetch_place(soon, 0);
        }
        if let Some(&soon) = nodes.get(next + AHEAD) {
            graph.prefetch_links(soon, 0);
        }
        for level in 0..=graph.level(node) {
            for &link in graph.links(node, level) {
                if !std::mem::replace(&mut reached[link as usize], true) {
                    nodes.push(link);
                }
            }
        }
        next += 1;
    }
    reached
}
