//! The number types that files hold, and how their bytes become float32 or 64-bit ids.
//!
//! Each loop is over whole slices of one type, so that the compiler makes vector code of it;
//! float16 goes through `half`, which uses F16C where the processor has it.

use std::fmt;

use half::f16;
use half::slice::{HalfBitsSliceExt as _, HalfFloatSliceExt as _};

/// A number type as it lies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Element {
    F16,
    BF16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The order of the machine that runs this.
    pub(super) const NATIVE: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };
}

impl Element {
    /// Bytes per number.
    pub fn size_bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// Whether this is one of the integer types.
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    /// The type of NumPy's code: `f4`, `u1` and so on.
    pub(super) fn from_numpy(code: &str) -> Option<Self> {
        Some(match code {
            "f2" => Self::F16,
            "f4" => Self::F32,
            "f8" => Self::F64,
            "i1" => Self::I8,
            "i2" => Self::I16,
            "i4" => Self::I32,
            "i8" => Self::I64,
            "u1" => Self::U8,
            "u2" => Self::U16,
            "u4" => Self::U32,
            "u8" => Self::U64,
            _ => return None,
        })
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
        })
    }
}

/// What numbers may be read as.
pub(super) trait Target: bytemuck::Pod + Default + Send {
    /// The type that is decoded by copying.
    const ELEMENT: Element;

    /// Decodes as many numbers as `values` takes; `bytes` holds exactly that many.
    fn decode(element: Element, order: ByteOrder, bytes: &[u8], values: &mut [Self]);
}

/// Decodes numbers of one type, each through `as`.
macro_rules! decode {
    ($type:ty, $order:expr, $bytes:expr, $values:expr) => {{
        let (numbers, _) = $bytes.as_chunks::<{ size_of::<$type>() }>();
        let pairs = $values.iter_mut().zip(numbers);
        match $order {
            ByteOrder::Little => {
                pairs.for_each(|(value, &number)| *value = <$type>::from_le_bytes(number) as _)
            }
            ByteOrder::Big => {
                pairs.for_each(|(value, &number)| *value = <$type>::from_be_bytes(number) as _)
            }
        }
    }};
}

/// Decodes numbers of an integer type; of another, none.
macro_rules! decode_integers {
    ($element:expr, $order:expr, $bytes:expr, $values:expr) => {
        match $element {
            Element::I8 => decode!(i8, $order, $bytes, $values),
            Element::I16 => decode!(i16, $order, $bytes, $values),
            Element::I32 => decode!(i32, $order, $bytes, $values),
            Element::I64 => decode!(i64, $order, $bytes, $values),
            Element::U8 => decode!(u8, $order, $bytes, $values),
            Element::U16 => decode!(u16, $order, $bytes, $values),
            Element::U32 => decode!(u32, $order, $bytes, $values),
            Element::U64 => decode!(u64, $order, $bytes, $values),
            Element::F16 | Element::BF16 | Element::F32 | Element::F64 => {}
        }
    };
}

impl Target for f32 {
    const ELEMENT: Element = Element::F32;

    fn decode(element: Element, order: ByteOrder, bytes: &[u8], values: &mut [Self]) {
        debug_assert_eq!(bytes.len(), values.len() * element.size_bytes());
        match element {
            Element::F16 => decode_f16(order, bytes, values),
            Element::BF16 => decode_bf16(order, bytes, values),
            Element::F32 => decode!(f32, order, bytes, values),
            Element::F64 => decode!(f64, order, bytes, values),
            integer => decode_integers!(integer, order, bytes, values),
        }
    }
}

impl Target for i64 {
    const ELEMENT: Element = Element::I64;

    /// Callers refuse floats before; `u64` wraps, and callers look at the sign afterwards.
    fn decode(element: Element, order: ByteOrder, bytes: &[u8], values: &mut [Self]) {
        debug_assert_eq!(bytes.len(), values.len() * element.size_bytes());
        debug_assert!(element.is_integer(), "ids are never {element}");
        decode_integers!(element, order, bytes, values);
    }
}

/// By way of an aligned buffer that stays in the nearest cache: file bytes may lie at any address.
fn decode_f16(order: ByteOrder, bytes: &[u8], values: &mut [f32]) {
    const BUFFERED: usize = 1024;
    let mut buffer = [0_u16; BUFFERED];
    for (bytes, values) in bytes.chunks(2 * BUFFERED).zip(values.chunks_mut(BUFFERED)) {
        let halves = &mut buffer[..values.len()];
        decode!(u16, order, bytes, halves);
        halves
            .reinterpret_cast::<f16>()
            .convert_to_f32_slice(values);
    }
}

/// A bfloat16 is the upper half of a float32.
fn decode_bf16(order: ByteOrder, bytes: &[u8], values: &mut [f32]) {
    let (numbers, _) = bytes.as_chunks::<2>();
    for (value, &number) in values.iter_mut().zip(numbers) {
        let upper = match order {
            ByteOrder::Little => u16::from_le_bytes(number),
            ByteOrder::Big => u16::from_be_bytes(number),
        };
        *value = f32::from_bits(u32::from(upper) << 16);
    }
}
