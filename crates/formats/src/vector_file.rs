//! A file of vectors, open: its shape is known, its values are still where they were.
//!
//! Input: a path. Output: all rows, a range of rows, or chosen rows, as float32. Cost: opening reads
//! a header; values are read by position when they are asked for, into the caller's buffer where
//! the file holds float32, so that a pass in ranges keeps its own buffer and one block in memory,
//! whatever the file's size. `select` reads the rows asked for and no others; in Fortran order it
//! reads whole columns where many rows are asked for.

use std::ops::Range;
use std::path::Path;

use super::bytes::Bytes;
use super::element::{Element, Target};
use super::error::ReadError;
use super::format::Format;
use super::id_column::IdColumn;
use super::layout::Layout;
use super::source::{Role, Source};
use super::{bin, detect, npy, npz, tensors, vecs};
use annatomy_vectors::Matrix;

/// An open file of vectors.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("vectors.npy");
/// use annatomy_vectors::Matrix;
/// use annatomy_formats::{VectorFile, write_matrix};
///
/// let matrix = Matrix::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// write_matrix(&path, matrix.view())?;
///
/// let file = VectorFile::open(&path)?;
/// assert_eq!((file.rows(), file.columns()), (3, 2));
/// assert_eq!(file.select(&[2, 0])?.values(), [4.0, 5.0, 0.0, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct VectorFile {
    bytes: Bytes,
    layout: Layout,
    format: Format,
    metric_name: Option<String>,
    /// The whole file, where members are read from it later.
    whole: Bytes,
}

impl VectorFile {
    /// Opens the vectors to search in: the name decides the format, or else the content does.
    ///
    /// `FILE::NAME` names a member of a file that has several; where none is named, there must be
    /// exactly one matrix, or one called `train`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::open_source(&Source::parse(path), Role::Base)
    }

    /// Opens the vectors to search for: as [`open`](Self::open), but where nothing is named, the
    /// member called `test`.
    pub fn open_queries(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::open_source(&Source::parse(path), Role::Queries)
    }

    /// Opens the named member of a file.
    pub fn open_member(path: impl AsRef<Path>, member: &str) -> Result<Self, ReadError> {
        Self::open_source(&Source::member_of(path, member), Role::Base)
    }

    /// Opens what `source` names, or, where that leaves a choice, what is customary for the role.
    pub fn open_source(source: &Source, role: Role) -> Result<Self, ReadError> {
        let (format, bytes) = detect::open(source)?;
        let whole = bytes.clone();
        let layout = match format {
            Format::Npz | Format::Safetensors | Format::Parquet | Format::Arrow | Format::Hdf5 => {
                let (bytes, layout, metric_name) =
                    open_member(format, bytes, source.member(), role)?;
                return Ok(Self {
                    bytes,
                    layout,
                    format,
                    metric_name,
                    whole,
                });
            }
            Format::Npy => Layout::new(
                npy::claim(&bytes.head(npy::HEAD_BYTES as u64)?)?,
                bytes.len(),
            )?,
            Format::Fvecs => vecs::layout(&bytes, Element::F32)?,
            Format::Ivecs => vecs::layout(&bytes, Element::I32)?,
            Format::Bvecs => vecs::layout(&bytes, Element::U8)?,
            Format::Fbin => bin::layout(&bytes, Element::F32)?,
            Format::Ibin => bin::layout(&bytes, Element::I32)?,
            Format::U8bin => bin::layout(&bytes, Element::U8)?,
            Format::I8bin => bin::layout(&bytes, Element::I8)?,
            Format::F16bin => bin::layout(&bytes, Element::F16)?,
            Format::Bin => return Err(ReadError::NotVectors),
        };
        Ok(Self {
            bytes,
            layout,
            format,
            metric_name: None,
            whole,
        })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.layout.rows
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        self.layout.columns
    }

    /// The number type in the file.
    pub fn element(&self) -> Element {
        self.layout.element
    }

    /// The file's format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The metric that the file says its vectors are for, in the file's own words: the attribute
    /// `distance` of an HDF5 file, `angular` or `euclidean` for instance.
    pub fn metric_name(&self) -> Option<&str> {
        self.metric_name.as_deref()
    }

    /// The ids that the file holds for its rows, one for each, in a column next to the vectors.
    ///
    /// Of `.parquet`: the column called `id`, `_id`, `ids`, `pk`, `primary_key`, `key`, `point_id`,
    /// `doc_id` or `uuid`, of integers or text, or else the first other column of integers; only
    /// one whose values are all there and all different is taken. `None` where there is none, and
    /// for every other format. The column is decoded at each call; damage in it is an error.
    pub fn ids(&self) -> Result<Option<IdColumn>, ReadError> {
        match self.format {
            Format::Parquet => ids_of_parquet(&self.whole, self.rows()),
            _ => Ok(None),
        }
    }

    /// Trailing axes of length 1 that were dropped: 2 for an array of (N, 2048, 1, 1).
    pub fn singleton_axes(&self) -> usize {
        self.layout.singleton_axes
    }

    /// What a reader should know of how the file was taken, a sentence each: axes that were dropped.
    pub fn notes(&self) -> Vec<String> {
        match self.layout.singleton_axes {
            0 => Vec::new(),
            axes => vec![format!(
                "the array has {} dimensions: the last {axes}, of length 1, are dropped",
                axes + 2,
            )],
        }
    }

    /// Every row.
    pub fn read_all(&self) -> Result<Matrix, ReadError> {
        self.read_rows(0..self.rows())
    }

    /// An error if the file was written to since it was opened: what was read since then may be of
    /// two states.
    pub fn check_unchanged(&self) -> Result<(), ReadError> {
        self.whole.check_unchanged()
    }

    /// A range of rows.
    pub fn read_rows(&self, rows: Range<usize>) -> Result<Matrix, ReadError> {
        self.check_rows(&rows)?;
        let mut values = self.buffer(rows.len())?;
        self.layout
            .decode_all(&self.bytes, rows.clone(), &mut values)?;
        self.matrix(rows.len(), values)
    }

    /// A range of rows into a buffer that takes exactly those, for passes over files larger than
    /// memory.
    pub fn read_rows_into(&self, rows: Range<usize>, values: &mut [f32]) -> Result<(), ReadError> {
        self.check_rows(&rows)?;
        if rows.len().checked_mul(self.columns()) != Some(values.len()) {
            return Err(ReadError::Buffer {
                rows: rows.len(),
                columns: self.columns(),
                found: values.len(),
            });
        }
        self.layout.decode(&self.bytes, rows, values)
    }

    /// The given rows in the given order, repeats allowed.
    pub fn select(&self, rows: &[usize]) -> Result<Matrix, ReadError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.rows()) {
            return Err(ReadError::NoSuchRow {
                row,
                rows: self.rows(),
            });
        }
        let mut values = self.buffer(rows.len())?;
        self.layout.gather(&self.bytes, rows, &mut values)?;
        self.matrix(rows.len(), values)
    }

    fn check_rows(&self, range: &Range<usize>) -> Result<(), ReadError> {
        if range.start > range.end || range.end > self.rows() {
            return Err(ReadError::NoSuchRow {
                row: range.start.max(self.rows()),
                rows: self.rows(),
            });
        }
        Ok(())
    }

    fn buffer<T: Target>(&self, rows: usize) -> Result<Vec<T>, ReadError> {
        let refused = || ReadError::Memory {
            rows,
            columns: self.columns(),
        };
        let length = rows.checked_mul(self.columns()).ok_or_else(refused)?;
        // Asks first, since `vec!` aborts where memory is refused; but only `vec!` gets pages that
        // are zero already.
        Vec::<T>::new()
            .try_reserve_exact(length)
            .map_err(|_| refused())?;
        let mut values = vec![T::default(); length];
        annatomy_runtime::prefer_huge_pages(&mut values);
        Ok(values)
    }

    fn matrix(&self, rows: usize, values: Vec<f32>) -> Result<Matrix, ReadError> {
        Matrix::new(rows, self.columns(), values).map_err(|_| ReadError::Memory {
            rows,
            columns: self.columns(),
        })
    }

    /// Every value as a 64-bit integer.
    pub(super) fn read_integers(&self) -> Result<Vec<i64>, ReadError> {
        if !self.element().is_integer() {
            return Err(ReadError::NotIntegers {
                element: self.element(),
            });
        }
        let mut values = self.buffer(self.rows())?;
        self.layout
            .decode(&self.bytes, 0..self.rows(), &mut values)?;
        Ok(values)
    }
}

/// The member of a file that has several: its bytes, where the numbers lie in them, and the metric
/// that the file names.
fn open_member(
    format: Format,
    bytes: Bytes,
    member: Option<&str>,
    role: Role,
) -> Result<(Bytes, Layout, Option<String>), ReadError> {
    let (bytes, layout) = match format {
        Format::Npz => npz::open(bytes, member, role)?,
        Format::Safetensors => tensors::open(bytes, member, role)?,
        #[cfg(feature = "parquet")]
        Format::Parquet | Format::Arrow => super::columns::open(format, &bytes, member, role)?,
        #[cfg(feature = "hdf5")]
        Format::Hdf5 => return super::datasets::open(bytes, member, role),
        other => return Err(other.check_built().err().unwrap_or(ReadError::NotVectors)),
    };
    Ok((bytes, layout, None))
}

#[cfg(feature = "parquet")]
fn ids_of_parquet(bytes: &Bytes, rows: usize) -> Result<Option<IdColumn>, ReadError> {
    super::columns::read_ids(bytes, rows)
}

#[cfg(not(feature = "parquet"))]
fn ids_of_parquet(_bytes: &Bytes, _rows: usize) -> Result<Option<IdColumn>, ReadError> {
    Format::Parquet.check_built().map(|()| None)
}
