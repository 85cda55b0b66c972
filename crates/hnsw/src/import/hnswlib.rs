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

use super::cursor::{Cursor, reserved, zeros};
use super::error::{SavedIndexError, within};
use super::layers::{Layers, MOST_LAYERS};
use super::read_at::ReadAt;
use super::row_ids::as_row_numbers;
use super::saved_index::{Engine, SavedIndex};
use annatomy_vectors::Matrix;
use rayon::prelude::*;
use std::ops::Range;

const HEADER_BYTES: u64 = 96;
const LABEL_BYTES: u64 = 8;
/// Of the number of bytes before a row's links above layer 0.
const NUMBER_BYTES: usize = 4;

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

impl Header {
    /// Of one list of links above layer 0.
    fn upper_list_bytes(&self) -> u64 {
        4 * self.m_above + 4
    }
}

/// Whether a file begins as hnswlib's do.
pub(super) fn is_hnswlib(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0; 8])
}

/// Rows stand in the order of their labels, where these are the row numbers. Memory: the index, and the
/// links once more.
pub(super) fn read<S: ReadAt + ?Sized>(source: &S) -> Result<SavedIndex, SavedIndexError> {
    File::open(source)
        .and_then(|file| file.read_index())
        .map_err(within("hnswlib index"))
}

/// A file whose sizes agree.
struct File<'s, S: ?Sized> {
    source: &'s S,
    header: Header,
    /// Of each row a number of bytes and as many bytes of links above layer 0.
    upper: Vec<u8>,
    /// Where these begin, behind the number, and where those of a further row would.
    upper_starts: Vec<usize>,
}

/// Some rows, read together: their links and which of them are deleted.
#[derive(Default)]
struct Chunk {
    lengths: Vec<u16>,
    links: Vec<u32>,
    deleted: Vec<u32>,
}

/// Which place each row of the file takes, and which row each place.
struct Order {
    names: Vec<u32>,
    rows: Vec<u32>,
}

impl<'s, S: ReadAt + ?Sized> File<'s, S> {
    /// Bytes after the index are an error, as hnswlib itself refuses them.
    fn open(source: &'s S) -> Result<Self, SavedIndexError> {
        let head = source.read(0..HEADER_BYTES.min(source.length()))?;
        let header = read_header(&mut Cursor::new(&head))?;
        let left = source.length() - HEADER_BYTES;
        let wanted = header.rows.saturating_mul(header.row_bytes);
        if wanted > left {
            return Err(SavedIndexError::Truncated {
                what: "the rows",
                offset: HEADER_BYTES as usize,
                wanted,
                left: left as usize,
            });
        }
        let upper = source.read(HEADER_BYTES + wanted..source.length())?;
        let upper_starts = upper_starts(&header, &upper)?;
        Ok(Self {
            source,
            header,
            upper,
            upper_starts,
        })
    }

    fn rows(&self) -> usize {
        self.header.rows as usize
    }

    /// Rows in a chunk: of about a megabyte.
    fn chunk_rows(&self) -> usize {
        ((1 << 20) / self.header.row_bytes as usize).max(1)
    }

    fn read_index(&self) -> Result<SavedIndex, SavedIndexError> {
        let (rows, columns) = (self.rows(), self.header.columns as usize);
        let labels = self.labels()?;
        let order = Order::of(&labels)?;
        let mut values = zeros("the vectors", rows * columns)?;
        let chunks: Vec<Result<Chunk, SavedIndexError>> = values
            .par_chunks_mut(self.chunk_rows() * columns)
            .enumerate()
            .map(|(chunk, values)| self.read_chunk(order.as_ref(), chunk, values))
            .collect();
        let row = self.header.entry_point;
        let entry_point = order
            .as_ref()
            .map_or(row, |order| order.names[row as usize]);
        let links = rows * self.header.m_base as usize / 2;
        let mut layers = Layers::new(Some(entry_point), rows, links)?;
        let mut deleted = Vec::new();
        let mut place = 0;
        for chunk in chunks {
            let chunk = chunk?;
            let mut links = &chunk.links[..];
            for length in chunk.lengths {
                let (list, rest) = links.split_at(length.into());
                links = rest;
                layers.begin_node();
                layers.push_list(list.iter().copied());
                self.push_upper_links(order.as_ref(), place, &mut layers)?;
                place += 1;
            }
            deleted.extend(chunk.deleted);
        }
        let graph = layers.finish()?;
        check_entry_point(&self.header, entry_point, &graph)?;
        Ok(SavedIndex {
            engine: Engine::Hnswlib,
            graph,
            vectors: Matrix::new(rows, columns, values).expect("rows of columns values"),
            metric: None,
            labels: order.is_none().then_some(labels),
            deleted,
            bytes_after: 0,
            m: self.header.m as usize,
            ef_construction: self.header.ef_construction as usize,
            ef_search: None,
        })
    }

    /// The bytes of some rows of the file.
    fn read_rows(&self, rows: Range<usize>, bytes: &mut Vec<u8>) -> Result<(), SavedIndexError> {
        let row_bytes = self.header.row_bytes;
        bytes.resize(rows.len() * row_bytes as usize, 0);
        let start = HEADER_BYTES + rows.start as u64 * row_bytes;
        self.source.read_at(start, bytes)
    }

    fn labels(&self) -> Result<Vec<i64>, SavedIndexError> {
        let mut labels = reserved("the labels", self.rows())?;
        labels.resize(self.rows(), 0);
        let read = |bytes: &mut Vec<u8>, (chunk, labels): (usize, &mut [i64])| {
            let first = chunk * self.chunk_rows();
            self.read_rows(first..first + labels.len(), bytes)?;
            let rows = bytes.chunks_exact(self.header.row_bytes as usize);
            for (label, row) in labels.iter_mut().zip(rows) {
                *label = row.last_chunk().copied().map_or(-1, i64::from_le_bytes);
            }
            Ok(())
        };
        labels
            .par_chunks_mut(self.chunk_rows())
            .enumerate()
            .map_init(Vec::new, read)
            .collect::<Result<(), SavedIndexError>>()?;
        Ok(labels)
    }

    /// Writes the vectors of the rows at the places of a chunk.
    fn read_chunk(
        &self,
        order: Option<&Order>,
        chunk: usize,
        values: &mut [f32],
    ) -> Result<Chunk, SavedIndexError> {
        let columns = self.header.columns as usize;
        let first = chunk * self.chunk_rows();
        let row_at =
            |place: usize| order.map_or(first + place, |order| order.rows[first + place] as usize);
        let places = 0..values.len() / columns;
        let start = places.clone().map(row_at).min().unwrap_or(0);
        let end = places.clone().map(row_at).max().map_or(0, |row| row + 1);
        // Threads add rows nearly in order, so that those of a chunk lie close together.
        let lie_close = end - start <= 4 * places.len();
        let (mut bytes, mut found) = (Vec::new(), Chunk::default());
        if lie_close {
            self.read_rows(start..end, &mut bytes)?;
        }
        for (place, values) in places.zip(values.chunks_exact_mut(columns)) {
            let node = row_at(place);
            let row_bytes = self.header.row_bytes as usize;
            let row = if lie_close {
                &bytes[(node - start) * row_bytes..][..row_bytes]
            } else {
                self.read_rows(node..node + 1, &mut bytes)?;
                &bytes[..]
            };
            let vector = self.header.links_bytes as usize..row_bytes - LABEL_BYTES as usize;
            for (value, bytes) in values.iter_mut().zip(row[vector].as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            let links = read_list(&row[..self.header.links_bytes as usize], node)?;
            found.lengths.push(links.len() as u16);
            for link in links {
                found.links.push(renamed(order, link, node, self.rows())?);
            }
            if row[2] & DELETED == DELETED {
                found.deleted.push((first + place) as u32);
            }
        }
        Ok(found)
    }

    fn push_upper_links(
        &self,
        order: Option<&Order>,
        place: usize,
        layers: &mut Layers,
    ) -> Result<(), SavedIndexError> {
        let node = order.map_or(place, |order| order.rows[place] as usize);
        let lists = self.upper_starts[node]..self.upper_starts[node + 1] - NUMBER_BYTES;
        for list in self.upper[lists].chunks_exact(self.header.upper_list_bytes() as usize) {
            let mut links = Vec::new();
            for link in read_list(list, node)? {
                links.push(renamed(order, link, node, self.rows())?);
            }
            layers.push_list(links.into_iter());
        }
        Ok(())
    }
}

impl Order {
    /// `None`: the rows stay as they are, in order already or with labels that are no row numbers.
    fn of(labels: &[i64]) -> Result<Option<Self>, SavedIndexError> {
        let Some(names) = as_row_numbers(labels).filter(|names| !names.is_sorted()) else {
            return Ok(None);
        };
        let mut rows = reserved("the order of the rows", names.len())?;
        rows.resize(names.len(), 0);
        for (row, &name) in (0..).zip(&names) {
            rows[name as usize] = row;
        }
        Ok(Some(Self { names, rows }))
    }
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
) -> Result<impl ExactSizeIterator<Item = u32> + use<'_>, SavedIndexError> {
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

/// Where the links above layer 0 of each row begin, and where those of a further row would.
fn upper_starts(header: &Header, upper: &[u8]) -> Result<Vec<usize>, SavedIndexError> {
    let list_bytes = header.upper_list_bytes();
    let mut cursor = Cursor::new(upper);
    let rows = header.rows as usize;
    let mut starts = reserved("the places of links above layer 0", rows + 1)?;
    for node in 0..rows {
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
        starts.push(upper.len() - cursor.left());
        cursor.take("the links above layer 0", bytes, 1)?;
    }
    if cursor.left() > 0 {
        let (found, expected) = (cursor.left() as i128, "none".to_owned());
        return Err(SavedIndexError::Value {
            what: "the number of bytes after the index",
            found,
            expected,
        });
    }
    starts.push(upper.len() + NUMBER_BYTES);
    Ok(starts)
}

/// A link of row `node` by the place of its row.
fn renamed(
    order: Option<&Order>,
    link: u32,
    node: usize,
    rows: usize,
) -> Result<u32, SavedIndexError> {
    if link as usize >= rows {
        return Err(SavedIndexError::Node {
            what: "a link",
            node,
            found: link.into(),
            expected: format!("a node below {rows}"),
        });
    }
    Ok(order.map_or(link, |order| order.names[link as usize]))
}

/// `entry_point`: its place in the graph.
fn check_entry_point(
    header: &Header,
    entry_point: u32,
    graph: &impl crate::Links,
) -> Result<(), SavedIndexError> {
    let level = graph.level(entry_point);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Links as _;

    const ROWS: usize = 500;
    const COLUMNS: usize = 3000;

    /// Row i holds i in every column, links to the rows (7i + j) mod ROWS on layer 0, and every
    /// hundredth row to the next hundredth above it.
    fn file(labels: &[i64]) -> Vec<u8> {
        let (m_base, m_above) = (4_u64, 2_u64);
        let links_bytes = 4 * m_base + 4;
        let label_offset = links_bytes + 4 * COLUMNS as u64;
        let mut bytes = Vec::new();
        let sizes = [
            0,
            ROWS as u64,
            ROWS as u64,
            label_offset + 8,
            label_offset,
            links_bytes,
        ];
        sizes
            .iter()
            .for_each(|size| bytes.extend(size.to_le_bytes()));
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(100_u32.to_le_bytes());
        [m_above, m_base, m_above]
            .iter()
            .for_each(|m| bytes.extend(m.to_le_bytes()));
        bytes.extend(1.0_f64.to_le_bytes());
        bytes.extend(40_u64.to_le_bytes());
        for (row, label) in labels.iter().enumerate() {
            let is_deleted = u8::from(row % 50 == 3);
            bytes.extend([3, 0, is_deleted, 0]);
            for link in 0..4 {
                bytes.extend((((7 * row + link) % ROWS) as u32).to_le_bytes());
            }
            (0..COLUMNS).for_each(|_| bytes.extend((row as f32).to_le_bytes()));
            bytes.extend(label.to_le_bytes());
        }
        for row in 0..ROWS {
            if row % 100 == 0 {
                bytes.extend(12_u32.to_le_bytes());
                bytes.extend(1_u32.to_le_bytes());
                bytes.extend((((row + 100) % ROWS) as u32).to_le_bytes());
                bytes.extend(0_u32.to_le_bytes());
            } else {
                bytes.extend(0_u32.to_le_bytes());
            }
        }
        bytes
    }

    /// Several chunks: labels in order, nearly in order, far apart, and none that are row numbers.
    #[test]
    fn rows_take_the_places_of_their_labels_from_any_place_in_the_file() {
        let label = |row: usize, way: usize| match way {
            0 => row,
            1 => row ^ 1,
            2 => row * 263 % ROWS,
            _ => 2 * row + 5,
        };
        for way in 0..4 {
            let labels: Vec<i64> = (0..ROWS).map(|row| label(row, way) as i64).collect();
            let found = read(&file(&labels)[..]).expect("an index");
            let found = found.in_order_of_labels().expect("room");
            let place = |row: usize| if way == 3 { row } else { label(row, way) };
            assert_eq!(found.labels, (way == 3).then_some(labels));
            assert_eq!(found.graph.entry_point(), Some(place(100) as u32));
            let mut deleted: Vec<u32> =
                (3..ROWS).step_by(50).map(|row| place(row) as u32).collect();
            deleted.sort_unstable();
            assert_eq!(found.deleted, deleted);
            for row in 0..ROWS {
                let node = place(row) as u32;
                assert_eq!(found.vectors.row(place(row)), [row as f32; COLUMNS]);
                let links = (0..3).map(|link| place((7 * row + link) % ROWS) as u32);
                assert_eq!(found.graph.links(node, 0), links.collect::<Vec<u32>>());
                assert_eq!(found.graph.level(node), usize::from(row % 100 == 0));
                if row % 100 == 0 {
                    assert_eq!(
                        found.graph.links(node, 1),
                        [place((row + 100) % ROWS) as u32]
                    );
                }
            }
        }
    }

    #[test]
    fn a_link_to_no_row_is_named_by_the_row_of_the_file() {
        let labels: Vec<i64> = (0..ROWS as i64).rev().collect();
        let mut bytes = file(&labels);
        let row_bytes = 20 + 4 * COLUMNS + 8;
        let link = HEADER_BYTES as usize + 7 * row_bytes + 4;
        bytes[link..link + 4].copy_from_slice(&9999_u32.to_le_bytes());
        let words = read(&bytes[..]).expect_err("no such row").to_string();
        assert!(
            words.contains("node 7") && words.contains("9999"),
            "{words}"
        );
    }
}
