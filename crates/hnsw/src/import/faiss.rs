//! The files of `faiss.write_index` that hold an `IndexHNSWFlat`.
//!
//! code, header (d, n, trained, metric)
//!   [`IxMp`, `IxM2`: an index, then a vector of ids]
//!   `IHNf`: level probabilities · links per node up to each level · levels · offsets · links, −1 after the last of a list
//!           entry point · highest level · efConstruction · efSearch · beam width (no longer used)
//!   `IxF2`, `IxFI`, `IxFl`: code, header, vectors; or `null` where they were left out
//!
//! All little-endian, vectors after their 64-bit length. A node's `levels` counts its layers, so it
//! is one more than the highest. Source: the layout as FAISS 1.7 to 1.15 write it
//! (`impl/index_write.cpp`).

use super::cursor::{Cursor, collected, floats, integers, long_integers};
use super::error::{SavedIndexError, within};
use super::faiss_classes::{class_of, name_of};
use super::layers::{Layers, MOST_LAYERS};
use super::row_ids::read_row_ids;
use super::saved_index::{Engine, SavedIndex};
use crate::graph::{Graph, Links};
use annatomy_vectors::{Matrix, Metric};

/// Indexes around an index that are read.
const MOST_NESTED: usize = 8;

/// What every FAISS index begins with, after its code.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// d.
    pub columns: usize,
    /// n, at least 1.
    pub rows: usize,
    /// Inner product or L2.
    pub metric: Metric,
}

/// The graph of an `IndexHNSW`, without its storage.
#[derive(Clone, Debug)]
pub struct HnswPart {
    /// The graph; node i is the i-th row added.
    pub graph: Graph,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// efSearch.
    pub ef_search: Option<usize>,
}

/// Whether a file begins as FAISS files do.
pub fn is_faiss(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|code: &[u8; 4]| {
        let named = code[0] == b'I' && code.iter().all(u8::is_ascii_alphanumeric);
        named || class_of(code).is_some()
    })
}

/// An index, without vectors (0 rows) where it was saved so. Bytes after it are counted and left
/// alone: `read_index` of FAISS does not look at them either, and OpenSearch appends a footer.
pub(super) fn read(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    let mut cursor = Cursor::new(bytes);
    let mut index = read_index(&mut cursor, 0)?;
    index.bytes_after = cursor.left();
    Ok(index)
}

/// `depth`: how many indexes this one is within.
fn read_index(cursor: &mut Cursor<'_>, depth: usize) -> Result<SavedIndex, SavedIndexError> {
    let code = cursor.code("the code of the index")?;
    match &code {
        b"IHNf" => read_hnsw(cursor, &code).map_err(within("FAISS IndexHNSWFlat")),
        b"IHNc" | b"IHc2" => read_hnsw(cursor, &code).map_err(within("FAISS IndexHNSWCagra")),
        b"IxMp" | b"IxM2" if depth == MOST_NESTED => Err(SavedIndexError::Unsupported {
            kind: format!("a FAISS IndexIDMap within {MOST_NESTED} others"),
            reason: "no use of FAISS nests them so deep",
        }),
        b"IxMp" => read_mapped(cursor, depth, "FAISS IndexIDMap"),
        b"IxM2" => read_mapped(cursor, depth, "FAISS IndexIDMap2"),
        code => Err(SavedIndexError::Unsupported {
            kind: name_of(code),
            reason: "only IndexHNSWFlat and IndexHNSWCagra, alone or in an IndexIDMap, keep a graph and its float32 vectors",
        }),
    }
}

/// An index whose answers are renamed by a list of ids.
fn read_mapped(
    cursor: &mut Cursor<'_>,
    depth: usize,
    class: &'static str,
) -> Result<SavedIndex, SavedIndexError> {
    let header = read_header(cursor).map_err(within(class))?;
    let mut index = read_index(cursor, depth + 1)?;
    let rows = index.graph.nodes();
    let ids = read_row_ids(cursor, rows, index.labels.as_deref()).map_err(within(class))?;
    if header.rows != rows {
        return Err(within(class)(SavedIndexError::Value {
            what: "the number of rows",
            found: header.rows as i128,
            expected: format!("{rows}, those of the index within"),
        }));
    }
    index.labels = Some(ids);
    Ok(index)
}

fn read_hnsw(cursor: &mut Cursor<'_>, code: &[u8; 4]) -> Result<SavedIndex, SavedIndexError> {
    let header = read_header(cursor)?;
    read_cagra_part(cursor, code)?;
    let HnswPart {
        graph,
        m,
        ef_construction,
        ef_search,
    } = read_hnsw_part(cursor, &header)?;
    let vectors = read_storage(cursor, &header)?;
    Ok(SavedIndex {
        engine: Engine::Faiss,
        graph,
        vectors,
        metric: Some(header.metric),
        labels: None,
        deleted: Vec::new(),
        bytes_after: 0,
        m,
        ef_construction,
        ef_search,
    })
}

/// What an `IndexHNSWCagra`, by its code, writes behind its header: nothing for other classes.
pub fn read_cagra_part(cursor: &mut Cursor<'_>, code: &[u8; 4]) -> Result<(), SavedIndexError> {
    if !matches!(code, b"IHNc" | b"IHc2") {
        return Ok(());
    }
    cursor.u8("whether lists on layer 0 are kept full")?;
    let base_level_only = cursor.u8("whether there is layer 0 alone")?;
    cursor.i32("the number of entry points")?;
    if code == b"IHc2" {
        cursor.i32("the type of values")?;
    }
    if base_level_only != 0 {
        return Err(SavedIndexError::Unsupported {
            kind: "IndexHNSWCagra with base_level_only".to_owned(),
            reason: "each search of it begins at rows drawn by std::random_device: no two need agree",
        });
    }
    Ok(())
}

/// What an `IndexHNSW` writes between its header and its storage.
pub fn read_hnsw_part(
    cursor: &mut Cursor<'_>,
    header: &Header,
) -> Result<HnswPart, SavedIndexError> {
    cursor.counted("the level probabilities", 8)?;
    let links_up_to = cursor.counted("the links per level", 4)?;
    let links_up_to = collected("the links per level", integers(links_up_to))?;
    let m = check_links_per_level(&links_up_to)?;
    let levels = cursor.counted("the levels", 4)?;
    let offsets = cursor.counted("the offsets", 8)?;
    let links = cursor.counted("the links", 4)?;
    let entry_point = cursor.i32("the entry point")?;
    let highest_level = cursor.i32("the highest level")?;
    let ef_construction = cursor.i32("efConstruction")?;
    let ef_search = cursor.i32("efSearch")?;
    cursor.i32("the beam width")?;
    let entry_point = check_entry_point(entry_point, highest_level, levels, header.rows)?;
    let graph = read_graph(header, &links_up_to, levels, offsets, links, entry_point)?;
    Ok(HnswPart {
        graph,
        m,
        ef_construction: usize::try_from(ef_construction).unwrap_or(0),
        ef_search: usize::try_from(ef_search).ok(),
    })
}

/// The header behind the code of an index.
pub fn read_header(cursor: &mut Cursor<'_>) -> Result<Header, SavedIndexError> {
    let columns = cursor.i32("the number of columns")?;
    let rows = cursor.i64("the number of rows")?;
    cursor.i64("a number no longer used")?;
    cursor.i64("a number no longer used")?;
    cursor.u8("whether the index is trained")?;
    let metric = match cursor.i32("the metric")? {
        0 => Metric::InnerProduct,
        1 => Metric::L2,
        other => {
            return Err(SavedIndexError::Unsupported {
                kind: format!("an index of FAISS metric {other}"),
                reason: "metrics are inner product (0) and L2 (1)",
            });
        }
    };
    let in_range = |what, found: i64, limit: i64| {
        let expected = || format!("between 1 and {limit}");
        usize::try_from(found)
            .ok()
            .filter(|_| (1..=limit).contains(&found))
            .ok_or_else(|| SavedIndexError::Value {
                what,
                found: found.into(),
                expected: expected(),
            })
    };
    Ok(Header {
        columns: in_range("the number of columns", columns.into(), i32::MAX.into())?,
        rows: in_range("the number of rows", rows, i32::MAX.into())?,
        metric,
    })
}

/// M, if the links per level are those of an HNSW: 0, 2M, 3M, 4M, ….
fn check_links_per_level(links_up_to: &[i32]) -> Result<usize, SavedIndexError> {
    let wrong = |found: i32, expected: &str| SavedIndexError::Value {
        what: "the links per level",
        found: found.into(),
        expected: expected.to_owned(),
    };
    let &[first, second, ..] = links_up_to else {
        return Err(wrong(
            links_up_to.len() as i32,
            "a list of two numbers at least",
        ));
    };
    if links_up_to.len() > MOST_LAYERS + 1 || first != 0 || second <= 0 {
        return Err(wrong(
            second,
            "at least 1, after 0, in a list of at most 65",
        ));
    }
    match links_up_to.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(wrong(pair[1], "ascending")),
        None => Ok(second as usize / 2),
    }
}

fn check_entry_point(
    entry_point: i32,
    highest_level: i32,
    levels: &[u8],
    rows: usize,
) -> Result<u32, SavedIndexError> {
    if levels.len() / 4 != rows {
        let expected = format!("{rows}, the number of rows");
        return Err(SavedIndexError::Value {
            what: "the number of levels",
            found: (levels.len() / 4) as i128,
            expected,
        });
    }
    let layers = usize::try_from(entry_point)
        .ok()
        .and_then(|node| integers(levels).nth(node));
    let Some(layers) = layers else {
        let expected = format!("a node below {rows}");
        return Err(SavedIndexError::Value {
            what: "the entry point",
            found: entry_point.into(),
            expected,
        });
    };
    if i64::from(layers) != i64::from(highest_level) + 1 {
        let expected = format!("{}, that of the entry point", i64::from(layers) - 1);
        return Err(SavedIndexError::Value {
            what: "the highest level",
            found: highest_level.into(),
            expected,
        });
    }
    Ok(entry_point as u32)
}

fn read_graph(
    header: &Header,
    links_up_to: &[i32],
    levels: &[u8],
    offsets: &[u8],
    links: &[u8],
    entry_point: u32,
) -> Result<Graph, SavedIndexError> {
    let total = (links.len() / 4) as u64;
    if offsets.len() / 8 != header.rows + 1 || total >= u64::from(u32::MAX) {
        let expected = format!(
            "{}, one more than rows, for fewer than 2³² links",
            header.rows + 1
        );
        let found = (offsets.len() / 8) as i128;
        return Err(SavedIndexError::Value {
            what: "the number of offsets",
            found,
            expected,
        });
    }
    let mut layers = Layers::new(Some(entry_point), header.rows, links.len() / 4)?;
    let ends = long_integers(offsets).skip(1);
    for ((node, count), (start, end)) in integers(levels)
        .enumerate()
        .zip(long_integers(offsets).zip(ends))
    {
        let most = links_up_to.len() - 1;
        let count = usize::try_from(count)
            .ok()
            .filter(|count| (1..=most).contains(count))
            .ok_or_else(|| {
                let expected = format!("between 1 and {most}");
                SavedIndexError::Node {
                    what: "the number of layers",
                    node,
                    found: count.into(),
                    expected,
                }
            })?;
        let length = i64::from(links_up_to[count]);
        if start < 0 || end as u64 > total || end.checked_sub(start) != Some(length) {
            let expected = format!("{length} more than {start}, within {total} links");
            return Err(SavedIndexError::Node {
                what: "the end of the links",
                node,
                found: end.into(),
                expected,
            });
        }
        let own = &links[4 * start as usize..4 * end as usize];
        layers.begin_node();
        for range in links_up_to[..=count].windows(2) {
            let list = &own[4 * range[0] as usize..4 * range[1] as usize];
            // A negative id below −1 becomes a node beyond all others, and is refused as such.
            layers.push_list(
                integers(list)
                    .take_while(|&link| link != -1)
                    .map(|link| link as u32),
            );
        }
    }
    layers.finish()
}

/// The vectors, kept in the index behind the graph; 0 rows where they were left out.
fn read_storage(cursor: &mut Cursor<'_>, graph: &Header) -> Result<Matrix, SavedIndexError> {
    let code = cursor.code("the code of the storage")?;
    match &code {
        b"IxF2" | b"IxFI" | b"IxFl" => {}
        b"null" => return Ok(Matrix::zeros(0, graph.columns)),
        code => {
            return Err(SavedIndexError::Unsupported {
                kind: format!("storage of {}", name_of(code)),
                reason: "vectors must be stored flat, in float32",
            });
        }
    }
    let header = read_header(cursor)?;
    let values = cursor.counted("the vectors", 4)?;
    let wanted = (graph.rows as u64).saturating_mul(graph.columns as u64);
    if header.rows != graph.rows
        || header.columns != graph.columns
        || (values.len() / 4) as u64 != wanted
    {
        return Err(SavedIndexError::Value {
            what: "the number of stored values",
            found: (values.len() / 4) as i128,
            expected: format!(
                "{} rows of {} columns, as the graph has",
                graph.rows, graph.columns
            ),
        });
    }
    let values = collected("the vectors", floats(values))?;
    Ok(Matrix::new(graph.rows, graph.columns, values).expect("rows × columns values"))
}
