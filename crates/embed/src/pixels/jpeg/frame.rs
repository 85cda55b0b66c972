//! Frame header and decoding tables, and the work limit of scans.
//!
//! A progressive scan may pass over any number of blocks with one code, so a few bytes can ask for
//! any amount of work. Encoders write about ten scans; [`Work`] allows sixteen visits of each block
//! without bytes, and 64 more for each byte of the file.

use super::component::{Component, Process};
use super::error::JpegError;
use super::huffman::Huffman;

/// Visits of each block that cost no bytes.
const FREE_VISITS: u64 = 16;
/// Further visits per byte of the file.
const VISITS_PER_BYTE: u64 = 64;

/// The tables as they stand between two segments.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantizers: [Option<[u16; 64]>; 4],
    pub(super) direct: [Option<Huffman>; 4],
    pub(super) alternating: [Option<Huffman>; 4],
    pub(super) restart_interval: usize,
}

/// The header of the frame, and its components.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) process: Process,
    pub(super) components: Vec<Component>,
    pub(super) work: Work,
}

/// Visits of blocks by the scans so far.
pub(super) struct Work {
    scans: usize,
    visits: u64,
    most: u64,
}

impl Work {
    pub(super) fn new(components: &[Component], file_bytes: usize) -> Self {
        let blocks = |component: &Component| (component.blocks.0 * component.blocks.1) as u64;
        let free = FREE_VISITS * components.iter().map(blocks).sum::<u64>();
        Self {
            scans: 0,
            visits: 0,
            most: free + VISITS_PER_BYTE * file_bytes as u64,
        }
    }

    /// Counts a scan before it is decoded; fails where the limit is passed.
    pub(super) fn add_scan(&mut self, visits: u64) -> Result<(), JpegError> {
        self.scans += 1;
        self.visits += visits;
        if self.visits <= self.most {
            return Ok(());
        }
        Err(JpegError::TooManyScans {
            scan: self.scans,
            visits: self.visits,
            most: self.most,
        })
    }
}
