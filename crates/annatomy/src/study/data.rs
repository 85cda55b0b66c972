//! The rows of each run: generated, read whole, or drawn as NumPy draws them.

use super::{StoreError, StudyError};
use crate::builtin::resnet50_like;
use crate::config::RESNET50_LIKE;
use crate::results::Settings;
use annatomy_vectors::formats::{ReadError, VectorFile};
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, Metric, validate};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Rows of the built-in data, as in the study.
pub const BUILTIN_ROWS: usize = 10_000;

/// Where rows come from.
pub(crate) enum Source {
    BuiltIn { rows: usize },
    File { path: PathBuf, file: VectorFile, subset: Option<usize> },
}

impl Source {
    pub(crate) fn open(settings: &Settings) -> Result<Self, StudyError> {
        let largest_k = settings.ks.last().copied().unwrap_or(0);
        let source = if settings.data == RESNET50_LIKE {
            Self::BuiltIn { rows: settings.subset.unwrap_or(BUILTIN_ROWS) }
        } else {
            let path = PathBuf::from(&settings.data);
            let file = VectorFile::open(&path).map_err(reading(&path))?;
            if let Some(subset) = settings.subset
                && subset > file.rows()
            {
                return Err(StudyError::SubsetTooLarge { subset, rows: file.rows() });
            }
            Self::File { path, file, subset: settings.subset }
        };
        let rows = source.rows();
        if largest_k >= rows {
            return Err(StudyError::KTooLarge { k: largest_k, rows });
        }
        if let Some(sample) = settings.sample
            && sample > rows
        {
            return Err(StudyError::SampleTooLarge { sample, rows });
        }
        Ok(source)
    }

    /// Rows per run.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::BuiltIn { rows } => *rows,
            Self::File { file, subset, .. } => subset.unwrap_or(file.rows()),
        }
    }

    /// Size of the data file and a checksum of its first and last bytes; zeros for built-in data.
    pub(crate) fn fingerprint(&self) -> Result<(u64, u64), StudyError> {
        match self {
            Self::BuiltIn { .. } => Ok((0, 0)),
            Self::File { path, .. } => {
                fingerprint(path).map_err(|source| StudyError::Store(StoreError::Io { path: path.clone(), source }))
            }
        }
    }

    /// The rows of run `run`, checked; for cosine scaled to unit length.
    pub(crate) fn load(&self, settings: &Settings, run: usize, metric: Metric) -> Result<Matrix, StudyError> {
        let seed = settings.seed.wrapping_add(run as u64);
        let mut rows = match self {
            Self::BuiltIn { rows } => resnet50_like(*rows, seed)?,
            Self::File { path, file, subset: None } => file.read_all().map_err(reading(path))?,
            Self::File { path, file, subset: Some(size) } => {
                file.select(&numpy_choice(seed, file.rows(), *size)?).map_err(reading(path))?
            }
        };
        let unusable = |source| StudyError::Rows { data: settings.data.clone(), run, source };
        validate::check(rows.view(), metric).map_err(unusable)?;
        if metric == Metric::Cosine {
            normalize_rows(&mut rows).map_err(unusable)?;
        }
        Ok(rows)
    }
}

/// The rows of a run that are queries: all, or a seeded sample in ascending order.
pub(crate) fn queries(settings: &Settings, run: usize, rows: usize) -> Result<Vec<usize>, StudyError> {
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
    |source| StudyError::Vectors { path: path.to_owned(), source }
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
    // FNV-1a: stable across versions and machines; it guards against mix-ups, not against malice.
    let checksum = ends
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Ok((size, checksum))
}
