//! Transforms of vectors before they are coded: linear maps (PCA, OPQ, random rotations), L2
//! normalization, centering, a choice of columns.
//!
//! FAISS multiplies by BLAS, whose order of summation depends on the machine and on how many queries
//! are searched at once. Here sums are in float64 and rounded once, so that a transformed query
//! differs from FAISS's by float32 rounding, and an answer only where distances are as near.

use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Batch, Level, dot, reserved};
use annatomy_vectors::{Matrix, MatrixView};
use rayon::prelude::*;

/// One step of a chain.
#[derive(Clone, Debug)]
pub enum Transform {
    /// A·x + b.
    Linear {
        /// The engine's class.
        name: &'static str,
        /// Rows of A are the columns that come out.
        matrix: Matrix,
        /// b; none for 0.
        bias: Vec<f32>,
    },
    /// x / ‖x‖; a row of zeros stays.
    Normalize {
        /// Columns.
        columns: usize,
    },
    /// x − mean.
    Center {
        /// The mean.
        mean: Vec<f32>,
    },
    /// Columns by number; `None` for a column of zeros.
    Columns {
        /// Columns that come in.
        columns: usize,
        /// The column each comes from.
        map: Vec<Option<usize>>,
    },
}

impl Transform {
    /// The engine's class.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear { name, .. } => name,
            Self::Normalize { .. } => "NormalizationTransform",
            Self::Center { .. } => "CenteringTransform",
            Self::Columns { .. } => "RemapDimensionsTransform",
        }
    }

    /// Columns that come in.
    pub fn columns(&self) -> usize {
        match self {
            Self::Linear { matrix, .. } => matrix.columns(),
            Self::Normalize { columns } | Self::Columns { columns, .. } => *columns,
            Self::Center { mean } => mean.len(),
        }
    }

    /// Columns that come out.
    pub fn columns_out(&self) -> usize {
        match self {
            Self::Linear { matrix, .. } => matrix.rows(),
            Self::Normalize { columns } => *columns,
            Self::Center { mean } => mean.len(),
            Self::Columns { map, .. } => map.len(),
        }
    }

    /// Puts the transform of `x` into `out`.
    pub fn apply(&self, x: &[f32], level: Level, out: &mut Vec<f32>) {
        out.clear();
        match self {
            Self::Linear { matrix, bias, .. } => {
                for row in 0..matrix.rows() {
                    let start = bias.get(row).map_or(0.0, |&b| f64::from(b));
                    let products = matrix.row(row).iter().zip(x);
                    let sum: f64 = products.map(|(&a, &x)| f64::from(a) * f64::from(x)).sum();
                    out.push((start + sum) as f32);
                }
            }
            Self::Normalize { .. } => {
                let norm = dot(x, x, level, Batch::One);
                let inverse = (1.0 / f64::from(norm.sqrt())) as f32;
                let factor = if norm > 0.0 { inverse } else { 1.0 };
                out.extend(x.iter().map(|&x| x * factor));
            }
            Self::Center { mean } => out.extend(x.iter().zip(mean).map(|(&x, &m)| x - m)),
            Self::Columns { map, .. } => {
                out.extend(map.iter().map(|column| column.map_or(0.0, |c| x[c])));
            }
        }
    }
}

/// Puts `query` after all of `transforms` into `out`.
pub(crate) fn apply_all(
    transforms: &[Transform],
    query: &[f32],
    level: Level,
    spare: &mut Vec<f32>,
    out: &mut Vec<f32>,
) {
    out.clear();
    out.extend_from_slice(query);
    for transform in transforms {
        transform.apply(out, level, spare);
        std::mem::swap(out, spare);
    }
}

/// All rows after all of `transforms`.
pub(crate) fn transformed(
    transforms: &[Transform],
    rows: MatrixView<'_>,
    level: Level,
) -> Result<Matrix, SavedIndexError> {
    let columns = transforms
        .last()
        .map_or(rows.columns(), Transform::columns_out);
    let mut values: Vec<f32> = reserved("the transformed rows", rows.rows() * columns)?;
    values.resize(rows.rows() * columns, 0.0);
    values
        .par_chunks_mut(columns.max(1))
        .enumerate()
        .for_each_init(
            || (Vec::new(), Vec::new()),
            |(spare, out), (row, values)| {
                apply_all(transforms, rows.row(row), level, spare, out);
                values.copy_from_slice(out);
            },
        );
    Ok(Matrix::new(rows.rows(), columns, values).expect("rows × columns values"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(transform: &Transform, x: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        transform.apply(x, Level::Avx2, &mut out);
        assert_eq!(
            (x.len(), out.len()),
            (transform.columns(), transform.columns_out())
        );
        out
    }

    #[test]
    fn each_transform_does_what_it_is_called() {
        let matrix = Matrix::new(1, 2, vec![2.0, -1.0]).expect("shape");
        let linear = |bias| Transform::Linear {
            name: "PCAMatrix",
            matrix: matrix.clone(),
            bias,
        };
        assert_eq!(applied(&linear(vec![]), &[3.0, 4.0]), [2.0]);
        assert_eq!(applied(&linear(vec![0.5]), &[3.0, 4.0]), [2.5]);
        let unit = Transform::Normalize { columns: 2 };
        assert_eq!(
            applied(&unit, &[3.0, 4.0]),
            [3.0 * (1.0 / 5.0), 4.0 * (1.0 / 5.0)]
        );
        assert_eq!(applied(&unit, &[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(
            applied(
                &Transform::Center {
                    mean: vec![1.0, 2.0]
                },
                &[3.0, 1.0]
            ),
            [2.0, -1.0]
        );
        let map = vec![Some(1), None, Some(0)];
        let columns = Transform::Columns { columns: 2, map };
        assert_eq!(applied(&columns, &[7.0, 8.0]), [8.0, 0.0, 7.0]);
    }
}
