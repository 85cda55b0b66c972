//! At which efs the explorer knows the rows visited.

/// Steps of the efs between 16 and the largest.
const STEPS: u32 = 48;

/// 1 to 16, then evenly in the logarithm up to `largest`, and those of `wanted` that are not larger.
pub fn efforts(largest: usize, wanted: impl IntoIterator<Item = usize>) -> Vec<usize> {
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
}
