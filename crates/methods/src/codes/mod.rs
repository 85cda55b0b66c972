//! Codes: the rows as an index keeps them, and what they decode to.

mod product;
mod scalar;

pub use product::ProductQuantizer;
pub use scalar::{ScalarKind, ScalarQuantizer, eight_bit_rows};

use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{collected, floats, reserved};
use annatomy_vectors::Matrix;
use rayon::prelude::*;

/// All rows as codes, one after the other.
#[derive(Clone, Debug)]
pub struct Codes {
    /// How a row becomes a code.
    pub quantizer: Quantizer,
    /// Columns of a row.
    pub columns: usize,
    /// Bytes of a code.
    pub size: usize,
    /// n · `size` bytes.
    pub bytes: Vec<u8>,
}

/// How a row becomes a code.
#[derive(Clone, Debug)]
pub enum Quantizer {
    /// Not at all: float32.
    Float32,
    /// Each column by itself.
    Scalar(ScalarQuantizer),
    /// Groups of columns by their nearest centroid.
    Product(ProductQuantizer),
}

impl Codes {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bytes.len() / self.size
    }

    /// The code of row `row`.
    pub fn code(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.size..(row + 1) * self.size]
    }

    /// Whether rows decode to what they were: float32, or whole numbers that were added as such.
    pub fn are_exact(&self) -> bool {
        match &self.quantizer {
            Quantizer::Float32 => true,
            Quantizer::Scalar(_) | Quantizer::Product(_) => self.whole_range().is_some(),
        }
    }

    /// The least and the largest value, where rows and queries are whole numbers.
    pub fn whole_range(&self) -> Option<(f32, f32)> {
        match &self.quantizer {
            Quantizer::Scalar(scalar) => scalar.kind.whole_range(),
            Quantizer::Float32 | Quantizer::Product(_) => None,
        }
    }

    /// Whether they are no codes.
    pub(crate) fn are_float32(&self) -> bool {
        matches!(self.quantizer, Quantizer::Float32)
    }

    /// What a report calls the codes.
    pub fn name(&self) -> String {
        match &self.quantizer {
            Quantizer::Float32 => "float32".to_owned(),
            Quantizer::Scalar(scalar) => scalar.kind.name().to_owned(),
            Quantizer::Product(product) => {
                format!("PQ{}x{}", product.parts, product.bits)
            }
        }
    }

    /// All rows, decoded one column at a time.
    ///
    /// # Errors
    /// If they do not fit into memory.
    pub fn decoded(&self) -> Result<Matrix, SavedIndexError> {
        let rows = self.rows();
        let values = match &self.quantizer {
            Quantizer::Float32 => collected("the rows", floats(&self.bytes))?,
            quantizer => {
                let mut values = reserved("the decoded rows", rows * self.columns)?;
                values.resize(rows * self.columns, 0.0);
                values
                    .par_chunks_mut(self.columns)
                    .enumerate()
                    .for_each(|(row, values)| match quantizer {
                        Quantizer::Float32 => {}
                        Quantizer::Scalar(scalar) => {
                            scalar.decode(self.code(row), scalar::Rounding::EachStep, values);
                        }
                        Quantizer::Product(product) => product.decode(self.code(row), values),
                    });
                values
            }
        };
        Ok(Matrix::new(rows, self.columns, values).expect("rows × columns values"))
    }

    /// Bits of a code for each column of a row.
    pub fn bits_per_column(&self) -> f64 {
        8.0 * self.size as f64 / self.columns as f64
    }
}

pub(crate) use scalar::Rounding;
