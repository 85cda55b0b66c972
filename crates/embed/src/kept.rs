//! Resumable embedding of a large picture set: rows are written in place as they are computed, and an
//! interrupted run continues with those that are missing.
//!
//! Input: a binary of pictures, the rows wanted. Output: a `.npy` with a row for every picture of the
//! set.
//!
//! new file: NaN throughout               so that a row not yet made can be mistaken for nothing else
//! rows wanted that hold a NaN            are missing
//! for each batch of these
//!   embed, write each row in its place   a row cut in the middle still holds a NaN
//!
//! Cost: rows × columns × 4 bytes on disk from the start, one batch in memory, one reading of the
//! rows wanted to go on. Does not: notice another network or other pictures; the file's name should
//! distinguish them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use annatomy_formats::{open_regular, write_atomically};

use crate::batches::{BatchError, Batches};
use crate::embedder::Embedder;
use crate::output::{HEADER_BYTES, header};
use crate::source::{ItemError, Source, SourceError};

/// Embeddings on disk, some of them still missing.
#[derive(Debug)]
pub struct KeptRows {
    path: PathBuf,
    file: File,
    rows: usize,
    columns: usize,
}

/// Why embeddings cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} ({found} bytes) is no matrix of {rows} × {columns} float32 that was begun here", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// Rows expected.
        rows: usize,
        /// Columns expected.
        columns: usize,
    },
    /// Another process writes it.
    #[error("{} is being written by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A row that the set does not have.
    #[error("row {row} of {rows} pictures")]
    NoRow {
        /// The row.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// The pictures cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// One picture cannot be embedded.
    #[error("{name}: {error}")]
    Broken {
        /// The picture.
        name: String,
        /// What is wrong with it.
        error: ItemError,
    },
    /// The threads cannot be started.
    #[error("starting threads: {0}")]
    Threads(io::Error),
}

impl From<BatchError> for KeptError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Source(error) => Self::Source(error),
            BatchError::Threads(error) => Self::Threads(error),
        }
    }
}

impl KeptRows {
    /// Opens what was begun at `path`, or begins it.
    pub fn open(path: &Path, rows: usize, columns: usize) -> Result<Self, KeptError> {
        let failed = |source| KeptError::Io {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            begin(path, rows, columns).map_err(failed)?;
        }
        // A FIFO would block, a device has no rows.
        open_regular(path).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(KeptError::Busy {
                    path: path.to_owned(),
                });
            }
            // Where the file system knows no locks, two at once write the same bytes.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let found = file.metadata().map_err(failed)?.len();
        let mut start = Vec::new();
        (&mut file)
            .take(HEADER_BYTES as u64)
            .read_to_end(&mut start)
            .map_err(failed)?;
        if found != (HEADER_BYTES + rows * columns * 4) as u64
            || start != header(rows as u64, columns)
        {
            return Err(KeptError::Foreign {
                path: path.to_owned(),
                found,
                rows,
                columns,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            rows,
            columns,
        })
    }

    /// Which of `wanted` are not there yet, ascending, each once.
    pub fn missing(&mut self, wanted: &[usize]) -> Result<Vec<usize>, KeptError> {
        let mut missing = wanted.to_vec();
        missing.sort_unstable();
        missing.dedup();
        if let Some(&row) = missing.last().filter(|&&row| row >= self.rows) {
            return Err(KeptError::NoRow {
                row,
                rows: self.rows,
            });
        }
        let mut bytes = vec![0; self.columns * 4];
        let mut failure = None;
        missing.retain(|&row| {
            match self
                .at(row)
                .and_then(|mut file| file.read_exact(&mut bytes))
            {
                Ok(()) => values(&bytes).any(f32::is_nan),
                Err(error) => {
                    failure.get_or_insert(error);
                    true
                }
            }
        });
        failure.map_or(Ok(missing), |error| Err(self.io(error)))
    }

    /// Embeds `rows` of the binary `pictures`, whose first picture is row `first` of the set;
    /// `rows` count from `first`.
    pub fn fill(
        &mut self,
        (pictures, first): (&Path, usize),
        rows: Vec<usize>,
        embedder: &Embedder,
        threads: usize,
    ) -> Result<(), KeptError> {
        let mut batches = Batches::new(embedder, threads);
        let mut places = rows.clone().into_iter().map(|row| first + row);
        let mut source = Source::records(pictures, rows)?;
        annatomy_runtime::stage("embedding", source.count().unwrap_or(0));
        loop {
            let batch = batches.next(&mut source)?;
            if batch.is_empty() {
                return self.file.sync_all().map_err(|error| self.io(error));
            }
            for ((name, embedding), place) in batch.into_iter().zip(&mut places) {
                match embedding {
                    Ok(row) => self.write(place, &row)?,
                    Err(error) => return Err(KeptError::Broken { name, error }),
                }
                annatomy_runtime::advance(1);
            }
        }
    }

    fn write(&mut self, row: usize, values: &[f32]) -> Result<(), KeptError> {
        if row >= self.rows {
            return Err(KeptError::NoRow {
                row,
                rows: self.rows,
            });
        }
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.at(row)
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(|error| self.io(error))
    }

    fn at(&self, row: usize) -> io::Result<&File> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(
            (HEADER_BYTES + row * self.columns * 4) as u64,
        ))?;
        Ok(file)
    }

    fn io(&self, source: io::Error) -> KeptError {
        KeptError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

fn begin(path: &Path, rows: usize, columns: usize) -> io::Result<()> {
    let row: Vec<u8> = std::iter::repeat_n(f32::NAN.to_le_bytes(), columns)
        .flatten()
        .collect();
    write_atomically(path, |file| {
        file.write_all(&header(rows as u64, columns))?;
        (0..rows).try_for_each(|_| file.write_all(&row))
    })
}

fn values(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
}
