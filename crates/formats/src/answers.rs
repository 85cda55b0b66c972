//! Neighbor tables as files hold them: what another engine returned, or ground truth.
//!
//! Enters: `.npy` (any integer type), `.ivecs`, `.ibin`, big-ann ground truth (`groundtruth`), any
//! other format here that holds integers, columns of lists. Leaves: rows × columns of `i64` as they
//! stand, −1 and other sentinels included, and the distances where the file has some. Rows of
//! different lengths are filled up with −1 and counted. Floats are kept as they are, not-a-number
//! and infinities too.

use std::path::Path;

use super::answer_table::AnswerTable;
use super::bytes::Bytes;
#[cfg(feature = "parquet")]
use super::columns;
use super::element::Element;
use super::error::ReadError;
use super::format::Format;
use super::id_table::IdTable;
use super::source::{Role, Source};
use super::vector_file::VectorFile;
use super::{detect, groundtruth, vecs, words};
use annatomy_vectors::Matrix;

/// Reads a table of neighbor ids, and the distances that the same file holds for them, if any.
///
/// Ids are as in the file: −1 and smaller stay. 2⁶⁴ − 1, which is −1 written unsigned, is read as
/// −1; other ids beyond 63 bits are refused. An unsigned 32-bit 2³² − 1 stays 4294967295 in formats
/// that say their type; in those that do not (`.ibin`, `.bin`), 32 bits are signed. Distances are
/// float32, of the ids' shape.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("answers.npy");
/// use annatomy_formats::{read_answers, write_ids};
///
/// write_ids(&path, 2, 2, &[4_i64, 7, 9, -1])?;
/// let (answers, distances) = read_answers(&path)?;
/// assert_eq!((answers.row(1), distances), (&[9, -1][..], None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_answers(path: impl AsRef<Path>) -> Result<(AnswerTable, Option<Matrix>), ReadError> {
    let (ids, distances) = read_id_table(path)?;
    Ok((ids.into_answers()?, distances))
}

/// As [`read_answers`], where rows may be named by primary keys: unsigned integers of 64 bits, and
/// text out of `.csv`, `.jsonl`, `.npy` and columns of lists in `.parquet`.
///
/// # Errors
/// If the file cannot be read, or holds no table of ids.
pub fn read_id_table(path: impl AsRef<Path>) -> Result<(IdTable, Option<Matrix>), ReadError> {
    if let Some(table) = words::read_slots(path.as_ref())? {
        return Ok((table, None));
    }
    let source = Source::parse(path);
    let (format, bytes) = detect::open(&source)?;
    let found = answers(&source, format, &bytes)?;
    bytes.check_unchanged()?;
    Ok(found)
}

fn answers(
    source: &Source,
    format: Format,
    bytes: &Bytes,
) -> Result<(IdTable, Option<Matrix>), ReadError> {
    let of_numbers = |(ids, distances): (AnswerTable, _)| (ids.into(), distances);
    let answers = match format {
        Format::Ibin | Format::Bin => return groundtruth::read(bytes).map(of_numbers),
        Format::Fbin if groundtruth::has_length(bytes)? => {
            return groundtruth::read(bytes).map(of_numbers);
        }
        Format::Ivecs => vecs::ids(bytes)?.into(),
        #[cfg(feature = "parquet")]
        Format::Parquet | Format::Arrow => lists(source, format, bytes)?,
        Format::Npy => match words::texts_of_numpy(bytes)? {
            Some(texts) => texts,
            None => integers(&VectorFile::open_source(source, Role::Neighbors)?)?,
        },
        _ => integers(&VectorFile::open_source(source, Role::Neighbors)?)?,
    };
    let several = format.has_members() && source.member().is_none();
    let distances = if several {
        distances_beside(source, &answers)?
    } else {
        None
    };
    Ok((answers, distances))
}

/// A column of lists of integers, or else of text.
#[cfg(feature = "parquet")]
fn lists(source: &Source, format: Format, bytes: &Bytes) -> Result<IdTable, ReadError> {
    let read = columns::read(format, bytes, source.member(), Role::Neighbors);
    let error = match read.and_then(|lists| lists.ids()) {
        Ok(ids) => return Ok(ids),
        Err(error) if format == Format::Parquet => error,
        Err(error) => return Err(error),
    };
    match columns::read_text_lists(bytes, source.member()) {
        Ok(Some(texts)) => Ok(texts),
        Ok(None) | Err(_) => Err(error),
    }
}

/// Reads a table of neighbor ids alone; see [`read_answers`].
pub fn read_ids(path: impl AsRef<Path>) -> Result<AnswerTable, ReadError> {
    read_answers(path).map(|(answers, _)| answers)
}

/// Reads a table of distances as it stands: not-a-number, infinities and `FLT_MAX` are kept.
/// Float64 is rounded to float32.
///
/// Rows of different lengths (`.fvecs`, lists) are filled up with not-a-number. From big-ann ground
/// truth, its distances.
pub fn read_distances(path: impl AsRef<Path>) -> Result<Matrix, ReadError> {
    distances(&Source::parse(path))
}

fn distances(source: &Source) -> Result<Matrix, ReadError> {
    let (format, bytes) = detect::open(source)?;
    let found = distances_in(source, format, &bytes)?;
    bytes.check_unchanged()?;
    Ok(found)
}

fn distances_in(source: &Source, format: Format, bytes: &Bytes) -> Result<Matrix, ReadError> {
    let has_ids = match format {
        Format::Bin => true,
        Format::Fbin => groundtruth::has_length(bytes)?,
        _ => false,
    };
    match format {
        _ if has_ids => {
            let (_, distances) = groundtruth::read(bytes)?;
            distances.ok_or(ReadError::NoDistances)
        }
        Format::Fvecs => vecs::distances(bytes),
        #[cfg(feature = "parquet")]
        Format::Parquet | Format::Arrow => {
            columns::read(format, bytes, source.member(), Role::Distances)?.distances()
        }
        _ => VectorFile::open_source(source, Role::Distances)?.read_all(),
    }
}

/// The distances that lie in the same file as the ids, if any are of the same shape.
fn distances_beside(source: &Source, answers: &IdTable) -> Result<Option<Matrix>, ReadError> {
    match distances(source) {
        Ok(distances)
            if (distances.rows(), distances.columns()) == (answers.rows(), answers.columns()) =>
        {
            Ok(Some(distances))
        }
        Ok(_)
        | Err(
            ReadError::WhichMember { .. } | ReadError::NoMatrix { .. } | ReadError::Column { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every value of a file of integers.
fn integers(file: &VectorFile) -> Result<IdTable, ReadError> {
    let ids = AnswerTable::new(file.rows(), file.columns(), file.read_integers()?, 0);
    Ok(if file.element() == Element::U64 {
        IdTable::of_unsigned(ids)
    } else {
        ids.into()
    })
}
