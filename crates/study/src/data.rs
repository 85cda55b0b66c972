//! The rows of each run: generated, read whole, taken from memory, or drawn as NumPy draws them.
//!
//! A file's length and time of change are taken when it is opened and compared after each run, so
//! that no study mixes two states of its data.

use super::StudyError;
use super::fingerprint::{Fingerprint, Stamp};
use crate::config::RESNET50_LIKE;
use crate::results::Settings;
use annatomy_builtin::{FEATURES, resnet50_like};
use annatomy_formats::{ReadError, Source as FileSource, VectorFile};
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, validate};
use std::io;
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
        /// Of the file when it was opened.
        stamp: Stamp,
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
        let stamp =
            Stamp::of_file(FileSource::parse(&path).path()).map_err(fingerprinting(&path))?;
        check_subset(subset, file.rows())?;
        Self::File {
            path,
            file,
            subset,
            stamp,
        }
        .checked(settings)
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

    /// Columns of every row.
    pub(crate) fn columns(&self) -> usize {
        match self {
            Self::BuiltIn { .. } => FEATURES,
            Self::File { file, .. } => file.columns(),
            Self::Memory { rows, .. } => rows.columns(),
        }
    }

    /// Size and hash of the whole data.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, StudyError> {
        match self {
            Self::BuiltIn { .. } => Ok(Fingerprint::default()),
            Self::Memory { rows, .. } => Ok(Fingerprint::of_values(rows.values())),
            Self::File { path, .. } => {
                let fingerprint = Fingerprint::of_file(FileSource::parse(path).path());
                let fingerprint = fingerprint.map_err(fingerprinting(path))?;
                self.check_unchanged(None)?;
                Ok(fingerprint)
            }
        }
    }

    /// An error if the file has changed since it was opened. Where its `fingerprint` is known, a
    /// file that was only touched counts as unchanged.
    pub(crate) fn check_unchanged(
        &self,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<(), StudyError> {
        let Self::File { path, stamp, .. } = self else {
            return Ok(());
        };
        let file = FileSource::parse(path);
        let now = Stamp::of_file(file.path()).map_err(fingerprinting(path))?;
        if now == *stamp {
            return Ok(());
        }
        if let Some(fingerprint) = fingerprint {
            let found = Fingerprint::of_file(file.path()).map_err(fingerprinting(path))?;
            if found == *fingerprint {
                return Ok(());
            }
        }
        Err(StudyError::DataChanged {
            path: path.clone(),
            bytes: stamp.bytes,
            found: now.bytes,
        })
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
                ..
            } => file.read_all().map_err(reading(path))?,
            Self::File {
                path,
                file,
                subset: Some(size),
                ..
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
        validate::check_range(rows.view(), metric).map_err(unusable)?;
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

fn fingerprinting(path: &Path) -> impl Fn(io::Error) -> StudyError + '_ {
    |source| StudyError::Fingerprint {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;
    use annatomy_formats::write_matrix;

    fn line(rows: usize, columns: usize) -> Matrix {
        let values = (0..rows * columns).map(|value| value as f32).collect();
        Matrix::new(rows, columns, values).expect("as many values")
    }

    fn settings(data: &Path, subset: Option<usize>) -> Settings {
        Settings {
            data: data.display().to_string(),
            subset,
            ks: vec![2],
            ..defaults()
        }
    }

    #[test]
    fn a_subset_is_what_numpy_draws_with_the_seed_and_the_run() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("rows.npy");
        write_matrix(&path, line(10, 2).view()).expect("file");
        let settings = settings(&path, Some(4));
        let source = Source::open(&settings).expect("source");
        // numpy.random.default_rng(43).choice(10, 4, replace=False)
        let drawn = [5_u8, 0, 3, 8];
        let rows = source.load(&settings, 1, Metric::L2).expect("rows");
        for (row, number) in drawn.into_iter().enumerate() {
            assert_eq!(rows.row(row)[0], 2.0 * f32::from(number));
        }
    }

    #[test]
    fn a_changed_data_file_is_noticed_and_a_touched_one_is_not() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("rows.npy");
        write_matrix(&path, line(10, 2).view()).expect("file");
        let source = Source::open(&settings(&path, None)).expect("source");
        let fingerprint = source.fingerprint().expect("fingerprint");
        source.check_unchanged(None).expect("as it was");
        let file = std::fs::File::options()
            .write(true)
            .open(&path)
            .expect("file");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .expect("time");
        source.check_unchanged(Some(&fingerprint)).expect("touched");
        write_matrix(&path, line(11, 2).view()).expect("file");
        let error = source
            .check_unchanged(Some(&fingerprint))
            .expect_err("one row more");
        let error = error.to_string();
        assert!(
            error.contains("208 bytes") && error.contains("216 bytes now"),
            "{error}"
        );
        std::fs::remove_file(&path).expect("removed");
        source
            .check_unchanged(Some(&fingerprint))
            .expect_err("gone");
    }

    #[test]
    fn more_rows_than_there_are_cannot_be_drawn() {
        let rows = line(10, 2);
        let of = |change: fn(&mut Settings)| {
            let mut settings = settings(Path::new("x"), None);
            change(&mut settings);
            Source::memory(rows.view(), &settings)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(of(|_| ()), None);
        let refused = |change| of(change).unwrap_or_default();
        assert!(
            refused(|settings| settings.subset = Some(11))
                .contains("11 rows cannot be drawn from 10")
        );
        assert!(refused(|settings| settings.sample = Some(11)).contains("11 queries"));
        assert!(refused(|settings| settings.ks = vec![10]).contains("k = 10"));
    }

    #[test]
    fn sampled_queries_are_distinct_ascending_and_of_the_run() {
        let mut settings = settings(Path::new("x"), None);
        assert_eq!(queries(&settings, 0, 4).expect("all"), [0, 1, 2, 3]);
        settings.sample = Some(50);
        let of_run = |run| queries(&settings, run, 200).expect("sample");
        let first = of_run(0);
        assert_eq!(first.len(), 50);
        assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(first, of_run(0));
        assert_ne!(first, of_run(1));
    }
}
