//! What the pages of a Parquet column claim to unpack to, checked against what their codec could
//! unpack.
//!
//! Enters: the bytes of a column chunk and its codec. Leaves: the unpacked size of the largest page,
//! or which page claims too much. The decoder fills as many bytes with zeros as a page's header claims before it looks at
//! the page, 2 GiB for a few flipped bits, so headers are looked at first.
//!
//! chunk    page · page · …                       dictionary first, if there is one
//! page     header · as many bytes as it says
//! header   a struct in Thrift's compact protocol: 1 type · 2 unpacked bytes · 3 packed bytes · …
//!
//! A header that cannot be read ends the walk without complaint: the decoder, if it comes so far,
//! says what is wrong with it.
//!
//! Reference: Parquet format 2.12, `parquet.thrift`; Thrift compact protocol specification.

use parquet::basic::Compression;

/// Bytes that any page may claim: what is packed has a few bytes of its own.
const SLACK: u64 = 1024;
/// Structs within structs that a header may hold; those known hold two.
const DEEPEST: usize = 8;

/// Refuses a page that claims to unpack to more than `codec` could make of it; returns the unpacked
/// bytes of the largest.
pub(super) fn check_pages(chunk: &[u8], codec: Compression) -> Result<u64, String> {
    let mut largest = 0;
    let mut left = chunk;
    while let Some(PageSizes { unpacked, packed }) = page_sizes(&mut left) {
        let most = u64::from(packed)
            .saturating_mul(most_expansion(codec))
            .saturating_add(SLACK);
        if u64::from(unpacked) > most {
            let start = chunk.len() - left.len();
            return Err(format!(
                "the page at {start} claims to unpack {packed} bytes to {unpacked}"
            ));
        }
        largest = largest.max(u64::from(unpacked));
        let Some(next) = left.get(packed as usize..) else {
            break;
        };
        left = next;
    }
    Ok(largest)
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

struct PageSizes {
    unpacked: u32,
    packed: u32,
}

/// Reads a page's header off the front of `bytes`.
fn page_sizes(bytes: &mut &[u8]) -> Option<PageSizes> {
    let (mut unpacked, mut packed) = (None, None);
    let mut field = 0;
    while let Head::Field(number, kind) = field_head(bytes, field)? {
        match (number, kind) {
            (2, Kind::Integer) => unpacked = u32::try_from(zigzag(varint(bytes)?)).ok(),
            (3, Kind::Integer) => packed = u32::try_from(zigzag(varint(bytes)?)).ok(),
            _ => skip(bytes, kind, DEEPEST)?,
        }
        field = number;
    }
    Some(PageSizes {
        unpacked: unpacked?,
        packed: packed?,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

impl Kind {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            1 | 2 => Self::Boolean,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return None,
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
fn field_head(bytes: &mut &[u8], before: i64) -> Option<Head> {
    let head = byte(bytes)?;
    if head == 0 {
        return Some(Head::End);
    }
    let step = i64::from(head >> 4);
    let number = if step == 0 {
        zigzag(varint(bytes)?)
    } else {
        before.checked_add(step)?
    };
    Some(Head::Field(number, Kind::of(head & 0x0f)?))
}

/// Passes over a field's value.
fn skip(bytes: &mut &[u8], kind: Kind, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match kind {
        // A field's own head holds a boolean.
        Kind::Boolean => {}
        Kind::Byte => advance(bytes, 1)?,
        Kind::Integer => drop(varint(bytes)?),
        Kind::Double => advance(bytes, 8)?,
        Kind::Binary => {
            let length = varint(bytes)?;
            advance(bytes, length)?;
        }
        Kind::List => skip_list(bytes, depth)?,
        Kind::Map => return None,
        Kind::Struct => {
            let mut field = 0;
            while let Head::Field(number, kind) = field_head(bytes, field)? {
                skip(bytes, kind, depth)?;
                field = number;
            }
        }
    }
    Some(())
}

fn skip_list(bytes: &mut &[u8], depth: usize) -> Option<()> {
    let head = byte(bytes)?;
    let count = if head >> 4 == 15 {
        varint(bytes)?
    } else {
        u64::from(head >> 4)
    };
    let kind = Kind::of(head & 0x0f)?;
    for _ in 0..count {
        // Each takes a byte at least, so that no count outlasts the bytes.
        if kind == Kind::Boolean {
            advance(bytes, 1)?;
        } else {
            skip(bytes, kind, depth)?;
        }
    }
    Some(())
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

fn advance(bytes: &mut &[u8], count: u64) -> Option<()> {
    *bytes = bytes.get(usize::try_from(count).ok()?..)?;
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of a data page of 10 bytes, packed to 3, with a struct, a list, text and a boolean
    /// after the sizes; then the page.
    const PAGE: [u8; 26] = [
        0x15, 0, 0x15, 20, 0x15, 6, // 1, 2, 3: type, unpacked, packed
        0x1c, 0x15, 2, 0x2c, 0x18, 1, b'a', 0,
        0, // 4: a struct of an integer and a struct with text
        0x19, 0x21, 1, 2, 0x11, 0x16, 1, 0, // 5: two booleans, 6: true, 7: an integer; end
        7, 7, 7,
    ];

    #[test]
    fn headers_are_passed_over_field_by_field() {
        let mut left = &PAGE[..];
        let sizes = page_sizes(&mut left).expect("a header");
        assert_eq!(
            (sizes.unpacked, sizes.packed, left),
            (10, 3, &[7, 7, 7][..])
        );
    }

    #[test]
    fn the_second_page_that_claims_too_much_is_named_and_broken_headers_are_not() {
        let mut huge = vec![0x15, 0, 0x15];
        huge.extend([0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 6, 0]);
        let chunk = [&PAGE[..], &huge, &[7, 7, 7]].concat();
        let error = check_pages(&chunk, Compression::SNAPPY).expect_err("2 GiB in 3 bytes");
        assert_eq!(
            error,
            "the page at 37 claims to unpack 3 bytes to 2147483647"
        );
        assert_eq!(check_pages(&PAGE, Compression::SNAPPY), Ok(10));
        let header_bytes = PAGE.len() - 3;
        for cut in 0..PAGE.len() {
            assert_eq!(
                check_pages(&PAGE[..cut], Compression::SNAPPY),
                Ok(if cut < header_bytes { 0 } else { 10 }),
                "cut at {cut}"
            );
        }
    }
}
