//! The graph of FAISS's `IndexNSG`: one layer, at most R links a node.
//!
//! Enters: a file behind the header of the index. Leaves: the graph, and the settings of its search.
//! Layout as FAISS 1.7 to 1.15 write it (`impl/index_write.cpp`): numbers of the build, then the
//! graph's own, then per node its links and −1.

use super::cursor::{Cursor, reserved};
use super::error::SavedIndexError;
use super::faiss::Header;
use super::layers::Layers;
use crate::graph::Graph;

/// The graph of an `IndexNSG` and what its file says about it.
#[derive(Debug)]
pub struct NsgPart {
    /// One layer; node i is row i.
    pub graph: Graph,
    /// Most links of a node, R.
    pub r: usize,
    /// search_L.
    pub search_l: Option<usize>,
}

/// Settings of NN-descent, which say nothing about a search.
const BUILD_SETTINGS: u64 = 4;

/// What an `IndexNSG` writes between its header and its storage.
pub fn read_nsg_part(cursor: &mut Cursor<'_>, header: &Header) -> Result<NsgPart, SavedIndexError> {
    cursor.i32("the neighbors that it was built of")?;
    cursor.u8("the kind of build")?;
    cursor.take("the settings of the build", BUILD_SETTINGS, 4)?;
    let nodes = cursor.i32("the number of nodes")?;
    let r = cursor.i32("R")?;
    cursor.i32("L")?;
    cursor.i32("C")?;
    let search_l = cursor.i32("search_L")?;
    let entry_point = cursor.i32("the entry point")?;
    let is_built = cursor.u8("whether the graph is built")?;
    if is_built == 0 {
        return Err(SavedIndexError::Unsupported {
            kind: "an IndexNSG without a graph".to_owned(),
            reason: "it is built by adding its vectors",
        });
    }
    let in_range = |what, found: i32, expected: String, is_right: bool| {
        let found = found.into();
        let wrong = SavedIndexError::Value {
            what,
            found,
            expected,
        };
        if is_right { Ok(()) } else { Err(wrong) }
    };
    let rows = header.rows;
    let same_rows = usize::try_from(nodes) == Ok(rows);
    in_range(
        "the number of nodes",
        nodes,
        format!("{rows}, the number of rows"),
        same_rows,
    )?;
    in_range("R", r, "at least 1".to_owned(), r >= 1)?;
    let is_node = usize::try_from(entry_point).is_ok_and(|node| node < rows);
    in_range(
        "the entry point",
        entry_point,
        format!("a node below {rows}"),
        is_node,
    )?;
    let r = r as usize;
    Ok(NsgPart {
        graph: read_links(cursor, rows, r, entry_point as u32)?,
        r,
        search_l: usize::try_from(search_l).ok(),
    })
}

/// Links of each node, up to −1.
fn read_links(
    cursor: &mut Cursor<'_>,
    rows: usize,
    r: usize,
    entry_point: u32,
) -> Result<Graph, SavedIndexError> {
    // Each node takes four bytes at least, and each link four.
    let integers = cursor.left() / 4;
    let links = integers.saturating_sub(rows).min(rows.saturating_mul(r));
    if integers < rows || links >= u32::MAX as usize {
        return Err(SavedIndexError::Value {
            what: "the integers left for links",
            found: integers as i128,
            expected: format!("{rows} at least, one a node, and fewer than 2³²"),
        });
    }
    let mut layers = Layers::new(Some(entry_point), rows, links)?;
    let mut own: Vec<u32> = reserved("the links of a node", r.min(integers))?;
    for node in 0..rows {
        own.clear();
        loop {
            let link = cursor.i32("a link")?;
            if link == -1 {
                break;
            }
            if own.len() == r {
                return Err(SavedIndexError::Node {
                    what: "the end of the links",
                    node,
                    found: link.into(),
                    expected: format!("-1 behind {r} links"),
                });
            }
            // A negative id below −1 becomes a node beyond all others, and is refused as such.
            own.push(link as u32);
        }
        layers.begin_node();
        layers.push_list(own.iter().copied());
    }
    layers.finish()
}
