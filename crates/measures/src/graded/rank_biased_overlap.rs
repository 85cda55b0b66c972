//! Rank-biased overlap: agreement of two rankings, the top counting most.

/// A persistence outside 0..1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("persistence p = {0}: expected more than 0 and less than 1")]
pub struct PersistenceError(pub f64);

/// Rank-biased overlap, extrapolated (Webber, Moffat & Zobel 2010, eq. 23 for lists of equal depth):
/// A_k·p^k + (1 − p)/p · Σ_{d≤k} A_d·p^d, A_d being the share of the first d exact neighbors among
/// the first d slots.
///
/// `slots` holds per slot the 0-based exact rank of its row, `u32::MAX` for a row beyond the exact
/// list or an empty slot; slots that are lacking are empty. A reader goes on from one rank to the
/// next with probability `p`: the first 1/(1 − p) ranks carry most of the weight (86 % at p = .9).
///
/// # Errors
/// If p does not lie between 0 and 1.
pub fn rank_biased_overlap(slots: &[u32], k: usize, p: f64) -> Result<f64, PersistenceError> {
    if !(p > 0.0 && p < 1.0) {
        return Err(PersistenceError(p));
    }
    // A row of exact rank r in slot s is in both prefixes from depth max(r, s) + 1 on.
    let mut common_from = vec![0_u32; k + 1];
    for (slot, &rank) in (0..).zip(slots.iter().take(k)) {
        let depth = rank.max(slot) as usize;
        if depth < k {
            common_from[depth + 1] += 1;
        }
    }
    let (mut common, mut weight, mut sum, mut agreement) = (0_u32, 1.0, 0.0, 0.0);
    for (depth, &more) in common_from.iter().enumerate().skip(1) {
        common += more;
        weight *= p;
        agreement = f64::from(common) / depth as f64;
        sum += agreement * weight;
    }
    Ok(agreement * weight + (1.0 - p) / p * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: u32 = u32::MAX;

    #[test]
    fn equal_lists_agree_and_disjoint_ones_do_not() {
        for p in [0.1, 0.9, 0.98] {
            let same = rank_biased_overlap(&[0, 1, 2, 3], 4, p).expect("p");
            assert!((same - 1.0).abs() < 1e-12, "{same}");
            assert_eq!(rank_biased_overlap(&[NONE; 4], 4, p), Ok(0.0));
        }
        assert_eq!(
            rank_biased_overlap(&[0], 1, 1.0),
            Err(PersistenceError(1.0))
        );
        assert!(rank_biased_overlap(&[0], 1, f64::NAN).is_err());
    }

    #[test]
    fn the_top_counts_most() {
        // By hand, k = 3, p = .5: slots hold ranks 0, none, 1: A = 1, 1/2, 2/3.
        let found = rank_biased_overlap(&[0, NONE, 1], 3, 0.5).expect("p");
        let expected = 2.0 / 3.0 * 0.125 + 0.5 + 0.5 * 0.25 + 2.0 / 3.0 * 0.125;
        assert!((found - expected).abs() < 1e-12, "{found}");
        let lost_first = rank_biased_overlap(&[NONE, 1, 2], 3, 0.9).expect("p");
        let lost_last = rank_biased_overlap(&[0, 1, NONE], 3, 0.9).expect("p");
        assert!(lost_first < lost_last);
        assert_eq!(
            rank_biased_overlap(&[0, 1], 3, 0.9),
            rank_biased_overlap(&[0, 1, NONE], 3, 0.9),
            "a slot that is lacking is empty"
        );
    }
}
