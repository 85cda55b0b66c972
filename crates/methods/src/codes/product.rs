//! Product quantization (PQ): groups of columns, each as the number of its nearest centroid (Jégou,
//! Douze & Schmid 2011).

use annatomy_vectors::Matrix;

/// A product quantizer, trained.
#[derive(Clone, Debug)]
pub struct ProductQuantizer {
    /// Groups of columns, M.
    pub parts: usize,
    /// Bits of a number, 4 to 16.
    pub bits: usize,
    /// Columns of a group, d / M.
    pub part_columns: usize,
    /// (M · 2^bits) × (d / M): the centroids of the first group, then of the second.
    pub centroids: Matrix,
}

impl ProductQuantizer {
    /// Centroids of a group.
    pub fn per_part(&self) -> usize {
        1 << self.bits
    }

    /// Bytes of a code.
    pub(crate) fn code_bytes(parts: usize, bits: usize) -> usize {
        (parts * bits).div_ceil(8)
    }

    /// Centroid number `number` of group `part`.
    pub fn centroid(&self, part: usize, number: usize) -> &[f32] {
        self.centroids.row(part * self.per_part() + number)
    }

    /// The number of each group in `code`; bits are packed from the lowest.
    pub(crate) fn numbers<'c>(&'c self, code: &'c [u8]) -> impl Iterator<Item = u16> + 'c {
        (0..self.parts).map(|part| {
            if self.bits == 8 {
                return u16::from(code[part]);
            }
            let (first, shift) = (part * self.bits / 8, part * self.bits % 8);
            let byte = |place| u32::from(code.get(first + place).copied().unwrap_or(0));
            let bytes = byte(0) | byte(1) << 8 | byte(2) << 16;
            (bytes >> shift & ((1 << self.bits) - 1)) as u16
        })
    }

    /// Puts the row of `code` into `values`.
    pub(crate) fn decode(&self, code: &[u8], values: &mut [f32]) {
        let groups = values.chunks_exact_mut(self.part_columns);
        for ((part, number), values) in self.numbers(code).enumerate().zip(groups) {
            values.copy_from_slice(self.centroid(part, usize::from(number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantizer(parts: usize, bits: usize) -> ProductQuantizer {
        let rows = parts << bits;
        let values = (0..rows).map(|row| row as f32).collect();
        let centroids = Matrix::new(rows, 1, values).expect("shape");
        ProductQuantizer {
            parts,
            bits,
            part_columns: 1,
            centroids,
        }
    }

    #[test]
    fn numbers_are_packed_from_the_lowest_bit() {
        let four = quantizer(3, 4);
        assert_eq!(four.numbers(&[0x21, 0x03]).collect::<Vec<_>>(), [1, 2, 3]);
        let twelve = quantizer(2, 12);
        let packed = 0xabcu32 | 0x123 << 12;
        let bytes = packed.to_le_bytes();
        assert_eq!(
            twelve.numbers(&bytes[..3]).collect::<Vec<_>>(),
            [0xabc, 0x123]
        );
        let mut values = [0.0; 2];
        twelve.decode(&bytes[..3], &mut values);
        assert_eq!(values, [2748.0, 4096.0 + 291.0]);
    }
}
