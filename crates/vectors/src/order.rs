//! Order-preserving bits of float32: unsigned integers that compare as the values do, so that a
//! value and an id share one integer key.

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
}
