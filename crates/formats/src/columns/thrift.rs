//! A walk over structs in Thrift's compact protocol, as Parquet's footer and the headers of its pages
//! are written: whether they are what the format says, before a decoder takes their word.
//!
//! Known fields must have their types, so that a decoder cannot understand the bytes in another way
//! than this walk does. Refused wherever they stand: maps and lists of booleans, which no struct of the
//! format holds, and of which two billion entries take a decoder no byte. Of fields that are not known
//! each entry takes a byte at least, so that no count outlasts the bytes.
//!
//! Reference: Thrift compact protocol specification.

/// Structs and lists within one another that a struct may hold; those of the format hold ten.
const DEEPEST: usize = 16;

/// Why a struct is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It goes on behind the bytes at hand.
    Ends,
    /// A known field has another type.
    OtherType,
    /// Maps, lists of booleans, structs too deep in structs, types without a name.
    Unknown,
    /// A field that must be there is missing, or negative.
    Missing,
}

impl Fault {
    /// To follow the struct's name.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Ends => "goes on beyond its end",
            Self::OtherType => "has a field of another type than the format says",
            Self::Unknown => "holds what the format does not have",
            Self::Missing => "lacks a field that it must have",
        }
    }
}

/// The type of a field, as the format says.
#[derive(Debug)]
pub(super) enum Shape {
    Boolean,
    Byte,
    /// Of 16, 32 or 64 bits.
    Integer,
    Double,
    Binary,
    /// The fields that are known.
    Struct(Fields),
    List(&'static Shape),
}

/// Numbers of fields and their types.
pub(super) type Fields = &'static [(i64, Shape)];

/// The type of a field, as the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Struct,
}

impl Kind {
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

    fn is_of(self, shape: &Shape) -> bool {
        let kind = match shape {
            Shape::Boolean => Self::Boolean,
            Shape::Byte => Self::Byte,
            Shape::Integer => Self::Integer,
            Shape::Double => Self::Double,
            Shape::Binary => Self::Binary,
            Shape::List(_) => Self::List,
            Shape::Struct(_) => Self::Struct,
        };
        self == kind
    }
}

/// Bytes that are read from their front.
pub(super) type Unread<'b, 'a> = &'b mut &'a [u8];

/// Reads a struct of `fields` off the front of `bytes`; `field` is given the number and value of each
/// integer in it, not those of structs within.
pub(super) fn read_struct(
    bytes: Unread<'_, '_>,
    fields: Fields,
    mut field: impl FnMut(i64, i64),
) -> Result<(), Fault> {
    let mut number = 0;
    while let Some(kind) = next_field(bytes, &mut number)? {
        let shape = known(fields, number, kind)?;
        if kind == Kind::Integer {
            field(number, zigzag(varint(bytes)?));
        } else {
            skip(bytes, kind, shape, DEEPEST)?;
        }
    }
    Ok(())
}

/// Reads a struct of `fields` off the front of `bytes` down to the entries of its list of structs
/// `wanted`; `entry` is given each integer in these.
pub(super) fn read_list_in_struct(
    bytes: Unread<'_, '_>,
    fields: Fields,
    wanted: i64,
    mut entry: impl FnMut(usize, i64, i64),
) -> Result<(), Fault> {
    let mut number = 0;
    while let Some(kind) = next_field(bytes, &mut number)? {
        let shape = known(fields, number, kind)?;
        match shape {
            Some(Shape::List(Shape::Struct(fields))) if number == wanted => {
                let (count, kind) = list_head(bytes)?;
                if count > 0 && kind != Kind::Struct {
                    return Err(Fault::OtherType);
                }
                for place in 0..count {
                    read_struct(bytes, fields, |number, value| {
                        entry(place as usize, number, value);
                    })?;
                }
            }
            shape => skip(bytes, kind, shape, DEEPEST)?,
        }
    }
    Ok(())
}

/// The type of the next field, if the struct goes on; `number` becomes that of the field.
fn next_field(bytes: Unread<'_, '_>, number: &mut i64) -> Result<Option<Kind>, Fault> {
    let head = byte(bytes)?;
    if head == 0 {
        return Ok(None);
    }
    let step = i64::from(head >> 4);
    *number = if step == 0 {
        zigzag(varint(bytes)?)
    } else {
        number.checked_add(step).ok_or(Fault::Unknown)?
    };
    Kind::of(head & 0x0f).map(Some)
}

/// What the format says of a field, which must be of that type.
fn known(fields: Fields, number: i64, kind: Kind) -> Result<Option<&'static Shape>, Fault> {
    match fields.iter().find(|field| field.0 == number) {
        Some((_, shape)) if kind.is_of(shape) => Ok(Some(shape)),
        Some(_) => Err(Fault::OtherType),
        None => Ok(None),
    }
}

/// Passes over a value.
fn skip(
    bytes: Unread<'_, '_>,
    kind: Kind,
    shape: Option<&'static Shape>,
    depth: usize,
) -> Result<(), Fault> {
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
        Kind::List => {
            let element = match shape {
                Some(Shape::List(element)) => Some(*element),
                _ => None,
            };
            let (count, kind) = list_head(bytes)?;
            if count > 0 && element.is_some_and(|element| !kind.is_of(element)) {
                return Err(Fault::OtherType);
            }
            (0..count).try_for_each(|_| skip(bytes, kind, element, depth))
        }
        Kind::Struct => {
            let fields = match shape {
                Some(Shape::Struct(fields)) => *fields,
                _ => &[],
            };
            let mut number = 0;
            while let Some(kind) = next_field(bytes, &mut number)? {
                let shape = known(fields, number, kind)?;
                skip(bytes, kind, shape, depth)?;
            }
            Ok(())
        }
    }
}

/// Entries of a list, and their type.
fn list_head(bytes: Unread<'_, '_>) -> Result<(u64, Kind), Fault> {
    let head = byte(bytes)?;
    if head == 0 {
        // How some writers put an empty list.
        return Ok((0, Kind::Byte));
    }
    let count = if head >> 4 == 15 {
        varint(bytes)?
    } else {
        u64::from(head >> 4)
    };
    match Kind::of(head & 0x0f)? {
        Kind::Boolean => Err(Fault::Unknown),
        kind => Ok((count, kind)),
    }
}

fn byte(bytes: Unread<'_, '_>) -> Result<u8, Fault> {
    let (&first, rest) = bytes.split_first().ok_or(Fault::Ends)?;
    *bytes = rest;
    Ok(first)
}

fn advance(bytes: Unread<'_, '_>, count: u64) -> Result<(), Fault> {
    let rest = usize::try_from(count)
        .ok()
        .and_then(|count| bytes.get(count..));
    *bytes = rest.ok_or(Fault::Ends)?;
    Ok(())
}

fn varint(bytes: Unread<'_, '_>) -> Result<u64, Fault> {
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

    const FIELDS: Fields = &[
        (1, Shape::Integer),
        (
            2,
            Shape::List(&Shape::Struct(&[(1, Shape::Integer), (2, Shape::Binary)])),
        ),
        (3, Shape::Double),
    ];

    #[test]
    fn integers_are_given_and_all_else_is_passed_over() {
        // 1: 3; 2: [{1: 5, 2: "a"}, {1: −1}]; 3: a double; 9: a struct that is not known; then more.
        let bytes = [
            0x15, 6, 0x19, 0x2c, 0x15, 10, 0x18, 1, b'a', 0, 0x15, 1, 0, 0x17, 0, 0, 0, 0, 0, 0, 0,
            0, 0x6c, 0x16, 2, 0, 0, 77,
        ];
        let (mut unread, mut found) = (&bytes[..], Vec::new());
        let read = read_struct(&mut unread, FIELDS, |number, value| {
            found.push((number, value));
        });
        assert_eq!((read, found, unread), (Ok(()), vec![(1, 3)], &[77][..]));
        let (mut unread, mut found) = (&bytes[..], Vec::new());
        let read = read_list_in_struct(&mut unread, FIELDS, 2, |place, number, value| {
            found.push((place, number, value));
        });
        let expected = vec![(0, 1, 5), (1, 1, -1)];
        assert_eq!((read, found, unread), (Ok(()), expected, &[77][..]));
        for cut in 0..bytes.len() - 1 {
            let read = read_struct(&mut &bytes[..cut], FIELDS, |_, _| ());
            assert_eq!(read, Err(Fault::Ends), "cut at {cut}");
        }
    }

    #[test]
    fn what_a_decoder_could_read_otherwise_is_refused() {
        let refused = |bytes: &[u8], fault| {
            let read = read_struct(&mut &bytes[..], FIELDS, |_, _| ());
            assert_eq!(read, Err(fault), "{bytes:?}");
            let read = read_list_in_struct(&mut &bytes[..], FIELDS, 2, |_, _, _| ());
            assert_eq!(read, Err(fault), "{bytes:?}");
        };
        // Field 9: 2³¹ booleans, as many doubles, a map, types without a name, structs without end.
        refused(
            &[0x99, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0],
            Fault::Unknown,
        );
        refused(&[0x99, 0xf7, 0xff, 0xff, 0xff, 0xff, 0x07, 0], Fault::Ends);
        refused(&[0x9b, 1, 0x11, 1, 1, 0], Fault::Unknown);
        refused(&[0x9d, 0], Fault::Unknown);
        refused(&[0x9e, 0], Fault::Unknown);
        refused(&[0x9c; 40], Fault::Unknown);
        // Known fields: a double in the place of an integer, a list of integers in that of one of structs.
        refused(&[0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0], Fault::OtherType);
        refused(&[0x29, 0x15, 2, 0], Fault::OtherType);
        refused(&[0x29, 0x1c, 0x18, 0, 0, 0], Fault::OtherType);
        // A varint without end.
        refused(
            &[
                0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
            ],
            Fault::Unknown,
        );
    }

    #[test]
    fn an_empty_list_may_have_no_type() {
        let read = read_list_in_struct(&mut &[0x29, 0, 0][..], FIELDS, 2, |_, _, _| ());
        assert_eq!(read, Ok(()));
    }
}
