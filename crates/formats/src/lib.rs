//! What enters and leaves: one file per format, one way of reading them all.
//!
//! | ending | holds | read | written |
//! |---|---|---|---|
//! | `.npy` | NumPy array, versions 1 to 3, both byte orders, C and Fortran order | f2 f4 f8, i1–i8, u1–u8 | f4, i4, i8 |
//! | `.npz` | zip of the above | the named member, or the only matrix | |
//! | `.fvecs` `.ivecs` `.bvecs` | each row after its own 32-bit length (TEXMEX) | f4, i4, u1 | f4, i4 |
//! | `.fbin` `.ibin` `.u8bin` `.i8bin` `.f16bin` | 32-bit n and d, then n·d values (Big-ANN) | f4, i4, u1, i1, f2 | f4, i4 |
//! | `.safetensors` | named tensors | F16 BF16 F32 F64, I8–I64, U8–U64: the named one, or the only matrix | |
//! | `.parquet` `.arrow` `.feather` | columns of lists, with feature `parquet` | f2 f4 f8, i1–i8, u1–u8 | |
//! | `.hdf5` `.h5` | data sets, with feature `hdf5` | f2 f4 f8, i1–i8, u1–u8, both byte orders | |
//! | `.bin` `.ibin` | 32-bit n and k, then n·k ids, then perhaps n·k distances (Big-ANN ground truth) | i4, i8, f4 | |
//! | `.csv` `.parquet` `.npz` | tables of named columns | `.npz` | integers, reals, texts |
//! | `.csv` `.jsonl` `.txt` `.npy` `.parquet` | primary keys of rows, a value a row | i1–i8, u1–u8, text | |
//! | `.csv` `.jsonl` `.npy` `.parquet` | tables of such keys, as answers are | i1–i8, u1–u8, text | i8, u8, text |
//!
//! Reading: a path → `detect` (its format) → `bytes` (positioned reads) → one of `npy`, `npz`, `vecs`, `bin`, `tensors`,
//! `columns`, `datasets` finds the `layout` → [`VectorFile`], [`read_answers`] or
//! [`read_distances`]. `FILE::NAME` names one of several matrices in a file ([`Source`]). A file
//! must be exactly as long as its header says; where it is not, the error says both lengths, so no
//! header makes the reader allocate more than the file itself holds (an `.npz` member: more than it
//! unpacks to).
//!
//! Writing: into a temporary file in the folder of the target, flushed to disk, then renamed over it: the
//! target is whole or not there.
//!
//! Does not: change values. Wider types are rounded to float32, and what overflows there becomes
//! infinite for [`annatomy_vectors::validate`] to find.

#![deny(missing_docs)]

mod answer_table;
mod answers;
mod atomic;
mod benchmark_run;
mod bin;
mod bytes;
mod checksum;
#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "hdf5")]
mod datasets;
mod detect;
mod element;
mod error;
mod file_lock;
mod format;
mod groundtruth;
mod id_column;
mod id_table;
mod layout;
mod memory;
mod npy;
mod npz;
mod output_folder;
mod overwriting;
mod ragged;
mod regular_file;
mod row_index;
mod row_ranges;
mod selection;
mod source;
mod table;
mod tensors;
mod vecs;
mod vector_file;
mod words;
mod write;
mod write_id_table;

pub use answer_table::{AnswerTable, EMPTY_SLOT};
pub use answers::{read_answers, read_distances, read_id_table, read_ids};
pub use atomic::{remove_pending_files, write_atomically};
pub use benchmark_run::BenchmarkRun;
pub use bytes::Bytes;
pub use checksum::{Checksum, ChecksumError, Hasher};
#[cfg(feature = "parquet")]
pub use columns::{ParquetColumn, open_parquet_column};
pub use element::Element;
pub use error::ReadError;
pub use format::Format;
pub use id_column::{IdColumn, RowId, RowIdError, RowIds};
pub use id_table::{IdTable, SlotIds};
pub use output_folder::{OutputFolder, OutputFolderError, Owner};
pub use overwriting::{OutputError, refuse_overwriting};
pub use regular_file::{NotRegular, is_same_file, open_regular, read_regular, read_regular_text};
pub use row_index::{NumberedAnswers, RowIndex};
pub use row_ranges::RowRanges;
pub use selection::{Selection, read_selection};
pub use source::{Role, Source};
pub use table::{
    Column, NeighborLists, Values, check_points_ending, check_table_ending, read_columns,
    write_columns, write_points, write_table,
};
pub use vector_file::VectorFile;
pub use words::{file_of_values, read_labels, read_row_ids, read_row_values};
pub use write::{
    IdValue, WriteError, check_ids_ending, check_matrix_ending, write_ids, write_matrix,
};
pub use write_id_table::{check_id_table_ending, write_id_table};
