//! Activations in NHWC order: height × width × channels.

/// The values of one image after a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activations {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) values: Vec<f32>,
}

/// What lies outside of an image; as long as the longest run of input channels.
static ZEROS: [f32; 2048] = [0.0; 2048];

impl Activations {
    /// Takes a new shape; what the values are then is not said.
    pub(crate) fn reshape(&mut self, height: usize, width: usize, channels: usize) {
        (self.height, self.width, self.channels) = (height, width, channels);
        self.values.resize(height * width * channels, 0.0);
    }

    /// `length` values from a pixel on, in coordinates that count `padding` rows and columns of
    /// zeros before the image.
    #[inline(always)]
    pub(super) fn run(&self, row: usize, column: usize, padding: usize, length: usize) -> &[f32] {
        let (row, column) = (row.wrapping_sub(padding), column.wrapping_sub(padding));
        if row < self.height && column < self.width {
            &self.values[(row * self.width + column) * self.channels..][..length]
        } else {
            &ZEROS[..length]
        }
    }
}
