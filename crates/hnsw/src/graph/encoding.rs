//! The frozen graph as bytes, for another process.
//!
//! ```text
//! seven counts     8 bytes each, little-endian: nodes, entry point (all ones: none), further entry points, further segments,
//!                  links on layer 0, lists above it, links in those
//! levels           1 byte a node
//! the rest         4 bytes each: further entry points, first nodes of further segments, start of each node's links on layer 0
//!                  and the end, those links, the end of each list above, node after node, those links
//! ```
//!
//! Reading checks lengths, every offset, and that each link leads to a node of its layer and its
//! segment. Cost: a copy.

use super::frozen::Graph;
use super::links::Links;
use annatomy_runtime::Zeroed;

/// Bytes that no graph was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphBytesError {
    /// Their number does not agree with what they say.
    #[error("a graph of {expected} bytes in {found}")]
    Length {
        /// Bytes given.
        found: usize,
        /// Bytes that the counts ask for.
        expected: u128,
    },
    /// An offset, an entry point or a link that leads nowhere.
    #[error("a graph whose {what} lead out of it")]
    Content {
        /// What does.
        what: &'static str,
    },
}

const COUNTS: usize = 7;

impl Graph {
    /// Appends the graph to `bytes`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let counts = [
            self.levels.len() as u64,
            self.entry_point.map_or(u64::MAX, u64::from),
            self.more_entry_points.len() as u64,
            self.more_segments.len() as u64,
            self.links.len() as u64,
            self.upper_ranges.len() as u64,
            self.upper_links.len() as u64,
        ];
        bytes.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
        bytes.extend(&self.levels);
        let ends: Vec<u32> = self.upper_ranges.iter().map(|range| range.end).collect();
        for part in [
            &self.more_entry_points[..],
            &self.more_segments,
            &self.starts,
            &self.links,
            &ends,
            &self.upper_links,
        ] {
            bytes.reserve(4 * part.len());
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
        }
    }

    /// The graph that [`write`](Self::write) wrote as `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Self, GraphBytesError> {
        let (counts, rest) = bytes
            .split_at_checked(8 * COUNTS)
            .ok_or(GraphBytesError::Length {
                found: bytes.len(),
                expected: 8 * COUNTS as u128,
            })?;
        let mut counts = counts.as_chunks().0.iter().copied().map(u64::from_le_bytes);
        let counts: [u64; COUNTS] = std::array::from_fn(|_| counts.next().unwrap_or_default());
        let [nodes, entry, entries, segments, links, lists, upper] = counts;
        let words = [entries, segments, nodes, 1, links, lists, upper];
        let words = words.iter().map(|&count| u128::from(count)).sum::<u128>();
        let expected = u128::from(nodes) + 4 * words;
        if expected != rest.len() as u128 {
            let expected = expected + 8 * COUNTS as u128;
            let found = bytes.len();
            return Err(GraphBytesError::Length { found, expected });
        }
        let (levels, rest) = rest.split_at(nodes as usize);
        let mut words = rest.as_chunks().0.iter().copied().map(u32::from_le_bytes);
        let mut next = |count: u64| words.by_ref().take(count as usize).collect::<Vec<u32>>();
        let (more_entry_points, more_segments) = (next(entries), next(segments));
        let starts = next(nodes + 1);
        let mut base_links = Zeroed::new(links as usize);
        base_links.copy_from_slice(&next(links));
        let (ends, upper_links) = (next(lists), next(upper));
        let mut begin = 0;
        let mut upper_ranges = Vec::with_capacity(ends.len());
        for end in ends {
            upper_ranges.push(begin..end);
            begin = end;
        }
        let mut lists_before = 0_u32;
        let mut first_lists = Vec::with_capacity(levels.len());
        for &level in levels {
            first_lists.push(lists_before);
            lists_before = lists_before.saturating_add(u32::from(level));
        }
        let graph = Self {
            entry_point: (entry != u64::MAX).then_some(entry.try_into().unwrap_or(u32::MAX)),
            more_entry_points,
            more_segments,
            levels: levels.to_vec(),
            starts,
            links: base_links,
            upper: first_lists,
            upper_ranges,
            upper_links,
        };
        if u64::from(lists_before) != lists {
            return Err(GraphBytesError::Content { what: "layers" });
        }
        graph.check()?;
        Ok(graph)
    }

    fn check(&self) -> Result<(), GraphBytesError> {
        let nodes = self.levels.len();
        let wrong = |what| Err(GraphBytesError::Content { what });
        let ends = self.upper_ranges.iter().map(|range| range.end);
        let upper: Vec<u32> = std::iter::once(0).chain(ends).collect();
        for (offsets, links) in [
            (&self.starts, self.links.len()),
            (&upper, self.upper_links.len()),
        ] {
            let last = offsets[offsets.len() - 1] as usize;
            if offsets[0] != 0 || last != links || !offsets.is_sorted() {
                return wrong("offsets");
            }
        }
        let last_segment = self.more_segments.last().copied().unwrap_or(0);
        if !self.more_segments.is_sorted() || last_segment as usize > nodes {
            return wrong("segments");
        }
        if self.entry_points().any(|entry| entry as usize >= nodes) {
            return wrong("entry points");
        }
        for node in 0..nodes as u32 {
            let segment = self.segment_of(node);
            for level in 0..=self.level(node) {
                let leads_out = |&link: &u32| {
                    let reached = self.levels.get(link as usize);
                    reached.is_none_or(|&reached| usize::from(reached) < level)
                        || self.segment_of(link) != segment
                };
                if self.links(node, level).iter().any(leads_out) {
                    return wrong("links");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Parameters;
    use crate::distance::VectorDistances;
    use crate::graph::union;
    use annatomy_vectors::{Matrix, Metric};

    fn graph(rows: usize) -> Graph {
        let mut state = rows as u32;
        let values = (0..rows * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32
        });
        let rows = Matrix::new(rows, 3, values.collect()).expect("shape");
        let computer = VectorDistances::new(rows.view(), Metric::L2);
        Graph::build(&computer, &Parameters::faiss(2, 10, 1)).expect("a graph")
    }

    fn bytes(graph: &Graph) -> Vec<u8> {
        let mut bytes = Vec::new();
        graph.write(&mut bytes);
        bytes
    }

    #[test]
    fn a_graph_is_read_as_it_was_written() {
        let segments = union(&[graph(70), graph(1), graph(40)]).expect("small");
        assert!(segments.layer_sizes().len() > 2, "upper layers");
        for graph in [graph(90), graph(1), graph(0), segments] {
            assert_eq!(Graph::read(&bytes(&graph)), Ok(graph));
        }
    }

    #[test]
    fn no_changed_byte_makes_a_graph_that_leads_out_of_itself() {
        let whole = bytes(&union(&[graph(12), graph(9)]).expect("small"));
        for cut in 0..whole.len() {
            let error = Graph::read(&whole[..cut]).expect_err("cut");
            assert!(matches!(error, GraphBytesError::Length { .. }), "{cut}");
        }
        let mut refused = 0;
        for place in 0..whole.len() {
            for value in [0, 1, 255] {
                let mut changed = whole.clone();
                changed[place] = value;
                let Ok(graph) = Graph::read(&changed) else {
                    refused += 1;
                    continue;
                };
                let reached = crate::graph::reachable(&graph);
                assert_eq!(reached.len(), graph.nodes());
            }
        }
        assert!(refused > whole.len(), "{refused}");
    }
}
