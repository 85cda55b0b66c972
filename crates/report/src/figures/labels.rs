//! Direct labels: how wide a text is, and how labels that want the same place move apart.
//!
//! Moving apart is least squares under a minimum gap: subtract i·gap from the i-th wish and the
//! constraint becomes monotone, so that pooling adjacent violators (Barlow et al. 1972) gives the
//! optimum, then everything is held in bounds.

/// Advance widths of `DejaVu Sans` for U+0020..=U+007E in 1/2048 em.
#[rustfmt::skip]
const ADVANCES: [u16; 95] = [
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690, 1303, 1303, 1303, 1303, 1303,
    1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087, 2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587,
    1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799,
    690, 799, 1716, 1024, 1024, 1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253,
    1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716,
];

/// The width of a text in `DejaVu Sans` regular; characters beyond ASCII count as wide digits.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let advance = |character: char| {
        let index = (character as usize).checked_sub(0x20);
        index
            .and_then(|index| ADVANCES.get(index))
            .copied()
            .unwrap_or(1400)
    };
    text.chars()
        .map(|character| f64::from(advance(character)))
        .sum::<f64>()
        * size
        / 2048.0
}

/// Moves positions (any order) at least `gap` apart inside `low..=high`, as little as possible in
/// the square mean.
///
/// Where they cannot all fit, the gap shrinks to what does.
pub(super) fn apart(wishes: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|&a, &b| wishes[a].total_cmp(&wishes[b]));
    let steps = wishes.len().saturating_sub(1).max(1) as f64;
    let gap = gap.min((high - low) / steps);
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        pools.push((wishes[index] - rank as f64 * gap, 1));
        pool_violators(&mut pools);
    }
    let highest = high - gap * wishes.len().saturating_sub(1) as f64;
    let settled = pools
        .iter()
        .flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    let mut places = vec![0.0; wishes.len()];
    for (rank, place) in settled.enumerate() {
        places[order[rank]] = place.min(highest).max(low) + rank as f64 * gap;
    }
    places
}

/// Merges the last pool into the ones before it while their means fall. A pool is its sum and
/// count.
fn pool_violators(pools: &mut Vec<(f64, usize)>) {
    while let [.., (before, before_count), (last, last_count)] = pools.as_slice() {
        if before / *before_count as f64 <= last / *last_count as f64 {
            return;
        }
        let merged = (before + last, before_count + last_count);
        pools.truncate(pools.len() - 2);
        pools.push(merged);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_gap_and_their_order() {
        assert_eq!(apart(&[50.0, 10.0], 14.0, (0.0, 100.0)), [50.0, 10.0]);
        assert_eq!(
            apart(&[50.0, 50.0, 50.0], 10.0, (0.0, 100.0)),
            [40.0, 50.0, 60.0]
        );
        assert_eq!(apart(&[98.0, 99.0], 10.0, (0.0, 100.0)), [90.0, 100.0]);
        assert_eq!(
            apart(&[1.0, 1.0, 1.0], 50.0, (0.0, 20.0)),
            [0.0, 10.0, 20.0]
        );
        assert!(apart(&[], 10.0, (0.0, 100.0)).is_empty());
    }
}
