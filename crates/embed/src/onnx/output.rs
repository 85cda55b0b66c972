//! Which value of a model is one row of numbers per image.
//!
//! Declared shapes are often open, so the values of a run on zeros are looked at, not the declarations. A value is a row per image
//! where its first side is the batch and at most one other side is longer than 1: n × d, as well as n × d × 1 × 1.

use rten::Value;
use rten_tensor::prelude::*;

/// Numbers per image, where the value is a row of float32 for each of `batch` images.
pub(super) fn row_length(value: &Value, batch: usize) -> Option<usize> {
    value.as_tensor_view::<f32>()?;
    let shape = value.shape();
    let (&first, rest) = shape.split_first()?;
    let long = rest.iter().filter(|&&side| side != 1).count();
    (first == batch && !rest.is_empty() && long <= 1).then(|| rest.iter().product()).filter(|&length| length > 0)
}

/// The last value that has rows: exports list logits and features in the order they are made in, and features are asked for
/// where both are. A classifier's only output is its logits.
pub(super) fn last_with_rows(values: &[Value], batch: usize) -> Option<(usize, usize)> {
    let mut rows = values.iter().enumerate().filter_map(|(place, value)| Some((place, row_length(value, batch)?)));
    rows.next_back()
}

/// Name, type and shape of each value.
pub(super) fn described(names: &[String], values: &[Value]) -> String {
    let one = |(name, value): (&String, &Value)| {
        let kind = value.dtype();
        let shape = value.shape();
        format!("{name} {kind} {:?}", &shape[..])
    };
    names.iter().zip(values).map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shape: &[usize]) -> Value {
        Value::FloatTensor(rten_tensor::Tensor::zeros(shape))
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
        assert_eq!(row_length(&Value::Int32Tensor(rten_tensor::Tensor::zeros(&[1, 5])), 1), None);
        let values = [value(&[1, 4]), value(&[1, 6]), value(&[1, 6, 7, 7])];
        assert_eq!(last_with_rows(&values, 1), Some((1, 6)));
    }
}
