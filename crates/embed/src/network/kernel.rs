//! GEMM micro-kernel of the convolution: a few pixels × one panel of output channels, summed over
//! the depth in registers.
//!
//! Input: per pixel a slice of inputs for each run, and the panel's weights, depth × width.
//! Output: `sums`.
//!
//! for each run of inputs                        a kernel position or row; one bounds check per pixel
//!   for each STEP of the depth                  some of the weights ahead are prefetched
//!     sums[pixel] += input[pixel] · weights     2 registers per pixel, AVX-512: 12 pixels, else 6
//!
//! A sum runs over the depth in order by fused multiply-add, so it is the same number whatever the
//! number of lanes, of pixels in the tile or of threads. Does not: pad, pack or know of images (see
//! `convolution`).

use annatomy_vectors::kernels::prefetch_whole;
use pulp::Simd;

/// Registers of one panel: its width is twice the number of lanes.
pub(super) const PANEL_REGISTERS: usize = 2;
/// Depths of a step, one of which divides every run: that of most kernels, and that of 7 × 7 over three channels, whose
/// rows are 21 inputs.
pub(super) const STEPS: [usize; 2] = [8, 7];

/// The sums of a tile: `PIXELS` × one panel.
pub(super) type Sums<S, const PIXELS: usize> = [[<S as Simd>::f32s; PANEL_REGISTERS]; PIXELS];

/// Most pixels whose sums stay in registers.
pub(super) fn most_pixels<S: Simd>() -> usize {
    if S::F32_LANES >= 16 { 12 } else { 6 }
}

/// Of `left` pixels, how many the next tile takes: tiles are of nearly equal size, 49 pixels are 10 +
/// 10 + 10 + 10 + 9, not 4 · 12 + 1.
pub(super) fn pixels_at_once<S: Simd>(left: usize) -> usize {
    left.div_ceil(left.div_ceil(most_pixels::<S>()))
}

/// The values as panels of registers.
#[inline(always)]
pub(super) fn registers<S: Simd>(values: &[f32]) -> &[[S::f32s; PANEL_REGISTERS]] {
    S::as_simd_f32s(values).0.as_chunks().0
}

/// Adds one run, whose depth is whole steps: the inner products of each pixel's inputs with every output channel of the
/// panel. Meanwhile `ahead` is prefetched, step by step.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const PIXELS: usize, const STEP: usize>(
    simd: S,
    sums: &mut Sums<S, PIXELS>,
    inputs: &[&[f32]; PIXELS],
    weights: &[[S::f32s; PANEL_REGISTERS]],
    ahead: &[f32],
) {
    let (steps, _) = weights.as_chunks::<STEP>();
    let mut chunks: [&[[f32; STEP]]; PIXELS] = [&[]; PIXELS];
    for pixel in 0..PIXELS {
        // One check of the lengths here spares those in the loop.
        chunks[pixel] = inputs[pixel][..weights.len()].as_chunks().0;
    }
    let mut ahead = shares(ahead, steps.len());
    for (index, step) in steps.iter().enumerate() {
        ahead.next().into_iter().for_each(prefetch_whole);
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
}

/// `values` in at most `count` parts of whole cache lines.
#[inline(always)]
pub(super) fn shares(values: &[f32], count: usize) -> std::slice::Chunks<'_, f32> {
    const LINE: usize = 16;
    values.chunks(
        values
            .len()
            .div_ceil(count.max(1))
            .next_multiple_of(LINE)
            .max(LINE),
    )
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
