//! How many neighbors the explorer of an audit holds.

/// Neighbors of all queries on all graphs that a page holds, about; but at least [`LEAST_DEPTH`] of
/// each.
const MOST_NEIGHBORS: usize = 1_000_000;

const LEAST_DEPTH: usize = 100;

/// Most queries that a page holds.
const MOST_QUERIES: usize = 20_000;

/// K of the explorer; `None` where the queries are too many for a page. `neighbors` are known.
pub(in super::super) fn depth(queries: usize, graphs: usize, neighbors: usize) -> Option<usize> {
    let held = MOST_NEIGHBORS / (queries * graphs.max(1)).max(1);
    let is_held = queries > 0 && queries <= MOST_QUERIES && neighbors > 0;
    is_held.then(|| neighbors.min(held.max(LEAST_DEPTH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_a_hundred_neighbors_at_least_where_it_holds_any() {
        assert_eq!(depth(2_000, 1, 500), Some(500));
        assert_eq!(depth(2_000, 3, 500), Some(166));
        assert_eq!(depth(10_000, 3, 500), Some(100));
        assert_eq!(depth(10_000, 0, 10), Some(10));
        assert_eq!(depth(20_001, 1, 10), None);
    }
}
