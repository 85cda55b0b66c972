//! How far from their ranks the true neighbors in an answer stand.

/// The mean over returned true neighbors of |slot − rank|, over k: 0 where each stands at its rank.
/// Spearman's footrule of the rows that both lists have (Fagin, Kumar & Sivakumar 2003),
/// per row and as a share of k.
///
/// `slots` holds per slot the 0-based exact rank of its row, `u32::MAX` for a row beyond the exact
/// list or an empty slot. NaN where none of the first k slots holds one of the k exact neighbors.
pub fn displacement(slots: &[u32], k: usize) -> f64 {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (slot, &rank) in (0_u32..).zip(slots.iter().take(k)) {
        if (rank as usize) < k {
            sum += u64::from(rank.abs_diff(slot));
            count += 1;
        }
    }
    if count == 0 {
        return f64::NAN;
    }
    sum as f64 / count as f64 / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_that_move_up_count_as_those_that_move_down() {
        assert_eq!(displacement(&[0, 1, 2], 3), 0.0);
        // Rank 1 in slot 0, rank 0 in slot 1, rank 3 is no neighbor at k = 3.
        assert_eq!(displacement(&[1, 0, 3], 3), 1.0 / 3.0);
        assert!(displacement(&[u32::MAX, 7], 2).is_nan());
    }
}
