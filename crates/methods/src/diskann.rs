//! DiskANN's index in memory, as `build_memory_index` leaves it, read into a [`Method`].
//!
//! | file | what it holds |
//! |---|---|
//! | `PREFIX` | the graph: `annatomy_hnsw::import::diskann_file` |
//! | `PREFIX.data` | rows, columns (32 bits each), values of float32, int8 or uint8 |
//! | `PREFIX_metadata.bin` | kind of values, metric, rows, columns (64 bits each); of diskannpy alone |
//!
//! Without the last one, values are float32 and the metric has to be given. A search keeps a list of
//! the L nearest rows seen, ties by id, and expands the nearest one that is not expanded: the order of
//! expansions does not depend on L, so that one record answers every L. diskannpy raises L to k.
//!
//! Tags, labels and codes of the build are not looked at: `StaticMemoryIndex` answers with row numbers,
//! over whole rows. Under cosine, float32 rows lie scaled to unit length and queries are compared as
//! they are. Does not: read a dynamic index or one on disk.

use crate::codes::{Codes, Quantizer, ScalarKind, ScalarQuantizer};
use crate::method::{GraphRouting, Method, Routing};
use annatomy_formats::{ReadError, read_regular};
use annatomy_hnsw::Links;
use annatomy_hnsw::import::diskann_file::{
    CLASS, DiskAnnScalar, data_path, graph_path, is_on_disk, read_graph,
};
use annatomy_hnsw::import::faiss_file::{Cursor, floats, within};
use annatomy_hnsw::import::{Engine, SavedIndexError};
use annatomy_runtime::check_memory;
use annatomy_vectors::Metric;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes before the values.
const HEAD_BYTES: usize = 8;

/// Bytes of the metadata.
const METADATA_BYTES: u64 = 32;

/// The files of an index, read.
#[derive(Clone, Debug)]
pub struct DiskAnnFiles {
    /// `PREFIX`.
    pub graph: Vec<u8>,
    /// `PREFIX.data`.
    pub data: Vec<u8>,
    /// `PREFIX_metadata.bin`, where there is one.
    pub metadata: Option<Vec<u8>>,
}

/// What the values are and how they are compared.
struct Known {
    scalar: DiskAnnScalar,
    metric: Metric,
}

/// Reads the index that `path`, its graph or its rows, belongs to; `metric` where it does not say it.
pub(crate) fn read(path: &Path, metric: Option<Metric>) -> Result<Method, SavedIndexError> {
    if is_on_disk(path) {
        return Err(unsupported(
            "DiskANN's index on disk".to_owned(),
            "its index in memory is read, as build_memory_index leaves it",
        ));
    }
    let graph = graph_path(path).unwrap_or_else(|| path.to_owned());
    let bytes = |path: &Path| read_regular(path, u64::MAX).map_err(|error| in_file(path, &error));
    let data = data_path(&graph);
    let size = std::fs::metadata(&data).map_or(0, |file| file.len());
    let memory = check_memory("the rows", size.saturating_mul(2));
    memory.map_err(|_| SavedIndexError::Memory {
        what: "the rows",
        bytes: size.saturating_mul(2),
    })?;
    let metadata = metadata_path(&graph);
    let files = DiskAnnFiles {
        metadata: metadata.exists().then(|| bytes(&metadata)).transpose()?,
        graph: bytes(&graph)?,
        data: bytes(&data)?,
    };
    Method::of_diskann(files, metric)
}

fn metadata_path(graph: &Path) -> PathBuf {
    let mut name = graph.as_os_str().to_owned();
    name.push("_metadata.bin");
    PathBuf::from(name)
}

/// A file of the index that cannot be read, by its name.
fn in_file(path: &Path, error: &io::Error) -> SavedIndexError {
    let named = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    within(CLASS)(SavedIndexError::Read(ReadError::from(named)))
}

impl Method {
    /// DiskANN's index in memory out of its files; `metric` is that of an index without metadata.
    ///
    /// # Errors
    /// If they are of a kind that is not read, or contradict themselves or each other.
    pub fn of_diskann(
        files: DiskAnnFiles,
        metric: Option<Metric>,
    ) -> Result<Self, SavedIndexError> {
        method(files, metric).map_err(within(CLASS))
    }
}

fn method(files: DiskAnnFiles, metric: Option<Metric>) -> Result<Method, SavedIndexError> {
    let read = read_graph(&files.graph)?;
    drop(files.graph);
    let mut data = Cursor::new(&files.data);
    let rows = data.u32("the number of rows in .data")? as usize;
    let columns = data.u32("the number of columns in .data")? as usize;
    let nodes = read.graph.nodes();
    if rows != nodes {
        let expected = format!("{nodes}, the nodes of the graph");
        return Err(value("the number of rows in .data", rows, expected));
    }
    let left = data.left() as u64;
    let known = match &files.metadata {
        Some(bytes) => of_metadata(bytes, rows, columns)?,
        None => of_sizes(rows, columns, left, metric)?,
    };
    let width = match known.scalar {
        DiskAnnScalar::Float32 => 4,
        DiskAnnScalar::Int8 | DiskAnnScalar::UInt8 => 1,
    };
    let wanted = bytes_of(rows, columns, width);
    if columns == 0 || wanted != Some(left) {
        let expected = format!("{rows} rows of {columns} columns, at least 1, of {width} bytes");
        return Err(value(
            "the bytes of values in .data",
            left as usize,
            expected,
        ));
    }
    let mut bytes = files.data;
    bytes.drain(..HEAD_BYTES);
    let quantizer = match known.scalar {
        DiskAnnScalar::Float32 => Quantizer::Float32,
        DiskAnnScalar::Int8 => whole(ScalarKind::WholeSigned8),
        DiskAnnScalar::UInt8 => whole(ScalarKind::WholeUnsigned8),
    };
    let codes = Codes {
        quantizer,
        columns,
        size: columns * width,
        bytes,
    };
    check_values(&codes, known.metric)?;
    Ok(Method {
        engine: Engine::DiskAnn,
        name: "index in memory".to_owned(),
        columns,
        rows,
        metric: known.metric,
        labels: None,
        transforms: Vec::new(),
        codes,
        routing: Routing::Graph(GraphRouting {
            graph: read.graph,
            m: read.degree,
            ef_construction: 0,
            ef_search: None,
        }),
        rerank: None,
        bytes_after: 0,
    })
}

fn whole(kind: ScalarKind) -> Quantizer {
    Quantizer::Scalar(ScalarQuantizer {
        kind,
        minima: Vec::new(),
        ranges: Vec::new(),
    })
}

fn bytes_of(rows: usize, columns: usize, width: usize) -> Option<u64> {
    let values = (rows as u64).checked_mul(columns as u64)?;
    values.checked_mul(width as u64)
}

/// By diskannpy's metadata.
fn of_metadata(bytes: &[u8], rows: usize, columns: usize) -> Result<Known, SavedIndexError> {
    if bytes.len() as u64 != METADATA_BYTES {
        let expected = format!("{METADATA_BYTES}");
        return Err(value("the bytes of _metadata.bin", bytes.len(), expected));
    }
    let mut cursor = Cursor::new(bytes);
    let scalar = match cursor.u64("the kind of values")? {
        0 => DiskAnnScalar::Float32,
        1 => DiskAnnScalar::Int8,
        2 => DiskAnnScalar::UInt8,
        other => {
            return Err(unsupported(
                format!("values of kind {other}"),
                "float32 (0), int8 (1) and uint8 (2) are read",
            ));
        }
    };
    let metric = match cursor.u64("the metric")? {
        0 => Metric::L2,
        1 if scalar == DiskAnnScalar::Float32 => Metric::InnerProduct,
        2 => Metric::Cosine,
        other => {
            return Err(unsupported(
                format!("metric {other} of {scalar:?}"),
                "l2 (0) and cosine (2) are read, and mips (1) of float32",
            ));
        }
    };
    for (what, expected) in [
        ("the number of rows in _metadata.bin", rows),
        ("the number of columns in _metadata.bin", columns),
    ] {
        let found = cursor.u64(what)?;
        if found != expected as u64 {
            return Err(SavedIndexError::Value {
                what,
                found: found.into(),
                expected: format!("{expected}, as in .data"),
            });
        }
    }
    Ok(Known { scalar, metric })
}

/// By the bytes of the rows: float32 alone can be known so.
fn of_sizes(
    rows: usize,
    columns: usize,
    left: u64,
    metric: Option<Metric>,
) -> Result<Known, SavedIndexError> {
    if bytes_of(rows, columns, 1) == Some(left) && columns > 0 {
        return Err(unsupported(
            "an index of 8-bit values without its _metadata.bin".to_owned(),
            "that file says whether they are int8 or uint8: diskannpy writes it",
        ));
    }
    let Some(metric) = metric else {
        return Err(unsupported(
            "an index without its _metadata.bin and without a metric".to_owned(),
            "that file says the metric, or else it has to be given",
        ));
    };
    Ok(Known {
        scalar: DiskAnnScalar::Float32,
        metric,
    })
}

/// Refuses values that are not finite, and rows of zeros where lengths divide.
fn check_values(codes: &Codes, metric: Metric) -> Result<(), SavedIndexError> {
    if codes.are_float32() {
        let place = floats(&codes.bytes).position(|value| !value.is_finite());
        return match place {
            None => Ok(()),
            Some(place) => Err(SavedIndexError::Node {
                what: "a value that is not finite, in column",
                node: place / codes.columns,
                found: (place % codes.columns) as i128,
                expected: "finite values alone".to_owned(),
            }),
        };
    }
    let mut rows = codes.bytes.chunks(codes.columns);
    match rows.position(|row| metric == Metric::Cosine && row.iter().all(|&byte| byte == 0)) {
        None => Ok(()),
        Some(node) => Err(SavedIndexError::Node {
            what: "the length",
            node,
            found: 0,
            expected: "more, under cosine".to_owned(),
        }),
    }
}

fn unsupported(kind: String, reason: &'static str) -> SavedIndexError {
    SavedIndexError::Unsupported { kind, reason }
}

fn value(what: &'static str, found: usize, expected: String) -> SavedIndexError {
    SavedIndexError::Value {
        what,
        found: found as i128,
        expected,
    }
}
