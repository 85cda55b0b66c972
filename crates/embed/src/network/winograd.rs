//! Winograd convolution F(2 × 2, 3 × 3) (NHWC): a 3 × 3 kernel of stride 1 takes 16 multiplications for 2 × 2
//! outputs and a channel, not 36.
//!
//! Enters: height × width × channels, transformed weights. Leaves: height × width × channels′, finished.
//!
//! for each block of tiles                 4 × 4 inputs each, two pixels apart
//!   Bᵀ·d·B                                `Inputs`: additions alone
//!   for each of the 16 places             a plain product, tiles × channels × channels′
//!     for each panel, up to 12 tiles      `kernel`: sums over the channels, in order, in registers
//!   Aᵀ·m·A, finished                      `Outputs`: additions alone
//!
//! Lavin & Gray 2016 (arXiv:1509.09308), §4.1: Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A, where the sum over channels
//! comes before A. Each value is the same number whatever the number of lanes. Sums are off by about
//! three times as much as direct ones.
//!
//! Cost: 8 · pixels · channels · channels′ flops, and two passes over 4 times the inputs and the outputs.

use pulp::{Simd, WithSimd};

use super::epilogue::Finish;
use super::image::Activations;
use super::kernel::{PANEL_REGISTERS, accumulate, most_pixels, pixels_at_once, registers, shares};
use super::shape::Shape;

/// Side of a tile of inputs, and of its products.
const SIDE: usize = 4;
/// Side of a tile of outputs.
const OUTPUTS: usize = 2;
/// Places of a tile: each is a product of its own.
const PLACES: usize = SIDE * SIDE;
/// Most tiles of one block: their inputs and products are 1 to 2 MB at 256 channels.
const BLOCK_TILES: usize = 60;
/// With more, weights of 16/9 the size are read for a few tiles only.
const MOST_INPUTS: usize = 256;

/// Whether a convolution is faster this way.
pub(super) fn suits(shape: Shape) -> bool {
    shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 && shape.inputs <= MOST_INPUTS
}

/// Inputs and products of a block of tiles, each PLACES × tiles × channels; reused.
#[derive(Clone, Debug, Default)]
pub(super) struct Transformed {
    inputs: Vec<f32>,
    products: Vec<f32>,
}

/// The transformed weights, place by place, each panel by panel of `width` outputs, inputs × width; `weights`
/// are outputs × inputs × 3 × 3.
pub(super) fn packed(shape: Shape, weights: &[f32], width: usize) -> Vec<f32> {
    let kernels = weights.as_chunks::<9>().0;
    let transformed: Vec<[f32; PLACES]> = kernels.iter().map(transformed).collect();
    let mut packed = Vec::with_capacity(PLACES * transformed.len());
    for place in 0..PLACES {
        for panel in 0..shape.outputs / width {
            for input in 0..shape.inputs {
                let of_output = |output: usize| transformed[output * shape.inputs + input][place];
                packed.extend((panel * width..(panel + 1) * width).map(of_output));
            }
        }
    }
    packed
}

/// G·g·Gᵀ, rounded once.
fn transformed(kernel: &[f32; 9]) -> [f32; PLACES] {
    let by_g = |[a, b, c]: [f64; 3]| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    let columns: [[f64; SIDE]; 3] = std::array::from_fn(|column| {
        by_g(std::array::from_fn(|row| {
            f64::from(kernel[3 * row + column])
        }))
    });
    let mut places = [0.0; PLACES];
    for (row, places) in places.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
        *places = by_g(columns.map(|column| column[row])).map(|value| value as f32);
    }
    places
}

/// One convolution; `output` has its shape already.
pub(super) struct Winograd<'a> {
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) input: &'a Activations,
    pub(super) finish: Finish<'a>,
    pub(super) transformed: &'a mut Transformed,
    pub(super) output: &'a mut Activations,
}

impl WithSimd for Winograd<'_> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self {
            weights,
            bias,
            input,
            finish,
            transformed: Transformed { inputs, products },
            output,
        } = self;
        let [down, across] = [output.height, output.width].map(|side| side.div_ceil(OUTPUTS));
        let all = down * across;
        let block = all.div_ceil(all.div_ceil(BLOCK_TILES));
        let mut is_finite = true;
        for start in (0..all).step_by(block) {
            let tiles = Tiles {
                start,
                count: block.min(all - start),
                across,
            };
            inputs.resize(PLACES * tiles.count * input.channels, 0.0);
            products.resize(PLACES * tiles.count * output.channels, 0.0);
            let inputs = &mut inputs[..PLACES * tiles.count * input.channels];
            let products = &mut products[..PLACES * tiles.count * output.channels];
            simd.vectorize(Inputs {
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
            is_finite &= simd.vectorize(Outputs {
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

/// Some consecutive tiles of an image, `across` in each row.
#[derive(Clone, Copy)]
struct Tiles {
    start: usize,
    count: usize,
    across: usize,
}

impl Tiles {
    /// Row and column of the first output of each tile.
    #[inline(always)]
    fn corners(self) -> impl Iterator<Item = (usize, usize)> {
        let tiles = self.start..self.start + self.count;
        tiles.map(move |tile| (tile / self.across * OUTPUTS, tile % self.across * OUTPUTS))
    }
}

/// Bᵀ·d·B of each tile and channel.
struct Inputs<'a> {
    tiles: Tiles,
    input: &'a Activations,
    transformed: &'a mut [f32],
}

impl WithSimd for Inputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.input.channels;
        let registers = channels / S::F32_LANES;
        let (transformed, _) = S::as_mut_simd_f32s(self.transformed);
        for (tile, (top, left)) in self.tiles.corners().enumerate() {
            let mut pixels: [[&[S::f32s]; SIDE]; SIDE] = [[&[]; SIDE]; SIDE];
            for (row, pixels) in pixels.iter_mut().enumerate() {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    let run = self.input.run(top + row, left + column, 1, channels);
                    *pixel = &S::as_simd_f32s(run).0[..registers];
                }
            }
            for register in 0..registers {
                let mut rows = [[simd.splat_f32s(0.0); SIDE]; SIDE];
                for (row, pixels) in rows.iter_mut().zip(&pixels) {
                    *row = by_b(simd, [0, 1, 2, 3].map(|column| pixels[column][register]));
                }
                for column in 0..SIDE {
                    let values = by_b(simd, [0, 1, 2, 3].map(|row| rows[row][column]));
                    for (row, value) in values.into_iter().enumerate() {
                        let of_place = (row * SIDE + column) * self.tiles.count + tile;
                        transformed[of_place * registers + register] = value;
                    }
                }
            }
        }
    }
}

/// Bᵀ · four values.
#[inline(always)]
fn by_b<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    [
        simd.sub_f32s(a, c),
        simd.add_f32s(b, c),
        simd.sub_f32s(c, b),
        simd.sub_f32s(b, d),
    ]
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
        accumulate(
            simd,
            &mut sums,
            of_tiles,
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
struct Outputs<'a> {
    tiles: Tiles,
    products: &'a [f32],
    bias: &'a [f32],
    finish: Finish<'a>,
    output: &'a mut Activations,
}

impl WithSimd for Outputs<'_> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Activations {
            height,
            width,
            channels,
            values,
        } = self.output;
        let (height, width, channels) = (*height, *width, *channels);
        let panels = channels / (PANEL_REGISTERS * S::F32_LANES);
        let (products, bias) = (registers::<S>(self.products), registers::<S>(self.bias));
        let zeros = [simd.splat_f32s(0.0); PANEL_REGISTERS];
        let mut check = zeros;
        for (tile, (top, left)) in self.tiles.corners().enumerate() {
            for (panel, &bias) in bias.iter().enumerate() {
                let mut sums = [[zeros; OUTPUTS]; OUTPUTS];
                for register in 0..PANEL_REGISTERS {
                    let mut rows = [[zeros[0]; OUTPUTS]; SIDE];
                    for (row, sums) in rows.iter_mut().enumerate() {
                        *sums = by_a(
                            simd,
                            [0, 1, 2, 3].map(|column| {
                                let of_place = (row * SIDE + column) * self.tiles.count + tile;
                                products[of_place * panels + panel][register]
                            }),
                        );
                    }
                    for column in 0..OUTPUTS {
                        let of_column = by_a(simd, [0, 1, 2, 3].map(|row| rows[row][column]));
                        for (row, sum) in of_column.into_iter().enumerate() {
                            sums[row][column][register] = simd.add_f32s(sum, bias[register]);
                        }
                    }
                }
                for (row, sums) in (top..height).zip(sums) {
                    for (column, sums) in (left..width).zip(sums) {
                        let pixel = row * width + column;
                        let start = pixel * channels + panel * PANEL_REGISTERS * S::F32_LANES;
                        let output = (&mut values[..], start);
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

/// Aᵀ · four values.
#[inline(always)]
fn by_a<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SIDE]) -> [S::f32s; OUTPUTS] {
    [
        simd.add_f32s(simd.add_f32s(a, b), c),
        simd.sub_f32s(simd.sub_f32s(b, c), d),
    ]
}
