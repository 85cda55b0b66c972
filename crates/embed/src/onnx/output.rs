//! Choice of the output of an ONNX model: one row of numbers per image.
//!
//! Declared shapes are often open, so the values of a run on zeros are looked at, not the
//! declarations. A value is a row per image where its first side is the batch and at most one other
//! side is longer than 1: n × d, as well as n × d × 1 × 1.

use super::engine::Found;

/// Numbers per image, where the value is a row of float32 for each of `batch` images.
pub(super) fn row_length(value: &Found, batch: usize) -> Option<usize> {
    value.numbers.as_ref()?;
    let (&first, rest) = value.shape.split_first()?;
    let long = rest.iter().filter(|&&side| side != 1).count();
    (first == batch && !rest.is_empty() && long <= 1)
        .then(|| rest.iter().product())
        .filter(|&length| length > 0)
}

/// The last value that has rows: exports list logits and features in the order they are made in,
/// and features are asked for where both are. A classifier's only output is its logits.
pub(super) fn last_with_rows(values: &[Found], batch: usize) -> Option<(usize, usize)> {
    let mut rows = values
        .iter()
        .enumerate()
        .filter_map(|(place, value)| Some((place, row_length(value, batch)?)));
    rows.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shape: &[usize]) -> Found {
        let numbers = Some(vec![0.0; shape.iter().product()]);
        Found {
            name: String::new(),
            kind: String::new(),
            shape: shape.to_vec(),
            numbers,
        }
    }

    #[test]
    fn rows_are_told_from_maps_and_tokens() {
        assert_eq!(row_length(&value(&[2, 5]), 2), Some(5));
        assert_eq!(row_length(&value(&[2, 5, 1, 1]), 2), Some(5));
        assert_eq!(row_length(&value(&[1, 1]), 1), Some(1));
        assert_eq!(row_length(&value(&[2, 5, 7]), 2), None, "tokens");
        assert_eq!(row_length(&value(&[5]), 1), None);
        assert_eq!(row_length(&value(&[2, 5]), 1), None, "another batch");
        assert_eq!(row_length(&value(&[2, 0]), 2), None);
        assert_eq!(
            row_length(
                &Found {
                    numbers: None,
                    ..value(&[1, 5])
                },
                1
            ),
            None,
            "whole numbers"
        );
        let values = [value(&[1, 4]), value(&[1, 6]), value(&[1, 6, 7, 7])];
        assert_eq!(last_with_rows(&values, 1), Some((1, 6)));
    }
}
