//! Activations in NHWC order: images × height × width × channels.

use std::ops::Range;

/// The values of one image, or of several of a shape, after a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activations {
    pub(crate) images: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    /// Those values, and what earlier ones of a larger shape have left.
    held: Vec<f32>,
}

/// Values of the same order that are only read.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) images: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    values: &'a [f32],
}

/// A place in one of several images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pixel {
    pub(super) image: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// What lies outside of an image; as long as the longest run of input channels.
static ZEROS: [f32; 2048] = [0.0; 2048];

impl Activations {
    #[cfg(test)]
    pub(super) fn of([height, width, channels]: [usize; 3], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), height * width * channels);
        Self {
            images: 1,
            height,
            width,
            channels,
            held: values,
        }
    }

    /// Takes a new shape, images × height × width × channels; what the values are then is not said, but zero
    /// where there were none yet.
    pub(crate) fn reshape(&mut self, [images, height, width, channels]: [usize; 4]) {
        (self.images, self.height, self.width, self.channels) = (images, height, width, channels);
        if self.held.len() < self.count() {
            self.held.resize(self.count(), 0.0);
        }
    }

    /// Images × height × width × channels.
    pub(super) fn shape(&self) -> [usize; 4] {
        [self.images, self.height, self.width, self.channels]
    }

    /// The place of a pixel of all images.
    pub(super) fn pixel(&self, number: usize) -> Pixel {
        let (row, column) = (number / self.width, number % self.width);
        Pixel {
            image: row / self.height,
            row: row % self.height,
            column,
        }
    }

    fn count(&self) -> usize {
        self.shape().iter().product()
    }

    #[inline(always)]
    pub(super) fn values(&self) -> &[f32] {
        &self.held[..self.count()]
    }

    #[inline(always)]
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        let count = self.count();
        &mut self.held[..count]
    }

    /// The values of one of the images.
    pub(super) fn image_mut(&mut self, image: usize) -> &mut [f32] {
        let of_image = self.height * self.width * self.channels;
        &mut self.held[image * of_image..][..of_image]
    }

    #[inline(always)]
    pub(super) fn view(&self) -> View<'_> {
        View {
            images: self.images,
            height: self.height,
            width: self.width,
            channels: self.channels,
            values: self.values(),
        }
    }

    /// Some rows of the only image.
    pub(super) fn rows(&self, rows: Range<usize>) -> View<'_> {
        assert_eq!(self.images, 1, "rows of one image");
        let of_row = self.width * self.channels;
        View {
            height: rows.len(),
            values: &self.values()[rows.start * of_row..rows.end * of_row],
            ..self.view()
        }
    }
}

impl<'a> View<'a> {
    /// `length` values from a pixel of an image on, in coordinates that count `padding` rows and columns of
    /// zeros before the image.
    #[inline(always)]
    pub(super) fn run(self, at: Pixel, padding: usize, length: usize) -> &'a [f32] {
        let row = at.row.wrapping_sub(padding);
        let column = at.column.wrapping_sub(padding);
        if row < self.height && column < self.width {
            let place = (at.image * self.height + row) * self.width + column;
            &self.values[place * self.channels..][..length]
        } else {
            &ZEROS[..length]
        }
    }
}
