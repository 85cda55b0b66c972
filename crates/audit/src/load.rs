//! Opens every input of an audit once.
//!
//! Enters: the paths of a request. Leaves: [`Opened`]: the vectors and queries as open files, the
//! saved index or method, the tables of answers, the side tables, and what each says of its metric.
//! Nothing is decided here: the metric is chosen from what is open ([`metric`](super::metric)), then the
//! data set is prepared.

use super::error::{AuditError, in_file, in_vectors};
use super::filter::GivenRows;
use super::groups::GivenGroups;
use super::keys::GivenIds;
use super::notes::Note;
use super::request::AuditRequest;
use super::side_tables::SideTables;
use annatomy_formats::{BenchmarkRun, IdTable, VectorFile, read_distances, read_id_table};
use annatomy_hnsw::import::{SavedIndex, SavedIndexError};
use annatomy_methods::Method;
use annatomy_runtime::check_memory;
use annatomy_vectors::validate;
use annatomy_vectors::{Matrix, Metric};
use std::path::{Path, PathBuf};

/// Segments named before the rest are only counted.
const NAMED: usize = 4;

/// All inputs, each opened once.
pub(super) struct Opened {
    pub(super) vectors: Option<OpenVectors>,
    pub(super) queries: Option<OpenVectors>,
    pub(super) index: Option<OpenIndex>,
    /// In the place of `index`, an index that is more than a graph over float32 rows.
    pub(super) method: Option<OpenMethod>,
    pub(super) answers: Option<OpenAnswers>,
    pub(super) side: SideTables,
}

/// A file of vectors and its path.
pub(super) struct OpenVectors {
    pub(super) path: PathBuf,
    pub(super) file: VectorFile,
}

/// A saved index and its path.
pub(super) struct OpenIndex {
    pub(super) path: PathBuf,
    pub(super) saved: SavedIndex,
    /// Whether it was saved without its vectors, which are VECTORS.
    pub(super) over_vectors: bool,
    /// Rows of each segment, where several were joined.
    pub(super) segments: Vec<usize>,
}

/// A saved index of codes, cells, transforms or a rerank, and its path.
pub(super) struct OpenMethod {
    pub(super) path: PathBuf,
    pub(super) saved: Method,
}

/// Tables of answers as they were saved.
pub(super) struct OpenAnswers {
    pub(super) path: PathBuf,
    pub(super) run: Option<BenchmarkRun>,
    pub(super) ids: IdTable,
    pub(super) distances: Option<Matrix>,
}

impl Opened {
    pub(super) fn open(request: &AuditRequest, notes: &mut Vec<Note>) -> Result<Self, AuditError> {
        let base = request.vectors.as_deref();
        let vectors = base.map(OpenVectors::open).transpose()?;
        let (index, method) = match request.index.as_deref() {
            Some(path) if request.segments.is_empty() => {
                open_index(path, vectors.as_ref(), request.metric, notes)?
            }
            Some(path) => {
                let joined = OpenIndex::open_segments(path, &request.segments, notes)?;
                (Some(joined), None)
            }
            None => (None, None),
        };
        let queries = request.queries.as_deref();
        let queries = queries.map(OpenVectors::open_queries).transpose()?;
        for opened in vectors.iter().chain(&queries) {
            opened.note_singleton_axes(notes);
        }
        Ok(Self {
            vectors,
            queries,
            index,
            method,
            answers: OpenAnswers::open(request)?,
            side: SideTables {
                ids: request.ids.as_deref().map(GivenIds::read).transpose()?,
                allowed: request
                    .allowed
                    .as_deref()
                    .map(GivenRows::read)
                    .transpose()?,
                groups: request
                    .groups
                    .as_deref()
                    .map(GivenGroups::read)
                    .transpose()?,
            },
        })
    }

    /// What a report calls the data.
    pub(super) fn name(&self) -> String {
        let vectors = self.vectors.as_ref().map(|vectors| &vectors.path);
        let path = vectors.or(self.index.as_ref().map(|index| &index.path));
        path.map_or(String::new(), |path| path.display().to_string())
    }

    /// The metric that the file of vectors names, as those of ann-benchmarks do.
    pub(super) fn metric_of_vectors(&self) -> Option<Metric> {
        self.vectors.as_ref()?.file.metric_name()?.parse().ok()
    }

    /// The metric that the answers say they were searched under, as results of ann-benchmarks do.
    pub(super) fn metric_of_answers(&self) -> Option<Metric> {
        let run = self.answers.as_ref()?.run.as_ref()?;
        run.distance.as_ref()?.parse().ok()
    }
}

impl OpenVectors {
    fn open(path: &Path) -> Result<Self, AuditError> {
        let file = VectorFile::open(path).map_err(in_file(path))?;
        let path = path.to_owned();
        Ok(Self { path, file })
    }

    fn open_queries(path: &Path) -> Result<Self, AuditError> {
        let file = VectorFile::open_queries(path).map_err(in_file(path))?;
        let path = path.to_owned();
        Ok(Self { path, file })
    }

    /// Notes the axes of length 1 that reading drops.
    fn note_singleton_axes(&self, notes: &mut Vec<Note>) {
        if self.file.singleton_axes() > 0 {
            notes.push(Note::SingletonAxes {
                path: self.path.display().to_string(),
                axes: self.file.singleton_axes(),
            });
        }
    }

    /// The given rows, of one state of the file.
    pub(super) fn select(&self, numbers: &[usize]) -> Result<Matrix, AuditError> {
        let rows = self.file.select(numbers).map_err(in_file(&self.path))?;
        self.file.check_unchanged().map_err(in_file(&self.path))?;
        Ok(rows)
    }

    /// All rows, of one state of the file.
    pub(super) fn read_all(&self) -> Result<Matrix, AuditError> {
        let rows = self.file.read_all().map_err(in_file(&self.path))?;
        self.file.check_unchanged().map_err(in_file(&self.path))?;
        Ok(rows)
    }
}

/// A graph over float32 rows, or else what more the file is.
fn open_index(
    path: &Path,
    vectors: Option<&OpenVectors>,
    metric: Option<Metric>,
    notes: &mut Vec<Note>,
) -> Result<(Option<OpenIndex>, Option<OpenMethod>), AuditError> {
    match OpenIndex::open(path, vectors, notes) {
        Err(AuditError::Index { source, .. }) if source.is_unsupported() => {
            let method = OpenMethod::open(path, source, metric, notes)?;
            Ok((None, Some(method)))
        }
        opened => Ok((Some(opened?), None)),
    }
}

impl OpenMethod {
    /// `unsupported`: why the file is no graph over float32 rows; `metric`: where the file does not say
    /// it.
    fn open(
        path: &Path,
        unsupported: SavedIndexError,
        metric: Option<Metric>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, AuditError> {
        let saved = Method::read_under(path, metric).map_err(|source| AuditError::Index {
            path: path.to_owned(),
            source: match source {
                SavedIndexError::Unrecognized { .. } => unsupported,
                source => source,
            },
        })?;
        note_bytes_after(path, saved.bytes_after, notes);
        let path = path.to_owned();
        Ok(Self { path, saved })
    }
}

fn note_bytes_after(path: &Path, bytes: usize, notes: &mut Vec<Note>) {
    if bytes > 0 {
        notes.push(Note::BytesAfterIndex {
            path: path.display().to_string(),
            bytes: bytes as u64,
        });
    }
}

impl OpenIndex {
    /// Where the index was saved without its vectors, these are VECTORS.
    fn open(
        path: &Path,
        vectors: Option<&OpenVectors>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, AuditError> {
        let bad = |source| AuditError::Index {
            path: path.to_owned(),
            source,
        };
        // The file, and what is read out of it.
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        check_memory("the index", bytes.saturating_mul(2))?;
        let (saved, over_vectors) = match (SavedIndex::read(path), vectors) {
            (Err(SavedIndexError::NoVectors { .. }), Some(vectors)) => {
                notes.push(Note::IndexWithoutVectors);
                let rows = vectors.read_all()?;
                (SavedIndex::read_over(path, rows).map_err(bad)?, true)
            }
            (read, _) => (read.map_err(bad)?, false),
        };
        note_bytes_after(path, saved.bytes_after, notes);
        validate::check_finite(saved.vectors.view()).map_err(in_vectors(path))?;
        Ok(Self {
            path: path.to_owned(),
            saved,
            over_vectors,
            segments: Vec::new(),
        })
    }

    /// Segments of one collection, each with its vectors.
    fn open_segments(
        first: &Path,
        more: &[PathBuf],
        notes: &mut Vec<Note>,
    ) -> Result<Self, AuditError> {
        let paths = std::iter::once(first).chain(more.iter().map(PathBuf::as_path));
        let opened: Result<Vec<Self>, AuditError> =
            paths.map(|path| Self::open(path, None, notes)).collect();
        joined(opened?)
    }
}

/// Joins the opened segments, each of `paths`, to one index.
fn joined(segments: Vec<OpenIndex>) -> Result<OpenIndex, AuditError> {
    let mut names = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        if number < NAMED || number + 1 == segments.len() {
            let rows = segment.saved.vectors.rows();
            names.push(format!("{} ({rows} rows)", segment.path.display()));
        } else if number == NAMED {
            names.push("…".to_owned());
        }
    }
    let rows = segments
        .iter()
        .map(|segment| segment.saved.vectors.rows())
        .collect();
    let name = |path: &Path| path.display().to_string();
    let saved = segments
        .into_iter()
        .map(|segment| (name(&segment.path), segment.saved));
    Ok(OpenIndex {
        path: PathBuf::from(names.join(" + ")),
        saved: SavedIndex::merged(saved.collect())?,
        over_vectors: false,
        segments: rows,
    })
}

impl OpenAnswers {
    fn open(request: &AuditRequest) -> Result<Option<Self>, AuditError> {
        let Some(path) = &request.neighbors else {
            return match &request.distances {
                Some(_) => Err(AuditError::Request(
                    "distances were given without neighbors".to_owned(),
                )),
                None => Ok(None),
            };
        };
        let run = BenchmarkRun::read(path).map_err(in_file(path))?;
        let (ids, in_same_file) = read_id_table(path).map_err(in_file(path))?;
        let distances = match &request.distances {
            Some(path) => Some(read_distances(path).map_err(in_file(path))?),
            None => in_same_file,
        };
        Ok(Some(Self {
            path: path.clone(),
            run,
            ids,
            distances,
        }))
    }
}
