//! `.arrow`, `.feather`: record batches, as a file with a footer or as a stream, which is what
//! Hugging Face's `datasets` saves.
//!
//! file     ARROW1 · messages · footer, which has the schema and the place of each message · its length · ARROW1
//! stream   a schema message · messages · an end mark
//! message  FFFFFFFF · length of its header · header, which has the places of buffers in the body · body
//!
//! This walks the messages itself and holds every place and length against the bytes there are; the
//! decoding of a batch is `arrow-ipc`'s. Dictionaries are passed over, since no list of numbers
//! uses them. Does not: read big-endian files, or Feather version 1.
//!
//! Reference: Arrow columnar format 1.5, "Serialization and interprocess communication".

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_ipc::{
    Endianness, Message, MessageHeader, RecordBatch, convert, root_as_footer, root_as_message,
};
use arrow_schema::SchemaRef;

use super::column::pick_column;
use super::lists::Lists;
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::source::Role;

const SIGNATURE: &[u8] = b"ARROW1";
const CONTINUATION: u32 = u32::MAX;
/// Bytes that a packed byte may stand for: zstd's shortest block, 4 bytes, unpacks to 128 KiB.
const MOST_EXPANSION: u64 = 1 << 16;
/// Bytes before a packed buffer that say its unpacked length; −1 where it is not packed after all.
const LENGTH_BYTES: usize = 8;

/// What is wrong with a file.
type Problem = String;

pub(super) fn read(bytes: &Bytes, member: Option<&str>, role: Role) -> Result<Lists, ReadError> {
    let found = bytes.len();
    let damaged = |problem: Problem| ReadError::Damaged {
        content: "Arrow file",
        found,
        problem,
    };
    // Batches are decoded where they lie in memory.
    let bytes = Buffer::from_vec(bytes.read(0..found)?);
    let (schema, places) = contents(&bytes).map_err(damaged)?;
    let column = pick_column(schema.fields(), member, role)?;
    let mut lists = Lists::new(column);
    for place in places {
        let batch = decode(&bytes, place, &schema, column.index).map_err(damaged)?;
        lists.append(
            batch
                .columns()
                .first()
                .ok_or_else(|| damaged("a batch without columns".to_owned()))?,
        )?;
    }
    Ok(lists)
}

/// The schema, and the offsets of the record batches' messages.
fn contents(bytes: &[u8]) -> Result<(SchemaRef, Vec<usize>), Problem> {
    if bytes.starts_with(SIGNATURE) {
        file_contents(bytes)
    } else {
        stream_contents(bytes)
    }
}

fn file_contents(bytes: &[u8]) -> Result<(SchemaRef, Vec<usize>), Problem> {
    let before_mark = bytes
        .strip_suffix(SIGNATURE)
        .ok_or("no end mark: the file may be cut")?;
    let (rest, length) = before_mark.split_last_chunk().ok_or("no footer")?;
    let length = i32::from_le_bytes(*length);
    let start = usize::try_from(length)
        .ok()
        .and_then(|length| rest.len().checked_sub(length));
    let start = start.ok_or_else(|| format!("a footer of {length} bytes"))?;
    let footer = root_as_footer(&rest[start..]).map_err(|error| format!("the footer: {error}"))?;
    let schema = schema(footer.schema())?;
    let blocks = footer
        .recordBatches()
        .ok_or("a footer without record batches")?;
    let place = |offset: i64| usize::try_from(offset).map_err(|_| format!("a batch at {offset}"));
    Ok((
        schema,
        blocks
            .iter()
            .map(|block| place(block.offset()))
            .collect::<Result<_, _>>()?,
    ))
}

fn stream_contents(bytes: &[u8]) -> Result<(SchemaRef, Vec<usize>), Problem> {
    let Some((message, mut next)) = message_at(bytes, 0)? else {
        return Err("a stream without a schema".to_owned());
    };
    let schema = schema(message.header_as_schema())?;
    let mut places = Vec::new();
    while let Some((message, body)) = message_at(bytes, next.end)? {
        match message.header_type() {
            MessageHeader::RecordBatch => places.push(next.end),
            MessageHeader::DictionaryBatch => {}
            other => return Err(format!("a message of type {other:?} at {}", next.end)),
        }
        next = body;
    }
    Ok((schema, places))
}

fn schema(schema: Option<arrow_ipc::Schema<'_>>) -> Result<SchemaRef, Problem> {
    let schema = schema.ok_or("no schema")?;
    if schema.endianness() != Endianness::Little {
        return Err("numbers are big-endian".to_owned());
    }
    convert::try_fb_to_schema(schema)
        .map(Arc::new)
        .map_err(|error| format!("the schema: {error}"))
}

/// The message at an offset and the place of its body; none at the end mark.
fn message_at(bytes: &[u8], offset: usize) -> Result<Option<(Message<'_>, Range<usize>)>, Problem> {
    let cut = || format!("it ends inside the message at {offset}");
    let word = |at: usize| {
        let word = bytes.get(at..).and_then(|left| left.first_chunk());
        word.map(|&word| u32::from_le_bytes(word)).ok_or_else(cut)
    };
    // Before 0.15 the length came without a mark before it.
    let length_at = if word(offset)? == CONTINUATION {
        offset + 4
    } else {
        offset
    };
    let length = word(length_at)?;
    if length == 0 {
        return Ok(None);
    }
    let header = length_at + 4..(length_at + 4).saturating_add(length as usize);
    let message = root_as_message(bytes.get(header.clone()).ok_or_else(cut)?);
    let message = message.map_err(|error| format!("the message at {offset}: {error}"))?;
    let body_bytes = message.bodyLength();
    let body_end = usize::try_from(body_bytes)
        .ok()
        .and_then(|length| header.end.checked_add(length));
    let body_end = body_end.filter(|&end| end <= bytes.len());
    let body_end = body_end
        .ok_or_else(|| format!("the message at {offset} claims a body of {body_bytes} bytes"))?;
    Ok(Some((message, header.end..body_end)))
}

fn decode(
    bytes: &Buffer,
    place: usize,
    schema: &SchemaRef,
    column: usize,
) -> Result<arrow_array::RecordBatch, Problem> {
    let message = message_at(bytes, place)?;
    let (message, body) = message.ok_or_else(|| format!("no message at {place}"))?;
    let batch = message
        .header_as_record_batch()
        .ok_or_else(|| format!("no record batch at {place}"))?;
    check_buffers(&bytes[body.clone()], batch)
        .map_err(|problem| format!("the batch at {place}: {problem}"))?;
    let body = bytes.slice_with_length(body.start, body.len());
    let no_dictionaries = HashMap::new();
    let batch = RecordBatchDecoder::try_new(
        &body,
        batch,
        schema.clone(),
        &no_dictionaries,
        &message.version(),
    )
    .and_then(|decoder| decoder.with_projection(Some(&[column])).read_record_batch());
    batch.map_err(|error| format!("the batch at {place}: {error}"))
}

/// Whether memory can be asked for: the decoder asks for all of it at once, and where that is
/// refused the process ends.
fn has_room(bytes: u64) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// Refuses buffers outside the body, and packed ones that claim to unpack to more than they could.
fn check_buffers(body: &[u8], batch: RecordBatch<'_>) -> Result<(), Problem> {
    for node in batch.nodes().into_iter().flatten() {
        if node.length() < 0 || node.null_count() < 0 || node.null_count() > node.length() {
            return Err(format!(
                "{} values of which {} are missing",
                node.length(),
                node.null_count()
            ));
        }
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let (offset, length) = (buffer.offset(), buffer.length());
        let range = usize::try_from(offset)
            .ok()
            .zip(usize::try_from(length).ok());
        let range = range.and_then(|(offset, length)| Some(offset..offset.checked_add(length)?));
        let content = range.and_then(|range| body.get(range));
        let content = content.ok_or_else(|| {
            format!(
                "a buffer of {length} bytes at {offset} in a body of {}",
                body.len()
            )
        })?;
        if let (Some(_), Some(claim)) = (batch.compression(), content.first_chunk::<LENGTH_BYTES>())
        {
            let unpacked = i64::from_le_bytes(*claim);
            let most = (content.len() as u64).saturating_mul(MOST_EXPANSION);
            let claimed = u64::try_from(unpacked).unwrap_or(0);
            if claimed > most || !has_room(claimed) {
                return Err(format!(
                    "a buffer of {length} bytes claims to unpack to {unpacked}"
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Float32Type;
    use arrow_array::{ArrayRef, FixedSizeListArray, RecordBatch as Rows};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions};

    /// A file of noise over three bytes in four (what does not shrink is stored as it is), in which
    /// every packed buffer of over a MiB claims as much as is let
    /// through for its length.
    fn file_of_large_claims() -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(f32::from_bits(state >> 8))
        };
        let rows = (0..2_048).map(|_| Some((0..1_024).map(|_| noise()).collect::<Vec<_>>()));
        let lists = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 1_024);
        let batch =
            Rows::try_from_iter([("embedding", Arc::new(lists) as ArrayRef)]).expect("a batch");
        let options = IpcWriteOptions::default()
            .try_with_compression(Some(CompressionType::ZSTD))
            .expect("zstd");
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options)
            .expect("a schema");
        writer
            .write(&batch)
            .and_then(|()| writer.finish())
            .expect("a file");
        let mut bytes = writer.into_inner().expect("a file");
        let unpacked = (2_048_u64 * 1_024 * 4).to_le_bytes();
        let place = bytes
            .windows(8)
            .position(|window| window == unpacked)
            .expect("the length before the packed numbers");
        bytes[place..place + 8].copy_from_slice(&(1_u64 << 38).to_le_bytes());
        bytes
    }

    #[test]
    fn a_buffer_that_claims_more_than_memory_holds_is_an_error() {
        let bytes = file_of_large_claims();
        let error = read(&Bytes::owned(bytes), None, Role::Base)
            .expect_err("256 GiB")
            .to_string();
        assert!(
            error.contains("claims to unpack to 274877906944")
                || error.contains("Expected decompressed length"),
            "{error}"
        );
    }
}
