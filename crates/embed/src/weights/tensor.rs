//! Strided tensor views into a file's bytes, converted to float32.

use super::WeightsError;

/// Dimensions of a tensor: as many as PyTorch allows.
pub(super) const MOST_DIMENSIONS: usize = 64;

/// The number types that weights come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
}

impl Element {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Float64 | Self::Int64 => 8,
            Self::Float32 => 4,
            Self::Float16 | Self::BFloat16 => 2,
        }
    }

    fn read(self, bytes: &[u8]) -> f32 {
        let eight = || std::array::from_fn(|index| bytes[index]);
        let four = || std::array::from_fn(|index| bytes[index]);
        let two = || std::array::from_fn(|index| bytes[index]);
        match self {
            Self::Float64 => f64::from_le_bytes(eight()) as f32,
            Self::Int64 => i64::from_le_bytes(eight()) as f32,
            Self::Float32 => f32::from_le_bytes(four()),
            Self::Float16 => half::f16::from_le_bytes(two()).to_f32(),
            Self::BFloat16 => half::bf16::from_le_bytes(two()).to_f32(),
        }
    }
}

/// Shape, strides and place of a tensor; all within the file by construction.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    element: Element,
    /// In values, one per dimension.
    strides: Vec<usize>,
    /// First byte.
    start: usize,
}

fn check_dimensions(shape: &[usize]) -> Result<(), Problem> {
    if shape.len() <= MOST_DIMENSIONS {
        return Ok(());
    }
    Err(Problem(format!(
        "{} dimensions are more than {MOST_DIMENSIONS}",
        shape.len()
    )))
}

/// A problem whose tensor is named by the caller.
#[derive(Debug)]
pub(super) struct Problem(String);

impl Problem {
    pub(super) fn of(self, name: &str) -> WeightsError {
        WeightsError::Tensor {
            name: name.to_owned(),
            problem: self.0,
        }
    }
}

impl Tensor {
    /// A tensor whose last dimension is fastest and which fills `start..end`.
    pub(super) fn contiguous(
        element: Element,
        shape: Vec<usize>,
        start: usize,
        end: usize,
    ) -> Result<Self, Problem> {
        check_dimensions(&shape)?;
        let mut strides = vec![1usize; shape.len()];
        for dimension in (1..shape.len()).rev() {
            strides[dimension - 1] = strides[dimension].saturating_mul(shape[dimension]);
        }
        Self::new(element, shape, strides, start, end)
    }

    /// A tensor whose values must all lie in `start..end`.
    pub(super) fn new(
        element: Element,
        shape: Vec<usize>,
        strides: Vec<usize>,
        start: usize,
        end: usize,
    ) -> Result<Self, Problem> {
        check_dimensions(&shape)?;
        if shape.len() != strides.len() {
            return Err(Problem(format!(
                "{} dimensions, {} strides",
                shape.len(),
                strides.len()
            )));
        }
        let available = end.saturating_sub(start) / element.bytes();
        let count = shape
            .iter()
            .try_fold(1usize, |count, &size| count.checked_mul(size));
        let last = shape
            .iter()
            .zip(&strides)
            .try_fold(0usize, |last, (&size, &stride)| {
                last.checked_add(size.saturating_sub(1).checked_mul(stride)?)
            });
        // A stride of zero could claim more values than there are bytes.
        let fits = count.is_some_and(|count| {
            count <= available && (count == 0 || last.is_some_and(|last| last < available))
        });
        if fits {
            Ok(Self {
                shape,
                element,
                strides,
                start,
            })
        } else {
            Err(Problem(format!(
                "shape {shape:?} with strides {strides:?} does not fit {available} values"
            )))
        }
    }

    /// All values, last dimension fastest.
    pub(super) fn values(&self, bytes: &[u8]) -> Vec<f32> {
        let count = self.shape.iter().product();
        let mut values = Vec::with_capacity(count);
        let mut place = vec![0; self.shape.len()];
        for _ in 0..count {
            let offset: usize = place
                .iter()
                .zip(&self.strides)
                .map(|(place, stride)| place * stride)
                .sum();
            values.push(
                self.element
                    .read(&bytes[self.start + offset * self.element.bytes()..]),
            );
            for (place, &size) in place.iter_mut().zip(&self.shape).rev() {
                *place += 1;
                if *place < size {
                    break;
                }
                *place = 0;
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_followed() {
        let bytes: Vec<u8> = (0..6u8)
            .flat_map(|value| f32::from(value).to_le_bytes())
            .collect();
        let transposed = Tensor::new(Element::Float32, vec![2, 3], vec![1, 2], 0, 24).unwrap();
        assert_eq!(transposed.values(&bytes), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn claims_beyond_the_file_are_refused() {
        for (shape, strides) in [
            (vec![7], vec![1]),
            (vec![2, 3], vec![4, 1]),
            (vec![1 << 40], vec![0]),
            (vec![usize::MAX, 2], vec![1, 1]),
            (vec![2], vec![usize::MAX]),
            (vec![2], vec![]),
            (vec![1; 200_000], vec![1; 200_000]),
        ] {
            assert!(
                Tensor::new(Element::Float32, shape.clone(), strides, 0, 24).is_err(),
                "{shape:?}"
            );
        }
    }
}
