//! The files of `faiss.write_index` as a tree of indexes, read into the stages of a [`Method`].
//!
//! | code | class | becomes |
//! |---|---|---|
//! | `IxF2` `IxFI` `IxFl` | `IndexFlat` | float32 rows, all looked at |
//! | `IxSQ`, `IxPq` | `IndexScalarQuantizer`, `IndexPQ` | codes, all looked at |
//! | `IwFl`, `IwSq`, `IwPQ` | `IndexIVFFlat`, `IndexIVFScalarQuantizer`, `IndexIVFPQ` | codes in cells |
//! | `IHNf`, `IHNs`, `IHNp` | `IndexHNSWFlat`, `IndexHNSWSQ`, `IndexHNSWPQ` | codes in a graph |
//! | `IxMp`, `IxM2` | `IndexIDMap`, `IndexIDMap2` | labels |
//! | `IxPT` | `IndexPreTransform` | transforms |
//! | `IxRF` | `IndexRefineFlat` | rerank |
//!
//! Layouts as FAISS 1.7 to 1.15 write them (`impl/index_write.cpp`). Every length is checked against
//! the bytes left before anything is allocated.

mod lists;
mod quantizers;
mod transforms;

use crate::cells::{Cells, Coarse};
use crate::codes::{Codes, Quantizer};
use crate::method::{GraphRouting, Method, Rerank, Routing};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{
    Cursor, Header, as_row_numbers, collected, floats, is_faiss, name_of, npy_payload, read_header,
    read_hnsw_part, read_row_ids, within,
};
use annatomy_vectors::Matrix;
use lists::{read_direct_map, read_lists};
use quantizers::{read_product, read_scalar};
use transforms::read_transform;

/// Indexes around an index that are read.
const MOST_NESTED: usize = 8;

/// What is read, as an error says it.
const READ: &str = "read are IndexFlat, ScalarQuantizer, PQ, IVFFlat, IVFScalarQuantizer, IVFPQ, HNSWFlat, HNSWSQ, HNSWPQ, and IDMap, PreTransform, RefineFlat around them";

pub(crate) fn read(bytes: &[u8]) -> Result<Method, SavedIndexError> {
    let bytes = npy_payload(bytes).unwrap_or(bytes);
    if !is_faiss(bytes) {
        let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(8)]).into_owned();
        return Err(SavedIndexError::Unrecognized { begin });
    }
    let mut cursor = Cursor::new(bytes);
    let mut method = read_index(&mut cursor, 0)?;
    method.bytes_after = cursor.left();
    Ok(method)
}

/// `depth`: how many indexes this one is within.
fn read_index(cursor: &mut Cursor<'_>, depth: usize) -> Result<Method, SavedIndexError> {
    let code = cursor.code("the code of the index")?;
    if depth > MOST_NESTED {
        return Err(SavedIndexError::Unsupported {
            kind: format!("{} within {MOST_NESTED} others", name_of(&code)),
            reason: "no use of FAISS nests them so deep",
        });
    }
    let in_class = |read: fn(&mut Cursor<'_>, &'static str) -> Result<Method, SavedIndexError>,
                    cursor: &mut Cursor<'_>,
                    class| read(cursor, class).map_err(within(class));
    match &code {
        b"IxF2" | b"IxFI" | b"IxFl" => in_class(read_flat, cursor, "FAISS IndexFlat"),
        b"IxSQ" => in_class(read_scalar_index, cursor, "FAISS IndexScalarQuantizer"),
        b"IxPq" => in_class(read_product_index, cursor, "FAISS IndexPQ"),
        b"IwFl" => in_class(read_ivf, cursor, "FAISS IndexIVFFlat"),
        b"IwSq" => in_class(read_ivf, cursor, "FAISS IndexIVFScalarQuantizer"),
        b"IwPQ" => in_class(read_ivf, cursor, "FAISS IndexIVFPQ"),
        b"IHNf" => in_class(read_hnsw, cursor, "FAISS IndexHNSWFlat"),
        b"IHNs" => in_class(read_hnsw, cursor, "FAISS IndexHNSWSQ"),
        b"IHNp" => in_class(read_hnsw, cursor, "FAISS IndexHNSWPQ"),
        b"IxMp" => read_mapped(cursor, depth, "FAISS IndexIDMap"),
        b"IxM2" => read_mapped(cursor, depth, "FAISS IndexIDMap2"),
        b"IxPT" => read_transformed(cursor, depth, "FAISS IndexPreTransform"),
        b"IxRF" => read_refined(cursor, depth, "FAISS IndexRefineFlat"),
        code => Err(SavedIndexError::Unsupported {
            kind: name_of(code),
            reason: READ,
        }),
    }
}

/// The class alone, as a method is named by it.
fn short(class: &'static str) -> String {
    class.trim_start_matches("FAISS ").to_owned()
}

fn unsupported<T>(kind: &str, reason: &'static str) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Unsupported {
        kind: kind.to_owned(),
        reason,
    })
}

fn value<T>(
    what: &'static str,
    found: impl Into<i128>,
    expected: String,
) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Value {
        what,
        found: found.into(),
        expected,
    })
}

/// Refuses a count that is not `expected`.
fn same(what: &'static str, found: usize, expected: usize) -> Result<(), SavedIndexError> {
    if found == expected {
        return Ok(());
    }
    value(what, found as i128, expected.to_string())
}

/// Codes of all rows, where there are as many bytes as that takes.
fn codes_of(
    quantizer: Quantizer,
    header: &Header,
    size: usize,
    bytes: &[u8],
) -> Result<Codes, SavedIndexError> {
    let wanted = header.rows as u128 * size as u128;
    if bytes.len() as u128 != wanted {
        return value(
            "the bytes of codes",
            bytes.len() as i128,
            format!("{wanted}: {} rows of {size} bytes", header.rows),
        );
    }
    Ok(Codes {
        quantizer,
        columns: header.columns,
        size,
        bytes: collected("the codes", bytes.iter().copied())?,
    })
}

/// An index over all rows.
fn exhaustive(class: &'static str, header: &Header, codes: Codes) -> Method {
    Method {
        name: short(class),
        columns: header.columns,
        rows: header.rows,
        metric: header.metric,
        labels: None,
        transforms: Vec::new(),
        codes,
        routing: Routing::Exhaustive,
        rerank: None,
        bytes_after: 0,
    }
}

fn read_flat(cursor: &mut Cursor<'_>, class: &'static str) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let bytes = cursor.counted("the vectors", 4)?;
    let codes = codes_of(Quantizer::Float32, &header, 4 * header.columns, bytes)?;
    if let Some(place) = floats(&codes.bytes).position(|value| !value.is_finite()) {
        return Err(SavedIndexError::Node {
            what: "a value that is not finite, in column",
            node: place / header.columns,
            found: (place % header.columns) as i128,
            expected: "finite values alone".to_owned(),
        });
    }
    Ok(exhaustive(class, &header, codes))
}

fn read_scalar_index(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let (quantizer, size) = read_scalar(cursor, header.columns)?;
    let bytes = cursor.counted("the codes", 1)?;
    let codes = codes_of(Quantizer::Scalar(quantizer), &header, size, bytes)?;
    Ok(exhaustive(class, &header, codes))
}

fn read_product_index(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let (quantizer, size) = read_product(cursor, header.columns)?;
    let bytes = cursor.counted("the codes", 1)?;
    let codes = codes_of(Quantizer::Product(quantizer), &header, size, bytes)?;
    let search = cursor.i32("the kind of search")?;
    cursor.u8("whether signs are encoded")?;
    cursor.i32("the Hamming threshold")?;
    if search != 0 {
        return unsupported(
            &format!("an IndexPQ with search_type {search}"),
            "its distances are by lookup tables alone (ST_PQ, 0)",
        );
    }
    Ok(exhaustive(class, &header, codes))
}

fn read_hnsw(cursor: &mut Cursor<'_>, class: &'static str) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let part = read_hnsw_part(cursor, &header)?;
    let code = cursor.code("the code of the storage")?;
    let storage = match (&code, class) {
        (b"IxF2" | b"IxFI" | b"IxFl", "FAISS IndexHNSWFlat") => read_flat(cursor, class)?,
        (b"IxSQ", "FAISS IndexHNSWSQ") => read_scalar_index(cursor, class)?,
        (b"IxPq", "FAISS IndexHNSWPQ") => read_product_index(cursor, class)?,
        (b"null", _) => {
            return unsupported(
                &format!("{class} without its storage (IO_FLAG_SKIP_STORAGE)"),
                "its codes are needed",
            );
        }
        (code, _) => return unsupported(&format!("storage of {}", name_of(code)), READ),
    };
    same("the rows of the storage", storage.rows, header.rows)?;
    same(
        "the columns of the storage",
        storage.columns,
        header.columns,
    )?;
    let routing = Routing::Graph(GraphRouting {
        graph: part.graph,
        m: part.m,
        ef_construction: part.ef_construction,
        ef_search: part.ef_search,
    });
    Ok(Method {
        routing,
        metric: header.metric,
        ..storage
    })
}

/// A coarse quantizer: float32 centroids, compared one by one or through a graph.
fn read_coarse(cursor: &mut Cursor<'_>, columns: usize) -> Result<Coarse, SavedIndexError> {
    let code = cursor.code("the code of the coarse quantizer")?;
    let method = match &code {
        b"IxF2" | b"IxFI" | b"IxFl" => read_flat(cursor, "FAISS IndexFlat")?,
        b"IHNf" => read_hnsw(cursor, "FAISS IndexHNSWFlat")?,
        code => {
            return unsupported(
                &format!("a coarse quantizer of {}", name_of(code)),
                "coarse quantizers that are read are IndexFlat and IndexHNSWFlat",
            );
        }
    };
    same(
        "the columns of the coarse quantizer",
        method.columns,
        columns,
    )?;
    let graph = match method.routing {
        Routing::Graph(routing) => {
            let ef = routing.ef_search.unwrap_or(16).clamp(1, method.rows);
            Some((routing.graph, ef))
        }
        _ => None,
    };
    Ok(Coarse {
        centroids: method.codes.decoded()?,
        metric: method.metric,
        graph,
    })
}

fn read_ivf(cursor: &mut Cursor<'_>, class: &'static str) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let nlist = cursor.u64("the number of cells")?;
    let nprobe = cursor.u64("nprobe")?;
    let coarse = read_coarse(cursor, header.columns)?;
    if nlist != coarse.centroids.rows() as u64 {
        let expected = format!("{}, the centroids", coarse.centroids.rows());
        return value("the number of cells", nlist, expected);
    }
    if coarse.metric != header.metric {
        return unsupported(
            &format!("{class} whose coarse quantizer has another metric"),
            "rows and cells are compared alike",
        );
    }
    read_direct_map(cursor)?;
    let (quantizer, size, by_residual) = read_ivf_quantizer(cursor, &header, class)?;
    let lists = read_lists(cursor, coarse.centroids.rows(), size, header.rows)?;
    let bytes = lists.codes_in_order(size)?;
    let codes = codes_of(quantizer, &header, size, &bytes)?;
    let cells = Cells {
        lists: lists.rows,
        coarse,
        by_residual,
        nprobe: usize::try_from(nprobe).unwrap_or(usize::MAX).max(1),
    };
    Ok(Method {
        routing: Routing::Cells(cells),
        labels: lists.labels,
        ..exhaustive(class, &header, codes)
    })
}

/// The quantizer of a cell's codes, the bytes of a code, and whether codes are of residuals.
fn read_ivf_quantizer(
    cursor: &mut Cursor<'_>,
    header: &Header,
    class: &'static str,
) -> Result<(Quantizer, usize, bool), SavedIndexError> {
    match class {
        "FAISS IndexIVFFlat" => Ok((Quantizer::Float32, 4 * header.columns, false)),
        "FAISS IndexIVFScalarQuantizer" => {
            let (quantizer, size) = read_scalar(cursor, header.columns)?;
            let saved = cursor.u64("the bytes of a code")?;
            let by_residual = cursor.u8("whether codes are of residuals")? != 0;
            same(
                "the bytes of a code",
                usize::try_from(saved).unwrap_or(0),
                size,
            )?;
            Ok((Quantizer::Scalar(quantizer), size, by_residual))
        }
        _ => {
            let by_residual = cursor.u8("whether codes are of residuals")? != 0;
            let saved = cursor.u64("the bytes of a code")?;
            let (quantizer, size) = read_product(cursor, header.columns)?;
            same(
                "the bytes of a code",
                usize::try_from(saved).unwrap_or(0),
                size,
            )?;
            Ok((Quantizer::Product(quantizer), size, by_residual))
        }
    }
}

fn read_mapped(
    cursor: &mut Cursor<'_>,
    depth: usize,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor).map_err(within(class))?;
    let inner = read_index(cursor, depth + 1)?;
    let ids = read_row_ids(cursor, inner.rows, inner.labels.as_deref()).map_err(within(class))?;
    same("the number of rows", header.rows, inner.rows).map_err(within(class))?;
    let mut method = Method {
        name: format!("{} of {}", short(class), inner.name),
        labels: Some(ids),
        ..inner
    };
    if let Some(places) = method.labels.as_deref().and_then(as_row_numbers) {
        method.labels = None;
        if !places.is_sorted() {
            method = method.placed(&places)?;
        }
    }
    Ok(method)
}

fn read_transformed(
    cursor: &mut Cursor<'_>,
    depth: usize,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor).map_err(within(class))?;
    let count = cursor
        .i32("the number of transforms")
        .map_err(within(class))?;
    let mut transforms = Vec::new();
    let mut columns = header.columns;
    for _ in 0..count.max(0) {
        let transform = read_transform(cursor, columns).map_err(within(class))?;
        columns = transform.columns_out();
        transforms.push(transform);
    }
    let inner = read_index(cursor, depth + 1)?;
    same("the columns of the index", inner.columns, columns).map_err(within(class))?;
    if inner.rerank.is_some() {
        return unsupported(
            "an IndexPreTransform around an IndexRefine",
            "rows that rerank are read as they were before all transforms",
        );
    }
    transforms.extend(inner.transforms);
    Ok(Method {
        name: format!("{} of {}", short(class), inner.name),
        columns: header.columns,
        transforms,
        ..inner
    })
}

fn read_refined(
    cursor: &mut Cursor<'_>,
    depth: usize,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor).map_err(within(class))?;
    let inner = read_index(cursor, depth + 1)?;
    if inner.rerank.is_some() {
        return unsupported("an IndexRefine of an IndexRefine", "one rerank is read");
    }
    if inner.labels.is_some() {
        return unsupported(
            "an IndexRefine of an index with ids of its own",
            "the rows that rerank are found by number",
        );
    }
    let (rows, factor) = read_refine_rows(cursor, &header).map_err(within(class))?;
    same("the rows that rerank", rows.rows(), inner.rows).map_err(within(class))?;
    same("the columns of the index", inner.columns, header.columns).map_err(within(class))?;
    Ok(Method {
        name: format!("{} of {}", short(class), inner.name),
        rerank: Some(Rerank { rows, factor }),
        ..inner
    })
}

fn read_refine_rows(
    cursor: &mut Cursor<'_>,
    header: &Header,
) -> Result<(Matrix, f32), SavedIndexError> {
    let code = cursor.code("the code of the index that reranks")?;
    let refine = match &code {
        b"IxF2" | b"IxFI" | b"IxFl" => read_flat(cursor, "FAISS IndexFlat")?,
        code => {
            return unsupported(
                &format!("an IndexRefine by {}", name_of(code)),
                "rows that rerank are read in float32, as IndexRefineFlat keeps them",
            );
        }
    };
    same("the columns that rerank", refine.columns, header.columns)?;
    if refine.metric != header.metric {
        return unsupported("an IndexRefine by another metric", "both are of one metric");
    }
    let factor = cursor.f32("k_factor")?;
    if !(1.0..=1_000.0).contains(&factor) {
        let found = if factor.is_finite() {
            factor as i128
        } else {
            -1
        };
        return value("k_factor", found, "between 1 and 1000".to_owned());
    }
    Ok((refine.codes.decoded()?, factor))
}
