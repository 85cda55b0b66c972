//! Overlap beyond chance: the local continuity meta-criterion.

/// The overlap of k rows drawn at random with the k nearest of `candidates` rows: k/candidates, 1 at
/// most. Candidates are all base rows, without the query itself where it is one of them.
///
/// NaN without candidates.
pub fn chance_overlap(k: usize, candidates: usize) -> f64 {
    if candidates == 0 {
        return f64::NAN;
    }
    (k as f64 / candidates as f64).min(1.0)
}

/// The local continuity meta-criterion: overlap − k/(n − 1), n − 1 being `candidates` (Chen & Buja
/// 2009). 0 for rows drawn at random, negative for worse.
pub fn lcmc(overlap: f64, k: usize, candidates: usize) -> f64 {
    overlap - chance_overlap(k, candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_taken_off() {
        assert_eq!(chance_overlap(50, 99), 50.0 / 99.0);
        assert_eq!(lcmc(1.0, 25, 100), 0.75);
        assert_eq!(lcmc(0.25, 25, 100), 0.0);
        assert_eq!(chance_overlap(5, 3), 1.0);
        assert!(chance_overlap(5, 0).is_nan());
    }
}
