//! Picture sources: folders, archives, lists, binaries and tables, one file per kind.
//!
//! | path | pictures | names |
//! |---|---|---|
//! | a folder | its files, recursively, sorted | relative to the folder |
//! | `.zip` `.tar` `.tar.gz` `.tgz` | its files, in the archive's order | as in the archive |
//! | `.txt` | one path per line, relative to the list's folder | as in the list |
//! | `.bin` | STL-10 or CIFAR-10 records | `train_X.bin/000000` … |
//! | `.parquet`, `.parquet::COLUMN` | bytes in a column, with feature `parquet` | the row's `path`, or `t.parquet/000000` … |
//! | a picture | itself | its file name |
//!
//! Pictures leave one at a time and undecoded, so that no source is ever in memory as a whole. A
//! picture that cannot be read is an item with an error, and so is a file in a folder or archive
//! whose ending is not that of a picture that is read: nothing is passed over in silence. Only what
//! spoils all further items ends the source. Names are printable: control characters and bytes that
//! are no UTF-8 are escaped.

mod error;
mod folder;
mod item;
mod list;
#[cfg(feature = "parquet")]
mod parquet_table;
mod records;
mod tar_archive;
mod zip_archive;

use std::path::{Path, PathBuf};

use annatomy_formats::open_regular;
pub use error::{ItemError, SourceError};
pub use item::{Content, Item};

/// A stream of pictures.
pub struct Source {
    count: Option<u64>,
    items: Box<dyn Iterator<Item = Result<Item, SourceError>> + Send>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Source")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Opens whatever the path names.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let named = annatomy_formats::Source::parse(path);
        if named
            .path()
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
        {
            return open_table(named.path(), named.member());
        }
        let failed = |error| SourceError::io(path, error);
        if path.metadata().map_err(failed)?.is_dir() {
            return folder::open(path);
        }
        open_regular(path).map_err(failed)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        if ends(".zip") {
            zip_archive::open(path)
        } else if ends(".tar") {
            tar_archive::open(path, tar_archive::Packing::Plain)
        } else if ends(".tar.gz") || ends(".tgz") {
            tar_archive::open(path, tar_archive::Packing::Gzip)
        } else if ends(".txt") {
            list::open(path)
        } else if ends(".bin") {
            records::open(path)
        } else if item::check_ending(name.as_bytes()).is_ok() {
            Ok(folder::open_file(path))
        } else {
            Err(SourceError::UnknownKind {
                path: path.to_owned(),
            })
        }
    }

    /// The files that the path names, besides itself: those of a list.
    pub(crate) fn listed(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
        let is_list = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
        if !is_list || path.is_dir() {
            return Ok(Vec::new());
        }
        let named = list::paths(path)?;
        Ok(named.into_iter().map(|(_, path)| path).collect())
    }

    /// Opens an STL-10 or CIFAR-10 binary for the pictures that `rows` name, in that order.
    pub fn records(path: impl AsRef<Path>, rows: Vec<usize>) -> Result<Self, SourceError> {
        records::open_rows(path.as_ref(), rows)
    }

    /// How many pictures there are, where that is known beforehand.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// The next picture, if any.
    #[expect(
        clippy::should_implement_trait,
        reason = "an error ends the stream, which an iterator of results would not say"
    )]
    pub fn next(&mut self) -> Result<Option<Item>, SourceError> {
        self.items.next().transpose()
    }

    fn new(
        count: Option<u64>,
        items: impl Iterator<Item = Result<Item, SourceError>> + Send + 'static,
    ) -> Self {
        Self {
            count,
            items: Box::new(items),
        }
    }
}

#[cfg(feature = "parquet")]
fn open_table(path: &Path, column: Option<&str>) -> Result<Source, SourceError> {
    parquet_table::open(path, column)
}

#[cfg(not(feature = "parquet"))]
fn open_table(path: &Path, _column: Option<&str>) -> Result<Source, SourceError> {
    Err(SourceError::NoParquet {
        path: path.to_owned(),
    })
}
