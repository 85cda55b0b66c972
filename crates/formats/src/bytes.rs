//! A file's bytes by positioned reads (`pread`), or bytes unpacked into memory.
//!
//! Nothing is mapped: a map of a file that another process truncates ends this process with a bus
//! error, and no lock keeps others from doing so. A read past the new end is an error with both
//! lengths instead. Page-cache reads go at the speed of memory, and resident memory of a pass over
//! a file is one block. Whoever has read what is needed asks [`Bytes::check_unchanged`]: a file that
//! was rewritten in place meanwhile may have given values of two states.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::error::ReadError;
use super::memory::zeroed_bytes;
use super::regular_file::open_regular;

/// The bytes of a file or of a member; clones share them.
#[derive(Clone, Debug)]
pub struct Bytes {
    content: Content,
    part: Range<u64>,
}

#[derive(Clone, Debug)]
enum Content {
    File(Arc<OpenFile>),
    Memory(Arc<Vec<u8>>),
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    /// Bytes when it was opened.
    length: u64,
    /// Its last change then, where the file system says so.
    modified: Option<SystemTime>,
}

impl Bytes {
    /// Opens the whole of a regular file.
    ///
    /// # Errors
    /// If it cannot be opened, or is no regular file.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = open_regular(path)?;
        let metadata = file.metadata()?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Self {
            content: Content::File(Arc::new(OpenFile {
                file,
                length,
                modified,
            })),
            part: 0..length,
        })
    }

    /// Bytes in memory.
    pub(super) fn owned(bytes: Vec<u8>) -> Self {
        let part = 0..bytes.len() as u64;
        Self {
            content: Content::Memory(Arc::new(bytes)),
            part,
        }
    }

    /// An error if the file was written to since it was opened. A file that was replaced by another
    /// of its name is still the one that was opened.
    ///
    /// # Errors
    /// With its lengths then and now.
    pub fn check_unchanged(&self) -> Result<(), ReadError> {
        let Content::File(open) = &self.content else {
            return Ok(());
        };
        let now = open.file.metadata()?;
        if now.len() < open.length {
            return Err(open.shrank(now.len()));
        }
        if now.len() != open.length || now.modified().ok() != open.modified {
            return Err(ReadError::Changed {
                opened: open.length,
                found: now.len(),
            });
        }
        Ok(())
    }

    /// Number of bytes.
    pub fn len(&self) -> u64 {
        self.part.end - self.part.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// The bytes less all that lies outside `part`, which must lie within them.
    pub(super) fn narrow(self, part: Range<u64>) -> Self {
        debug_assert!(part.start <= part.end && part.end <= self.len());
        let start = self.part.start;
        Self {
            part: start + part.start..start + part.end,
            ..self
        }
    }

    /// Fills `buffer` with the bytes from `start` on.
    ///
    /// # Errors
    /// If the file cannot be read, or has become shorter.
    pub fn read_at(&self, start: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let end = start.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.len()) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let start = self.part.start + start;
        match &self.content {
            Content::Memory(bytes) => {
                let start = start as usize;
                buffer.copy_from_slice(&bytes[start..start + buffer.len()]);
                Ok(())
            }
            Content::File(open) => open.read_at(start, buffer),
        }
    }

    /// The bytes of a range, which must lie within them.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let length = range.end.saturating_sub(range.start);
        let mut bytes = zeroed_bytes(length)?;
        self.read_at(range.start, &mut bytes)?;
        Ok(bytes)
    }

    /// The first bytes, at most `most`.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn head(&self, most: u64) -> Result<Vec<u8>, ReadError> {
        self.read(0..most.min(self.len()))
    }

    /// Reads in order, or from a given position.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            bytes: self.clone(),
            position: 0,
        }
    }
}

impl OpenFile {
    fn read_at(&self, start: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let read = {
            #[cfg(unix)]
            {
                use std::os::unix::fs::FileExt as _;
                self.file.read_exact_at(buffer, start)
            }
            #[cfg(windows)]
            {
                read_exact_at(&self.file, buffer, start)
            }
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.shrank(self.file.metadata()?.len()))
            }
            read => Ok(read?),
        }
    }

    fn shrank(&self, found: u64) -> ReadError {
        ReadError::Shrank {
            opened: self.length,
            found,
        }
    }
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut start: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !buffer.is_empty() {
        match file.seek_read(buffer, start)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => (buffer, start) = (&mut buffer[read..], start + read as u64),
        }
    }
    Ok(())
}

/// A place in bytes.
#[derive(Debug)]
pub struct Cursor {
    bytes: Bytes,
    position: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.len().saturating_sub(self.position);
        let length = (buffer.len() as u64).min(left) as usize;
        self.bytes
            .read_at(self.position, &mut buffer[..length])
            .map_err(io::Error::other)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.bytes.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_that_shrinks_is_an_error_with_both_lengths() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 1000]).unwrap();
        let bytes = Bytes::open(file.path()).unwrap();
        assert_eq!(bytes.read(990..1000).unwrap(), [7; 10]);
        file.as_file().set_len(500).unwrap();
        assert_eq!(bytes.read(490..500).unwrap(), [7; 10]);
        let error = bytes.read(490..501).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the file shrank while it was read: it had 1000 bytes when it was opened, now 500"
        );
    }

    #[test]
    fn a_file_that_is_written_to_after_it_was_opened_has_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 1000]).unwrap();
        let bytes = Bytes::open(file.path()).unwrap();
        bytes.check_unchanged().unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(2);
        file.as_file().set_modified(later).unwrap();
        let error = bytes.check_unchanged().unwrap_err();
        let said = "it had 1000 bytes when it was opened, now 1000";
        assert!(error.to_string().ends_with(said), "{error}");
        file.as_file().set_len(999).unwrap();
        let error = bytes.check_unchanged().unwrap_err();
        assert!(error.to_string().starts_with("the file shrank"), "{error}");
        Bytes::owned(vec![0]).check_unchanged().unwrap();
    }

    #[test]
    fn a_part_has_places_of_its_own() {
        let part = Bytes::owned((0..100).collect())
            .narrow(10..90)
            .narrow(5..20);
        assert_eq!((part.len(), part.read(0..2).unwrap()), (15, vec![15, 16]));
        assert!(part.read(14..16).is_err());
        let mut cursor = part.cursor();
        cursor.seek(SeekFrom::End(-2)).unwrap();
        let mut rest = Vec::new();
        cursor.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [28, 29]);
    }
}
