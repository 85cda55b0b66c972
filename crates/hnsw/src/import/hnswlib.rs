//! The files of hnswlib's `save_index`.
//!
//! eight zero bytes · rows allocated · rows · bytes per row · offset of the label · offset of the
//! vector highest level · entry point · M above layer 0 · M on layer 0 · M · level multiplier ·
//! efConstruction per row: links on layer 0 (16-bit length, 16 bits of marks, ids) · vector · label
//! per row: bytes of links above layer 0, then for each layer a length and ids
//!
//! All little-endian, sizes in 64 bits. The space (L2, inner product, cosine) is not in the file.
//! Rows stand in the order in which they were added, which with several threads is not the order of
//! their labels. Source: hnswlib 0.8 (`hnswalg.h`).

use super::cursor::{Cursor, collected, floats, reserved};
use super::error::{SavedIndexError, within};
use super::layers::{Layers, MOST_LAYERS};
use super::saved_index::{Engine, SavedIndex};
use annatomy_vectors::Matrix;

const LABEL_BYTES: u64 = 8;

/// The mark of a deleted row, in the byte after the length of its links on layer 0.
const DELETED: u8 = 1;

struct Header {
    rows: u64,
    row_bytes: u64,
    /// Of the links on layer 0, and so the offset of the vector.
    links_bytes: u64,
    columns: u64,
    highest_level: u32,
    entry_point: u32,
    m_above: u64,
    m_base: u64,
    m: u64,
    ef_construction: u64,
}

/// Whether a file begins as hnswlib's do.
pub(super) fn is_hnswlib(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0; 8])
}

pub(super) fn read(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    read_index(bytes).map_err(within("hnswlib index"))
}

/// Bytes after the index are an error, as hnswlib itself refuses them.
fn read_index(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    let mut cursor = Cursor::new(bytes);
    let header = read_header(&mut cursor)?;
    let base = cursor.take("the rows", header.rows, header.row_bytes as usize)?;
    let base = collected("the rows", base.chunks_exact(header.row_bytes as usize))?;
    let mut layers = Layers::new(
        Some(header.entry_point),
        base.len(),
        base.len() * header.m_base as usize / 2,
    )?;
    for (node, row) in base.iter().enumerate() {
        layers.begin_node();
        layers.push_list(links_on_base(&header, node, row)?);
        read_upper_links(&mut cursor, &header, node, &mut layers)?;
    }
    if cursor.left() > 0 {
        let (found, expected) = (cursor.left() as i128, "none".to_owned());
        return Err(SavedIndexError::Value {
            what: "the number of bytes after the index",
            found,
            expected,
        });
    }
    let graph = layers.finish()?;
    check_entry_point(&header, &graph)?;
    let vector = header.links_bytes as usize..(header.row_bytes - LABEL_BYTES) as usize;
    let mut values = reserved("the vectors", base.len() * header.columns as usize)?;
    for row in &base {
        values.extend(floats(&row[vector.clone()]));
    }
    let mut deleted: Vec<u32> = reserved("the deleted rows", base.len())?;
    deleted.extend(
        (0..)
            .zip(&base)
            .filter(|(_, row)| row[2] & DELETED == DELETED)
            .map(|(row, _)| row),
    );
    let label = |row: &&[u8]| row.last_chunk().copied().map_or(-1, i64::from_le_bytes);
    let labels = collected("the labels", base.iter().map(label))?;
    Ok(SavedIndex {
        engine: Engine::Hnswlib,
        graph,
        vectors: Matrix::new(base.len(), header.columns as usize, values)
            .expect("rows of columns values"),
        metric: None,
        labels: Some(labels),
        deleted,
        bytes_after: 0,
        m: header.m as usize,
        ef_construction: header.ef_construction as usize,
        ef_search: None,
    })
}

fn read_header(cursor: &mut Cursor<'_>) -> Result<Header, SavedIndexError> {
    cursor.u64("the offset of layer 0")?;
    cursor.u64("the rows allocated")?;
    let rows = cursor.u64("the number of rows")?;
    let row_bytes = cursor.u64("the bytes per row")?;
    let label_offset = cursor.u64("the offset of the label")?;
    let links_bytes = cursor.u64("the offset of the vector")?;
    let highest_level = cursor.u32("the highest level")?;
    let entry_point = cursor.u32("the entry point")?;
    let m_above = cursor.u64("M above layer 0")?;
    let m_base = cursor.u64("M on layer 0")?;
    let m = cursor.u64("M")?;
    cursor.u64("the level multiplier")?;
    let ef_construction = cursor.u64("efConstruction")?;
    let check = |what, found: u64, fits: bool, expected: String| {
        if fits {
            Ok(())
        } else {
            Err(SavedIndexError::Value {
                what,
                found: found.into(),
                expected,
            })
        }
    };
    let limit = u64::from(u32::MAX) - 1;
    check(
        "the number of rows",
        rows,
        (1..=limit).contains(&rows),
        format!("between 1 and {limit}"),
    )?;
    let fits = (1..=u64::from(u16::MAX)).contains(&m_base) && rows.saturating_mul(m_base) <= limit;
    check(
        "M on layer 0",
        m_base,
        fits,
        format!("between 1 and 65535, with at most {limit} links in all"),
    )?;
    check(
        "M above layer 0",
        m_above,
        (1..=u64::from(u16::MAX)).contains(&m_above),
        "between 1 and 65535".to_owned(),
    )?;
    check(
        "the offset of the vector",
        links_bytes,
        links_bytes == 4 * m_base + 4,
        format!("{}", 4 * m_base + 4),
    )?;
    let vector_bytes = label_offset
        .checked_sub(links_bytes)
        .filter(|bytes| *bytes > 0 && bytes.is_multiple_of(4));
    let expected = "a multiple of 4 above the offset of the vector".to_owned();
    check(
        "the offset of the label",
        label_offset,
        vector_bytes.is_some(),
        expected,
    )?;
    let expected = label_offset.saturating_add(LABEL_BYTES);
    check(
        "the bytes per row",
        row_bytes,
        row_bytes == expected,
        expected.to_string(),
    )?;
    check(
        "the entry point",
        entry_point.into(),
        u64::from(entry_point) < rows,
        format!("a row below {rows}"),
    )?;
    Ok(Header {
        rows,
        row_bytes,
        links_bytes,
        columns: vector_bytes.unwrap_or(0) / 4,
        highest_level,
        entry_point,
        m_above,
        m_base,
        m,
        ef_construction,
    })
}

/// A list: a length of 16 bits, marks, then ids up to the list's capacity.
fn read_list(
    list: &[u8],
    node: usize,
) -> Result<impl Iterator<Item = u32> + use<'_>, SavedIndexError> {
    let (head, ids) = list.split_at(4);
    let (ids, _) = ids.as_chunks();
    let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
    if length > ids.len() {
        let expected = format!("at most {}", ids.len());
        return Err(SavedIndexError::Node {
            what: "the number of links",
            node,
            found: length as i128,
            expected,
        });
    }
    Ok(ids[..length].iter().map(|id| u32::from_le_bytes(*id)))
}

fn links_on_base<'b>(
    header: &Header,
    node: usize,
    row: &'b [u8],
) -> Result<impl Iterator<Item = u32> + use<'b>, SavedIndexError> {
    read_list(&row[..header.links_bytes as usize], node)
}

fn read_upper_links(
    cursor: &mut Cursor<'_>,
    header: &Header,
    node: usize,
    layers: &mut Layers,
) -> Result<(), SavedIndexError> {
    let list_bytes = 4 * header.m_above + 4;
    let bytes = u64::from(cursor.u32("the bytes of links above layer 0")?);
    if !bytes.is_multiple_of(list_bytes) || bytes / list_bytes > MOST_LAYERS as u64 {
        let expected = format!("a multiple of {list_bytes}, at most {MOST_LAYERS} times");
        let what = "the number of bytes of links above layer 0";
        return Err(SavedIndexError::Node {
            what,
            node,
            found: bytes.into(),
            expected,
        });
    }
    let lists = cursor.take("the links above layer 0", bytes, 1)?;
    for list in lists.chunks_exact(list_bytes as usize) {
        layers.push_list(read_list(list, node)?);
    }
    Ok(())
}

fn check_entry_point(header: &Header, graph: &impl crate::Links) -> Result<(), SavedIndexError> {
    let level = graph.level(header.entry_point);
    if level != header.highest_level as usize {
        let expected = format!("{level}, that of the entry point");
        let found = header.highest_level.into();
        return Err(SavedIndexError::Value {
            what: "the highest level",
            found,
            expected,
        });
    }
    Ok(())
}
