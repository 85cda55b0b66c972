//! `.npz`: a zip archive whose members are `.npy` files.
//!
//! Enters: the archive's bytes and perhaps a member's name (`weights` and `weights.npy` both name
//! `weights.npy`). Leaves: the member's bytes and layout. A member stored unpacked (`numpy.savez`)
//! is read where it lies; a packed one (`numpy.savez_compressed`) is unpacked into
//! memory, and no further than its own header says.

use std::io::Read;

use zip::{CompressionMethod, ZipArchive};

use super::bytes::{Bytes, Cursor};
use super::error::ReadError;
use super::layout::{Claim, Layout};
use super::npy;
use super::source::{Role, pick};

/// What NumPy appends to the names of arrays.
const ENDING: &str = ".npy";

type Archive = ZipArchive<Cursor>;

/// The named member, or the one that is a matrix and fits the role.
pub(super) fn open(
    bytes: Bytes,
    name: Option<&str>,
    role: Role,
) -> Result<(Bytes, Layout), ReadError> {
    let mut archive = ZipArchive::new(bytes.cursor())?;
    let name = name.map(|name| name.strip_suffix(ENDING).unwrap_or(name));
    let (index, claim) = pick(&names(&archive), name, role, |index| {
        let claim = claim(&mut archive, index)?;
        Ok((claim.element, (index, claim)))
    })?;
    let member = archive.by_index(index)?;
    let stored_at = match (member.compression(), member.encrypted()) {
        (CompressionMethod::Stored, false) => member.data_start(),
        _ => None,
    };
    let bytes = if let Some(start) = stored_at {
        let range = start.checked_add(member.size()).map(|end| start..end);
        let inside = range.filter(|range| range.end <= bytes.len());
        let beyond = || ReadError::Header {
            problem: format!("a member of {} bytes at {start}", member.size()),
        };
        let range = inside.ok_or_else(beyond)?;
        drop(member);
        bytes.narrow(range)
    } else {
        let mut unpacked = Vec::new();
        let one_too_many = u64::try_from(claim.expected_bytes())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        // Grows with what is there, not with what is claimed.
        member.take(one_too_many).read_to_end(&mut unpacked)?;
        Bytes::owned(unpacked)
    };
    let layout = Layout::new(claim, bytes.len())?;
    Ok((bytes, layout))
}

/// What a member's header says, with no more unpacked than a header's worth.
fn claim(archive: &mut Archive, index: usize) -> Result<Claim, ReadError> {
    let mut head = Vec::new();
    archive
        .by_index(index)?
        .take(npy::HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    npy::claim(&head)
}

/// Members' names in the archive's order, without their ending.
fn names(archive: &Archive) -> Vec<String> {
    let name = |index| {
        let name = archive
            .name_for_index(index)
            .and_then(Result::ok)
            .unwrap_or_default();
        name.strip_suffix(ENDING).unwrap_or(&name).to_owned()
    };
    (0..archive.len()).map(name).collect()
}
