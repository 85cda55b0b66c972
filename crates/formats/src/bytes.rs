//! A file's bytes: mapped where they lie, or unpacked into memory.
//!
//! A map costs address space and no memory of its own: its pages are clean, so the system takes
//! them back when it needs them, and [`Bytes::release`] hands them back at once after a large block
//! was read. Resident memory of a pass over a file is thus one block, whatever the file's size.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use super::error::ReadError;

/// The bytes of a file or of a packed member.
#[derive(Debug)]
pub(super) enum Bytes {
    /// Part of a mapped file.
    Mapped { map: Mmap, part: Range<usize> },
    /// In memory.
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Bytes {
    /// Maps the whole of a regular file.
    pub(super) fn map(path: &Path) -> Result<Self, ReadError> {
        let MappedFile(map) = MappedFile::open(path)?;
        let part = 0..map.len();
        Ok(Self::Mapped { map, part })
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped { map, part } => &map[part.clone()],
            Self::Owned(bytes) => bytes,
        }
    }

    /// The bytes less all that lies outside `part`, which must lie within them.
    pub(super) fn narrow(self, part: Range<usize>) -> Self {
        match self {
            Self::Mapped { map, part: outer } => Self::Mapped {
                map,
                part: outer.start + part.start..outer.start + part.end,
            },
            Self::Owned(bytes) => Self::Owned(bytes[part].to_vec()),
        }
    }

    /// Hands the pages of `range` back to the system; reading them again brings them back from the
    /// file.
    pub(super) fn release(&self, range: Range<usize>) {
        if let Self::Mapped { map, part } = self {
            let end = part.end.min(part.start + range.end);
            release_pages(map, part.start + range.start..end);
        }
    }
}

/// A whole file as bytes, mapped: for readers of other formats than those here.
#[derive(Debug)]
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a regular file.
    ///
    /// # Errors
    /// If there is none at `path`, or it cannot be mapped.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(ReadError::NotAFile);
        }
        Ok(Self(map_file(&file)?))
    }
}

impl std::ops::Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[expect(unsafe_code, reason = "a map is only as constant as its file")]
fn map_file(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the map is read-only and read as plain bytes, for which every bit pattern is valid.
    // Another process that rewrites the file meanwhile changes the numbers read, and one that
    // truncates it ends this process with a bus error; neither corrupts memory. Our own writers
    // rename and never rewrite in place.
    unsafe { Mmap::map(file) }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "giving pages back is unchecked advice")]
fn release_pages(map: &Mmap, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    // SAFETY: the map is backed by a file and never written to, so that a page given back is read
    // again from the file. Refused advice only leaves pages resident.
    let _ = unsafe {
        map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, range.start, range.len())
    };
}

#[cfg(not(unix))]
fn release_pages(_map: &Mmap, _range: Range<usize>) {}
