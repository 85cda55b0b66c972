//! STL-10 and CIFAR-10 binaries: records of one length, nothing between them.
//!
//! | | record | planes |
//! |---|---|---|
//! | STL-10 | 3 × 96 × 96 bytes | column by column |
//! | CIFAR-10 | a label, then 3 × 32 × 32 bytes | row by row |
//!
//! The length decides; where both fit, the name: STL-10's files end in `_X.bin`.
//! Sources: cs.stanford.edu/~acoates/stl10, cs.toronto.edu/~kriz/cifar.html. Does not: read the labels' own file.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

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

pub(super) fn open(path: &Path) -> Result<Source, SourceError> {
    let failed = |error| SourceError::io(path, error);
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let layout = Layout::of(&name, bytes).ok_or_else(|| SourceError::Records { path: path.to_owned(), bytes })?;
    let count = bytes / layout.bytes();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut record = vec![0; layout.bytes() as usize];
    let path = path.to_owned();
    let items = (0..count).map(move |index| {
        reader.read_exact(&mut record).map_err(|error| SourceError::io(&path, error))?;
        Ok(Item { name: format!("{name}/{index:06}"), content: layout.picture(&record).map(Content::Picture) })
    });
    Ok(Source::new(Some(count), items))
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
        assert_eq!(Layout::of("unlabeled_X.bin", 3073 * 27648), Some(Layout::Stl10));
        assert_eq!([Layout::of("a.bin", 0), Layout::of("a.bin", 27649)], [None, None]);
    }
}
