//! Winograd convolution (NHWC): a 3 × 3 kernel of stride 1 with fewer multiplications.
//!
//! Enters: images × height × width × channels, transformed weights. Leaves: images × height × width × channels′,
//! finished.
//!
//! for each block of tiles                 SIDE × SIDE inputs each, SIDE − 2 pixels apart
//!   Bᵀ·d·B                                `Inputs`: a few additions
//!   for each place of a tile              a plain product, tiles × channels × channels′
//!     for each panel, up to 12 tiles      `kernel`: sums over the channels, in order, in registers
//!   Aᵀ·m·A, finished                      `Outputs`: a few additions
//!
//! Lavin & Gray 2016 (arXiv:1509.09308), §4: Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A, where the sum over channels
//! comes before A; the matrices are theirs. Each value is the same number whatever the number of lanes.
//!
//! | | multiplications for an output and a channel | weights | where |
//! |---|---|---|---|
//! | direct | 9 | 9 | |
//! | F(2 × 2, 3 × 3), SIDE = 4 | 4 | 16 | more than 256 channels, whose weights come from far away |
//! | F(4 × 4, 3 × 3), SIDE = 6 | 2.25 | 36 | up to 256 channels |

use pulp::{Simd, WithSimd};

use super::epilogue::Finish;
use super::image::{Activations, Pixel, View};
use super::kernel::{
    PANEL_REGISTERS, STEPS, accumulate, most_pixels, pixels_at_once, registers, shares,
};
use super::shape::Shape;

/// Most tiles of one block: their inputs and products are 1 to 4 MB. Weights are read once for each block.
const BLOCK_TILES: usize = 64;

/// Input channels fill whole registers, of 16 lanes or fewer.
const MOST_LANES: usize = 16;

/// The side of the tiles that suit a convolution best; `None` where direct sums do.
pub(super) fn side(shape: Shape) -> Option<usize> {
    let is_three_by_three = (shape.kernel, shape.stride, shape.padding) == (3, 1, 1);
    if !is_three_by_three || !shape.inputs.is_multiple_of(MOST_LANES) {
        return None;
    }
    Some(if shape.inputs <= 256 { 6 } else { 4 })
}

/// Inputs and products of a block of tiles, each places × tiles × channels; reused.
#[derive(Clone, Debug, Default)]
pub(super) struct Transformed {
    inputs: Vec<f32>,
    products: Vec<f32>,
}

/// The weights transformed for tiles of `side`, place by place, each panel by panel of `width` outputs, inputs ×
/// width; `weights` are outputs × inputs × 3 × 3.
pub(super) fn packed(shape: Shape, weights: &[f32], side: usize, width: usize) -> Vec<f32> {
    let places = side * side;
    let kernels = weights.as_chunks::<9>().0.iter();
    let transformed: Vec<f32> = kernels
        .flat_map(|kernel| transformed(kernel, side))
        .collect();
    let mut packed = Vec::with_capacity(transformed.len());
    for place in 0..places {
        for panel in 0..shape.outputs / width {
            for input in 0..shape.inputs {
                let of_output =
                    |output: usize| transformed[(output * shape.inputs + input) * places + place];
                packed.extend((panel * width..(panel + 1) * width).map(of_output));
            }
        }
    }
    packed
}

/// G·g·Gᵀ, rounded once.
fn transformed(kernel: &[f32; 9], side: usize) -> Vec<f32> {
    let by_g = |[a, b, c]: [f64; 3]| -> Vec<f64> {
        if side == 4 {
            let half = |value: f64| value / 2.0;
            return vec![a, half(a + b + c), half(a - b + c), c];
        }
        let (even, odd) = (a / 4.0 + c, b / 2.0);
        let sixth = |value: f64| value / 6.0;
        vec![
            a / 4.0,
            sixth(-a - b - c),
            sixth(-a + b - c),
            sixth(even + odd),
            sixth(even - odd),
            c,
        ]
    };
    let column = |column: usize| {
        by_g(std::array::from_fn(|row| {
            f64::from(kernel[3 * row + column])
        }))
    };
    let columns = [column(0), column(1), column(2)];
    let rows = (0..side).map(|row| by_g(std::array::from_fn(|column| columns[column][row])));
    rows.flatten().map(|value| value as f32).collect()
}

/// One convolution; `output` has its shape already.
pub(super) struct Winograd<'a> {
    /// Of tiles.
    pub(super) side: usize,
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) input: View<'a>,
    pub(super) finish: Finish,
    pub(super) transformed: &'a mut Transformed,
    pub(super) output: &'a mut Activations,
}

impl WithSimd for Winograd<'_> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        match self.side {
            4 => self.run::<S, 4, 2>(simd),
            6 => self.run::<S, 6, 4>(simd),
            side => unreachable!("tiles of {side}"),
        }
    }
}

impl Winograd<'_> {
    /// By tiles of SIDE × SIDE inputs for OUTPUTS × OUTPUTS outputs.
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize, const OUTPUTS: usize>(self, simd: S) -> bool {
        let Self {
            side: _,
            weights,
            bias,
            input,
            finish,
            transformed: Transformed { inputs, products },
            output,
        } = self;
        let places = SIDE * SIDE;
        let [down, across] = [output.height, output.width].map(|side| side.div_ceil(OUTPUTS));
        let all = output.images * down * across;
        let block = all.div_ceil(all.div_ceil(BLOCK_TILES));
        let mut is_finite = true;
        for start in (0..all).step_by(block) {
            let tiles = Tiles {
                start,
                count: block.min(all - start),
                down,
                across,
            };
            let inputs = first(inputs, places * tiles.count * input.channels);
            let products = first(products, places * tiles.count * output.channels);
            simd.vectorize(Inputs::<SIDE> {
                apart: OUTPUTS,
                tiles,
                input,
                transformed: inputs,
            });
            let of_places = inputs
                .chunks_exact(tiles.count * input.channels)
                .zip(products.chunks_exact_mut(tiles.count * output.channels));
            for (place, (inputs, products)) in of_places.enumerate() {
                let product = Product {
                    channels: [input.channels, output.channels],
                    weights: &weights[place * input.channels * output.channels..],
                    inputs,
                    products,
                };
                product.run(simd);
            }
            is_finite &= simd.vectorize(Outputs::<SIDE, OUTPUTS> {
                tiles,
                products,
                bias,
                finish,
                output,
            });
        }
        is_finite
    }
}

/// The first `count` of values that are kept from use to use.
fn first(kept: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if kept.len() < count {
        kept.resize(count, 0.0);
    }
    &mut kept[..count]
}

/// Some consecutive tiles of images, `down` × `across` in each.
#[derive(Clone, Copy)]
struct Tiles {
    start: usize,
    count: usize,
    down: usize,
    across: usize,
}

impl Tiles {
    /// The first output of each tile, `apart` from one another.
    #[inline(always)]
    fn corners(self, apart: usize) -> impl Iterator<Item = Pixel> {
        let tiles = self.start..self.start + self.count;
        tiles.map(move |tile| Pixel {
            image: tile / (self.down * self.across),
            row: tile / self.across % self.down * apart,
            column: tile % self.across * apart,
        })
    }
}

/// Bᵀ·d·B of each tile and channel.
struct Inputs<'a, const SIDE: usize> {
    apart: usize,
    tiles: Tiles,
    input: View<'a>,
    transformed: &'a mut [f32],
}

impl<const SIDE: usize> WithSimd for Inputs<'_, SIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.input.channels;
        let registers = channels / S::F32_LANES;
        let (transformed, _) = S::as_mut_simd_f32s(self.transformed);
        for (tile, corner) in self.tiles.corners(self.apart).enumerate() {
            let mut pixels: [[&[S::f32s]; SIDE]; SIDE] = [[&[]; SIDE]; SIDE];
            for (row, pixels) in pixels.iter_mut().enumerate() {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    let at = Pixel {
                        row: corner.row + row,
                        column: corner.column + column,
                        ..corner
                    };
                    let run = self.input.run(at, 1, channels);
                    *pixel = &S::as_simd_f32s(run).0[..registers];
                }
            }
            for register in 0..registers {
                let mut rows = [[simd.splat_f32s(0.0); SIDE]; SIDE];
                for (row, pixels) in rows.iter_mut().zip(&pixels) {
                    for (value, pixel) in row.iter_mut().zip(pixels) {
                        *value = pixel[register];
                    }
                    *row = by_b(simd, *row);
                }
                for column in 0..SIDE {
                    let mut values = rows[0];
                    for (value, row) in values.iter_mut().zip(&rows) {
                        *value = row[column];
                    }
                    for (row, value) in by_b(simd, values).into_iter().enumerate() {
                        let of_place = (row * SIDE + column) * self.tiles.count + tile;
                        transformed[of_place * registers + register] = value;
                    }
                }
            }
        }
    }
}

/// Bᵀ · SIDE values.
#[inline(always)]
fn by_b<S: Simd, const SIDE: usize>(simd: S, x: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let mut y = x;
    if SIDE == 4 {
        y[0] = simd.sub_f32s(x[0], x[2]);
        y[1] = simd.add_f32s(x[1], x[2]);
        y[2] = simd.sub_f32s(x[2], x[1]);
        y[3] = simd.sub_f32s(x[1], x[3]);
        return y;
    }
    let [two, four, less_four, less_five] = [
        simd.splat_f32s(2.0),
        simd.splat_f32s(4.0),
        simd.splat_f32s(-4.0),
        simd.splat_f32s(-5.0),
    ];
    let (a, b) = (
        simd.mul_add_f32s(less_four, x[2], x[4]),
        simd.mul_add_f32s(less_four, x[1], x[3]),
    );
    let (c, d) = (simd.sub_f32s(x[4], x[2]), simd.sub_f32s(x[3], x[1]));
    let d = simd.mul_f32s(two, d);
    y[0] = simd.mul_add_f32s(four, x[0], simd.mul_add_f32s(less_five, x[2], x[4]));
    y[1] = simd.add_f32s(a, b);
    y[2] = simd.sub_f32s(a, b);
    y[3] = simd.add_f32s(c, d);
    y[4] = simd.sub_f32s(c, d);
    y[5] = simd.mul_add_f32s(four, x[1], simd.mul_add_f32s(less_five, x[3], x[5]));
    y
}

/// The product of one place: tiles × inputs by inputs × outputs.
struct Product<'a> {
    /// Inputs and outputs.
    channels: [usize; 2],
    /// Those of this place, and of the next ones.
    weights: &'a [f32],
    inputs: &'a [f32],
    products: &'a mut [f32],
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [inputs, outputs] = self.channels;
        let width = PANEL_REGISTERS * S::F32_LANES;
        let tiles = self.inputs.len() / inputs;
        let calls = tiles.div_ceil(most_pixels::<S>());
        let of_panel = inputs * width;
        for panel in 0..outputs / width {
            let (weights, rest) = self.weights[panel * of_panel..].split_at(of_panel);
            // The next panel's, a share with each call.
            let mut next = shares(&rest[..of_panel.min(rest.len())], calls);
            let mut tile = 0;
            while tile < tiles {
                let count = pixels_at_once::<S>(tiles - tile);
                let weights = [weights, next.next().unwrap_or(&[])];
                self.some(simd, count, (tile, panel), weights);
                tile += count;
            }
        }
    }

    #[inline(always)]
    fn some<S: Simd>(&mut self, simd: S, count: usize, at: (usize, usize), weights: [&[f32]; 2]) {
        match count {
            1 => self.fixed::<S, 1>(simd, at, weights),
            2 => self.fixed::<S, 2>(simd, at, weights),
            3 => self.fixed::<S, 3>(simd, at, weights),
            4 => self.fixed::<S, 4>(simd, at, weights),
            5 => self.fixed::<S, 5>(simd, at, weights),
            6 => self.fixed::<S, 6>(simd, at, weights),
            7 => self.fixed::<S, 7>(simd, at, weights),
            8 => self.fixed::<S, 8>(simd, at, weights),
            9 => self.fixed::<S, 9>(simd, at, weights),
            10 => self.fixed::<S, 10>(simd, at, weights),
            11 => self.fixed::<S, 11>(simd, at, weights),
            _ => self.fixed::<S, 12>(simd, at, weights),
        }
    }

    #[inline(always)]
    fn fixed<S: Simd, const TILES: usize>(
        &mut self,
        simd: S,
        (tile, panel): (usize, usize),
        [weights, ahead]: [&[f32]; 2],
    ) {
        let [inputs, outputs] = self.channels;
        let width = PANEL_REGISTERS * S::F32_LANES;
        simd.vectorize(SomeTiles::<TILES> {
            weights,
            ahead,
            inputs: &self.inputs[tile * inputs..][..TILES * inputs],
            products: &mut self.products[tile * outputs + panel * width..],
            outputs,
        });
    }
}

/// A few tiles of one panel.
struct SomeTiles<'a, const TILES: usize> {
    weights: &'a [f32],
    ahead: &'a [f32],
    inputs: &'a [f32],
    products: &'a mut [f32],
    outputs: usize,
}

impl<const TILES: usize> WithSimd for SomeTiles<'_, TILES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut sums = [[simd.splat_f32s(0.0); PANEL_REGISTERS]; TILES];
        let mut of_tiles: [&[f32]; TILES] = [&[]; TILES];
        let inputs = self.inputs.len() / TILES;
        for (tile, of_tile) in of_tiles.iter_mut().enumerate() {
            *of_tile = &self.inputs[tile * inputs..][..inputs];
        }
        accumulate::<S, TILES, { STEPS[0] }>(
            simd,
            &mut sums,
            &of_tiles,
            registers::<S>(self.weights),
            self.ahead,
        );
        for (tile, sums) in sums.into_iter().enumerate() {
            let (stored, _) = S::as_mut_simd_f32s(&mut self.products[tile * self.outputs..]);
            stored[..PANEL_REGISTERS].copy_from_slice(&sums);
        }
    }
}

/// Aᵀ·m·A of each tile and channel, finished.
struct Outputs<'a, const SIDE: usize, const OUTPUTS: usize> {
    tiles: Tiles,
    products: &'a [f32],
    bias: &'a [f32],
    finish: Finish,
    output: &'a mut Activations,
}

impl<const SIDE: usize, const OUTPUTS: usize> WithSimd for Outputs<'_, SIDE, OUTPUTS> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Activations {
            height,
            width,
            channels,
            ..
        } = *self.output;
        let values = self.output.values_mut();
        let panels = channels / (PANEL_REGISTERS * S::F32_LANES);
        let (products, bias) = (registers::<S>(self.products), registers::<S>(self.bias));
        let zeros = [simd.splat_f32s(0.0); PANEL_REGISTERS];
        let mut check = zeros;
        for (tile, corner) in self.tiles.corners(OUTPUTS).enumerate() {
            for (panel, &bias) in bias.iter().enumerate() {
                let mut sums = [[zeros; OUTPUTS]; OUTPUTS];
                for register in 0..PANEL_REGISTERS {
                    let mut rows = [[zeros[0]; OUTPUTS]; SIDE];
                    let mut values = [zeros[0]; SIDE];
                    for (row, sums) in rows.iter_mut().enumerate() {
                        for (column, value) in values.iter_mut().enumerate() {
                            let of_place = (row * SIDE + column) * self.tiles.count + tile;
                            *value = products[of_place * panels + panel][register];
                        }
                        *sums = by_a(simd, values);
                    }
                    for column in 0..OUTPUTS {
                        for (value, row) in values.iter_mut().zip(&rows) {
                            *value = row[column];
                        }
                        let of_column: [S::f32s; OUTPUTS] = by_a(simd, values);
                        for (row, sum) in of_column.into_iter().enumerate() {
                            sums[row][column][register] = simd.add_f32s(sum, bias[register]);
                        }
                    }
                }
                for (row, sums) in (corner.row..height).zip(sums) {
                    for (column, sums) in (corner.column..width).zip(sums) {
                        let pixel = (corner.image * height + row) * width + column;
                        let start = pixel * channels + panel * PANEL_REGISTERS * S::F32_LANES;
                        let output = (&mut *values, start);
                        self.finish.store(simd, sums, output, &mut check);
                    }
                }
            }
        }
        !simd
            .reduce_sum_f32s(simd.add_f32s(check[0], check[1]))
            .is_nan()
    }
}

/// Aᵀ · SIDE values.
#[inline(always)]
fn by_a<S: Simd, const SIDE: usize, const OUTPUTS: usize>(
    simd: S,
    x: [S::f32s; SIDE],
) -> [S::f32s; OUTPUTS] {
    let (sum, difference) = (simd.add_f32s(x[1], x[2]), simd.sub_f32s(x[1], x[2]));
    let mut y = [sum; OUTPUTS];
    if SIDE == 4 {
        y[0] = simd.add_f32s(x[0], sum);
        y[1] = simd.sub_f32s(difference, x[3]);
        return y;
    }
    let [two, four, eight] = [
        simd.splat_f32s(2.0),
        simd.splat_f32s(4.0),
        simd.splat_f32s(8.0),
    ];
    let (more, farther) = (simd.add_f32s(x[3], x[4]), simd.sub_f32s(x[3], x[4]));
    y[0] = simd.add_f32s(simd.add_f32s(x[0], sum), more);
    y[1] = simd.mul_add_f32s(two, farther, difference);
    y[2] = simd.mul_add_f32s(four, more, sum);
    y[3] = simd.add_f32s(simd.mul_add_f32s(eight, farther, difference), x[5]);
    y
}
