//! Indirection buffer: where the inputs of some outputs of a convolution are.
//!
//! Enters: inputs with the shapes of their kernels; a block of outputs. Leaves: for each run of inputs a slice for each
//! output, of the input itself or of zeros outside of it. Nothing is copied.
//!
//! A run is what lies together in memory: the channels of a tap, and without padding a whole kernel row. Runs of
//! several operands follow one another, so that two convolutions whose outputs are added are one.
//!
//! Dukhan 2019 (arXiv:1907.02129). Cost: a slice for each run and output, found once for all output
//! channels.

use std::ops::Range;

use super::image::{Activations, Pixel, View};
use super::shape::Shape;

/// What sums run over: an input, and the shape of its kernel.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) shape: Shape,
    pub(super) input: View<'a>,
}

/// The slices of a block of outputs; reused from block to block.
#[derive(Default)]
pub(super) struct Indirection<'a> {
    block: Range<usize>,
    outputs: Vec<Pixel>,
    /// Run by run, each output by output.
    slices: Vec<&'a [f32]>,
}

impl Operand<'_> {
    /// Images, height and width of the outputs.
    pub(super) fn outputs(self) -> [usize; 3] {
        let View {
            images,
            height,
            width,
            ..
        } = self.input;
        let side = |side| self.shape.output_side(side);
        [images, side(height), side(width)]
    }
}

impl<'a> Indirection<'a> {
    /// Finds the inputs of the outputs `block`, counted through all images of `output`.
    pub(super) fn find(
        &mut self,
        operands: &[Operand<'a>],
        output: &Activations,
        block: Range<usize>,
    ) {
        self.outputs.clear();
        self.outputs
            .extend(block.clone().map(|number| output.pixel(number)));
        self.block = block;
        self.slices.clear();
        for operand in operands {
            self.push(*operand);
        }
    }

    fn push(&mut self, Operand { shape, input }: Operand<'a>) {
        let run = shape.run();
        let taps_across = shape.kernel * shape.inputs / run;
        for tap in 0..shape.kernel * taps_across {
            let (down, across) = (tap / taps_across, tap % taps_across);
            let of_output = |output: &Pixel| {
                let at = Pixel {
                    row: output.row * shape.stride + down,
                    column: output.column * shape.stride + across,
                    ..*output
                };
                input.run(at, shape.padding, run)
            };
            self.slices.extend(self.outputs.iter().map(of_output));
        }
    }

    /// Run by run the slices of `PIXELS` outputs of the block, from number `first` on.
    #[inline(always)]
    pub(super) fn runs<const PIXELS: usize>(
        &self,
        first: usize,
    ) -> impl ExactSizeIterator<Item = &[&'a [f32]; PIXELS]> {
        let first = first - self.block.start;
        self.slices
            .chunks_exact(self.block.len())
            .map(move |run| &run[first..].as_chunks().0[0])
    }
}
