//! A tree of indexes: one that is read, and those around it (`IndexIDMap`, `IndexPreTransform`,
//! `IndexRefineFlat`).

use super::inverted::read_ivf;
use super::refused::{READ, same, unsupported, value};
use super::storage::{
    read_flat, read_hnsw, read_nsg, read_product_index, read_scalar_index, short,
};
use super::transforms::read_transform;
use crate::method::{Method, Rerank};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{
    Cursor, Header, as_row_numbers, is_faiss, name_of, read_header, read_row_ids, within,
};
use annatomy_vectors::Matrix;

/// Indexes around an index that are read.
const MOST_NESTED: usize = 8;

pub(super) fn read(bytes: &[u8]) -> Result<Method, SavedIndexError> {
    if !is_faiss(bytes) {
        return Err(SavedIndexError::unrecognized(bytes));
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
        b"IHNf" => read_graph(cursor, &code, "FAISS IndexHNSWFlat"),
        b"IHNs" => read_graph(cursor, &code, "FAISS IndexHNSWSQ"),
        b"IHNp" => read_graph(cursor, &code, "FAISS IndexHNSWPQ"),
        b"IHNc" | b"IHc2" => read_graph(cursor, &code, "FAISS IndexHNSWCagra"),
        b"INSf" => in_class(read_nsg, cursor, "FAISS IndexNSGFlat"),
        b"INSs" => in_class(read_nsg, cursor, "FAISS IndexNSGSQ"),
        b"INSp" => in_class(read_nsg, cursor, "FAISS IndexNSGPQ"),
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

fn read_graph(
    cursor: &mut Cursor<'_>,
    code: &[u8; 4],
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    read_hnsw(cursor, code, class).map_err(within(class))
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
