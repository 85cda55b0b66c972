//! Links that the neighbor-selection heuristic would not keep.
//!
//! Enters: a finished graph, of any engine, and rows of it. Leaves: how many of their links on layer 0
//! stay when the row's whole list is pruned by the heuristic of [`prune`]: a link that goes has a
//! nearer linked row between its ends. Engines keep such links while a list is not full. Cost: a
//! sort, and at most links × kept distances a row.

use super::prune::{Closer, prune};
use crate::distance::DistanceComputer;
use crate::graph::{Graph, Links};
use crate::queue::{QueryScorer, Scored};
use rayon::prelude::*;

/// Links of some rows, and those of them that the heuristic would prune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedundantLinks {
    /// Links on layer 0.
    pub links: usize,
    /// Those that the heuristic would not keep.
    pub redundant: usize,
}

impl RedundantLinks {
    /// Counts the links of `rows`, in parallel on the current rayon pool.
    pub fn of<D: DistanceComputer>(graph: &Graph, distances: &D, rows: &[u32]) -> Self {
        let of_row = |&row: &u32| {
            let scorer = distances.scorer(row);
            let links = graph.links(row, 0).iter();
            let mut list: Vec<Scored> = links
                .map(|&id| Scored {
                    key: scorer.key(id),
                    id,
                })
                .collect();
            list.sort_unstable();
            let links = list.len();
            prune(distances, row, &mut list, links, Closer);
            Self {
                links,
                redundant: links - list.len(),
            }
        };
        let plus = |a: Self, b: Self| Self {
            links: a.links + b.links,
            redundant: a.redundant + b.redundant,
        };
        rows.par_iter().map(of_row).reduce(Self::default, plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::VectorDistances;
    use annatomy_vectors::{Matrix, Metric};

    struct Line(Vec<Vec<u32>>);

    impl Links for Line {
        fn levels(&self) -> &[u8] {
            &[0; 8][..self.0.len()]
        }

        fn entry_point(&self) -> Option<u32> {
            Some(0)
        }

        fn links(&self, node: u32, _level: usize) -> &[u32] {
            &self.0[node as usize]
        }
    }

    #[test]
    fn a_link_past_a_nearer_linked_row_is_redundant() {
        // On a line, 0 to 1, 2 and 5: 2 and 5 lie behind 1, seen from 0. From 2 each side keeps one.
        let points = vec![0.0, 1.0, 2.0, 5.0, -4.0];
        let rows = Matrix::new(5, 1, points).expect("5 × 1");
        let links = vec![vec![1, 2, 3], vec![0], vec![4, 1, 3], vec![], vec![0]];
        let graph = Graph::freeze(&Line(links));
        let distances = VectorDistances::new(rows.view(), Metric::L2);
        let count = |rows: &[u32]| {
            let found = RedundantLinks::of(&graph, &distances, rows);
            (found.links, found.redundant)
        };
        assert_eq!(count(&[0]), (3, 2));
        // From 2: 1 is kept, 5 is nearer to 2 than to 1, −4 is nearer to 1.
        assert_eq!(count(&[2]), (3, 1));
        assert_eq!(count(&[0, 1, 2, 3, 4]), (8, 3));
        assert_eq!(count(&[]), (0, 0));
    }
}
