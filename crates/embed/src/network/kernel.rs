//! GEMM micro-kernel of the convolution: a few pixels × one panel of output channels, summed over
//! the depth in registers.
//!
//! Input: per pixel a slice of inputs for each tap, and the panel's weights, depth × width.
//! Output: `sums`.
//!
//! for each tap                                  a kernel position; one for 1 × 1
//!   for each STEP of the depth                  one bounds check per pixel, not one per product
//!     sums[pixel] += input[pixel] · weights     2 registers per pixel, AVX-512: 12 pixels, else 6
//!
//! A sum runs over the depth in order by fused multiply-add, so it is the same number whatever the
//! number of lanes, of pixels in the tile or of threads. Does not: pad, pack or know of images (see
//! `convolution`).

use pulp::Simd;

/// Registers of one panel: its width is twice the number of lanes.
pub(super) const PANEL_REGISTERS: usize = 2;
/// Depth between two bounds checks.
const STEP: usize = 8;

/// The sums of a tile: `PIXELS` × one panel.
pub(super) type Sums<S, const PIXELS: usize> = [[<S as Simd>::f32s; PANEL_REGISTERS]; PIXELS];

/// Most pixels whose sums stay in registers.
pub(super) fn most_pixels<S: Simd>() -> usize {
    if S::F32_LANES >= 16 { 12 } else { 6 }
}

/// Adds one tap: the inner products of each pixel's inputs with every output channel of the panel.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const PIXELS: usize>(
    simd: S,
    sums: &mut Sums<S, PIXELS>,
    inputs: [&[f32]; PIXELS],
    weights: &[[S::f32s; PANEL_REGISTERS]],
) {
    let (steps, rest) = weights.as_chunks::<STEP>();
    let mut chunks: [&[[f32; STEP]]; PIXELS] = [&[]; PIXELS];
    let mut rests: [&[f32]; PIXELS] = [&[]; PIXELS];
    for pixel in 0..PIXELS {
        (chunks[pixel], rests[pixel]) = inputs[pixel].as_chunks();
        // One check of the lengths here spares those in the loop.
        chunks[pixel] = &chunks[pixel][..steps.len()];
        rests[pixel] = &rests[pixel][..rest.len()];
    }
    for (index, step) in steps.iter().enumerate() {
        let mut values = [&[0.0; STEP]; PIXELS];
        for pixel in 0..PIXELS {
            values[pixel] = &chunks[pixel][index];
        }
        for depth in 0..STEP {
            for pixel in 0..PIXELS {
                add(simd, &mut sums[pixel], values[pixel][depth], step[depth]);
            }
        }
    }
    for (depth, weight) in rest.iter().enumerate() {
        for pixel in 0..PIXELS {
            add(simd, &mut sums[pixel], rests[pixel][depth], *weight);
        }
    }
}

#[inline(always)]
fn add<S: Simd>(
    simd: S,
    sums: &mut [S::f32s; PANEL_REGISTERS],
    input: f32,
    weight: [S::f32s; PANEL_REGISTERS],
) {
    let input = simd.splat_f32s(input);
    for register in 0..PANEL_REGISTERS {
        sums[register] = simd.mul_add_f32s(input, weight[register], sums[register]);
    }
}
