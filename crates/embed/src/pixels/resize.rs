//! Separable antialiased resampling (bilinear, bicubic), to the byte as Pillow's `Image.resize`.
//!
//! Input: a picture, the full size after resizing, and the window of it that is wanted. Output: the
//! window.
//!
//! per output column and row: the filter, as wide as the scale, cut at the edge, normed to 1, in
//! fixed point of 22 bits
//! columns first, rounded to 8 bits; then rows   Pillow 13 turns this around where the height shrinks much more than the width,
//!                                               which a resize in proportion never does
//!
//! Source: Pillow, src/libImaging/Resample.c, `precompute_coeffs`, `normalize_coeffs_8bpc`; the
//! cubic is Keys 1981, a = −½. Cost: 3 products per input pixel of the window's rows, then 2 ·
//! scale per output value (twice that for the cubic). Does not: other filters; compute what the
//! crop drops.

use super::picture::Picture;

/// Bits after the point: 32 less 8 of the value and 2 of headroom.
const PRECISION: u32 = 32 - 8 - 2;
const HALF: i32 = 1 << (PRECISION - 1);

/// A rectangle of the resized picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The curve that input pixels are weighted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// A triangle.
    #[default]
    Bilinear,
    /// A cubic, sharper than the triangle; negative beyond one pixel.
    Bicubic,
}

impl Filter {
    /// Its name, `bilinear` or `bicubic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
        }
    }

    /// Output pixels to either side where it is not zero.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn at(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        match self {
            Self::Bilinear if distance < 1.0 => 1.0 - distance,
            Self::Bicubic if distance < 1.0 => {
                ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
            }
            Self::Bicubic if distance < 2.0 => {
                (((distance - 5.0) * distance + 8.0) * distance - 4.0) * A
            }
            Self::Bilinear | Self::Bicubic => 0.0,
        }
    }
}

/// The inputs of one output position.
#[derive(Clone, Debug)]
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// The window of the picture resized to `size`, width and height.
pub(crate) fn resize(
    picture: &Picture,
    size: (usize, usize),
    window: Window,
    filter: Filter,
) -> Vec<u8> {
    let across = window.left..window.left + window.width;
    let across: Vec<Taps> = across
        .map(|at| taps(filter, picture.width(), size.0, at))
        .collect();
    let down = window.top..window.top + window.height;
    let down: Vec<Taps> = down
        .map(|at| taps(filter, picture.height(), size.1, at))
        .collect();
    let first = down.first().map_or(0, |taps| taps.first);
    let last = down
        .last()
        .map_or(0, |taps| taps.first + taps.weights.len());
    let narrowed: Vec<u8> = (first..last)
        .flat_map(|row| narrow(picture.row(row), &across))
        .collect();
    let stride = window.width * 3;
    let mut resized = Vec::with_capacity(window.height * stride);
    let mut sums = vec![0i32; stride];
    for taps in &down {
        sums.fill(HALF);
        let rows = narrowed[(taps.first - first) * stride..].chunks_exact(stride);
        for (&weight, row) in taps.weights.iter().zip(rows) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(value);
            }
        }
        resized.extend(sums.iter().map(|&sum| rounded(sum)));
    }
    resized
}

/// One row after the pass over columns.
fn narrow(row: &[u8], across: &[Taps]) -> Vec<u8> {
    let mut narrowed = Vec::with_capacity(across.len() * 3);
    for taps in across {
        let mut sums = [HALF; 3];
        for (&weight, pixel) in taps
            .weights
            .iter()
            .zip(row[taps.first * 3..].as_chunks::<3>().0)
        {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += weight * i32::from(value);
            }
        }
        narrowed.extend(sums.map(rounded));
    }
    narrowed
}

fn rounded(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Which inputs make output `at`, and by how much. A side that stays as it is has one input per
/// output.
fn taps(filter: Filter, input: usize, output: usize, at: usize) -> Taps {
    if input == output {
        return Taps {
            first: at,
            weights: vec![1 << PRECISION],
        };
    }
    let scale = input as f64 / output as f64;
    let widened = scale.max(1.0);
    let support = filter.support() * widened;
    let center = (at as f64 + 0.5) * scale;
    let first = ((center - support + 0.5) as i64).max(0) as usize;
    let end = ((center + support + 0.5) as i64).min(input as i64) as usize;
    let per_input = 1.0 / widened;
    // Pillow counts from the first input: (x + first − center + 0.5) in this order of rounding.
    let weight = |place: usize| filter.at(((place as f64 - center + 0.5) * per_input).abs());
    let weights: Vec<f64> = (first..end).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    let fixed =
        |weight: f64| (weight / sum * f64::from(1 << PRECISION) + 0.5f64.copysign(weight)) as i32;
    Taps {
        first,
        weights: weights.into_iter().map(fixed).collect(),
    }
}
