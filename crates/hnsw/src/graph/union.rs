//! Disjoint unions of graphs: the segments of a collection, searched one by one from their own entry
//! points.
//!
//! Node i of segment s is node (rows of the segments before it) + i. Cost: a copy of all links.

use super::frozen::{Graph, GraphParts};
use super::links::Links;

/// The graphs have more nodes or links than 32 bits number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segments of {nodes} rows and {links} links in all: more than 32 bits number")]
pub struct TooManyLinks {
    /// Nodes of all graphs.
    pub nodes: u64,
    /// Links of all graphs.
    pub links: u64,
}

/// All graphs next to one another.
///
/// # Errors
/// If their nodes or links exceed 32 bits.
pub fn union(graphs: &[Graph]) -> Result<Graph, TooManyLinks> {
    let nodes: u64 = graphs.iter().map(|graph| graph.nodes() as u64).sum();
    let links: u64 = graphs.iter().map(Graph::all_links).sum();
    if nodes.max(links) >= u64::from(u32::MAX) {
        return Err(TooManyLinks { nodes, links });
    }
    let base_links = graphs.iter().map(Graph::base_links).sum();
    let mut parts = GraphParts::with_capacity(nodes as usize, base_links);
    let mut offset = 0;
    for graph in graphs {
        parts.append(graph, offset);
        offset += graph.nodes() as u32;
    }
    Ok(parts.into_graph())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Parameters;
    use crate::distance::VectorDistances;
    use crate::graph::reachable;
    use crate::queue::HeapQueue;
    use crate::search::{EngineClass, Traversal, Visits};
    use annatomy_vectors::{Matrix, Metric};

    /// Values on a coarse grid, so that distances tie within and between segments.
    fn rows(count: usize, seed: u32) -> Matrix {
        let mut state = seed;
        let values = (0..count * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 28) as u8)
        });
        Matrix::new(count, 3, values.collect()).expect("shape")
    }

    fn part(all: &Matrix, from: usize, to: usize) -> Matrix {
        let values = (from..to).flat_map(|row| all.row(row).to_vec()).collect();
        Matrix::new(to - from, 3, values).expect("shape")
    }

    #[test]
    fn a_union_answers_as_its_segments_merged_at_every_effort() {
        let all = rows(170, 5);
        let bounds = [0, 60, 61, 120, 170];
        let segments: Vec<Matrix> = bounds
            .windows(2)
            .map(|pair| part(&all, pair[0], pair[1]))
            .collect();
        let graphs: Vec<Graph> = segments
            .iter()
            .map(|rows| {
                let computer = VectorDistances::new(rows.view(), Metric::L2);
                Graph::build(&computer, &Parameters::faiss(3, 10, 1)).expect("a graph")
            })
            .collect();
        let whole = union(&graphs).expect("small");
        assert_eq!((whole.nodes(), whole.entry_points().count()), (170, 4));
        assert_eq!(whole.more_entry_points()[0], 60, "a segment of one row");
        let reached = reachable(&whole).iter().filter(|reached| **reached).count();
        let each = graphs
            .iter()
            .map(|graph| reachable(graph).iter().filter(|reached| **reached).count());
        assert_eq!(reached, each.sum::<usize>());
        let mut traversal = Traversal::<HeapQueue>::default();
        let (mut merged, mut alone) = (Visits::default(), Visits::default());
        let computer = VectorDistances::new(all.view(), Metric::L2);
        for query in (0..170).step_by(3) {
            for most_rows in [usize::MAX, 12] {
                let scorer = computer.scorer_for(all.row(query));
                traversal.record_for_k(&whole, scorer, 40, most_rows, &mut merged);
                for (ef, k) in [(1, 1), (1, 12), (4, 12), (9, 5), (40, 12)] {
                    let class = EngineClass::StopEarly;
                    let (mut visited, mut found) = (0, Vec::new());
                    for (graph, (rows, &offset)) in graphs.iter().zip(segments.iter().zip(&bounds))
                    {
                        let computer = VectorDistances::new(rows.view(), Metric::L2);
                        let scorer = computer.scorer_for(all.row(query));
                        traversal.record(graph, scorer, 40, &mut alone);
                        visited += alone.visited(ef);
                        let of_k = alone.rows(alone.answer(class, ef, k));
                        found.extend(of_k.map(|id| id + offset as u32));
                    }
                    let key = |id: &u32| {
                        let squares = all.row(*id as usize).iter().zip(all.row(query));
                        squares.map(|(a, b)| (a - b) * (a - b)).sum::<f32>() as u32
                    };
                    found.sort_by_key(key);
                    found.truncate(k);
                    assert_eq!(merged.visited(ef), visited, "query {query}, ef {ef}");
                    let rows: Vec<u32> = merged.rows(merged.answer(class, ef, k)).collect();
                    assert_eq!(rows, found, "query {query}, ef {ef}, k {k}");
                }
            }
        }
    }
}
