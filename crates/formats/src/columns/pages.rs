//! What the pages of a Parquet column claim to unpack to, checked against what their codec could
//! unpack; and that their headers are what the format says (`thrift`).
//!
//! Enters: a file, a column chunk's place in it, its codec. Leaves: the unpacked size of the largest
//! page, or which page claims too much. The decoder fills as many bytes with zeros as a page's header
//! claims before it looks at the page, 2 GiB for a few flipped bits; and a header that the file's end
//! cuts off can keep it busy for minutes. So headers are looked at first.
//!
//! chunk    page · page · …                       dictionary first, if there is one
//! page     header · as many bytes as it says
//! header   a struct: 1 type · 2 unpacked bytes · 3 packed bytes · …
//!
//! Cost: a read of some KiB for each page.
//!
//! Reference: Parquet format 2.12, `parquet.thrift`.

use std::ops::Range;

use parquet::basic::Compression;

use super::footer::STATISTICS;
use super::thrift::{Fault, Fields, Shape, read_struct};
use crate::bytes::Bytes;

/// Bytes that any page may claim: what is packed has a few bytes of its own.
const SLACK: u64 = 1024;
/// Bytes read of a header at first; those with large statistics have more.
const WINDOW: u64 = 4 << 10;
/// The fields of a header that hold sizes.
const UNPACKED: i64 = 2;
const PACKED: i64 = 3;

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

const DATA_PAGE: Shape = Shape::Struct(&[
    (1, Shape::Integer),
    (2, Shape::Integer),
    (3, Shape::Integer),
    (4, Shape::Integer),
    (5, STATISTICS),
]);
const DICTIONARY_PAGE: Shape = Shape::Struct(&[
    (1, Shape::Integer),
    (2, Shape::Integer),
    (3, Shape::Boolean),
]);
const DATA_PAGE_2: Shape = Shape::Struct(&[
    (1, Shape::Integer),
    (2, Shape::Integer),
    (3, Shape::Integer),
    (4, Shape::Integer),
    (5, Shape::Integer),
    (6, Shape::Integer),
    (7, Shape::Boolean),
    (8, STATISTICS),
]);
const PAGE: Fields = &[
    (1, Shape::Integer),
    (UNPACKED, Shape::Integer),
    (PACKED, Shape::Integer),
    (4, Shape::Integer),
    (5, DATA_PAGE),
    (6, Shape::Struct(&[])),
    (7, DICTIONARY_PAGE),
    (8, DATA_PAGE_2),
];

/// Reads a page's header off the front of `bytes`.
fn page_sizes(bytes: &mut &[u8]) -> Result<PageSizes, Fault> {
    let (mut unpacked, mut packed) = (None, None);
    read_struct(bytes, PAGE, |number, value| match number {
        UNPACKED => unpacked = u32::try_from(value).ok(),
        PACKED => packed = u32::try_from(value).ok(),
        _ => {}
    })?;
    Ok(PageSizes {
        unpacked: unpacked.ok_or(Fault::Missing)?,
        packed: packed.ok_or(Fault::Missing)?,
    })
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
                "goes on beyond its end".to_owned()
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
        let other = "a field of another type";
        let unknown = "holds what the format does not have";
        for (more, words) in [
            // Field 9: a list of 2³¹ booleans, one of as many doubles.
            (&[0x69, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07][..], unknown),
            (
                &[0x69, 0xf7, 0xff, 0xff, 0xff, 0xff, 0x07],
                "goes on beyond",
            ),
            // Field 4 as a double, field 5 as an integer, its first field as a list, its statistics' as one.
            (&[0x17, 0, 0, 0, 0, 0, 0, 0, 0], other),
            (&[0x25, 2], other),
            (&[0x2c, 0x19, 0x15, 2, 0], other),
            (&[0x2c, 0x5c, 0x19, 0x18, 0, 0, 0], other),
        ] {
            let error = check(&page(more)).expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
        let negative = [0x15, 0, 0x15, 20, 0x15, 5, 0];
        let error = check(&negative).expect_err("refused");
        assert!(error.contains("lacks a field"), "{error}");
    }
}
