//! All pictures of a source into a matrix and its ids.
//!
//! Enters: a path to pictures. Leaves: `OUT.npy`, float32, a row per picture that could be read;
//! `OUT.ids.txt`, their names.
//!
//! while the source has pictures
//!   take a batch                         a few per thread, bounded in bytes
//!   decode, crop, embed each             one thread per picture
//!   write the rows                       in the source's order
//!
//! Cost: the network's; memory does not grow with the number of pictures. Does not: resume (the
//! output is whole or not there).

use std::io;
use std::path::{Path, PathBuf};

use crate::batches::{BatchError, Batches, Embedded};
use crate::embedder::Embedder;
use crate::output::{self, Rows};
use crate::progress::Progress;
use crate::source::{ItemError, Source, SourceError};

/// What to embed, into what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// A folder, a picture, an archive, a list or a binary: see [`Source`].
    pub images: PathBuf,
    /// The `.npy` to write; the ids go beside it.
    pub output: PathBuf,
    /// Threads; 0 is one per core.
    pub threads: usize,
    /// What to do about a picture that cannot be read.
    pub on_broken: OnBroken,
}

/// What to do about a picture that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBroken {
    /// Say so and leave it out.
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
    /// The file with their names, one per row.
    pub ids: PathBuf,
}

/// Why a job wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The source cannot be opened or breaks off.
    #[error(transparent)]
    Source(#[from] SourceError),
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
    #[error("no picture could be embedded: {skipped} were found, none could be read")]
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
            threads: 0,
            on_broken: OnBroken::default(),
        }
    }

    /// Embeds everything, telling `progress` in order.
    pub fn run(
        &self,
        embedder: &Embedder,
        progress: &mut dyn Progress,
    ) -> Result<Summary, JobError> {
        let mut batches = Batches::new(embedder, self.threads);
        let mut source = Source::open(&self.images)?;
        progress.begins(source.count());
        output::write(&self.output, embedder.dimensions(), |rows| {
            let mut skipped = 0;
            loop {
                let batch = batches.next(&mut source)?;
                if batch.is_empty() {
                    break;
                }
                skipped += self.write(batch, rows, progress)?;
            }
            if rows.count == 0 {
                return Err(JobError::NoPictures { skipped });
            }
            Ok(Summary {
                embedded: rows.count,
                skipped,
                ids: output::ids_path(&self.output),
            })
        })
    }

    /// Writes a batch; how many of it are left out.
    fn write(
        &self,
        batch: Vec<Embedded>,
        rows: &mut Rows<'_>,
        progress: &mut dyn Progress,
    ) -> Result<u64, JobError> {
        let mut skipped = 0;
        for (name, result) in batch {
            match (result, self.on_broken) {
                (Ok(row), _) => {
                    rows.push(&name, &row)?;
                    progress.embedded(&name);
                }
                (Err(error), OnBroken::Stop) => return Err(JobError::Broken { name, error }),
                (Err(error), OnBroken::Skip) => {
                    progress.skipped(&name, &error);
                    skipped += 1;
                }
            }
        }
        Ok(skipped)
    }
}
