//! The exact test of a paired difference: every way of exchanging the two searches within queries.
//!
//! Enters: one whole number per query, such as neighbors gained. Leaves: the share of all 2^m sign
//! changes whose sum is at least as far from 0 as the one seen (Fisher 1935, section 21; Pitman
//! 1937), m queries having a difference. If neither search is better, each sign is as likely as the
//! other, and the test's level holds for any sample size and any distribution of differences.
//!
//! The distribution of the sum is built up one query after the other. Cost O(m·S), S the sum of all
//! sizes; beyond 2·10⁸ steps the normal distribution with the exact variance and a continuity
//! correction takes its place, and the result says so.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

/// Steps of the exact distribution.
const MOST_STEPS: u64 = 200_000_000;

/// A two-sided p value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignFlipTest {
    /// How often a difference as large arises where there is none.
    pub p: f64,
    /// Whether every sign change was counted; else by the normal distribution.
    pub exact: bool,
    /// Queries with a difference.
    pub differing: usize,
}

/// Tests whether `differences` are as likely to be positive as negative. 1 if all are 0.
pub fn sign_flip_test(differences: &[i64]) -> SignFlipTest {
    let sizes: Vec<u64> = differences
        .iter()
        .filter(|&&difference| difference != 0)
        .map(|difference| difference.unsigned_abs())
        .collect();
    let differing = sizes.len();
    let Some(divisor) = sizes.iter().copied().reduce(greatest_common_divisor) else {
        return SignFlipTest {
            p: 1.0,
            exact: true,
            differing,
        };
    };
    let sizes: Vec<u64> = sizes.iter().map(|size| size / divisor).collect();
    let total: u128 = sizes.iter().map(|&size| u128::from(size)).sum();
    let sum: i128 = differences
        .iter()
        .map(|&difference| i128::from(difference))
        .sum();
    let seen = sum.unsigned_abs() / u128::from(divisor);
    let steps = total.saturating_mul(differing as u128);
    let exact = steps <= u128::from(MOST_STEPS);
    let p = if exact {
        exact_p(&sizes, total as usize, seen as usize)
    } else {
        normal_p(&sizes, seen as f64)
    };
    SignFlipTest {
        p: p.min(1.0),
        exact,
        differing,
    }
}

/// P(|Σ ±size| ≥ seen), from the distribution of the sum of the sizes with a positive sign:
/// Σ ±size = 2·positive − total.
fn exact_p(sizes: &[u64], total: usize, seen: usize) -> f64 {
    let mut probability = vec![0.0; total + 1];
    probability[0] = 1.0;
    let mut reached = 0;
    for &size in sizes {
        let size = size as usize;
        for positive in (0..=reached).rev() {
            let half = 0.5 * probability[positive];
            probability[positive] = half;
            probability[positive + size] += half;
        }
        reached += size;
    }
    let is_as_far = |positive: usize| (2 * positive).abs_diff(total) >= seen;
    let as_far = (0..=total).filter(|&positive| is_as_far(positive));
    as_far.map(|positive| probability[positive]).sum()
}

fn normal_p(sizes: &[u64], seen: f64) -> f64 {
    let variance: f64 = sizes.iter().map(|&size| (size as f64).powi(2)).sum();
    // The sum moves in steps of 2.
    erfc((seen - 1.0).max(0.0) / (2.0 * variance).sqrt())
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By all 2^m sign changes.
    fn enumerated(differences: &[i64]) -> f64 {
        let nonzero: Vec<i64> = differences.iter().copied().filter(|&d| d != 0).collect();
        let seen: i64 = differences.iter().sum::<i64>().abs();
        let as_far = (0_u32..1 << nonzero.len())
            .filter(|signs| {
                let flipped = nonzero.iter().enumerate().map(|(place, &difference)| {
                    if signs >> place & 1 == 1 {
                        difference
                    } else {
                        -difference
                    }
                });
                flipped.sum::<i64>().abs() >= seen
            })
            .count();
        as_far as f64 / f64::from(1_u32 << nonzero.len())
    }

    #[test]
    fn it_counts_every_sign_change() {
        for differences in [
            vec![1, 2, 3, -1, 0, 5, 4],
            vec![4, 4, -4, 8, 12],
            vec![-3, -1, -7, 2, 0, 0, 9, 1, 1, -6],
            vec![1; 12],
            vec![2, -2],
        ] {
            let found = sign_flip_test(&differences);
            assert!(found.exact);
            let expected = enumerated(&differences);
            assert!(
                (found.p - expected).abs() < 1e-12,
                "{differences:?}: {found:?}"
            );
        }
        // Six gains, none lost: 2 · 2⁻⁶.
        assert_eq!(sign_flip_test(&[1, 1, 1, 1, 1, 1]).p, 0.03125);
        assert_eq!(sign_flip_test(&[0, 0]).p, 1.0);
        assert_eq!(sign_flip_test(&[]).differing, 0);
    }

    #[test]
    fn many_queries_are_normal_and_so_is_the_exact_count() {
        let differences: Vec<i64> = (0..900)
            .map(|place| place % 5 - 2 + place % 40 / 38)
            .collect();
        let sizes: Vec<u64> = differences
            .iter()
            .filter(|&&difference| difference != 0)
            .map(|difference| difference.unsigned_abs())
            .collect();
        let seen = differences.iter().sum::<i64>().unsigned_abs();
        let total = sizes.iter().sum::<u64>() as usize;
        let exact = exact_p(&sizes, total, seen as usize);
        let normal = normal_p(&sizes, seen as f64);
        assert!((exact - normal).abs() < 1e-3, "{exact} and {normal}");
        let long: Vec<i64> = (0..20_000).map(|place| place % 500 - 249).collect();
        assert!(!sign_flip_test(&long).exact);
    }
}
