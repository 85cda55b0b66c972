//! Scalar quantization: each column by itself, in FAISS's ten layouts of 4 to 16 bits.
//!
//! | kind | value |
//! |---|---|
//! | 8, 6, 4 bits | vmin + vdiff · (code + ½) / (2^bits − 1), a range for each column |
//! | 8, 4 bits, uniform | the same, one range for all |
//! | float16, bfloat16 | the value, rounded |
//! | 8 bits direct | the code, 0 to 255 |
//! | 8 bits direct, signed | the code − 128 |
//!
//! and usearch's i8, the code / 127, of a row of unit length; and DiskANN's int8 and uint8, which are
//! the values.

use annatomy_vectors::{Matrix, MatrixView};
use half::{bf16, f16};

/// A scalar quantizer, trained.
#[derive(Clone, Debug)]
pub struct ScalarQuantizer {
    /// The layout.
    pub kind: ScalarKind,
    /// vmin by column, or one for all; none for kinds without a range.
    pub minima: Vec<f32>,
    /// vdiff, likewise.
    pub ranges: Vec<f32>,
}

/// A layout of scalar codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as FAISS names them")]
pub enum ScalarKind {
    Bits8,
    Bits4,
    Bits8Uniform,
    Bits4Uniform,
    Float16,
    Direct8,
    Bits6,
    BFloat16,
    DirectSigned8,
    Signed8,
    WholeSigned8,
    WholeUnsigned8,
}

/// How often a decoded value is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// After each operation, as plain code does.
    EachStep,
    /// Once for a product and a sum, as vector code with FMA does.
    Fused,
}

impl ScalarKind {
    /// By FAISS's number.
    pub(crate) fn of_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Bits8,
            1 => Self::Bits4,
            2 => Self::Bits8Uniform,
            3 => Self::Bits4Uniform,
            4 => Self::Float16,
            5 => Self::Direct8,
            6 => Self::Bits6,
            7 => Self::BFloat16,
            8 => Self::DirectSigned8,
            _ => return None,
        })
    }

    /// As FAISS's factory names it, where it does.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bits8 => "SQ8",
            Self::Bits4 => "SQ4",
            Self::Bits8Uniform => "SQ8 uniform",
            Self::Bits4Uniform => "SQ4 uniform",
            Self::Float16 => "float16",
            Self::Direct8 => "SQ8 direct",
            Self::Bits6 => "SQ6",
            Self::BFloat16 => "bfloat16",
            Self::DirectSigned8 => "SQ8 direct, signed",
            Self::Signed8 | Self::WholeSigned8 => "int8",
            Self::WholeUnsigned8 => "uint8",
        }
    }

    /// Bytes of a code.
    pub(crate) fn code_bytes(self, columns: usize) -> usize {
        match self {
            Self::Bits8
            | Self::Bits8Uniform
            | Self::Direct8
            | Self::DirectSigned8
            | Self::Signed8
            | Self::WholeSigned8
            | Self::WholeUnsigned8 => columns,
            Self::Bits4 | Self::Bits4Uniform => columns.div_ceil(2),
            Self::Bits6 => (columns * 6).div_ceil(8),
            Self::Float16 | Self::BFloat16 => 2 * columns,
        }
    }

    /// How many values it is trained to, a minimum and a range each.
    pub(crate) fn ranges(self, columns: usize) -> usize {
        match self {
            Self::Bits8 | Self::Bits4 | Self::Bits6 => columns,
            Self::Bits8Uniform | Self::Bits4Uniform => 1,
            _ => 0,
        }
    }

    /// The least and the largest value, of kinds whose codes are the values that were added.
    pub(crate) fn whole_range(self) -> Option<(f32, f32)> {
        match self {
            Self::WholeSigned8 => Some((-128.0, 127.0)),
            Self::WholeUnsigned8 => Some((0.0, 255.0)),
            _ => None,
        }
    }

    /// Whether one range holds for all columns.
    pub(crate) fn is_uniform(self) -> bool {
        matches!(self, Self::Bits8Uniform | Self::Bits4Uniform)
    }

    /// The place of the first value in `codes` that is infinite or no number, of kinds that can hold
    /// one.
    pub(crate) fn first_not_finite(self, codes: &[u8]) -> Option<usize> {
        let mut codes = codes.as_chunks().0.iter().copied();
        match self {
            Self::Float16 => codes.position(|code| !f16::from_le_bytes(code).is_finite()),
            Self::BFloat16 => codes.position(|code| !bf16::from_le_bytes(code).is_finite()),
            _ => None,
        }
    }

    /// The largest code, of kinds with a range.
    fn largest(self) -> f32 {
        match self {
            Self::Bits4 | Self::Bits4Uniform => 15.0,
            Self::Bits6 => 63.0,
            _ => 255.0,
        }
    }
}

impl ScalarQuantizer {
    /// 8 bits a column, trained: a range for each column, from its least to its largest value.
    pub fn eight_bits(rows: MatrixView<'_>) -> Self {
        let columns = rows.columns();
        let mut minima = vec![f32::INFINITY; columns];
        let mut largest = vec![f32::NEG_INFINITY; columns];
        for row in 0..rows.rows() {
            for (column, &value) in rows.row(row).iter().enumerate() {
                minima[column] = minima[column].min(value);
                largest[column] = largest[column].max(value);
            }
        }
        let ranges = largest.iter().zip(&minima);
        Self {
            kind: ScalarKind::Bits8,
            ranges: ranges.map(|(largest, least)| largest - least).collect(),
            minima,
        }
    }

    /// Puts the code of one of the rows that [`eight_bits`](Self::eight_bits) was trained on into
    /// `code`.
    pub(crate) fn encode_eight_bits(&self, row: &[f32], code: &mut [u8]) {
        for (column, (byte, &value)) in code.iter_mut().zip(row).enumerate() {
            let (minimum, range) = (self.minima[column], self.ranges[column]);
            *byte = if range > 0.0 {
                (255.0 * (value - minimum) / range).floor() as u8
            } else {
                0
            };
        }
    }

    /// Puts the row of `code` into `values`.
    pub(crate) fn decode(&self, code: &[u8], rounding: Rounding, values: &mut [f32]) {
        match self.kind {
            ScalarKind::Float16 => {
                for (value, &bytes) in values.iter_mut().zip(code.as_chunks().0) {
                    *value = f16::from_le_bytes(bytes).to_f32();
                }
            }
            ScalarKind::BFloat16 => {
                for (value, &bytes) in values.iter_mut().zip(code.as_chunks().0) {
                    *value = bf16::from_le_bytes(bytes).to_f32();
                }
            }
            ScalarKind::Direct8 | ScalarKind::WholeUnsigned8 => {
                for (value, &byte) in values.iter_mut().zip(code) {
                    *value = f32::from(byte);
                }
            }
            ScalarKind::DirectSigned8 => {
                for (value, &byte) in values.iter_mut().zip(code) {
                    *value = f32::from(i16::from(byte) - 128);
                }
            }
            ScalarKind::Signed8 => {
                for (value, &byte) in values.iter_mut().zip(code) {
                    *value = f32::from(byte.cast_signed()) / 127.0;
                }
            }
            ScalarKind::WholeSigned8 => {
                for (value, &byte) in values.iter_mut().zip(code) {
                    *value = f32::from(byte.cast_signed());
                }
            }
            kind => {
                self.decode_shares(code, rounding, values);
                for (column, value) in values.iter_mut().enumerate() {
                    let column = if kind.is_uniform() { 0 } else { column };
                    let (minimum, range) = (self.minima[column], self.ranges[column]);
                    *value = match rounding {
                        Rounding::EachStep => minimum + *value * range,
                        Rounding::Fused => value.mul_add(range, minimum),
                    };
                }
            }
        }
    }

    /// Puts the codes as shares of their range, 0 to 1, into `values`.
    pub(crate) fn decode_shares(&self, code: &[u8], rounding: Rounding, values: &mut [f32]) {
        let largest = self.kind.largest();
        for (column, value) in values.iter_mut().enumerate() {
            let number = f32::from(self.number(code, column));
            *value = match rounding {
                Rounding::EachStep => (number + 0.5) / largest,
                Rounding::Fused => number.mul_add(1.0 / largest, 0.5 / largest),
            };
        }
    }

    /// The code of a column, of kinds with a range.
    fn number(&self, code: &[u8], column: usize) -> u8 {
        match self.kind {
            ScalarKind::Bits4 | ScalarKind::Bits4Uniform => {
                code[column / 2] >> (4 * (column % 2)) & 0xf
            }
            ScalarKind::Bits6 => {
                let (first, shift) = (6 * column / 8, 6 * column % 8);
                let next = code.get(first + 1).copied().unwrap_or(0);
                let both = u16::from(code[first]) | u16::from(next) << 8;
                (both >> shift & 0x3f) as u8
            }
            _ => code[column],
        }
    }
}

/// Rows as 8-bit scalar codes decode them: a range for each column, from its least to its largest
/// value.
pub fn eight_bit_rows(rows: MatrixView<'_>) -> Matrix {
    let quantizer = ScalarQuantizer::eight_bits(rows);
    let mut coded = rows.to_matrix();
    let mut code = vec![0; rows.columns()];
    for row in 0..rows.rows() {
        quantizer.encode_eight_bits(rows.row(row), &mut code);
        quantizer.decode(&code, Rounding::EachStep, coded.row_mut(row));
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(kind: ScalarKind, code: &[u8], columns: usize) -> Vec<f32> {
        let ranges = kind.ranges(columns);
        let (minima, ranges) = (vec![1.0; ranges], vec![2.0; ranges]);
        let quantizer = ScalarQuantizer {
            kind,
            minima,
            ranges,
        };
        assert_eq!(kind.code_bytes(columns), code.len());
        let mut values = vec![0.0; columns];
        quantizer.decode(code, Rounding::EachStep, &mut values);
        values
    }

    #[test]
    fn codes_decode_to_the_middle_of_their_step() {
        let of = |number: f32, largest: f32| 1.0 + (number + 0.5) / largest * 2.0;
        assert_eq!(
            decoded(ScalarKind::Bits8, &[0, 255], 2),
            [of(0.0, 255.0), of(255.0, 255.0)]
        );
        assert_eq!(
            decoded(ScalarKind::Bits4Uniform, &[0xf3, 0x01], 3),
            [of(3.0, 15.0), of(15.0, 15.0), of(1.0, 15.0)]
        );
        // 6 bits: 1, 2, 3, 4 | 63.
        let packed = 1u32 | 2 << 6 | 3 << 12 | 4 << 18;
        let [a, b, c, _] = packed.to_le_bytes();
        let numbers = [1.0, 2.0, 3.0, 4.0, 63.0].map(|number| of(number, 63.0));
        assert_eq!(decoded(ScalarKind::Bits6, &[a, b, c, 63], 5), numbers);
    }

    #[test]
    fn eight_bits_move_a_value_by_half_a_step_at_most() {
        let values = vec![0.0, 5.0, 0.302, 5.0, 1.0, 5.0];
        let rows = Matrix::new(3, 2, values.clone()).expect("shape");
        let coded = eight_bit_rows(rows.view());
        for (row, value) in [(0, 0.0), (1, 0.302)] {
            let error = (coded.row(row)[0] - value).abs();
            assert!(error > 0.0 && error <= 0.5001 / 255.0, "{error}");
        }
        assert_eq!(coded.row(2)[1], 5.0, "a column of one value stays");
    }

    #[test]
    fn kinds_without_a_range_hold_values() {
        let half = f16::from_f32(-1.5).to_le_bytes();
        assert_eq!(decoded(ScalarKind::Float16, &half, 1), [-1.5]);
        let brain = bf16::from_f32(3.0).to_le_bytes();
        assert_eq!(decoded(ScalarKind::BFloat16, &brain, 1), [3.0]);
        assert_eq!(decoded(ScalarKind::Direct8, &[0, 200], 2), [0.0, 200.0]);
        assert_eq!(
            decoded(ScalarKind::DirectSigned8, &[0, 200], 2),
            [-128.0, 72.0]
        );
        assert_eq!(decoded(ScalarKind::Signed8, &[127, 129], 2), [1.0, -1.0]);
    }
}
