//! Fixed-length records of STL-10 and CIFAR-10 binaries.
//!
//! | | record | planes |
//! |---|---|---|
//! | STL-10 | 3 × 96 × 96 bytes | column by column |
//! | CIFAR-10 | a label, then 3 × 32 × 32 bytes | row by row |
//!
//! The length decides; where both fit, the name: STL-10's files end in `_X.bin`. Sources:
//! cs.stanford.edu/~acoates/stl10, cs.toronto.edu/~kriz/cifar.html. Does not: read the labels' own
//! file.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use annatomy_formats::open_regular;
use annatomy_runtime::printable_bytes;

use super::{Content, Item, ItemError, Source, SourceError};
use crate::pixels::{Picture, PlaneOrder};

pub(super) const STL10_BYTES: u64 = 3 * 96 * 96;
pub(super) const CIFAR10_BYTES: u64 = 1 + 3 * 32 * 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Stl10,
    Cifar10,
}

impl Layout {
    fn of(name: &str, bytes: u64) -> Option<Self> {
        let holds = |record: u64| bytes > 0 && bytes.is_multiple_of(record);
        match (holds(STL10_BYTES), holds(CIFAR10_BYTES)) {
            (true, true) if !name.ends_with("_X.bin") => Some(Self::Cifar10),
            (true, _) => Some(Self::Stl10),
            (false, true) => Some(Self::Cifar10),
            (false, false) => None,
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Self::Stl10 => STL10_BYTES,
            Self::Cifar10 => CIFAR10_BYTES,
        }
    }

    fn picture(self, record: &[u8]) -> Result<Picture, ItemError> {
        let picture = match self {
            Self::Stl10 => Picture::from_planes(96, 96, record, PlaneOrder::Columns),
            Self::Cifar10 => Picture::from_planes(32, 32, &record[1..], PlaneOrder::Rows),
        };
        Ok(picture?)
    }
}

/// All pictures of a binary.
pub(super) fn open(path: &Path) -> Result<Source, SourceError> {
    let records = Records::open(path)?;
    let all = 0..records.count;
    Ok(records.source(all.len(), all))
}

/// The pictures of a binary that `rows` name, in that order.
pub(super) fn open_rows(path: &Path, rows: Vec<usize>) -> Result<Source, SourceError> {
    let records = Records::open(path)?;
    match rows.iter().find(|&&row| row >= records.count) {
        Some(&row) => Err(SourceError::NoRecord {
            path: path.to_owned(),
            row,
            count: records.count,
        }),
        None => Ok(records.source(rows.len(), rows)),
    }
}

struct Records {
    path: PathBuf,
    name: String,
    reader: BufReader<File>,
    layout: Layout,
    count: usize,
    /// The record at the reader's position.
    next: usize,
}

impl Records {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let failed = |error| SourceError::io(path, error);
        let file = open_regular(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let name = printable_bytes(name).into_owned();
        let layout = Layout::of(&name, bytes).ok_or_else(|| SourceError::Records {
            path: path.to_owned(),
            bytes,
        })?;
        let count = (bytes / layout.bytes()) as usize;
        let reader = BufReader::with_capacity(1 << 20, file);
        Ok(Self {
            path: path.to_owned(),
            name,
            reader,
            layout,
            count,
            next: 0,
        })
    }

    fn source(
        mut self,
        count: usize,
        rows: impl IntoIterator<Item = usize, IntoIter: Send + 'static>,
    ) -> Source {
        let items = rows.into_iter().map(move |row| {
            let record = self
                .read(row)
                .map_err(|error| SourceError::io(&self.path, error))?;
            let content = self.layout.picture(&record).map(Content::Picture);
            Ok(Item {
                name: format!("{}/{row:06}", self.name),
                content,
            })
        });
        Source::new(Some(count as u64), items)
    }

    fn read(&mut self, row: usize) -> io::Result<Vec<u8>> {
        let mut record = vec![0; self.layout.bytes() as usize];
        self.reader
            .seek_relative((row as i64 - self.next as i64) * self.layout.bytes() as i64)?;
        self.reader.read_exact(&mut record)?;
        self.next = row + 1;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_stl10_run_down_the_columns() {
        let mut record = vec![0; 27648];
        record[2] = 9; // the first plane's third value: row 2 of column 0
        let picture = Layout::Stl10.picture(&record).unwrap();
        assert_eq!(picture.values()[2 * 96 * 3], 9);
    }

    #[test]
    fn planes_of_cifar10_run_along_the_rows() {
        let mut record = vec![0; 3073];
        record[1 + 1024 + 2] = 9; // green of row 0, column 2
        let picture = Layout::Cifar10.picture(&record).unwrap();
        assert_eq!(picture.values()[2 * 3 + 1], 9);
    }

    #[test]
    fn the_length_tells_the_layout() {
        assert_eq!(Layout::of("a.bin", 5 * 27648), Some(Layout::Stl10));
        assert_eq!(Layout::of("a.bin", 10_000 * 3073), Some(Layout::Cifar10));
        assert_eq!(
            Layout::of("unlabeled_X.bin", 3073 * 27648),
            Some(Layout::Stl10)
        );
        assert_eq!(
            [Layout::of("a.bin", 0), Layout::of("a.bin", 27649)],
            [None, None]
        );
    }
}
