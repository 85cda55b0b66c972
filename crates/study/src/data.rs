//! The rows of each run: generated, read whole, taken from memory, or drawn as NumPy draws them.

use super::{StoreError, StudyError};
use crate::config::RESNET50_LIKE;
use crate::results::Settings;
use annatomy_builtin::resnet50_like;
use annatomy_formats::{ReadError, VectorFile};
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, validate};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Rows of the built-in data, as in the study.
pub const BUILTIN_ROWS: usize = 10_000;

/// Where rows come from.
pub(crate) enum Source<'a> {
    BuiltIn {
        rows: usize,
    },
    File {
        path: PathBuf,
        file: VectorFile,
        subset: Option<usize>,
    },
    Memory {
        rows: MatrixView<'a>,
        subset: Option<usize>,
    },
}

impl<'a> Source<'a> {
    pub(crate) fn open(settings: &Settings) -> Result<Self, StudyError> {
        let subset = settings.subset;
        if settings.data == RESNET50_LIKE {
            return Self::BuiltIn {
                rows: subset.unwrap_or(BUILTIN_ROWS),
            }
            .checked(settings);
        }
        let path = PathBuf::from(&settings.data);
        let file = VectorFile::open(&path).map_err(reading(&path))?;
        check_subset(subset, file.rows())?;
        Self::File { path, file, subset }.checked(settings)
    }

    /// Rows that are in memory already; `settings.data` only names them.
    pub(crate) fn memory(rows: MatrixView<'a>, settings: &Settings) -> Result<Self, StudyError> {
        check_subset(settings.subset, rows.rows())?;
        Self::Memory {
            rows,
            subset: settings.subset,
        }
        .checked(settings)
    }

    /// Itself, if a run has rows enough for what is asked.
    fn checked(self, settings: &Settings) -> Result<Self, StudyError> {
        let largest_k = settings.ks.last().copied().unwrap_or(0);
        let rows = self.rows();
        if largest_k >= rows {
            return Err(StudyError::KTooLarge { k: largest_k, rows });
        }
        if let Some(sample) = settings.sample
            && sample > rows
        {
            return Err(StudyError::SampleTooLarge { sample, rows });
        }
        Ok(self)
    }

    /// Rows per run.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::BuiltIn { rows } => *rows,
            Self::File { file, subset, .. } => subset.unwrap_or(file.rows()),
            Self::Memory { rows, subset } => subset.unwrap_or(rows.rows()),
        }
    }

    /// Size of the data and a checksum of its first and last bytes; zeros for built-in data.
    pub(crate) fn fingerprint(&self) -> Result<(u64, u64), StudyError> {
        match self {
            Self::BuiltIn { .. } => Ok((0, 0)),
            Self::Memory { rows, .. } => Ok(fingerprint_of_values(rows.values())),
            Self::File { path, .. } => fingerprint(path).map_err(|source| {
                StudyError::Store(StoreError::Io {
                    path: path.clone(),
                    source,
                })
            }),
        }
    }

    /// The rows of run `run`, checked; for cosine scaled to unit length.
    pub(crate) fn load(
        &self,
        settings: &Settings,
        run: usize,
        metric: Metric,
    ) -> Result<Matrix, StudyError> {
        let seed = settings.seed.wrapping_add(run as u64);
        let mut rows = match self {
            Self::BuiltIn { rows } => resnet50_like(*rows, seed)?,
            Self::File {
                path,
                file,
                subset: None,
            } => file.read_all().map_err(reading(path))?,
            Self::File {
                path,
                file,
                subset: Some(size),
            } => file
                .select(&numpy_choice(seed, file.rows(), *size)?)
                .map_err(reading(path))?,
            Self::Memory { rows, subset: None } => rows.to_matrix(),
            Self::Memory {
                rows,
                subset: Some(size),
            } => rows.select(&numpy_choice(seed, rows.rows(), *size)?),
        };
        let unusable = |source| StudyError::Rows {
            data: settings.data.clone(),
            run,
            source,
        };
        validate::check(rows.view(), metric).map_err(unusable)?;
        if metric == Metric::Cosine {
            normalize_rows(&mut rows).map_err(unusable)?;
        }
        Ok(rows)
    }
}

fn check_subset(subset: Option<usize>, rows: usize) -> Result<(), StudyError> {
    match subset {
        Some(subset) if subset > rows => Err(StudyError::SubsetTooLarge { subset, rows }),
        _ => Ok(()),
    }
}

/// The rows of a run that are queries: all, or a seeded sample in ascending order.
pub(crate) fn queries(
    settings: &Settings,
    run: usize,
    rows: usize,
) -> Result<Vec<usize>, StudyError> {
    match settings.sample {
        None => Ok((0..rows).collect()),
        Some(sample) => {
            // A stream apart from the one that draws subsets.
            let seed = settings.seed.wrapping_add(run as u64) ^ 0x5a3f_17e5_0000_0000;
            let mut chosen = numpy_choice(seed, rows, sample)?;
            chosen.sort_unstable();
            Ok(chosen)
        }
    }
}

fn reading(path: &Path) -> impl Fn(ReadError) -> StudyError + '_ {
    |source| StudyError::Vectors {
        path: path.to_owned(),
        source,
    }
}

/// Bytes read at either end of the data file.
const END_BYTES: u64 = 1 << 16;

fn fingerprint(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut ends = Vec::new();
    (&mut file).take(END_BYTES).read_to_end(&mut ends)?;
    file.seek(SeekFrom::Start(size.saturating_sub(END_BYTES)))?;
    file.take(END_BYTES).read_to_end(&mut ends)?;
    Ok((size, checksum(ends.into_iter())))
}

/// As [`fingerprint`], of values in memory.
fn fingerprint_of_values(values: &[f32]) -> (u64, u64) {
    let end = values.len().min(END_BYTES as usize / size_of::<f32>());
    let ends = values[..end].iter().chain(&values[values.len() - end..]);
    (
        size_of_val(values) as u64,
        checksum(ends.flat_map(|value| value.to_le_bytes())),
    )
}

/// FNV-1a: stable across versions and machines; it guards against mix-ups, not against malice.
fn checksum(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
