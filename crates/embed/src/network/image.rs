//! Activations in NHWC order: height × width × channels.

/// The values of one image after a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activations {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    /// Those values, and what earlier ones of a larger shape have left.
    held: Vec<f32>,
}

/// What lies outside of an image; as long as the longest run of input channels.
static ZEROS: [f32; 2048] = [0.0; 2048];

impl Activations {
    #[cfg(test)]
    pub(super) fn of([height, width, channels]: [usize; 3], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), height * width * channels);
        Self {
            height,
            width,
            channels,
            held: values,
        }
    }

    /// Takes a new shape; what the values are then is not said, but zero where there were none yet.
    pub(crate) fn reshape(&mut self, height: usize, width: usize, channels: usize) {
        (self.height, self.width, self.channels) = (height, width, channels);
        if self.held.len() < self.count() {
            self.held.resize(self.count(), 0.0);
        }
    }

    fn count(&self) -> usize {
        self.height * self.width * self.channels
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

    /// `length` values from a pixel on, in coordinates that count `padding` rows and columns of
    /// zeros before the image.
    #[inline(always)]
    pub(super) fn run(&self, row: usize, column: usize, padding: usize, length: usize) -> &[f32] {
        let (row, column) = (row.wrapping_sub(padding), column.wrapping_sub(padding));
        if row < self.height && column < self.width {
            &self.held[(row * self.width + column) * self.channels..][..length]
        } else {
            &ZEROS[..length]
        }
    }
}
