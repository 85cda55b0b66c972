//! Streaming writer of a `.npy` matrix and its ids; the number of rows is known at the end only.
//!
//! Input: rows and names, in order. Output: `OUT.npy` and `OUT.ids.txt`, one name per line, both
//! whole or neither touched.
//!
//! room for the header · rows as they come · back to the start: the header with the number of rows,
//! in the same room
//!
//! Cost: nothing is kept in memory. Does not: know of pictures.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use annatomy_formats::write_atomically;
use annatomy_runtime::printable;

/// Room for signature, version, length and dictionary, whatever the shape.
pub(crate) const HEADER_BYTES: usize = 128;

/// The rows and names of an unfinished output.
pub(crate) struct Rows<'a> {
    matrix: &'a mut dyn WriteAndSeek,
    ids: &'a mut dyn Write,
    columns: usize,
    /// Rows so far.
    pub(crate) count: u64,
}

trait WriteAndSeek: Write + Seek {}

impl<T: Write + Seek> WriteAndSeek for T {}

/// The id file of a matrix: `photos.npy` has `photos.ids.txt`.
pub(crate) fn ids_path(matrix: &Path) -> PathBuf {
    matrix.with_extension("ids.txt")
}

/// Writes what `fill` pushes; where `fill` fails, both files are as they were.
pub(crate) fn write<T, E: From<io::Error>>(
    path: &Path,
    columns: usize,
    fill: impl FnOnce(&mut Rows<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    write_atomically(path, |matrix| {
        matrix.write_all(&[0; HEADER_BYTES])?;
        // Within the other, so that a matrix never stands without its ids.
        write_atomically(&ids_path(path), |ids| -> Result<(), E> {
            let mut rows = Rows {
                matrix,
                ids,
                columns,
                count: 0,
            };
            result = Some(fill(&mut rows)?);
            rows.finish()?;
            Ok(())
        })
    })?;
    result.ok_or_else(|| E::from(io::Error::other("nothing was written")))
}

impl Rows<'_> {
    /// Adds a row and its name; control characters in it are escaped, so that lines stay rows.
    pub(crate) fn push(&mut self, name: &str, row: &[f32]) -> io::Result<()> {
        debug_assert_eq!(row.len(), self.columns, "rows of one length");
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.matrix.write_all(&bytes)?;
        writeln!(self.ids, "{}", printable(name))?;
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.matrix.seek(SeekFrom::Start(0))?;
        self.matrix.write_all(&header(self.count, self.columns))
    }
}

/// What stands before the rows of a float32 `.npy`.
pub(crate) fn header(rows: u64, columns: usize) -> Vec<u8> {
    let dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let length = HEADER_BYTES - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(format!("{dictionary:<width$}\n", width = length - 1).into_bytes());
    header
}
