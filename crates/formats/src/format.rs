//! Which format a path names, and what a file's first bytes say that it is.

use std::path::Path;

use super::error::ReadError;

/// What every NumPy array begins with.
pub(super) const NPY_SIGNATURE: &[u8] = b"\x93NUMPY";

/// What an Arrow stream begins with, as Hugging Face's `datasets` saves them. Other formats may
/// begin so too.
const ARROW_STREAM: [u8; 4] = [0xff; 4];

/// What files begin with: the format, where it is one that is read, and its name.
const SIGNATURES: [(&[u8], Option<Format>, &str); 9] = [
    (NPY_SIGNATURE, Some(Format::Npy), "a NumPy array (.npy)"),
    (b"PK\x03\x04", Some(Format::Npz), "a zip archive (.npz)"),
    (
        b"PK\x05\x06",
        Some(Format::Npz),
        "an empty zip archive (.npz)",
    ),
    (b"\x89HDF\r\n\x1a\n", Some(Format::Hdf5), "an HDF5 file"),
    (b"PAR1", Some(Format::Parquet), "a Parquet file"),
    (b"ARROW1", Some(Format::Arrow), "an Arrow file"),
    (
        b"FEA1",
        None,
        "a Feather file of version 1, which Arrow gave up",
    ),
    (b"\x89PNG\r\n\x1a\n", None, "a PNG image"),
    (b"\x1f\x8b\x08", None, "gzip, to be unpacked first"),
];

/// Bytes that the longest signature takes.
pub(super) const SIGNATURE_BYTES: u64 = 8;

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
    /// Named tensors.
    Safetensors,
    /// Columns of lists, in a Parquet file.
    Parquet,
    /// Columns of lists, in an Arrow file or stream.
    Arrow,
    /// Named data sets.
    Hdf5,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 15] = [
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
        Self::Safetensors,
        Self::Parquet,
        Self::Arrow,
        Self::Hdf5,
    ];

    /// The format that a path's ending names, in upper or lower case.
    pub fn of(path: &Path) -> Result<Self, ReadError> {
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        let other_endings = match ending.as_str() {
            "feather" => Some(Self::Arrow),
            "h5" => Some(Self::Hdf5),
            _ => None,
        };
        let known = other_endings.or_else(|| {
            Self::ALL
                .into_iter()
                .find(|format| format.ending() == ending)
        });
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
            Self::Safetensors => "safetensors",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Hdf5 => "hdf5",
        }
    }

    /// Whether a file of this format may hold several matrices, each with a name.
    pub fn has_members(self) -> bool {
        matches!(
            self,
            Self::Npz | Self::Safetensors | Self::Parquet | Self::Arrow | Self::Hdf5
        )
    }

    /// The feature without which this format cannot be read, if it is left out of this build.
    pub fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Parquet | Self::Arrow if cfg!(not(feature = "parquet")) => Some("parquet"),
            Self::Hdf5 if cfg!(not(feature = "hdf5")) => Some("hdf5"),
            _ => None,
        }
    }

    /// Refuses a format whose feature is left out.
    pub(super) fn check_built(self) -> Result<(), ReadError> {
        match self.missing_feature() {
            Some(feature) => Err(ReadError::NotBuilt {
                ending: self.ending(),
                feature,
            }),
            None => Ok(()),
        }
    }

    /// Refuses a member's name where there are no members.
    pub(super) fn check_member(self, member: Option<&str>) -> Result<(), ReadError> {
        match member {
            Some(name) if !self.has_members() => Err(ReadError::NoMembers {
                ending: self.ending(),
                name: name.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// The format whose signature the content begins with.
    pub(super) fn with_signature(bytes: &[u8]) -> Option<Self> {
        let found = SIGNATURES
            .iter()
            .find(|(signature, ..)| bytes.starts_with(signature));
        found.and_then(|&(_, format, _)| format)
    }

    /// Refuses content that is plainly another format's: those with a signature must show it, the
    /// others must show none.
    pub(super) fn check_content(self, bytes: &[u8]) -> Result<(), ReadError> {
        let found = SIGNATURES
            .iter()
            .find(|(signature, ..)| bytes.starts_with(signature));
        let (owner, content) = match found {
            Some(&(_, owner, content)) => (owner, content),
            None if bytes.is_empty() => (None, "empty"),
            None => (None, "not of that format"),
        };
        if self == Self::Arrow && bytes.starts_with(&ARROW_STREAM) {
            return Ok(());
        }
        let needs_signature = matches!(
            self,
            Self::Npy | Self::Npz | Self::Parquet | Self::Arrow | Self::Hdf5
        );
        let as_it_should_be = if needs_signature {
            owner == Some(self)
        } else {
            found.is_none() && !bytes.is_empty()
        };
        if as_it_should_be {
            Ok(())
        } else {
            Err(ReadError::WrongContent {
                ending: self.ending(),
                content,
            })
        }
    }
}
