//! The base layer as a directed graph: in-degrees, strongly connected components (Tarjan 1972), and
//! the rows from which the largest component cannot be reached.
//!
//! Enters: a graph, or the rows of one segment of it. Leaves: [`BaseLayer`]. Cost: one depth-first
//! walk of all links, then one link of nearly every row; O(n·M) time, 20 bytes a row and 40 for each
//! on the longest path. Does not: look at the upper layers, which only choose where a search enters;
//! for those see [`reachable`](super::reachable).

use super::links::Links;
use std::ops::Range;

/// What one layer of links looks like; nodes count from the first row of the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseLayer {
    /// Links that point to each node.
    pub in_degrees: Vec<u32>,
    /// Per node the number of its strongly connected component; every link leads to a component of
    /// the same number or a smaller one.
    pub component: Vec<u32>,
    /// Nodes of each component.
    pub sizes: Vec<u32>,
    /// The component with the most nodes; of several, the first.
    pub largest: u32,
    /// Nodes from which no path leads to the largest component: a search that enters among them sees
    /// no others.
    pub confined: Vec<u32>,
}

/// A number that no node and no component has.
const NONE: u32 = u32::MAX;

impl BaseLayer {
    /// The base layer of `graph`, of the nodes in `rows`, whose links stay among them.
    ///
    /// # Panics
    /// If a link leaves `rows`.
    pub fn of(graph: &impl Links, rows: Range<u32>) -> Self {
        let first = rows.start;
        let links = |node: u32| {
            graph
                .links(first + node, 0)
                .iter()
                .map(move |&to| to - first)
        };
        let nodes = rows.len();
        let Components {
            component,
            sizes,
            order,
            nodes: walked,
            ..
        } = Components::of(nodes, links);
        let in_degrees = walked.iter().map(|node| node.in_degree).collect();
        let mut largest = 0;
        for (number, &size) in sizes.iter().enumerate() {
            if size > sizes[largest] {
                largest = number;
            }
        }
        // Components come in an order in which all links lead back, so that what a link leads to is
        // known before it is asked for.
        let mut leads = vec![false; sizes.len()];
        if let Some(leads) = leads.get_mut(largest) {
            *leads = true;
        }
        for &node in &order {
            let own = component[node as usize] as usize;
            let any = links(node).any(|to| leads[component[to as usize] as usize]);
            leads[own] |= any;
        }
        let is_confined = |&node: &u32| !leads[component[node as usize] as usize];
        Self {
            confined: (0..nodes as u32).filter(is_confined).collect(),
            in_degrees,
            component,
            sizes,
            largest: largest as u32,
        }
    }

    /// Nodes of the largest component; 0 without nodes.
    pub fn largest_size(&self) -> usize {
        self.sizes
            .get(self.largest as usize)
            .map_or(0, |&size| size as usize)
    }
}

/// Tarjan's algorithm without recursion; on the way it counts the links that point to each node.
#[derive(Default)]
struct Components {
    component: Vec<u32>,
    sizes: Vec<u32>,
    /// Nodes by component.
    order: Vec<u32>,
    nodes: Vec<Walked>,
    /// Nodes without a component yet.
    open: Vec<u32>,
}

/// What a link reads of the node it points to, in one place: most of the time is spent waiting for it.
#[derive(Clone, Copy)]
struct Walked {
    /// When it was first seen: [`NONE`] before, and [`CLOSED`] once it has a component.
    seen: u32,
    in_degree: u32,
}

/// Later than any node is seen, so that it counts as no way back.
const CLOSED: u32 = NONE - 1;

/// A node on the path from the root, with the links not followed yet.
struct OnPath<I> {
    node: u32,
    rest: I,
    seen: u32,
    /// When the earliest node was seen that it is known to lead back to.
    low: u32,
}

impl Components {
    fn of<I: Iterator<Item = u32>>(nodes: usize, links: impl Fn(u32) -> I) -> Self {
        let unseen = Walked {
            seen: NONE,
            in_degree: 0,
        };
        let mut all = Self {
            component: vec![NONE; nodes],
            nodes: vec![unseen; nodes],
            ..Self::default()
        };
        let mut clock = 0;
        let mut path: Vec<OnPath<I>> = Vec::new();
        for root in 0..nodes as u32 {
            if all.nodes[root as usize].seen != NONE {
                continue;
            }
            path.push(all.enter(root, &links, &mut clock));
            while let Some(last) = path.last_mut() {
                if let Some(to) = last.rest.next() {
                    let of_link = &mut all.nodes[to as usize];
                    of_link.in_degree += 1;
                    if of_link.seen == NONE {
                        path.push(all.enter(to, &links, &mut clock));
                    } else {
                        last.low = last.low.min(of_link.seen);
                    }
                    continue;
                }
                let &mut OnPath {
                    node, seen, low, ..
                } = last;
                path.pop();
                if low == seen {
                    all.close(node);
                } else if let Some(before) = path.last_mut() {
                    before.low = before.low.min(low);
                }
            }
        }
        all
    }

    fn enter<I>(&mut self, node: u32, links: impl Fn(u32) -> I, clock: &mut u32) -> OnPath<I> {
        let seen = *clock;
        *clock += 1;
        self.nodes[node as usize].seen = seen;
        self.open.push(node);
        OnPath {
            node,
            rest: links(node),
            seen,
            low: seen,
        }
    }

    /// Closes the component of `node`, the first node seen of it.
    fn close(&mut self, node: u32) {
        let number = self.sizes.len() as u32;
        let mut size = 0;
        while let Some(member) = self.open.pop() {
            self.component[member as usize] = number;
            self.nodes[member as usize].seen = CLOSED;
            self.order.push(member);
            size += 1;
            if member == node {
                break;
            }
        }
        self.sizes.push(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hand(Vec<Vec<u32>>);

    impl Links for Hand {
        fn levels(&self) -> &[u8] {
            &[0; 512][..self.0.len()]
        }

        fn entry_point(&self) -> Option<u32> {
            Some(0)
        }

        fn links(&self, node: u32, _level: usize) -> &[u32] {
            &self.0[node as usize]
        }
    }

    fn of(links: &[&[u32]]) -> BaseLayer {
        let graph = Hand(links.iter().map(|links| links.to_vec()).collect());
        BaseLayer::of(&graph, 0..links.len() as u32)
    }

    #[test]
    fn a_ring_with_a_tail_and_a_source_falls_into_its_parts() {
        // 0 → 1 → 2 → 0; 2 → 3 → 4 ⇄ 5, from which nothing leads back; 6 → 0, to which nothing leads.
        let layer = of(&[&[1], &[2], &[0, 3], &[4], &[5], &[4], &[0]]);
        assert_eq!(layer.in_degrees, [2, 1, 1, 1, 2, 1, 0]);
        let mut sizes = layer.sizes.clone();
        sizes.sort_unstable();
        assert_eq!(
            (sizes.as_slice(), layer.largest_size()),
            (&[1, 1, 2, 3][..], 3)
        );
        assert_eq!(layer.confined, [3, 4, 5]);
        assert!(
            layer.component[0] == layer.component[2] && layer.component[4] == layer.component[5]
        );
        assert_eq!(layer.component[0], layer.largest);
    }

    #[test]
    fn a_range_of_rows_is_a_graph_of_its_own() {
        let graph = Hand(vec![vec![1], vec![], vec![3, 4], vec![2], vec![]]);
        let layer = BaseLayer::of(&graph, 2..5);
        assert_eq!(layer.in_degrees, [1, 1, 1]);
        assert_eq!(
            (layer.largest_size(), layer.confined.as_slice()),
            (2, &[2][..])
        );
        assert_eq!(BaseLayer::of(&graph, 0..0), BaseLayer::default());
    }

    /// Each node leads to the next.
    struct Chain(u32, Vec<u8>, Vec<u32>);
    impl Links for Chain {
        fn levels(&self) -> &[u8] {
            &self.1
        }
        fn entry_point(&self) -> Option<u32> {
            Some(0)
        }
        fn links(&self, node: u32, _level: usize) -> &[u32] {
            let next = node as usize + 1;
            &self.2[next.min(self.0 as usize)..(next + 1).min(self.0 as usize)]
        }
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let nodes = 300_000;
        let chain = Chain(nodes, vec![0; nodes as usize], (0..nodes).collect());
        let layer = BaseLayer::of(&chain, 0..nodes);
        assert_eq!(layer.sizes.len(), nodes as usize);
        // Each is a component of its own, and of those the last of the chain is the first.
        assert_eq!(
            (layer.component[nodes as usize - 1], layer.confined.len()),
            (0, 0)
        );
    }

    /// Which nodes lead to which, by closing the relation step by step (Warshall 1962).
    #[test]
    fn random_graphs_have_the_components_of_their_transitive_closure() {
        let mut state = 7_u32;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for nodes in [1, 2, 9, 40] {
            for links in [0, 1, 2, 3] {
                for _ in 0..20 {
                    let graph: Vec<Vec<u32>> = (0..nodes)
                        .map(|_| (0..links).map(|_| draw(nodes)).collect())
                        .collect();
                    let n = nodes as usize;
                    let mut leads = vec![vec![false; n]; n];
                    for (from, links) in graph.iter().enumerate() {
                        leads[from][from] = true;
                        links.iter().for_each(|&to| leads[from][to as usize] = true);
                    }
                    for middle in 0..n {
                        for from in 0..n {
                            for to in 0..n {
                                leads[from][to] |= leads[from][middle] && leads[middle][to];
                            }
                        }
                    }
                    let layer = BaseLayer::of(&Hand(graph), 0..nodes);
                    let pairs = (0..n).flat_map(|a| (0..n).map(move |b| (a, b)));
                    for (a, b) in pairs {
                        let together = leads[a][b] && leads[b][a];
                        assert_eq!(layer.component[a] == layer.component[b], together);
                    }
                    let largest = layer.component.iter().position(|&of| of == layer.largest);
                    let largest = largest.expect("a node");
                    let most =
                        (0..n).map(|a| (0..n).filter(|&b| leads[a][b] && leads[b][a]).count());
                    assert_eq!(layer.largest_size(), most.max().expect("a node"));
                    let confined: Vec<u32> = (0..nodes)
                        .filter(|&a| !leads[a as usize][largest])
                        .collect();
                    assert_eq!(layer.confined, confined);
                }
            }
        }
    }
}
