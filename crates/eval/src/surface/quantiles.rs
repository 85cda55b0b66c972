//! Quantiles of the required ef over queries.

/// The smallest ef that serves at least 50 %, 90 % and 99 % of the queries.
pub fn effort_quantiles(efs: &mut [u32]) -> [Option<usize>; 3] {
    efs.sort_unstable();
    [0.5, 0.9, 0.99].map(|share| {
        let served = (share * efs.len() as f64).ceil() as usize;
        efs.get(served.max(1) - 1)
            .filter(|&&ef| ef != u32::MAX)
            .map(|&ef| ef as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_nine_tenths_and_ninety_nine_hundredths_of_the_queries_are_served() {
        let mut efs: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(effort_quantiles(&mut efs), [Some(50), Some(90), Some(99)]);
        let mut one = vec![7];
        assert_eq!(effort_quantiles(&mut one), [Some(7); 3]);
    }

    #[test]
    fn where_some_need_more_than_any_ef_their_quantile_is_none() {
        let mut efs = vec![4, u32::MAX, 2, 3];
        assert_eq!(effort_quantiles(&mut efs), [Some(3), None, None]);
        assert_eq!(effort_quantiles(&mut []), [None; 3]);
    }
}
