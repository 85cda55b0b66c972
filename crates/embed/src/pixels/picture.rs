//! 8-bit RGB image: height × width pixels.

/// The bytes are not three per pixel, or there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} bytes are not 3 for each of {width} × {height} pixels")]
pub struct PictureError {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Bytes given.
    pub found: usize,
}

/// An RGB picture, row by row; at least one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Picture {
    /// Takes width × height × 3 bytes.
    pub fn new(width: usize, height: usize, values: Vec<u8>) -> Result<Self, PictureError> {
        let expected = width
            .checked_mul(height)
            .and_then(|pixels| pixels.checked_mul(3));
        if expected == Some(values.len()) && !values.is_empty() {
            Ok(Self {
                width,
                height,
                values,
            })
        } else {
            Err(PictureError {
                width,
                height,
                found: values.len(),
            })
        }
    }

    /// A picture from three planes of height × width bytes each, stored row by row or column by
    /// column.
    pub(crate) fn from_planes(
        width: usize,
        height: usize,
        planes: &[u8],
        order: PlaneOrder,
    ) -> Result<Self, PictureError> {
        let area = width * height;
        if planes.len() != 3 * area {
            return Err(PictureError {
                width,
                height,
                found: planes.len(),
            });
        }
        let mut values = Vec::with_capacity(planes.len());
        for row in 0..height {
            for column in 0..width {
                let place = match order {
                    PlaneOrder::Rows => row * width + column,
                    PlaneOrder::Columns => column * height + row,
                };
                values.extend([
                    planes[place],
                    planes[area + place],
                    planes[2 * area + place],
                ]);
            }
        }
        Self::new(width, height, values)
    }

    /// Pixels across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes, red, green and blue of each pixel in turn.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    pub(super) fn into_values(self) -> Vec<u8> {
        self.values
    }

    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.values[row * self.width * 3..][..self.width * 3]
    }
}

/// Whether a plane is stored by rows or by columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaneOrder {
    Rows,
    Columns,
}
