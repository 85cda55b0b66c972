//! Max pooling (3 × 3, stride 2) and global average pooling.
//!
//! Cost: nine comparisons per output value; one addition per input value. The mean is summed in
//! float64, in order.

use super::image::Activations;

/// Of one image the largest value of each 3 × 3 window, two pixels apart; the window's part outside of the image
/// does not count.
pub(super) fn largest_of_3x3(input: &Activations, output: &mut Activations) {
    let channels = input.channels;
    output.reshape([
        1,
        input.height.div_ceil(2),
        input.width.div_ceil(2),
        channels,
    ]);
    let width = output.width;
    let pixels = output.values_mut().chunks_exact_mut(channels);
    for (pixel, largest) in pixels.enumerate() {
        let (row, column) = (pixel / width * 2, pixel % width * 2);
        largest.fill(f32::NEG_INFINITY);
        for row in row.saturating_sub(1)..(row + 2).min(input.height) {
            for column in column.saturating_sub(1)..(column + 2).min(input.width) {
                let values = &input.values()[(row * input.width + column) * channels..][..channels];
                for (largest, &value) in largest.iter_mut().zip(values) {
                    // A comparison, not `max`, which costs more for the sake of NaN.
                    *largest = if value > *largest { value } else { *largest };
                }
            }
        }
    }
}

/// The mean over all pixels, per image and channel.
pub(super) fn means_of_pixels(input: &Activations) -> Vec<Vec<f32>> {
    let pixels = input.height * input.width;
    let of_image = |values: &[f32]| {
        let mut sums = vec![0.0f64; input.channels];
        for pixel in values.chunks_exact(input.channels) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += f64::from(value);
            }
        }
        let mean = |sum| (sum / pixels as f64) as f32;
        sums.into_iter().map(mean).collect()
    };
    let images = input.values().chunks_exact(pixels * input.channels);
    images.map(of_image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_at_the_edge_are_smaller() {
        let input = Activations::of([3, 4, 1], (0..12).map(|v| v as f32 - 20.0).collect());
        let mut output = Activations::default();
        largest_of_3x3(&input, &mut output);
        assert_eq!((output.height, output.width), (2, 2));
        assert_eq!(output.values(), [-15.0, -13.0, -11.0, -9.0]);
    }

    #[test]
    fn means_are_per_channel() {
        let input = Activations::of([1, 2, 2], vec![1.0, 10.0, 3.0, 30.0]);
        assert_eq!(means_of_pixels(&input), [[2.0, 20.0]]);
    }
}
