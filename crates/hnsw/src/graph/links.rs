//! The face that builder and frozen graph share, so that search is written once.

use annatomy_vectors::kernels;

/// The links of a layered graph: all that a search reads of it.
pub trait Links: Sync {
    /// The highest layer of each node.
    fn levels(&self) -> &[u8];
    /// Where searches start, on the highest layer; `None` if the graph is empty.
    fn entry_point(&self) -> Option<u32>;
    /// The links of `node` on `level`, which must not exceed the node's own.
    fn links(&self, node: u32, level: usize) -> &[u32];

    /// Prefetches what says where the links of `node` lie, where that is not known without reading.
    #[inline]
    fn prefetch_place(&self, node: u32, level: usize) {
        let _ = (node, level);
    }

    /// Prefetches the links of `node`.
    #[inline]
    fn prefetch_links(&self, node: u32, level: usize) {
        kernels::prefetch_whole(self.links(node, level));
    }

    /// Entry points of further segments, each searched on its own after the first.
    fn more_entry_points(&self) -> &[u32] {
        &[]
    }

    /// The first node of the second segment and of those after it.
    fn more_segments(&self) -> &[u32] {
        &[]
    }

    /// The number of the segment that holds `node`.
    fn segment_of(&self, node: u32) -> usize {
        self.more_segments().partition_point(|&first| first <= node)
    }

    /// Where searches start: the entry point, or that of every segment.
    fn entry_points(&self) -> impl Iterator<Item = u32> + '_ {
        let more = self.more_entry_points().iter().copied();
        self.entry_point().into_iter().chain(more)
    }

    /// Number of nodes.
    fn nodes(&self) -> usize {
        self.levels().len()
    }

    /// The highest layer of `node`.
    fn level(&self, node: u32) -> usize {
        usize::from(self.levels()[node as usize])
    }
}
