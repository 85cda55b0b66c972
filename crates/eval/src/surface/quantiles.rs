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
