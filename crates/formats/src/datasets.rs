//! `.hdf5`: data sets of two dimensions, as ann-benchmarks and VIBE keep `train`, `test`,
//! `neighbors` and `distances`.
//!
//! Enters: the file's bytes and perhaps a data set's name (`group/name` within groups). Leaves: the
//! data set. One that lies in one piece, as those of ann-benchmarks do, is read where it is in the
//! map; one in chunks, perhaps packed, is unpacked into memory. Also the file's attribute
//! `distance`, which names the metric.
//!
//! The structures are `hdf5-reader`'s to follow, behind a panic guard. Its limit is to allocate no more
//! than the file's bytes could unpack to. Does not: read compound numbers, virtual or external data
//! sets, or filters other than HDF5's own.

use std::sync::Arc;

use hdf5_reader::group::Group;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::storage::{Storage, StorageBuffer};
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use super::benchmark_run::BenchmarkRun;
use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout, MatrixShape};
use super::source::{Role, pick};
use annatomy_runtime::guard_panics;

/// Bytes that a packed byte may stand for: deflate's longest match, 258 bytes in two bits.
const MOST_EXPANSION: u64 = 1032;
/// Groups within groups that are looked into; links may run in circles.
const DEEPEST: usize = 4;
/// Data sets listed.
const MOST_MEMBERS: usize = 4096;

/// The named data set, or the one that is a matrix and fits the role, and the file's word on its
/// metric.
pub(super) fn open(
    bytes: Bytes,
    member: Option<&str>,
    role: Role,
) -> Result<(Bytes, Layout, Option<String>), ReadError> {
    let found = bytes.len();
    let damaged = move |problem| ReadError::Damaged {
        content: "HDF5 file",
        found,
        problem,
    };
    let (claim, content, metric) = guard_panics(damaged, || {
        let file = open_file(&bytes, found)?;
        let names = names(&file).map_err(|error| damaged(error.to_string()))?;
        let member = member.map(|name| name.trim_start_matches('/'));
        let (claim, dataset) = pick(&names, member, role, |index| {
            let dataset = file
                .dataset(&names[index])
                .map_err(|error| damaged(error.to_string()))?;
            let claim = claim(&dataset)?;
            Ok((claim.element, (claim, dataset)))
        })?;
        let content = content(&file, &dataset, &claim, found).map_err(damaged)?;
        let metric = file
            .root_group()
            .and_then(|root| root.attribute("distance"));
        Ok((
            claim,
            content,
            metric.and_then(|attribute| attribute.read_string()).ok(),
        ))
    })?;
    let bytes = match content {
        Content::Unpacked(numbers) => Bytes::owned(numbers),
        Content::At(range) => bytes.narrow(range),
    };
    let layout = Layout::new(claim, bytes.len())?;
    Ok((bytes, layout, metric))
}

/// What the root's attributes say of a run.
pub(super) fn run(bytes: &Bytes) -> Result<BenchmarkRun, ReadError> {
    let found = bytes.len();
    let damaged = move |problem| ReadError::Damaged {
        content: "HDF5 file",
        found,
        problem,
    };
    guard_panics(damaged, || {
        let file = open_file(bytes, found)?;
        let root = file
            .root_group()
            .map_err(|error| damaged(error.to_string()))?;
        let attribute = |name| root.attribute(name).ok();
        let text = |name| attribute(name).and_then(|attribute| attribute.read_string().ok());
        let count = attribute("count").and_then(|attribute| attribute.read_as_f64().ok());
        Ok(BenchmarkRun {
            algorithm: text("algo"),
            name: text("name"),
            dataset: text("dataset"),
            distance: text("distance"),
            count: count
                .filter(|count| *count >= 0.0)
                .map(|count| count as u64),
        })
    })
}

impl Storage for Bytes {
    fn len(&self) -> u64 {
        Self::len(self)
    }

    fn read_range(&self, offset: u64, len: usize) -> hdf5_reader::error::Result<StorageBuffer> {
        let end = offset.saturating_add(len as u64);
        if end > Self::len(self) {
            return Err(hdf5_reader::error::Error::UnexpectedEof {
                offset,
                needed: len as u64,
                available: Self::len(self).saturating_sub(offset),
            });
        }
        let bytes = self.read(offset..end).map_err(std::io::Error::other)?;
        Ok(StorageBuffer::from_vec(bytes))
    }
}

fn open_file(bytes: &Bytes, found: u64) -> Result<Hdf5File, ReadError> {
    let damaged = |problem| ReadError::Damaged {
        content: "HDF5 file",
        found,
        problem,
    };
    let most = usize::try_from(found.saturating_mul(MOST_EXPANSION)).unwrap_or(usize::MAX);
    let options = OpenOptions::default()
        .with_max_chunk_bytes(most)
        .with_max_read_bytes(most);
    let file = Hdf5File::from_storage_with_options(Arc::new(bytes.clone()), options)
        .map_err(|error| damaged(error.to_string()))?;
    let end = file.superblock().eof_address;
    if end > found {
        return Err(damaged(format!("it should have {end} bytes")));
    }
    Ok(file)
}

/// Every data set's path, those outside groups first.
fn names(file: &Hdf5File) -> hdf5_reader::error::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut level: Vec<(String, Group)> = vec![(String::new(), file.root_group()?)];
    for _ in 0..=DEEPEST {
        let mut below = Vec::new();
        for (path, group) in level {
            let (groups, datasets) = group.member_names()?;
            names.extend(datasets.into_iter().map(|name| format!("{path}{name}")));
            for name in groups {
                below.push((format!("{path}{name}/"), group.group(&name)?));
            }
            if names.len() + below.len() > MOST_MEMBERS {
                return Ok(names);
            }
        }
        level = below;
    }
    Ok(names)
}

fn claim(dataset: &Dataset) -> Result<Claim, ReadError> {
    let MatrixShape {
        rows,
        columns,
        singleton_axes,
    } = MatrixShape::of(dataset.shape())?;
    let unsupported = || ReadError::UnsupportedType {
        descr: type_name(dataset.dtype()),
    };
    let (element, byte_order) = number_type(dataset, dataset.dtype()).ok_or_else(unsupported)?;
    Ok(Claim {
        element,
        byte_order,
        arrangement: Arrangement::Rows,
        rows,
        columns,
        singleton_axes,
        start: 0,
    })
}

fn type_name(datatype: &Datatype) -> String {
    match datatype {
        Datatype::FixedPoint { size, .. } => format!("integer of {size} bytes"),
        Datatype::FloatingPoint { size, .. } => format!("float of {size} bytes"),
        Datatype::String { .. } => "text".to_owned(),
        Datatype::Compound { fields, .. } => format!("compound of {} fields", fields.len()),
        Datatype::Array { dims, .. } => format!("array of {dims:?}"),
        Datatype::Enum { members, .. } => format!("one of {} names", members.len()),
        Datatype::VarLen { .. } => "list of any length".to_owned(),
        Datatype::Opaque { size, .. } => format!("opaque bytes, {size} of them"),
        Datatype::Reference { .. } => "reference".to_owned(),
        Datatype::Bitfield { size, .. } => format!("bit field of {size} bytes"),
    }
}

fn number_type(dataset: &Dataset, datatype: &Datatype) -> Option<(Element, ByteOrder)> {
    let (element, byte_order) = match datatype {
        Datatype::FixedPoint {
            size,
            signed,
            byte_order,
        } => (integer(*size, *signed)?, byte_order),
        Datatype::FloatingPoint {
            size: 2,
            byte_order,
        } => (half(dataset)?, byte_order),
        Datatype::FloatingPoint {
            size: 4,
            byte_order,
        } => (Element::F32, byte_order),
        Datatype::FloatingPoint {
            size: 8,
            byte_order,
        } => (Element::F64, byte_order),
        // What h5py makes of booleans: names over bytes.
        Datatype::Enum { base, .. } => return number_type(dataset, base),
        _ => return None,
    };
    let byte_order = match byte_order {
        hdf5_reader::ByteOrder::LittleEndian => ByteOrder::Little,
        hdf5_reader::ByteOrder::BigEndian => ByteOrder::Big,
    };
    Some((element, byte_order))
}

fn integer(size: u8, signed: bool) -> Option<Element> {
    Some(match (size, signed) {
        (1, true) => Element::I8,
        (2, true) => Element::I16,
        (4, true) => Element::I32,
        (8, true) => Element::I64,
        (1, false) => Element::U8,
        (2, false) => Element::U16,
        (4, false) => Element::U32,
        (8, false) => Element::U64,
        _ => return None,
    })
}

/// Floats of 16 bits differ in the size of their exponent, byte 13 of the datatype message.
fn half(dataset: &Dataset) -> Option<Element> {
    const EXPONENT_SIZE: usize = 13;
    match dataset.raw_datatype().ok()?.get(EXPONENT_SIZE)? {
        5 => Some(Element::F16),
        8 => Some(Element::BF16),
        _ => None,
    }
}

/// A data set's numbers.
enum Content {
    /// In one piece in the file.
    At(std::ops::Range<u64>),
    /// Put together from chunks.
    Unpacked(Vec<u8>),
}

fn content(
    file: &Hdf5File,
    dataset: &Dataset,
    claim: &Claim,
    found: u64,
) -> Result<Content, String> {
    let header = file
        .get_or_parse_header(dataset.address())
        .map_err(|error| error.to_string())?;
    let external = header
        .messages
        .iter()
        .any(|message| matches!(message, HdfMessage::ExternalFiles(_)));
    let layout = header.messages.iter().find_map(|message| match message {
        HdfMessage::DataLayout(message) => Some(&message.layout),
        _ => None,
    });
    let expected = claim.expected_bytes();
    let most = match layout {
        Some(&DataLayout::Contiguous { address, size })
            if !external && u128::from(size) == expected =>
        {
            let start = address.saturating_add(file.superblock().base_address);
            let end = start.saturating_add(size);
            if end <= found {
                return Ok(Content::At(start..end));
            }
            found
        }
        Some(DataLayout::Chunked { .. }) => found.saturating_mul(MOST_EXPANSION),
        _ => found,
    };
    if expected > u128::from(most) {
        return Err(format!(
            "{} rows of {} take {expected} bytes",
            claim.rows, claim.columns
        ));
    }
    dataset
        .read_raw_bytes()
        .map(Content::Unpacked)
        .map_err(|error| error.to_string())
}
