//! Transforms as FAISS saves them.

use super::refused::{same, unsupported, value};
use crate::rotation::Transform;
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Cursor, collected, floats, integers};
use annatomy_vectors::Matrix;

/// The columns that come in and those that come out, behind every transform.
struct Shape {
    columns: usize,
    columns_out: usize,
}

/// A transform of vectors of `columns` columns.
pub(super) fn read_transform(
    cursor: &mut Cursor<'_>,
    columns: usize,
) -> Result<Transform, SavedIndexError> {
    let code = cursor.code("the code of the transform")?;
    let transform = match &code {
        b"rrot" => read_linear(cursor, "RandomRotationMatrix"),
        b"LTra" => read_linear(cursor, "LinearTransform"),
        b"PCAm" | b"PcAm" | b"Pcam" => {
            cursor.f32("the power of eigenvalues")?;
            if &code == b"Pcam" {
                cursor.f32("the epsilon of eigenvalues")?;
            }
            cursor.u8("whether the PCA is rotated")?;
            if &code != b"PCAm" {
                cursor.i32("the number of bins")?;
            }
            cursor.counted("the mean", 4)?;
            cursor.counted("the eigenvalues", 4)?;
            cursor.counted("the eigenvectors", 4)?;
            read_linear(cursor, "PCAMatrix")
        }
        b"VNrm" => {
            let norm = cursor.f32("the norm")?;
            let shape = read_shape(cursor)?;
            if norm != 2.0 {
                return unsupported(&format!("a normalization by the {norm}-norm"), "by 2 alone");
            }
            same(
                "the columns that come out",
                shape.columns_out,
                shape.columns,
            )?;
            Ok(Transform::Normalize {
                columns: shape.columns,
            })
        }
        b"VCnt" => {
            let mean = collected("the mean", floats(cursor.counted("the mean", 4)?))?;
            let shape = read_shape(cursor)?;
            same(
                "the columns that come out",
                shape.columns_out,
                shape.columns,
            )?;
            same("the columns of the mean", mean.len(), shape.columns)?;
            if let Some(place) = mean.iter().position(|value| !value.is_finite()) {
                return value(
                    "a mean that is not finite: column",
                    place as i128,
                    "finite".to_owned(),
                );
            }
            Ok(Transform::Center { mean })
        }
        b"RmDT" => {
            let map = cursor.counted("the map of columns", 4)?;
            let map = collected("the map of columns", integers(map))?;
            read_map(&map, &read_shape(cursor)?)
        }
        code => unsupported(
            &format!("a transform of code {:?}", String::from_utf8_lossy(code)),
            "read are PCA, OPQ, linear maps, random rotations, L2 normalization, centering, and choices of columns",
        ),
    }?;
    same(
        "the columns that a transform takes",
        transform.columns(),
        columns,
    )?;
    Ok(transform)
}

fn read_shape(cursor: &mut Cursor<'_>) -> Result<Shape, SavedIndexError> {
    let columns = cursor.i32("the columns that come in")?;
    let columns_out = cursor.i32("the columns that come out")?;
    cursor.u8("whether the transform is trained")?;
    let positive = |what, found: i32| match usize::try_from(found) {
        Ok(found) if found > 0 => Ok(found),
        _ => value(what, found, "at least 1".to_owned()),
    };
    Ok(Shape {
        columns: positive("the columns that come in", columns)?,
        columns_out: positive("the columns that come out", columns_out)?,
    })
}

fn read_linear(cursor: &mut Cursor<'_>, name: &'static str) -> Result<Transform, SavedIndexError> {
    let has_bias = cursor.u8("whether there is a bias")? != 0;
    let matrix = cursor.counted("the matrix", 4)?;
    let bias = cursor.counted("the bias", 4)?;
    let shape = read_shape(cursor)?;
    let wanted = shape.columns as u128 * shape.columns_out as u128;
    if (matrix.len() / 4) as u128 != wanted {
        let expected = format!("{} × {}", shape.columns_out, shape.columns);
        return value(
            "the values of the matrix",
            (matrix.len() / 4) as i128,
            expected,
        );
    }
    let bias = if has_bias {
        same("the values of the bias", bias.len() / 4, shape.columns_out)?;
        collected("the bias", floats(bias))?
    } else {
        Vec::new()
    };
    let values = collected("the matrix", floats(matrix))?;
    if let Some(place) = values.iter().chain(&bias).position(|x| !x.is_finite()) {
        return value(
            "a coefficient that is not finite: number",
            place as i128,
            "finite".to_owned(),
        );
    }
    let matrix = Matrix::new(shape.columns_out, shape.columns, values).expect("checked");
    Ok(Transform::Linear { name, matrix, bias })
}

fn read_map(map: &[i32], shape: &Shape) -> Result<Transform, SavedIndexError> {
    same("the columns of the map", map.len(), shape.columns_out)?;
    let mut columns = Vec::with_capacity(map.len());
    for &column in map {
        columns.push(match usize::try_from(column) {
            Ok(column) if column < shape.columns => Some(column),
            Err(_) if column == -1 => None,
            _ => {
                return value(
                    "a column of the map",
                    column,
                    format!("below {}", shape.columns),
                );
            }
        });
    }
    Ok(Transform::Columns {
        columns: shape.columns,
        map: columns,
    })
}
