//! Indexes over all rows and graphs over them: `IndexFlat`, `IndexScalarQuantizer`, `IndexPQ`,
//! `IndexHNSW…`, `IndexNSG…`.

use super::quantizers::{read_product, read_scalar};
use super::refused::{READ, same, unsupported, value};
use crate::codes::{Codes, Quantizer};
use crate::method::{GraphRouting, Method, Routing};
use crate::nsg::NsgRouting;
use annatomy_hnsw::import::faiss_file::{
    Cursor, Header, collected, floats, name_of, read_cagra_part, read_header, read_hnsw_part,
    read_nsg_part,
};
use annatomy_hnsw::import::{Engine, SavedIndexError};

/// The class alone, as a method is named by it.
pub(super) fn short(class: &'static str) -> String {
    class.trim_start_matches("FAISS ").to_owned()
}

/// Codes of all rows, where there are as many bytes as that takes.
pub(super) fn codes_of(
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
    let not_finite = match &quantizer {
        Quantizer::Float32 => floats(bytes).position(|value| !value.is_finite()),
        Quantizer::Scalar(scalar) => scalar.kind.first_not_finite(bytes),
        Quantizer::Product(_) => None,
    };
    if let Some(place) = not_finite {
        return Err(SavedIndexError::Node {
            what: "a value that is not finite, in column",
            node: place / header.columns,
            found: (place % header.columns) as i128,
            expected: "finite values alone".to_owned(),
        });
    }
    Ok(Codes {
        quantizer,
        columns: header.columns,
        size,
        bytes: collected("the codes", bytes.iter().copied())?,
    })
}

/// An index over all rows.
pub(super) fn exhaustive(class: &'static str, header: &Header, codes: Codes) -> Method {
    Method {
        engine: Engine::Faiss,
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

pub(super) fn read_flat(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let bytes = cursor.counted("the vectors", 4)?;
    let codes = codes_of(Quantizer::Float32, &header, 4 * header.columns, bytes)?;
    Ok(exhaustive(class, &header, codes))
}

pub(super) fn read_scalar_index(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let (quantizer, size) = read_scalar(cursor, header.columns)?;
    let bytes = cursor.counted("the codes", 1)?;
    let codes = codes_of(Quantizer::Scalar(quantizer), &header, size, bytes)?;
    Ok(exhaustive(class, &header, codes))
}

pub(super) fn read_product_index(
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

pub(super) fn read_hnsw(
    cursor: &mut Cursor<'_>,
    code: &[u8; 4],
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    read_cagra_part(cursor, code)?;
    let part = read_hnsw_part(cursor, &header)?;
    let routing = Routing::Graph(GraphRouting {
        graph: part.graph,
        m: part.m,
        ef_construction: part.ef_construction,
        ef_search: part.ef_search,
    });
    let storage = read_storage(cursor, &header, class)?;
    Ok(Method {
        routing,
        metric: header.metric,
        ..storage
    })
}

pub(super) fn read_nsg(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let part = read_nsg_part(cursor, &header)?;
    let routing = NsgRouting::new(part.graph, part.r, part.search_l)?;
    let storage = read_storage(cursor, &header, class)?;
    Ok(Method {
        routing: Routing::Nsg(routing),
        metric: header.metric,
        ..storage
    })
}

/// The codes of a graph of `class`.
fn read_storage(
    cursor: &mut Cursor<'_>,
    header: &Header,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let code = cursor.code("the code of the storage")?;
    let storage = match (&code, class) {
        (
            b"IxF2" | b"IxFI" | b"IxFl",
            "FAISS IndexHNSWFlat" | "FAISS IndexHNSWCagra" | "FAISS IndexNSGFlat",
        ) => read_flat(cursor, class)?,
        (b"IxSQ", "FAISS IndexHNSWSQ" | "FAISS IndexHNSWCagra" | "FAISS IndexNSGSQ") => {
            read_scalar_index(cursor, class)?
        }
        (b"IxPq", "FAISS IndexHNSWPQ" | "FAISS IndexNSGPQ") => read_product_index(cursor, class)?,
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
    Ok(storage)
}
