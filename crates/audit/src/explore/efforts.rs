//! How many neighbors the explorer holds, and at which efs it knows the rows visited.

/// Neighbors of all queries on all graphs that a page holds, about; but at least [`LEAST_DEPTH`] of
/// each.
const MOST_NEIGHBORS: usize = 1_000_000;

const LEAST_DEPTH: usize = 100;

/// Most queries that a page holds.
const MOST_QUERIES: usize = 20_000;

/// Steps of the efs between 16 and the largest.
const STEPS: u32 = 48;

/// K of the explorer; `None` where the queries are too many for a page. `neighbors` are known.
pub(in super::super) fn depth(queries: usize, graphs: usize, neighbors: usize) -> Option<usize> {
    let held = MOST_NEIGHBORS / (queries * graphs.max(1)).max(1);
    let is_held = queries > 0 && queries <= MOST_QUERIES && neighbors > 0;
    is_held.then(|| neighbors.min(held.max(LEAST_DEPTH)))
}

/// 1 to 16, then evenly in the logarithm up to `largest`, and those of `wanted` that are not larger.
pub(in super::super) fn efforts(
    largest: usize,
    wanted: impl IntoIterator<Item = usize>,
) -> Vec<usize> {
    let mut efs: Vec<usize> = (1..=16).collect();
    let span = (largest as f64 / 16.0).ln();
    efs.extend((1..=STEPS).map(|step| {
        let share = f64::from(step) / f64::from(STEPS);
        (16.0 * (span * share).exp()).round() as usize
    }));
    efs.push(largest);
    efs.extend(wanted);
    efs.retain(|&ef| ef >= 1 && ef <= largest);
    efs.sort_unstable();
    efs.dedup();
    efs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_ascend_and_hold_those_wanted() {
        for largest in [1, 7, 16, 1_000, 40_000] {
            let efs = efforts(largest, [3, 77, 100_000]);
            assert!(efs.is_sorted_by(|a, b| a < b) && efs[0] == 1);
            assert_eq!(efs.last(), Some(&largest));
            assert_eq!(efs.contains(&77), largest >= 77);
        }
    }

    #[test]
    fn a_page_holds_a_hundred_neighbors_at_least_where_it_holds_any() {
        assert_eq!(depth(2_000, 1, 500), Some(500));
        assert_eq!(depth(2_000, 3, 500), Some(166));
        assert_eq!(depth(10_000, 3, 500), Some(100));
        assert_eq!(depth(10_000, 0, 10), Some(10));
        assert_eq!(depth(20_001, 1, 10), None);
    }
}
