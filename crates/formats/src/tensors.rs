//! `.safetensors`: a JSON header of names, types, shapes and places, then the tensors' bytes,
//! little-endian, row after row.
//!
//! Enters: the file's bytes and perhaps a tensor's name. Leaves: the tensor where it lies. Every
//! place is checked against the file's length, with neither gap nor overlap. Reference: the format's own page in `safetensors`.

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout, MatrixShape};
use super::source::{Role, pick};

/// Bytes of the header's length, which come first.
const LENGTH_BYTES: u64 = 8;
/// Longer headers are refused, as the format's own library does.
const MOST_HEADER_BYTES: u64 = 100_000_000;

/// The named tensor, or the one that is a matrix and fits the role.
pub(super) fn open(
    bytes: Bytes,
    member: Option<&str>,
    role: Role,
) -> Result<(Bytes, Layout), ReadError> {
    let found = bytes.len();
    let damaged = |problem: String| ReadError::Damaged {
        content: "safetensors file",
        found,
        problem,
    };
    let (header_bytes, metadata) = header(&bytes, damaged)?;
    let names = metadata.offset_keys();
    let (claim, (start, end)) = pick(&names, member, role, |index| {
        let absent = || ReadError::NoSuchMember {
            name: names[index].clone(),
            members: names.clone(),
        };
        let info = metadata.info(&names[index]).ok_or_else(absent)?;
        let claim = claim(info)?;
        Ok((claim.element, (claim, info.data_offsets)))
    })?;
    let data = LENGTH_BYTES + header_bytes;
    let (start, end) = (start as u64, end as u64);
    let bytes = bytes.narrow(data + start..data + end);
    let layout = Layout::new(claim, bytes.len())?;
    Ok((bytes, layout))
}

/// The header's length, and what it says; the tensors must fill the file to its end.
fn header(
    bytes: &Bytes,
    damaged: impl Fn(String) -> ReadError,
) -> Result<(u64, Metadata), ReadError> {
    if bytes.len() < LENGTH_BYTES {
        return Err(damaged("no header".to_owned()));
    }
    let mut length = [0; LENGTH_BYTES as usize];
    bytes.read_at(0, &mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES.min(bytes.len() - LENGTH_BYTES) {
        return Err(damaged(format!("a header of {length} bytes")));
    }
    let text = bytes.read(LENGTH_BYTES..LENGTH_BYTES + length)?;
    // Checks that places follow each other, and shapes against places.
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let ends = metadata.offset_keys().into_iter().filter_map(|name| {
        let info = metadata.info(&name)?;
        Some(info.data_offsets.1 as u64)
    });
    let data = ends.max().unwrap_or(0);
    if data != bytes.len() - LENGTH_BYTES - length {
        return Err(damaged(format!("its tensors take {data} bytes")));
    }
    Ok((length, metadata))
}

fn claim(info: &TensorInfo) -> Result<Claim, ReadError> {
    let unsupported = || ReadError::UnsupportedType {
        descr: info.dtype.to_string(),
    };
    let element = element(info.dtype).ok_or_else(unsupported)?;
    let shape: Vec<u64> = info.shape.iter().map(|&length| length as u64).collect();
    let MatrixShape {
        rows,
        columns,
        singleton_axes,
    } = MatrixShape::of(&shape)?;
    Ok(Claim {
        element,
        byte_order: ByteOrder::Little,
        arrangement: Arrangement::Rows,
        rows,
        columns,
        singleton_axes,
        start: 0,
    })
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        Dtype::I8 => Element::I8,
        Dtype::I16 => Element::I16,
        Dtype::I32 => Element::I32,
        Dtype::I64 => Element::I64,
        Dtype::U8 => Element::U8,
        Dtype::U16 => Element::U16,
        Dtype::U32 => Element::U32,
        Dtype::U64 => Element::U64,
        _ => return None,
    })
}
