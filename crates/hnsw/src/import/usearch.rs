//! The files of usearch's `Index.save`.
//!
//! rows · bytes per vector (32 bits each) · vectors
//! "usearch" · version · metric, scalar, key, slot (a byte each) · present · deleted · columns · multi, 64 bytes in all
//! rows · connectivity · connectivity on layer 0 · highest level · entry point (64 bits each)
//! per row: its level (16 bits)
//! per row: key · level · for each layer, 0 first, the number of links and room for them
//!
//! All little-endian. A removed row keeps its links and has the largest key. Rows stand in the order in
//! which they were added. efConstruction and expansion are not in the file. Source: usearch 2.26
//! (`index_dense.hpp`, `index.hpp`).
//!
//! Does not: read files before version 2.10 or with 64-bit sizes of the matrix, other metrics than
//! l2sq, ip and cos, several vectors of one key, or other scalars than f32, f16, bf16 and i8.

use super::arithmetic::UsearchScalar;
use super::cursor::{Cursor, collected, floats, reserved};
use super::error::{SavedIndexError, within};
use super::layers::{Layers, MOST_LAYERS};
use super::saved_index::{Engine, SavedIndex};
use crate::graph::Graph;
use annatomy_vectors::{Matrix, Metric};
use std::collections::HashSet;

const MAGIC: &[u8] = b"usearch";

/// Of the fields, after which zeros follow.
const HEAD_BYTES: usize = 64;

/// The key of a removed row.
const REMOVED: u64 = u64::MAX;

/// What a file holds; vectors are its own bytes.
#[derive(Clone, Debug)]
pub struct UsearchFile<'b> {
    /// How values are kept.
    pub scalar: UsearchScalar,
    /// What is compared.
    pub metric: Metric,
    /// Values of a vector.
    pub columns: usize,
    /// All vectors, one after the other.
    pub vectors: &'b [u8],
    /// Node i is row i.
    pub graph: Graph,
    /// The key of each row; of removed rows the row numbers that no key has, ascending.
    pub labels: Vec<i64>,
    /// Removed rows, ascending: a search expands them and never returns them.
    pub deleted: Vec<u32>,
    /// Most links of a node above layer 0.
    pub m: usize,
    /// Bytes after the index, which are not looked at.
    pub bytes_after: usize,
}

/// Whether a file is a usearch index, or begins as one that was saved without its vectors.
pub fn is_usearch(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || head_offset(bytes).is_some_and(|at| bytes[at..].starts_with(MAGIC))
}

/// Where the head stands: behind the vectors, whose number and size come first.
fn head_offset(bytes: &[u8]) -> Option<usize> {
    let (sizes, _) = bytes.as_chunks::<4>();
    let &[rows, size, ..] = sizes else {
        return None;
    };
    let (rows, size) = (u32::from_le_bytes(rows), u32::from_le_bytes(size));
    let offset = 8 + u64::from(rows) * u64::from(size);
    usize::try_from(offset).ok().filter(|&at| at < bytes.len())
}

/// A graph over float32 rows that lie as the engine compares them: under l2sq or ip.
pub(super) fn read(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    let file = read_file(bytes)?;
    if file.scalar != UsearchScalar::Float32 || file.metric == Metric::Cosine {
        return Err(SavedIndexError::Unsupported {
            kind: format!("a usearch index of {:?} under {}", file.scalar, file.metric),
            reason: "a graph over vectors is read of f32 under l2sq or ip",
        });
    }
    let rows = file.labels.len();
    let values = collected("the vectors", floats(file.vectors))?;
    Ok(SavedIndex {
        engine: Engine::Usearch,
        graph: file.graph,
        vectors: Matrix::new(rows, file.columns, values).expect("rows of columns values"),
        metric: Some(file.metric),
        labels: Some(file.labels),
        deleted: file.deleted,
        bytes_after: file.bytes_after,
        m: file.m,
        ef_construction: 0,
        ef_search: None,
    })
}

/// Reads and checks a file.
///
/// # Errors
/// If it is of a kind that is not read, or contradicts itself.
pub fn read_file(bytes: &[u8]) -> Result<UsearchFile<'_>, SavedIndexError> {
    read_index(bytes).map_err(within("usearch index"))
}

struct Head {
    scalar: UsearchScalar,
    metric: Metric,
    columns: u64,
    present: u64,
    deleted: u64,
}

struct GraphHead {
    rows: usize,
    m: u64,
    m_base: u64,
    highest_level: u64,
    entry_point: u32,
}

fn read_index(bytes: &[u8]) -> Result<UsearchFile<'_>, SavedIndexError> {
    if bytes.starts_with(MAGIC) {
        return unsupported(
            "an index saved without its vectors".to_owned(),
            "its vectors are needed",
        );
    }
    let mut cursor = Cursor::new(bytes);
    let rows = cursor.u32("the number of vectors")?;
    let size = cursor.u32("the bytes per vector")?;
    let vectors = cursor.take("the vectors", rows.into(), size as usize)?;
    let head = read_head(&mut cursor)?;
    let expected = head.columns.saturating_mul(scalar_bytes(head.scalar));
    if expected == 0 || u64::from(size) != expected {
        let expected = format!("{expected}, of {} columns", head.columns);
        return value("the bytes per vector", size.into(), expected);
    }
    let graph_head = read_graph_head(&mut cursor, rows)?;
    let (graph, keys) = read_graph(&mut cursor, &graph_head)?;
    let (labels, deleted) = named(&keys, &head)?;
    Ok(UsearchFile {
        scalar: head.scalar,
        metric: head.metric,
        columns: head.columns as usize,
        vectors,
        graph,
        labels,
        deleted,
        m: graph_head.m as usize,
        bytes_after: cursor.left(),
    })
}

fn scalar_bytes(scalar: UsearchScalar) -> u64 {
    match scalar {
        UsearchScalar::Float32 => 4,
        UsearchScalar::Float16 | UsearchScalar::BFloat16 => 2,
        UsearchScalar::Int8 => 1,
    }
}

fn read_head(cursor: &mut Cursor<'_>) -> Result<Head, SavedIndexError> {
    let mut head = Cursor::new(cursor.take("the head", 1, HEAD_BYTES)?);
    head.take("the name", 1, MAGIC.len())?;
    let version: [u16; 3] = [
        head.u16("the version")?,
        head.u16("the version")?,
        head.u16("the version")?,
    ];
    if version[0] != 2 || version[1] < 10 {
        let [major, minor, patch] = version;
        return unsupported(
            format!("a file of version {major}.{minor}.{patch}"),
            "versions 2.10 and later are read",
        );
    }
    let metric = match head.u8("the metric")? {
        b'e' => Metric::L2,
        b'i' => Metric::InnerProduct,
        b'c' => Metric::Cosine,
        other => {
            return unsupported(
                format!("metric {:?}", char::from(other)),
                "metrics l2sq, ip and cos are read",
            );
        }
    };
    let scalar = match head.u8("the scalar")? {
        4 => UsearchScalar::BFloat16,
        11 => UsearchScalar::Float32,
        12 => UsearchScalar::Float16,
        23 => UsearchScalar::Int8,
        other => {
            return unsupported(
                format!("scalar kind {other}"),
                "f32 (11), f16 (12), bf16 (4) and i8 (23) are read",
            );
        }
    };
    let (key, slot) = (head.u8("the kind of key")?, head.u8("the kind of slot")?);
    if (key, slot) != (14, 15) {
        return unsupported(
            format!("keys of kind {key} in slots of kind {slot}"),
            "keys of 64 bits (14) in slots of 32 bits (15) are read",
        );
    }
    Ok(Head {
        scalar,
        metric,
        present: head.u64("the vectors present")?,
        deleted: head.u64("the vectors removed")?,
        columns: head.u64("the number of columns")?,
    })
}

fn read_graph_head(cursor: &mut Cursor<'_>, vectors: u32) -> Result<GraphHead, SavedIndexError> {
    let rows = cursor.u64("the number of rows")?;
    let m = cursor.u64("the connectivity")?;
    let m_base = cursor.u64("the connectivity on layer 0")?;
    let highest_level = cursor.u64("the highest level")?;
    let entry_point = cursor.u64("the entry point")?;
    if rows != u64::from(vectors) || rows == 0 || vectors == u32::MAX {
        let expected = format!("{vectors}, the number of vectors, and at least 1");
        return value("the number of rows", rows.into(), expected);
    }
    let most = u64::from(u16::MAX);
    if !(1..=most).contains(&m) {
        return value(
            "the connectivity",
            m.into(),
            format!("between 1 and {most}"),
        );
    }
    if !(1..=most).contains(&m_base) {
        let expected = format!("between 1 and {most}");
        return value("the connectivity on layer 0", m_base.into(), expected);
    }
    if highest_level >= MOST_LAYERS as u64 {
        let expected = format!("below {MOST_LAYERS}");
        return value("the highest level", highest_level.into(), expected);
    }
    if entry_point >= rows {
        let expected = format!("a row below {rows}");
        return value("the entry point", entry_point.into(), expected);
    }
    Ok(GraphHead {
        rows: rows as usize,
        m,
        m_base,
        highest_level,
        entry_point: entry_point as u32,
    })
}

/// The graph, and the key of each row.
fn read_graph(
    cursor: &mut Cursor<'_>,
    head: &GraphHead,
) -> Result<(Graph, Vec<u64>), SavedIndexError> {
    let levels = cursor.take("the levels", head.rows as u64, 2)?;
    let levels = levels.as_chunks::<2>().0;
    let entry_level = i16::from_le_bytes(levels[head.entry_point as usize]);
    if u64::try_from(entry_level).ok() != Some(head.highest_level) {
        return Err(SavedIndexError::Node {
            what: "the level",
            node: head.entry_point as usize,
            found: entry_level.into(),
            expected: format!("{}, the highest, at the entry point", head.highest_level),
        });
    }
    let mut layers = Layers::new(Some(head.entry_point), head.rows, head.rows)?;
    let mut keys = reserved("the keys", head.rows)?;
    let mut total: u64 = 0;
    for (node, &level) in levels.iter().enumerate() {
        let level = i16::from_le_bytes(level);
        keys.push(cursor.u64("the key of a row")?);
        let own_level = cursor.i16("the level of a row")?;
        if own_level != level || !(0..=head.highest_level as i16).contains(&level) {
            return Err(SavedIndexError::Node {
                what: "the level",
                node,
                found: own_level.into(),
                expected: format!(
                    "{level}, as before the rows, of at most {}",
                    head.highest_level
                ),
            });
        }
        layers.begin_node();
        for layer in 0..=level {
            let room = if layer == 0 { head.m_base } else { head.m };
            let count = cursor.u32("the number of links")?;
            if u64::from(count) > room {
                return Err(SavedIndexError::Node {
                    what: "the number of links",
                    node,
                    found: count.into(),
                    expected: format!("at most {room}"),
                });
            }
            let links = cursor.take("the links", room, 4)?.as_chunks::<4>().0;
            total += u64::from(count);
            if total > u64::from(u32::MAX) {
                let expected = format!("at most {}", u32::MAX);
                return value("the number of links", total.into(), expected);
            }
            let links = links[..count as usize].iter().copied();
            layers.push_list(links.map(u32::from_le_bytes));
        }
    }
    Ok((layers.finish()?, keys))
}

/// Keys as labels, and the rows that were removed.
fn named(keys: &[u64], head: &Head) -> Result<(Vec<i64>, Vec<u32>), SavedIndexError> {
    let mut deleted: Vec<u32> = Vec::new();
    let mut taken: HashSet<u64> = HashSet::new();
    for (row, &key) in (0..).zip(keys) {
        if key == REMOVED {
            deleted.push(row);
        } else if i64::try_from(key).is_err() {
            return unsupported(format!("the key {key}"), "keys below 2⁶³ are read");
        } else if !taken.insert(key) {
            return unsupported(
                format!("several vectors of the key {key}"),
                "each key has one vector",
            );
        }
    }
    let present = (keys.len() - deleted.len()) as u64;
    if (head.present, head.deleted) != (present, deleted.len() as u64) {
        let expected = format!(
            "{present}, of {} rows of which {} are removed",
            keys.len(),
            deleted.len()
        );
        return value(
            "the number of vectors present",
            head.present.into(),
            expected,
        );
    }
    let mut free = (0..keys.len() as u64).filter(|key| !taken.contains(key));
    let mut label = |&key: &u64| match key {
        REMOVED => free.next().map_or(-1, |key| key as i64),
        key => key as i64,
    };
    Ok((keys.iter().map(&mut label).collect(), deleted))
}

fn unsupported<T>(kind: String, reason: &'static str) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Unsupported { kind, reason })
}

fn value<T>(what: &'static str, found: i128, expected: String) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Value {
        what,
        found,
        expected,
    })
}
