//! Max pooling (3 × 3, stride 2) and global average pooling.
//!
//! Cost: nine comparisons per output value; one addition per input value. The mean is summed in
//! float64, in order.

use std::ops::Range;

use super::image::Activations;

/// The rows of one image whose windows give some rows of the output.
pub(super) fn rows_for(outputs: &Range<usize>, height: usize) -> Range<usize> {
    (2 * outputs.start).saturating_sub(1)..(2 * outputs.end).min(height)
}

/// Of one image the largest value of each 3 × 3 window, two pixels apart; the window's part outside of the image
/// does not count. Writes the rows `outputs` of `output`; `input` are the rows [for them](rows_for).
pub(super) fn largest_of_3x3(input: &Activations, outputs: Range<usize>, output: &mut Activations) {
    let channels = input.channels;
    let width = output.width;
    let first = rows_for(&outputs, usize::MAX).start;
    let of_row = width * channels;
    let values = &mut output.values_mut()[outputs.start * of_row..outputs.end * of_row];
    for (pixel, largest) in values.chunks_exact_mut(channels).enumerate() {
        let (row, column) = ((outputs.start + pixel / width) * 2, pixel % width * 2);
        largest.fill(f32::NEG_INFINITY);
        for row in row.saturating_sub(1) - first..(row + 2 - first).min(input.height) {
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
        output.reshape([1, 2, 2, 1]);
        largest_of_3x3(&input, 0..2, &mut output);
        assert_eq!(output.values(), [-15.0, -13.0, -11.0, -9.0]);
    }

    #[test]
    fn rows_by_rows_are_all_of_them() {
        for height in 1_usize..9 {
            let of_rows = |rows: Range<usize>| {
                let values =
                    rows.flat_map(|row| (0..5).map(move |column| (row * 7 + column * 3) % 11));
                values.map(|value| value as f32).collect::<Vec<_>>()
            };
            let outputs = height.div_ceil(2);
            let [mut whole, mut by_rows] = [Activations::default(), Activations::default()];
            whole.reshape([1, outputs, 3, 1]);
            by_rows.reshape([1, outputs, 3, 1]);
            let all = Activations::of([height, 5, 1], of_rows(0..height));
            largest_of_3x3(&all, 0..outputs, &mut whole);
            for row in 0..outputs {
                let rows = rows_for(&(row..row + 1), height);
                let some = Activations::of([rows.len(), 5, 1], of_rows(rows));
                largest_of_3x3(&some, row..row + 1, &mut by_rows);
            }
            assert_eq!(by_rows.values(), whole.values(), "{height} rows");
        }
    }

    #[test]
    fn means_are_per_channel() {
        let input = Activations::of([1, 2, 2], vec![1.0, 10.0, 3.0, 30.0]);
        assert_eq!(means_of_pixels(&input), [[2.0, 20.0]]);
    }
}
