//! Errors of one picture, and of a whole source.

use std::io;
use std::path::{Path, PathBuf};

use crate::embedder::EmbedError;
use crate::pixels::{DecodeError, PictureError};

/// Why one picture cannot be embedded.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its bytes do not make a picture.
    #[error(transparent)]
    Pixels(#[from] PictureError),
    /// Its place in the zip is damaged.
    #[error("in the zip: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The table has no bytes in its row.
    #[error("a row without a picture")]
    Null,
    /// The network gives no row for it.
    #[error("the network: {0}")]
    Network(#[from] EmbedError),
    /// A picture of a format that is not read.
    #[error("{ending} pictures are not read")]
    UnreadFormat {
        /// The ending, upper case.
        ending: String,
    },
    /// A file whose ending is no picture's.
    #[error("no picture (.jpg, .png, .webp, .bmp, .gif, .tif, .ppm, .pgm, .pbm)")]
    NoPicture,
    /// A link, or a member of an archive that is no file.
    #[error("{kind} is not followed")]
    Link {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Another member of the archive has the same name.
    #[error("{0}")]
    Duplicate(&'static str),
    /// A member of an archive behind which no further member can be found.
    #[error("{problem}; nothing after it is read")]
    LastMember {
        /// What is wrong with it.
        problem: String,
    },
    /// More bytes than any picture should have.
    #[error("{bytes} bytes are more than the {most} that a picture may have")]
    TooLarge {
        /// Bytes found.
        bytes: u64,
        /// Bytes allowed.
        most: u64,
    },
}

/// Why a source cannot be opened, or breaks off.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused, or an archive is damaged.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
    /// The zip's directory cannot be read.
    #[error("{}: {error}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        error: zip::result::ZipError,
    },
    /// A table that cannot be read, or not to its end.
    #[error("{}: {problem}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// No column, or not one only, holds pictures.
    #[error("{}: {problem}; its columns: {columns}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// All columns, with their types.
        columns: String,
    },
    /// A line of a list that is no path on this system.
    #[error("{}: {name} is no path", path.display())]
    ListName {
        /// The list.
        path: PathBuf,
        /// The line.
        name: String,
    },
    /// Built without the reader.
    #[error("{}: this build reads no Parquet files", path.display())]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
    /// The ending says nothing.
    #[error("{}: neither a folder nor a picture, .zip, .tar, .tar.gz, .txt (a list), .bin (STL-10, CIFAR-10) or .parquet", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// A binary whose length fits no record.
    #[error(
        "{}: {bytes} bytes are no whole number of STL-10 ({stl10} bytes) or CIFAR-10 ({cifar10} bytes) pictures",
        path.display(),
        stl10 = super::records::STL10_BYTES,
        cifar10 = super::records::CIFAR10_BYTES
    )]
    Records {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// A picture that a binary does not have.
    #[error("{}: picture {row} of {count}", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
        /// The picture asked for.
        row: usize,
        /// Pictures there are.
        count: usize,
    },
    /// A folder, archive or list without pictures.
    #[error(
        "{}: no pictures (.jpg, .png, .webp, .bmp, .gif, .tif, .ppm, .pgm, .pbm) among its {files} files",
        path.display()
    )]
    Empty {
        /// The source.
        path: PathBuf,
        /// Files that are no pictures.
        files: usize,
    },
}

impl ItemError {
    /// Whether the item is no picture at all, such as a text file in a folder of pictures.
    pub fn is_no_picture(&self) -> bool {
        matches!(self, Self::NoPicture)
    }
}

impl SourceError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}
