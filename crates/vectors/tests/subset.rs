//! Subsets are NumPy's, number for number. `goldens/numpy_choice.py` wrote the file they are held
//! against.
//!
//! A reviewer should expect this to fail only where the draw itself changed: then every line of one
//! branch fails at once.

use annatomy_vectors::subset::numpy_choice;
use proptest::prelude::*;

const GOLDENS: &str = include_str!("goldens/numpy_choice.txt");

/// FNV-1a, 64 bits, over little-endian 64-bit integers.
fn checksum(rows: &[usize]) -> u64 {
    let bytes = rows.iter().flat_map(|&row| (row as u64).to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn every_golden_draw_is_numpy_s() {
    let mut lines = 0;
    for line in GOLDENS.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(' ');
        let mut number = || fields.next().unwrap().parse::<u64>().unwrap();
        let (seed, population, size) = (number(), number() as usize, number() as usize);
        let expected_checksum = u64::from_str_radix(fields.next().unwrap(), 16).unwrap();
        let listed: Vec<usize> = fields.map(|field| field.parse().unwrap()).collect();

        let rows = numpy_choice(seed, population, size).unwrap();
        let found = if size <= 200 {
            rows.clone()
        } else {
            [&rows[..50], &rows[size - 50..]].concat()
        };
        assert_eq!(found, listed, "seed {seed}, {size} of {population}");
        assert_eq!(
            checksum(&rows),
            expected_checksum,
            "seed {seed}, {size} of {population}"
        );
        lines += 1;
    }
    assert_eq!(lines, 152);
}

proptest! {
    #[test]
    fn a_draw_is_distinct_and_in_range(seed: u64, population in 0..30_000_usize, share in 0.0..=1.0) {
        let size = (population as f64 * share) as usize;
        let mut rows = numpy_choice(seed, population, size).unwrap();
        prop_assert_eq!(rows.len(), size);
        rows.sort_unstable();
        rows.dedup();
        prop_assert_eq!(rows.len(), size);
        prop_assert!(rows.last().is_none_or(|&row| row < population));
    }
}
