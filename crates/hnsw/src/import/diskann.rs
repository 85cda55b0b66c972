//! The graph of DiskANN's index in memory, as `build_memory_index` leaves it.
//!
//! bytes of the file (64 bits) · largest degree · start (32 bits each) · frozen points (64 bits)
//! per node: the number of its links, and each (32 bits)
//!
//! All little-endian. One layer, whose searches begin at the start. The rows stand in a file of their
//! own, named as the graph's with `.data` behind. Source: DiskANN 0.7.0 `src/in_mem_graph_store.cpp`.
//!
//! Does not: read what a dynamic index saves, which has frozen points that no search returns; or an
//! index on disk.

use super::cursor::Cursor;
use super::error::{SavedIndexError, within};
use super::layers::Layers;
use crate::graph::Graph;
use std::path::{Path, PathBuf};

/// What errors call the index.
pub const CLASS: &str = "DiskANN index in memory";

/// Bytes before the first node.
const HEAD_BYTES: usize = 24;

/// A graph and what its file says about it.
#[derive(Debug)]
pub struct DiskAnnGraph {
    /// One layer; node i is row i.
    pub graph: Graph,
    /// Most links of a node: at most the `graph_degree` it was built with.
    pub degree: usize,
}

/// Whether a file is such a graph: it says its own length.
pub fn is_graph(bytes: &[u8]) -> bool {
    bytes.len() > HEAD_BYTES
        && bytes
            .first_chunk()
            .is_some_and(|&length| u64::from_le_bytes(length) == bytes.len() as u64)
}

/// The file of the rows of the graph at `graph`.
pub fn data_path(graph: &Path) -> PathBuf {
    let mut name = graph.as_os_str().to_owned();
    name.push(".data");
    PathBuf::from(name)
}

/// The graph that belongs to the file at `path`, where that holds the rows of one.
pub fn graph_path(path: &Path) -> Option<PathBuf> {
    let is_data = path.extension().is_some_and(|ending| ending == "data");
    let graph = path.with_extension("");
    (is_data && graph.is_file()).then_some(graph)
}

/// Whether a file is named as an index on disk is.
pub fn is_on_disk(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with("_disk.index"))
}

/// Reads and checks a graph.
///
/// # Errors
/// If it is of a kind that is not read, or contradicts itself.
pub fn read_graph(bytes: &[u8]) -> Result<DiskAnnGraph, SavedIndexError> {
    read(bytes).map_err(within(CLASS))
}

fn read(bytes: &[u8]) -> Result<DiskAnnGraph, SavedIndexError> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.u64("the bytes of the graph")?;
    let degree = cursor.u32("the largest degree")?;
    let start = cursor.u32("the start")?;
    let frozen = cursor.u64("the frozen points")?;
    if length != bytes.len() as u64 {
        let expected = format!("{}, the bytes of the file", bytes.len());
        return Err(value("the bytes of the graph", length.into(), expected));
    }
    if frozen > 0 {
        return Err(SavedIndexError::Unsupported {
            kind: format!("a dynamic index with frozen points ({frozen})"),
            reason: "what build_memory_index leaves is read",
        });
    }
    let graph = read_links(&mut cursor, degree, start)?;
    Ok(DiskAnnGraph {
        graph,
        degree: degree as usize,
    })
}

fn read_links(cursor: &mut Cursor<'_>, degree: u32, start: u32) -> Result<Graph, SavedIndexError> {
    // The number of nodes is not written: a first pass counts them.
    let mut ahead = cursor.clone();
    let (mut nodes, mut links) = (0_usize, 0_usize);
    while ahead.left() > 0 {
        let count = ahead.u32("the number of links")?;
        if count > degree {
            return Err(SavedIndexError::Node {
                what: "the number of links",
                node: nodes,
                found: count.into(),
                expected: format!("at most {degree}, the largest degree"),
            });
        }
        ahead.take("the links", count.into(), 4)?;
        nodes += 1;
        links += count as usize;
    }
    if start as usize >= nodes {
        let expected = format!("a node below {nodes}");
        return Err(value("the start", start.into(), expected));
    }
    if nodes.max(links) >= u32::MAX as usize {
        let expected = "fewer than 2³²".to_owned();
        return Err(value("the number of links", links as i128, expected));
    }
    let mut layers = Layers::new(Some(start), nodes, links)?;
    for _ in 0..nodes {
        let count = cursor.u32("the number of links")?;
        let links = cursor.take("the links", count.into(), 4)?.as_chunks().0;
        layers.begin_node();
        layers.push_list(links.iter().copied().map(u32::from_le_bytes));
    }
    layers.finish()
}

fn value(what: &'static str, found: i128, expected: String) -> SavedIndexError {
    SavedIndexError::Value {
        what,
        found,
        expected,
    }
}
