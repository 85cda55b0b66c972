//! Which format a path names, and what a file's first bytes say that it is.

use std::path::Path;

use super::error::ReadError;

/// A format, known by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One NumPy array.
    Npy,
    /// A zip archive of NumPy arrays.
    Npz,
    /// Rows of float32, each after its length.
    Fvecs,
    /// Rows of int32, each after its length.
    Ivecs,
    /// Rows of bytes, each after its length.
    Bvecs,
    /// n, d, then float32.
    Fbin,
    /// n, d, then int32.
    Ibin,
    /// n, d, then unsigned bytes.
    U8bin,
    /// n, d, then signed bytes.
    I8bin,
    /// n, d, then float16.
    F16bin,
    /// n, k, then ids and their distances: answers, never vectors.
    Bin,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Npy,
        Self::Npz,
        Self::Fvecs,
        Self::Ivecs,
        Self::Bvecs,
        Self::Fbin,
        Self::Ibin,
        Self::U8bin,
        Self::I8bin,
        Self::F16bin,
        Self::Bin,
    ];

    /// The format that a path's ending names, in upper or lower case.
    pub fn of(path: &Path) -> Result<Self, ReadError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let known = Self::ALL.into_iter().find(|format| format.ending() == ending);
        known.ok_or(ReadError::UnknownEnding { ending })
    }

    /// The ending, without its dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Fvecs => "fvecs",
            Self::Ivecs => "ivecs",
            Self::Bvecs => "bvecs",
            Self::Fbin => "fbin",
            Self::Ibin => "ibin",
            Self::U8bin => "u8bin",
            Self::I8bin => "i8bin",
            Self::F16bin => "f16bin",
            Self::Bin => "bin",
        }
    }

    /// Whether a file of this format may hold several matrices, each with a name.
    pub fn has_members(self) -> bool {
        matches!(self, Self::Npz)
    }

    /// Refuses a member's name where there are no members.
    pub(super) fn check_member(self, member: Option<&str>) -> Result<(), ReadError> {
        match member {
            Some(name) if !self.has_members() => {
                Err(ReadError::NoMembers { ending: self.ending(), name: name.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses content that is plainly another format's: those with a signature must show it, the others must show none.
    pub(super) fn check_content(self, bytes: &[u8]) -> Result<(), ReadError> {
        const SIGNATURES: [(&[u8], Option<Format>, &str); 8] = [
            (super::npy::SIGNATURE, Some(Format::Npy), "a NumPy array (.npy)"),
            (b"PK\x03\x04", Some(Format::Npz), "a zip archive (.npz)"),
            (b"PK\x05\x06", Some(Format::Npz), "an empty zip archive (.npz)"),
            (b"\x89HDF\r\n\x1a\n", None, "an HDF5 file"),
            (b"PAR1", None, "a Parquet file"),
            (b"ARROW1", None, "an Arrow file"),
            (b"\x89PNG\r\n\x1a\n", None, "a PNG image"),
            (b"\x1f\x8b\x08", None, "gzip, to be unpacked first"),
        ];
        let found = SIGNATURES.iter().find(|(signature, ..)| bytes.starts_with(signature));
        let (owner, content) = match found {
            Some(&(_, owner, content)) => (owner, content),
            None if bytes.is_empty() => (None, "empty"),
            None => (None, "not of that format"),
        };
        let needs_signature = matches!(self, Self::Npy | Self::Npz);
        let as_it_should_be = if needs_signature { owner == Some(self) } else { found.is_none() && !bytes.is_empty() };
        if as_it_should_be { Ok(()) } else { Err(ReadError::WrongContent { ending: self.ending(), content }) }
    }
}
