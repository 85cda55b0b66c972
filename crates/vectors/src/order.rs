//! Order-preserving bits of float32: unsigned integers that compare as the values do, so that a
//! value and an id share one integer key; and a radix sort of such keys.

/// Maps a float32 to an integer of the same order (−0 and 0 alike).
#[inline]
pub fn order_key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

/// The value behind a key of [`order_key`].
#[inline]
pub fn value_of_order_key(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 {
        key & !(1 << 31)
    } else {
        !key
    })
}

/// Sorts by the 32 bits from bit `lowest` on, equal ones in the order they come: least significant
/// digit first. `buffer` is memory for as many values.
///
/// ```
/// let mut values = vec![3 << 32 | 0, 1 << 32 | 1, 3 << 32 | 2, 0 << 32 | 3];
/// annatomy_vectors::sort_by_32_bits(&mut values, 32, &mut Vec::new());
/// assert_eq!(values, [0 << 32 | 3, 1 << 32 | 1, 3 << 32 | 0, 3 << 32 | 2]);
/// ```
pub fn sort_by_32_bits(values: &mut Vec<u64>, lowest: u32, buffer: &mut Vec<u64>) {
    const DIGIT: u32 = 11;
    const BUCKETS: usize = 1 << DIGIT;
    /// Fewer values are sorted faster than the buckets are counted.
    const LEAST: usize = 512;
    let bits = |value: u64| (value >> lowest) as u32;
    if values.len() < LEAST {
        values.sort_by_key(|&value| bits(value));
        return;
    }
    buffer.resize(values.len(), 0);
    for shift in [0, DIGIT, 2 * DIGIT] {
        let bucket = |value: u64| (bits(value) >> shift) as usize % BUCKETS;
        let mut places = [0_u32; BUCKETS];
        for &value in values.iter() {
            places[bucket(value)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        for &value in values.iter() {
            let place = &mut places[bucket(value)];
            buffer[*place as usize] = value;
            *place += 1;
        }
        std::mem::swap(values, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_keys_order_as_floats_do_and_lead_back() {
        let values = [
            f32::NEG_INFINITY,
            -2.5,
            -1e-30,
            -0.0,
            0.0,
            1e-30,
            3.0,
            f32::MAX,
        ];
        for pair in values.windows(2) {
            assert_eq!(
                order_key(pair[0]).cmp(&order_key(pair[1])),
                pair[0].partial_cmp(&pair[1]).expect("no NaN")
            );
        }
        assert!(
            values
                .iter()
                .all(|&value| value_of_order_key(order_key(value)) == value)
        );
    }

    #[test]
    fn a_radix_sort_is_a_stable_sort_by_its_bits() {
        let mut state = 7_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state
        };
        for count in [0, 1, 511, 512, 5_000] {
            for (lowest, most) in [(32, u64::MAX), (16, u64::MAX), (32, 7 << 32 | 0xffff_ffff)] {
                let values: Vec<u64> = (0..count).map(|_| draw() & most).collect();
                let (mut sorted, mut expected) = (values.clone(), values);
                sort_by_32_bits(&mut sorted, lowest, &mut Vec::new());
                expected.sort_by_key(|&value| (value >> lowest) as u32);
                assert_eq!(sorted, expected, "{count} values from bit {lowest}");
            }
        }
    }
}
