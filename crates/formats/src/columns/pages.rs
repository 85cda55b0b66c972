//! What the pages of a Parquet column claim to unpack to, checked against what their codec could
//! unpack; and that their headers are what the format has.
//!
//! Enters: a file, a column chunk's place in it, its codec. Leaves: the unpacked size of the largest
//! page, or which page claims too much. The decoder fills as many bytes with zeros as a page's header
//! claims before it looks at the page, 2 GiB for a few flipped bits; and it steps through a list of two
//! billion booleans, which takes it no byte. So headers are looked at first.
//!
//! chunk    page · page · …                       dictionary first, if there is one
//! page     header · as many bytes as it says
//! header   a struct in Thrift's compact protocol: 1 type · 2 unpacked bytes · 3 packed bytes · …
//!
//! A header is refused that the decoder could understand in another way than this walk does: known
//! fields of other types, maps, lists of booleans, a header or page that the chunk cuts off. Cost: a read
//! of some KiB for each page.
//!
//! Reference: Parquet format 2.12, `parquet.thrift`; Thrift compact protocol specification.

use std::ops::Range;

use parquet::basic::Compression;

use crate::bytes::Bytes;

/// Bytes that any page may claim: what is packed has a few bytes of its own.
const SLACK: u64 = 1024;
/// Structs within structs that a header may hold; those known hold two.
const DEEPEST: usize = 8;
/// Bytes read of a header at first; those with large statistics have more.
const WINDOW: u64 = 4 << 10;

/// Refuses a page that claims to unpack to more than `codec` could make of it; returns the unpacked
/// bytes of the largest.
pub(super) fn check_pages(
    bytes: &Bytes,
    chunk: Range<u64>,
    codec: Compression,
) -> Result<u64, String> {
    let mut largest = 0;
    let mut start = chunk.start;
    while start < chunk.end {
        let (PageSizes { unpacked, packed }, header) = header_at(bytes, start..chunk.end)?;
        let page = start - chunk.start;
        let most = u64::from(packed)
            .saturating_mul(most_expansion(codec))
            .saturating_add(SLACK);
        if u64::from(unpacked) > most {
            return Err(format!(
                "the page at {page} claims to unpack {packed} bytes to {unpacked}"
            ));
        }
        largest = largest.max(u64::from(unpacked));
        start += header + u64::from(packed);
        if start > chunk.end {
            let length = chunk.end - chunk.start;
            return Err(format!(
                "the page at {page} ends at {}, and its column has {length} bytes",
                start - chunk.start
            ));
        }
    }
    Ok(largest)
}

/// The sizes that the header at the start of `rest` tells, and its length.
fn header_at(bytes: &Bytes, rest: Range<u64>) -> Result<(PageSizes, u64), String> {
    let left = rest.end - rest.start;
    let mut length = WINDOW.min(left);
    loop {
        let window = bytes.read(rest.start..rest.start + length);
        let window = window.map_err(|error| error.to_string())?;
        let mut unread = &window[..];
        match page_sizes(&mut unread) {
            Ok(sizes) => return Ok((sizes, (window.len() - unread.len()) as u64)),
            Err(Fault::Ends) if length < left => length = length.saturating_mul(4).min(left),
            Err(fault) => return Err(format!("a page's header {}", fault.words())),
        }
    }
}

/// Why a header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It goes on behind the bytes at hand.
    Ends,
    /// A known field has another type.
    OtherType,
    /// What no header of the format holds: maps, lists of booleans, structs within structs, unknown types.
    Unknown,
    /// A size is missing or negative.
    NoSize,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Self::Ends => "ends beyond its column",
            Self::OtherType => "has a field of another type than the format says",
            Self::Unknown => "holds what the format does not have",
            Self::NoSize => "does not say how long the page is",
        }
    }
}

/// Bytes that a packed byte may stand for, rounded up.
fn most_expansion(codec: Compression) -> u64 {
    match codec {
        Compression::UNCOMPRESSED => 1,
        // A copy of 64 bytes takes 3.
        Compression::SNAPPY => 22,
        // A match grows by 255 for each byte of its length.
        Compression::LZ4 | Compression::LZ4_RAW => 256,
        // 258 bytes in two bits.
        Compression::GZIP(_) => 1032,
        // A block of 4 bytes repeats one of them 128 Ki times.
        _ => 1 << 16,
    }
}

#[derive(Debug)]
struct PageSizes {
    unpacked: u32,
    packed: u32,
}

/// The fields of a struct that the format names: number, type, and the fields of a struct in it.
struct Known(&'static [(i64, Kind, Option<&'static Known>)]);

const STATISTICS: Known = Known(&[
    (1, Kind::Binary, None),
    (2, Kind::Binary, None),
    (3, Kind::Integer, None),
    (4, Kind::Integer, None),
    (5, Kind::Binary, None),
    (6, Kind::Binary, None),
    (7, Kind::Boolean, None),
    (8, Kind::Boolean, None),
]);
const DATA_PAGE: Known = Known(&[
    (1, Kind::Integer, None),
    (2, Kind::Integer, None),
    (3, Kind::Integer, None),
    (4, Kind::Integer, None),
    (5, Kind::Struct, Some(&STATISTICS)),
]);
const DICTIONARY_PAGE: Known = Known(&[
    (1, Kind::Integer, None),
    (2, Kind::Integer, None),
    (3, Kind::Boolean, None),
]);
const DATA_PAGE_2: Known = Known(&[
    (1, Kind::Integer, None),
    (2, Kind::Integer, None),
    (3, Kind::Integer, None),
    (4, Kind::Integer, None),
    (5, Kind::Integer, None),
    (6, Kind::Integer, None),
    (7, Kind::Boolean, None),
    (8, Kind::Struct, Some(&STATISTICS)),
]);
const PAGE: Known = Known(&[
    (1, Kind::Integer, None),
    (2, Kind::Integer, None),
    (3, Kind::Integer, None),
    (4, Kind::Integer, None),
    (5, Kind::Struct, Some(&DATA_PAGE)),
    (6, Kind::Struct, None),
    (7, Kind::Struct, Some(&DICTIONARY_PAGE)),
    (8, Kind::Struct, Some(&DATA_PAGE_2)),
]);

impl Known {
    /// What is known of a struct in the field `number`, which is of `kind`.
    fn within(&self, number: i64, kind: Kind) -> Result<Option<&'static Known>, Fault> {
        match self.0.iter().find(|field| field.0 == number) {
            Some(&(_, expected, _)) if expected != kind => Err(Fault::OtherType),
            Some(&(_, _, within)) => Ok(within),
            None => Ok(None),
        }
    }
}

/// Reads a page's header off the front of `bytes`.
fn page_sizes(bytes: &mut &[u8]) -> Result<PageSizes, Fault> {
    let (mut unpacked, mut packed) = (None, None);
    let mut field = 0;
    while let Head::Field(number, kind) = field_head(bytes, field)? {
        let within = PAGE.within(number, kind)?;
        match number {
            2 => unpacked = u32::try_from(zigzag(varint(bytes)?)).ok(),
            3 => packed = u32::try_from(zigzag(varint(bytes)?)).ok(),
            _ => skip(bytes, kind, within, DEEPEST)?,
        }
        field = number;
    }
    Ok(PageSizes {
        unpacked: unpacked.ok_or(Fault::NoSize)?,
        packed: packed.ok_or(Fault::NoSize)?,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Struct,
}

impl Kind {
    /// Maps, and what has no type, are in no header.
    fn of(code: u8) -> Result<Self, Fault> {
        Ok(match code {
            1 | 2 => Self::Boolean,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            12 => Self::Struct,
            _ => return Err(Fault::Unknown),
        })
    }
}

/// What stands where a field may begin.
enum Head {
    Field(i64, Kind),
    /// The struct is over.
    End,
}

/// The next field's number and kind, `before` being the number of the last.
fn field_head(bytes: &mut &[u8], before: i64) -> Result<Head, Fault> {
    let head = byte(bytes)?;
    if head == 0 {
        return Ok(Head::End);
    }
    let step = i64::from(head >> 4);
    let number = if step == 0 {
        zigzag(varint(bytes)?)
    } else {
        before.checked_add(step).ok_or(Fault::Unknown)?
    };
    Ok(Head::Field(number, Kind::of(head & 0x0f)?))
}

/// Passes over a field's value; of a struct in it `known` fields are checked.
fn skip(bytes: &mut &[u8], kind: Kind, known: Option<&Known>, depth: usize) -> Result<(), Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::Unknown)?;
    match kind {
        // A field's own head holds a boolean.
        Kind::Boolean => Ok(()),
        Kind::Byte => advance(bytes, 1),
        Kind::Integer => varint(bytes).map(drop),
        Kind::Double => advance(bytes, 8),
        Kind::Binary => {
            let length = varint(bytes)?;
            advance(bytes, length)
        }
        Kind::List => skip_list(bytes, depth),
        Kind::Struct => {
            let mut field = 0;
            while let Head::Field(number, kind) = field_head(bytes, field)? {
                let within = known.map_or(Ok(None), |known| known.within(number, kind))?;
                skip(bytes, kind, within, depth)?;
                field = number;
            }
            Ok(())
        }
    }
}

fn skip_list(bytes: &mut &[u8], depth: usize) -> Result<(), Fault> {
    let head = byte(bytes)?;
    let count = if head >> 4 == 15 {
        varint(bytes)?
    } else {
        u64::from(head >> 4)
    };
    let kind = Kind::of(head & 0x0f)?;
    if kind == Kind::Boolean {
        return Err(Fault::Unknown);
    }
    // Each element takes a byte at least, so that no count outlasts the bytes.
    (0..count).try_for_each(|_| skip(bytes, kind, None, depth))
}

fn byte(bytes: &mut &[u8]) -> Result<u8, Fault> {
    let (&first, rest) = bytes.split_first().ok_or(Fault::Ends)?;
    *bytes = rest;
    Ok(first)
}

fn advance(bytes: &mut &[u8], count: u64) -> Result<(), Fault> {
    let rest = usize::try_from(count)
        .ok()
        .and_then(|count| bytes.get(count..));
    *bytes = rest.ok_or(Fault::Ends)?;
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Fault> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Fault::Unknown)
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of a data page of 10 bytes, packed to 3, with what the format has and, in fields that it
    /// does not name, a list and a double; then the page.
    const DATA: [u8; 40] = [
        0x15, 0, 0x15, 20, 0x15, 6, // 1, 2, 3: type, unpacked, packed
        0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, // 5: a struct: values and three encodings
        0x1c, 0x58, 1, b'a', 0x18, 1, b'b', 0,
        0, // 5 in it: statistics, 5 and 6 in these; ends
        0x49, 0x25, 2, 4, // 9: two integers
        0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 10: a double; end
        7, 7,
    ];

    fn check(chunk: &[u8]) -> Result<u64, String> {
        let length = chunk.len() as u64;
        let bytes = Bytes::owned(chunk.to_vec());
        check_pages(&bytes, 0..length, Compression::SNAPPY)
    }

    /// A page's header: sizes, then `more`, then the end; and its three bytes.
    fn page(more: &[u8]) -> Vec<u8> {
        [&[0x15, 0, 0x15, 20, 0x15, 6], more, &[0, 7, 7, 7]].concat()
    }

    #[test]
    fn headers_are_passed_over_field_by_field() {
        let page = [&DATA[..], &[7]].concat();
        let mut left = &page[..];
        let sizes = page_sizes(&mut left).expect("a header");
        assert_eq!(
            (sizes.unpacked, sizes.packed, left),
            (10, 3, &[7, 7, 7][..])
        );
        assert_eq!(check(&[page.clone(), page].concat()), Ok(10));
        assert_eq!(check(&[]), Ok(0));
    }

    #[test]
    fn the_second_page_that_claims_too_much_is_named() {
        let mut huge = vec![0x15, 0, 0x15];
        huge.extend([0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 6, 0]);
        let chunk = [&page(&[]), &huge, &[7, 7, 7][..]].concat();
        let error = check(&chunk).expect_err("2 GiB in 3 bytes");
        assert_eq!(
            error,
            "the page at 10 claims to unpack 3 bytes to 2147483647"
        );
    }

    #[test]
    fn headers_and_pages_that_their_column_cuts_off_are_refused() {
        let page = page(&[]);
        for cut in 1..page.len() {
            let error = check(&page[..cut]).expect_err("cut off");
            let words = if cut < page.len() - 3 {
                "ends beyond its column".to_owned()
            } else {
                format!("ends at 10, and its column has {cut} bytes")
            };
            assert!(error.contains(&words), "cut at {cut}: {error}");
        }
    }

    #[test]
    fn a_header_longer_than_a_window_is_read() {
        let text = vec![b'x'; 3 * WINDOW as usize];
        let length = [0x80 | (text.len() & 0x7f) as u8, (text.len() >> 7) as u8];
        // Field 5, in it field 5, in it field 5: a maximum of 12 KiB.
        let more = [&[0x2c, 0x5c, 0x58][..], &length, &text, &[0, 0]].concat();
        assert_eq!(check(&page(&more)), Ok(10));
    }

    #[test]
    fn headers_that_a_decoder_could_read_otherwise_are_refused() {
        let refused = |more: &[u8], words: &str| {
            let error = check(&page(more)).expect_err("refused");
            assert!(error.contains(words), "{error}");
        };
        let unknown = "holds what the format does not have";
        // Field 9: lists of 2³¹ booleans and of as many doubles, a map, a type without a name.
        refused(&[0x69, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07], unknown);
        refused(&[0x69, 0xf2, 1, 1], unknown);
        refused(&[0x69, 0xf7, 0xff, 0xff, 0xff, 0xff, 0x07], "ends beyond");
        refused(&[0x6b, 1, 0x11, 1, 1], unknown);
        refused(&[0x6d], unknown);
        refused(&[0x6c; 20], unknown);
        let other = "a field of another type";
        // Field 4 as a double, field 5 as an integer, its first field as a list, its statistics' as one.
        refused(&[0x17, 0, 0, 0, 0, 0, 0, 0, 0], other);
        refused(&[0x25, 2], other);
        refused(&[0x2c, 0x19, 0x15, 2, 0], other);
        refused(&[0x2c, 0x5c, 0x19, 0x18, 0, 0, 0], other);
        let sizes = "does not say how long";
        let negative = [0x15, 0, 0x15, 20, 0x15, 5, 0];
        let error = check(&negative).expect_err("refused");
        assert!(error.contains(sizes), "{error}");
    }
}
