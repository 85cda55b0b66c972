//! Parameters of a convolution.

/// The shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Input channels.
    pub(super) inputs: usize,
    /// Output channels.
    pub(super) outputs: usize,
    /// Side of the square kernel.
    pub(super) kernel: usize,
    /// Pixels between two positions.
    pub(super) stride: usize,
    /// Zeros around the input.
    pub(super) padding: usize,
}

impl Shape {
    /// Weights of the kernel.
    pub(super) fn weights(self) -> usize {
        self.outputs * self.depth()
    }

    /// Products per output value.
    pub(super) fn depth(self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Inputs that lie together in memory for one output: without padding a row of the kernel, else a tap.
    pub(super) fn run(self) -> usize {
        if self.padding == 0 {
            self.kernel * self.inputs
        } else {
            self.inputs
        }
    }

    pub(super) fn output_side(self, side: usize) -> usize {
        (side + 2 * self.padding - self.kernel) / self.stride + 1
    }
}
