//! Reachability: the nodes to which a path leads from an entry point.

use super::links::Links;

/// Marks every node to which a path leads from an entry point, through the links of any layer.
/// Cost: one walk of the graph.
pub fn reachable(graph: &impl Links) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes()];
    let mut pending: Vec<u32> = graph.entry_points().collect();
    for &entry in &pending {
        reached[entry as usize] = true;
    }
    while let Some(node) = pending.pop() {
        for level in 0..=graph.level(node) {
            for &link in graph.links(node, level) {
                if !std::mem::replace(&mut reached[link as usize], true) {
                    pending.push(link);
                }
            }
        }
    }
    reached
}
