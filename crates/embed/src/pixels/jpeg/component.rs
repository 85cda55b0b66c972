//! One component of a frame: its shape, its coefficients while scans are decoded, its samples.
//!
//! Source: ITU-T T.81, A.1 and A.2.

use super::error::JpegError;
use super::idct::{self, Block};
use crate::pixels::limit;

/// How blocks are spread over scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Sequential,
    Progressive,
}

/// One component of the frame.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks per unit, across and down.
    pub(super) sampling: (usize, usize),
    /// Pixels per sample, across and down.
    pub(super) spacing: (usize, usize),
    pub(super) table: usize,
    /// Samples that count, without what fills up the last block.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks kept, across and down, filled up to whole units.
    pub(super) blocks: (usize, usize),
    /// Kept at the first scan.
    pub(super) quantizers: Option<[u16; 64]>,
    pub(super) coefficients: Vec<Block>,
    /// Rows of `stride()` samples.
    pub(super) samples: Vec<u8>,
}

impl Component {
    pub(super) fn new(
        id: u8,
        sampling: (usize, usize),
        largest: (usize, usize),
        table: usize,
        (width, height): (usize, usize),
        process: Process,
    ) -> Result<Self, JpegError> {
        let units = (
            width.div_ceil(8 * largest.0),
            height.div_ceil(8 * largest.1),
        );
        let blocks = (units.0 * sampling.0, units.1 * sampling.1);
        let count = blocks.0 * blocks.1;
        let (coefficients, samples) = match process {
            Process::Sequential => (Vec::new(), limit::zeros(64 * count)?),
            Process::Progressive => {
                let mut coefficients = limit::reserved(count)?;
                coefficients.resize(count, [0; 64]);
                (coefficients, Vec::new())
            }
        };
        Ok(Self {
            id,
            sampling,
            spacing: (largest.0 / sampling.0, largest.1 / sampling.1),
            table,
            width: (width * sampling.0).div_ceil(largest.0),
            height: (height * sampling.1).div_ceil(largest.1),
            blocks,
            quantizers: None,
            coefficients,
            samples,
        })
    }

    /// Samples from one row to the next.
    pub(super) fn stride(&self) -> usize {
        8 * self.blocks.0
    }

    /// Whether any scan had it.
    pub(super) fn is_scanned(&self) -> bool {
        self.quantizers.is_some()
    }

    /// Transforms what progressive scans have gathered.
    pub(super) fn finish(&mut self) -> Result<(), JpegError> {
        let coefficients = std::mem::take(&mut self.coefficients);
        if let (Some(quantizers), false) = (self.quantizers, coefficients.is_empty()) {
            self.samples = limit::zeros(64 * coefficients.len())?;
            for (index, block) in coefficients.iter().enumerate() {
                self.store(index, &idct::samples(block, &quantizers));
            }
        }
        Ok(())
    }

    /// Puts the samples of a block where they belong.
    pub(super) fn store(&mut self, block: usize, samples: &[u8; 64]) {
        let stride = self.stride();
        let (row, column) = (block / self.blocks.0, block % self.blocks.0);
        for (line, samples) in samples.as_chunks::<8>().0.iter().enumerate() {
            self.samples[(8 * row + line) * stride + 8 * column..][..8].copy_from_slice(samples);
        }
    }
}
