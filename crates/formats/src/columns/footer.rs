//! A Parquet file's footer, checked before it is decoded.
//!
//! Enters: a file. Leaves: nothing, or what is wrong: a struct that is not what the format says
//! (`thrift`), a group of columns that claims more children than the schema has, groups within groups
//! deeper than a decoder's stack should go. The decoder makes room for as many children as a group claims,
//! 6 GB for a byte. Cost: a read of the footer.
//!
//! Reference: Parquet format 2.12, `parquet.thrift`.

use super::thrift::{Fields, Shape, read_list_in_struct};
use crate::bytes::Bytes;

/// The end of a file: the footer's length, then four letters.
const TAIL: u64 = 8;
/// Groups of columns within one another.
const DEEPEST: usize = 64;
/// The field of a file's metadata that is the schema, and that of an element of it with its children.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

const NOTHING: Shape = Shape::Struct(&[]);
const KEY_VALUE: Shape = Shape::Struct(&[(1, Shape::Binary), (2, Shape::Binary)]);
const UNIT: Shape = Shape::Struct(&[(1, NOTHING), (2, NOTHING), (3, NOTHING)]);
const TIME: Shape = Shape::Struct(&[(1, Shape::Boolean), (2, UNIT)]);
const LOGICAL_TYPE: Shape = Shape::Struct(&[
    (1, NOTHING),
    (2, NOTHING),
    (3, NOTHING),
    (4, NOTHING),
    (
        5,
        Shape::Struct(&[(1, Shape::Integer), (2, Shape::Integer)]),
    ),
    (6, NOTHING),
    (7, TIME),
    (8, TIME),
    (10, Shape::Struct(&[(1, Shape::Byte), (2, Shape::Boolean)])),
    (11, NOTHING),
    (12, NOTHING),
    (13, NOTHING),
    (14, NOTHING),
    (15, NOTHING),
    (16, Shape::Struct(&[(1, Shape::Byte)])),
    (17, Shape::Struct(&[(1, Shape::Binary)])),
    (
        18,
        Shape::Struct(&[(1, Shape::Binary), (2, Shape::Integer)]),
    ),
]);
const SCHEMA_ELEMENT: Shape = Shape::Struct(&[
    (1, Shape::Integer),
    (2, Shape::Integer),
    (3, Shape::Integer),
    (4, Shape::Binary),
    (CHILDREN, Shape::Integer),
    (6, Shape::Integer),
    (7, Shape::Integer),
    (8, Shape::Integer),
    (9, Shape::Integer),
    (10, LOGICAL_TYPE),
]);
/// The same in the footer and in the headers of pages.
pub(super) const STATISTICS: Shape = Shape::Struct(&[
    (1, Shape::Binary),
    (2, Shape::Binary),
    (3, Shape::Integer),
    (4, Shape::Integer),
    (5, Shape::Binary),
    (6, Shape::Binary),
    (7, Shape::Boolean),
    (8, Shape::Boolean),
]);
const BOX: Shape = Shape::Struct(&[
    (1, Shape::Double),
    (2, Shape::Double),
    (3, Shape::Double),
    (4, Shape::Double),
    (5, Shape::Double),
    (6, Shape::Double),
    (7, Shape::Double),
    (8, Shape::Double),
]);
const INTEGERS: Shape = Shape::List(&Shape::Integer);
const COLUMN: Shape = Shape::Struct(&[
    (1, Shape::Integer),
    (2, INTEGERS),
    (3, Shape::List(&Shape::Binary)),
    (4, Shape::Integer),
    (5, Shape::Integer),
    (6, Shape::Integer),
    (7, Shape::Integer),
    (8, Shape::List(&KEY_VALUE)),
    (9, Shape::Integer),
    (10, Shape::Integer),
    (11, Shape::Integer),
    (12, STATISTICS),
    (
        13,
        Shape::List(&Shape::Struct(&[
            (1, Shape::Integer),
            (2, Shape::Integer),
            (3, Shape::Integer),
        ])),
    ),
    (14, Shape::Integer),
    (15, Shape::Integer),
    (
        16,
        Shape::Struct(&[(1, Shape::Integer), (2, INTEGERS), (3, INTEGERS)]),
    ),
    (17, Shape::Struct(&[(1, BOX), (2, INTEGERS)])),
]);
const COLUMN_CHUNK: Shape = Shape::Struct(&[
    (1, Shape::Binary),
    (2, Shape::Integer),
    (3, COLUMN),
    (4, Shape::Integer),
    (5, Shape::Integer),
    (6, Shape::Integer),
    (7, Shape::Integer),
    (8, NOTHING),
    (9, Shape::Binary),
]);
const ROW_GROUP: Shape = Shape::Struct(&[
    (1, Shape::List(&COLUMN_CHUNK)),
    (2, Shape::Integer),
    (3, Shape::Integer),
    (
        4,
        Shape::List(&Shape::Struct(&[
            (1, Shape::Integer),
            (2, Shape::Boolean),
            (3, Shape::Boolean),
        ])),
    ),
    (5, Shape::Integer),
    (6, Shape::Integer),
    (7, Shape::Integer),
]);
const FILE: Fields = &[
    (1, Shape::Integer),
    (SCHEMA, Shape::List(&SCHEMA_ELEMENT)),
    (3, Shape::Integer),
    (4, Shape::List(&ROW_GROUP)),
    (5, Shape::List(&KEY_VALUE)),
    (6, Shape::Binary),
    (7, Shape::List(&Shape::Struct(&[(1, NOTHING)]))),
    (8, NOTHING),
    (9, Shape::Binary),
];

/// Refuses a footer that the decoder could not be trusted with. What is no Parquet file at all is left to
/// the decoder, which says so.
pub(super) fn check_footer(bytes: &Bytes) -> Result<(), String> {
    let length = bytes.len();
    let Some(end) = length.checked_sub(TAIL) else {
        return Ok(());
    };
    let read = |range| bytes.read(range).map_err(|error| error.to_string());
    let tail = read(end..length)?;
    let (&[a, b, c, d], letters) = tail.split_first_chunk().expect("eight bytes");
    let start = end.checked_sub(u64::from(u32::from_le_bytes([a, b, c, d])));
    let (Some(start), b"PAR1") = (start, letters) else {
        return Ok(());
    };
    check_schema(&read(start..end)?)
}

fn check_schema(footer: &[u8]) -> Result<(), String> {
    let mut children: Vec<i64> = Vec::new();
    let read = read_list_in_struct(&mut &footer[..], FILE, SCHEMA, |place, number, value| {
        children.resize(children.len().max(place + 1), 0);
        if number == CHILDREN {
            children[place] = value;
        }
    });
    read.map_err(|fault| format!("the footer {}", fault.words()))?;
    // Elements stand before their children; what is left of each group that is open.
    let mut open: Vec<i64> = Vec::new();
    for (place, &count) in children.iter().enumerate() {
        if usize::try_from(count).is_ok_and(|count| count > children.len()) {
            let elements = children.len();
            return Err(format!(
                "element {place} of the schema claims {count} children, and the schema has {elements} elements"
            ));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if count > 0 {
            open.push(count);
        }
        if open.len() > DEEPEST {
            return Err(format!(
                "the schema has groups within groups deeper than {DEEPEST}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema has an element for each of `children`.
    fn footer(children: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        let varint = |mut value: u64, bytes: &mut Vec<u8>| {
            while value >= 0x80 {
                bytes.push(0x80 | (value & 0x7f) as u8);
                value >>= 7;
            }
            bytes.push(value as u8);
        };
        varint(children.len() as u64, &mut bytes);
        for &count in children {
            // Name, then children in zigzag.
            bytes.extend([0x48, 1, b'a', 0x15]);
            varint(2 * count, &mut bytes);
            bytes.push(0);
        }
        bytes.push(0);
        bytes
    }

    fn file(footer: &[u8]) -> Bytes {
        let length = (footer.len() as u32).to_le_bytes();
        Bytes::owned([b"PAR1", footer, &length, b"PAR1"].concat())
    }

    #[test]
    fn groups_within_the_schema_are_taken() {
        for children in [&[0][..], &[2, 0, 1, 0], &[3, 0, 0, 0], &[]] {
            assert_eq!(check_footer(&file(&footer(children))), Ok(()));
        }
        let deep: Vec<u64> = (0..DEEPEST).map(|_| 1).chain([0]).collect();
        assert_eq!(check_footer(&file(&footer(&deep))), Ok(()));
        let wide: Vec<u64> = [500].into_iter().chain([0; 500]).collect();
        assert_eq!(check_footer(&file(&footer(&wide))), Ok(()));
    }

    #[test]
    fn claims_beyond_the_schema_and_endless_groups_are_refused() {
        let error = check_footer(&file(&footer(&[2, 0, 793_599_999]))).expect_err("refused");
        assert_eq!(
            error,
            "element 2 of the schema claims 793599999 children, and the schema has 3 elements"
        );
        let error = check_footer(&file(&footer(&vec![1; 100_000]))).expect_err("refused");
        assert_eq!(error, "the schema has groups within groups deeper than 64");
        let error =
            check_footer(&file(&[0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 7, 0])).expect_err("refused");
        assert!(error.starts_with("the footer "), "{error}");
    }

    #[test]
    fn what_is_no_parquet_file_is_left_to_the_decoder() {
        for bytes in [
            &b""[..],
            b"PAR1",
            b"\xff\xff\xff\xffPAR1",
            b"12345678",
            b"\0\0\0\0PARE",
        ] {
            assert_eq!(check_footer(&Bytes::owned(bytes.to_vec())), Ok(()));
        }
    }
}
