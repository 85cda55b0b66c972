//! The codes of a method as they are compared, and what they are compared with.

use crate::arithmetic::Lanes;
use crate::codes::{Codes, ProductQuantizer, Quantizer, ScalarKind};
use crate::method::Method;
use crate::product_sums::Numbers;
use crate::scan_order::ScanOrder;
use annatomy_hnsw::import::diskann_file::DiskAnnScalar;
use annatomy_hnsw::import::faiss_file::{Level, collected, floats, reserved};
use annatomy_hnsw::import::usearch_file::{UsearchLevel, UsearchScalar};
use annatomy_hnsw::import::{Arithmetic, SavedIndexError};
use annatomy_vectors::{Matrix, Metric};
use pulp::Arch;
use rayon::prelude::*;

/// The codes as they are compared.
#[derive(Debug)]
pub(crate) enum Kept<'m> {
    /// Float32 rows.
    Flat(Matrix),
    /// Scalar codes, decoded.
    Scalar { rows: Matrix, lanes: Lanes },
    /// The same, summed as integers; `signed`: of values from −128 on.
    Integers { rows: Matrix, signed: bool },
    /// Scalar codes of one range for all columns, decoded, and as shares of the range.
    Uniform {
        rows: Matrix,
        shares: Matrix,
        lanes: Lanes,
        minimum: f32,
        range: f32,
    },
    /// Rows of usearch; of i8, whole numbers.
    Usearch {
        rows: Matrix,
        scalar: UsearchScalar,
        level: UsearchLevel,
        metric: Metric,
    },
    /// Rows of DiskANN; of int8 and uint8, whole numbers.
    DiskAnn {
        rows: Matrix,
        scalar: DiskAnnScalar,
        metric: Metric,
    },
    /// Product codes.
    Product {
        quantizer: &'m ProductQuantizer,
        numbers: Numbers,
    },
}

/// What the codes are compared with.
#[derive(Debug, Default)]
pub(crate) struct CodeQuery {
    pub(crate) vector: Vec<f32>,
    /// Uniform: the query in shares of the range, and how sums lead back.
    pub(crate) adjusted: Vec<f32>,
    pub(crate) scale: f32,
    pub(crate) bias: f32,
    /// Product: one entry per centroid.
    pub(crate) table: Vec<f32>,
    /// The same without what the cell adds.
    pub(crate) query_table: Vec<f32>,
    /// Added to every distance.
    pub(crate) offset: f32,
}

impl<'m> Kept<'m> {
    /// Rows of a usearch index.
    pub(crate) fn of_usearch(
        method: &Method,
        arithmetic: Arithmetic,
    ) -> Result<Self, SavedIndexError> {
        let codes = &method.codes;
        let scalar = match &codes.quantizer {
            Quantizer::Scalar(scalar) => match scalar.kind {
                ScalarKind::Float16 => UsearchScalar::Float16,
                ScalarKind::BFloat16 => UsearchScalar::BFloat16,
                _ => UsearchScalar::Int8,
            },
            _ => UsearchScalar::Float32,
        };
        let rows = if scalar == UsearchScalar::Int8 {
            let whole = codes
                .bytes
                .iter()
                .map(|&byte| f32::from(byte.cast_signed()));
            let values = collected("the rows", whole)?;
            Matrix::new(codes.rows(), codes.columns, values).expect("rows × columns values")
        } else {
            codes.decoded()?
        };
        Ok(Self::Usearch {
            rows,
            scalar,
            level: UsearchLevel::of(arithmetic),
            metric: method.metric,
        })
    }

    /// Rows of a DiskANN index.
    pub(crate) fn of_diskann(method: &Method) -> Result<Self, SavedIndexError> {
        let scalar = match &method.codes.quantizer {
            Quantizer::Scalar(scalar) if scalar.kind == ScalarKind::WholeSigned8 => {
                DiskAnnScalar::Int8
            }
            Quantizer::Scalar(_) => DiskAnnScalar::UInt8,
            _ => DiskAnnScalar::Float32,
        };
        Ok(Self::DiskAnn {
            rows: method.codes.decoded()?,
            scalar,
            metric: method.metric,
        })
    }

    /// Codes in the order in which they are scanned.
    pub(crate) fn new(
        codes: &'m Codes,
        order: &ScanOrder,
        level: Level,
    ) -> Result<Self, SavedIndexError> {
        let columns = codes.columns;
        let lanes = Lanes::of(level, columns);
        let code_at = |place: usize| codes.code(order.row(place) as usize);
        let scalar = match &codes.quantizer {
            Quantizer::Float32 => {
                let mut values = reserved("the rows", codes.rows() * columns)?;
                (0..codes.rows()).for_each(|place| values.extend(floats(code_at(place))));
                let rows = Matrix::new(codes.rows(), columns, values);
                return Ok(Self::Flat(rows.expect("rows × columns values")));
            }
            Quantizer::Product(quantizer) => {
                let in_order = (0..codes.rows()).map(code_at);
                let numbers = Numbers::new(quantizer, codes.rows(), in_order)?;
                return Ok(Self::Product { quantizer, numbers });
            }
            Quantizer::Scalar(scalar) => scalar,
        };
        let decoded = |shares: bool| -> Result<Matrix, SavedIndexError> {
            let mut values = reserved("the decoded rows", codes.rows() * columns)?;
            values.resize(codes.rows() * columns, 0.0);
            let rows = values.par_chunks_mut(columns).enumerate();
            rows.for_each(|(row, values)| {
                let code = code_at(row);
                Arch::new().dispatch(|| {
                    if shares {
                        scalar.decode_shares(code, lanes.rounding(), values);
                    } else {
                        scalar.decode(code, lanes.rounding(), values);
                    }
                });
            });
            Ok(Matrix::new(codes.rows(), columns, values).expect("rows × columns values"))
        };
        let rows = decoded(false)?;
        let direct = matches!(scalar.kind, ScalarKind::Direct8 | ScalarKind::DirectSigned8);
        if direct && lanes.sums_integers(level, columns) {
            let signed = scalar.kind == ScalarKind::DirectSigned8;
            return Ok(Self::Integers { rows, signed });
        }
        if scalar.kind.is_uniform() && lanes != Lanes::One {
            return Ok(Self::Uniform {
                rows,
                shares: decoded(true)?,
                lanes,
                minimum: scalar.minima[0],
                range: scalar.ranges[0],
            });
        }
        Ok(Self::Scalar { rows, lanes })
    }
}

impl CodeQuery {
    /// The query in shares of the range of all columns.
    pub(crate) fn adjust(&mut self, vector: &[f32], metric: Metric, minimum: f32, range: f32) {
        self.adjusted.clear();
        if metric == Metric::L2 {
            let inverse = if range == 0.0 { 0.0 } else { 1.0 / range };
            self.adjusted
                .extend(vector.iter().map(|&x| (x - minimum) * inverse));
            (self.scale, self.bias) = (range * range, 0.0);
        } else {
            self.adjusted.extend_from_slice(vector);
            let sum = vector.iter().fold(0.0, |sum, &x| sum + x);
            (self.scale, self.bias) = (range, minimum * sum);
        }
    }
}
