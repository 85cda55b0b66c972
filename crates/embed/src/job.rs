//! Batch embedding of a whole source into a matrix and its ids.
//!
//! Input: a path to pictures. Output: `OUT.npy`, float32, a row per picture that could be read;
//! `OUT.ids.txt`, their names.
//!
//! check the outputs                      nothing that is read is replaced
//! while the source has pictures
//!   take a batch                         a few per thread, bounded in bytes
//!   decode, crop, embed                  one thread per group of pictures
//!   write the rows                       in the source's order
//!
//! Cost: the network's; memory does not grow with the number of pictures. Does not: resume (the
//! output is whole or not there).

use std::io;
use std::path::{Path, PathBuf};

use annatomy_formats::{is_same_file, open_regular};

use crate::batches::{BatchError, Batches, Embedded};
use crate::embedder::Embedder;
use crate::output::{self, Rows};
use crate::source::{ItemError, Source, SourceError};

/// Files that are no pictures and are named one by one; further ones are counted.
const NAMED_OTHERS: u64 = 20;

/// What to embed, into what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// A folder, a picture, an archive, a list or a binary: see [`Source`].
    pub images: PathBuf,
    /// The `.npy` to write; the ids go into `.ids.txt` of the same name.
    pub output: PathBuf,
    /// Other files that are read, which the outputs must not replace: weights, settings.
    pub also_read: Vec<PathBuf>,
    /// Threads; 0 is one per core.
    pub threads: usize,
    /// What to do about a picture that cannot be read.
    pub on_broken: OnBroken,
}

/// What to do about a picture that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBroken {
    /// Report it and leave it out.
    #[default]
    Skip,
    /// End at once, writing nothing.
    Stop,
}

/// What a job did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows written.
    pub embedded: u64,
    /// Pictures left out.
    pub skipped: u64,
    /// Files left out that are no pictures.
    pub others: u64,
    /// The file with the names of the rows.
    pub ids: PathBuf,
}

/// Why a job wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The source cannot be opened or breaks off.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An output would replace a file that is read.
    #[error("{} would replace {}, which is read", output.display(), input.display())]
    Overwrites {
        /// The output.
        output: PathBuf,
        /// The file that is read.
        input: PathBuf,
    },
    /// An output cannot be put where it should be.
    #[error("{}: {error}", path.display())]
    Place {
        /// The output.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The output cannot be written.
    #[error("writing the embeddings: {0}")]
    Output(#[from] io::Error),
    /// A picture cannot be read, and [`OnBroken::Stop`] was asked for.
    #[error("{name}: {error}")]
    Broken {
        /// The picture.
        name: String,
        /// What is wrong with it.
        error: ItemError,
    },
    /// Not one picture could be read.
    #[error("no picture could be embedded; {skipped} were left out")]
    NoPictures {
        /// Pictures that were left out.
        skipped: u64,
    },
    /// The threads cannot be started.
    #[error("starting threads: {0}")]
    Threads(io::Error),
}

impl From<BatchError> for JobError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Source(error) => Self::Source(error),
            BatchError::Threads(error) => Self::Threads(error),
        }
    }
}

impl Job {
    /// From a source into a file, on all cores, leaving out what cannot be read.
    pub fn new(images: impl AsRef<Path>, output: impl AsRef<Path>) -> Self {
        let (images, output) = (images.as_ref().to_owned(), output.as_ref().to_owned());
        Self {
            images,
            output,
            also_read: Vec::new(),
            threads: 0,
            on_broken: OnBroken::default(),
        }
    }

    /// Checks the output before any work: its folder is there, what stands under its name may be
    /// replaced, and no file that is read would be.
    pub fn check(&self) -> Result<(), JobError> {
        let mut inputs = self.also_read.clone();
        inputs.push(self.images.clone());
        let listed = Source::listed(&self.images)?;
        for output in [&self.output, &output::ids_path(&self.output)] {
            check_place(output)?;
            let listed = listed
                .iter()
                .filter(|path| path.file_name() == output.file_name());
            for input in inputs.iter().chain(listed) {
                if is_same_file(input, output) {
                    return Err(JobError::Overwrites {
                        output: output.clone(),
                        input: input.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Embeds everything; stages, steps and pictures that are left out go to the monitor of this
    /// thread ([`annatomy_runtime::Monitor`]).
    pub fn run(&self, embedder: &Embedder) -> Result<Summary, JobError> {
        self.check()?;
        let mut batches = Batches::new(embedder, self.threads);
        let mut source = Source::open(&self.images)?;
        annatomy_runtime::stage("embedding", source.count().unwrap_or(0));
        output::write(&self.output, embedder.dimensions(), |rows| {
            let mut left_out = LeftOut::default();
            loop {
                let batch = batches.next(&mut source)?;
                if batch.is_empty() {
                    break;
                }
                self.write(batch, rows, &mut left_out)?;
            }
            left_out.conclude();
            if rows.count == 0 {
                return Err(JobError::NoPictures {
                    skipped: left_out.pictures,
                });
            }
            Ok(Summary {
                embedded: rows.count,
                skipped: left_out.pictures,
                others: left_out.others,
                ids: output::ids_path(&self.output),
            })
        })
    }

    fn write(
        &self,
        batch: Vec<Embedded>,
        rows: &mut Rows<'_>,
        left_out: &mut LeftOut,
    ) -> Result<(), JobError> {
        for (name, result) in batch {
            match result {
                Ok(row) => rows.push(&name, &row)?,
                // A file that is no picture at all is named, and stops nothing.
                Err(error) if self.on_broken == OnBroken::Stop && !error.is_no_picture() => {
                    return Err(JobError::Broken { name, error });
                }
                Err(error) => left_out.add(&name, &error),
            }
            annatomy_runtime::advance(1);
        }
        Ok(())
    }
}

/// What has no row.
#[derive(Default)]
struct LeftOut {
    pictures: u64,
    others: u64,
}

impl LeftOut {
    fn add(&mut self, name: &str, error: &ItemError) {
        let is_named = if error.is_no_picture() {
            self.others += 1;
            self.others <= NAMED_OTHERS
        } else {
            self.pictures += 1;
            true
        };
        if is_named {
            annatomy_runtime::warn(&format!("left out {name}: {error}"));
        }
    }

    fn conclude(&self) {
        let more = self.others.saturating_sub(NAMED_OTHERS);
        if more > 0 {
            annatomy_runtime::warn(&format!("left out {more} more files that are no pictures"));
        }
    }
}

/// The folder of an output is there, and its name is free or a regular file's.
fn check_place(output: &Path) -> Result<(), JobError> {
    let failed = |error| JobError::Place {
        path: output.to_owned(),
        error,
    };
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        folder.metadata().map_err(failed)?;
    }
    match open_regular(output) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(failed(error)),
        // What cannot be read may still be replaced.
        _ => Ok(()),
    }
}
