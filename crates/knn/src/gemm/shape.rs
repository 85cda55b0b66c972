//! Panel sizes of the product kernel on each instruction set.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use pulp::{Arch, Simd, WithSimd};

/// Rows of a left and of a right panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) left: usize,
    pub(super) right: usize,
}

impl Shape {
    /// The shape on this machine's instruction set.
    pub(super) fn detected() -> Self {
        struct Detect;
        impl WithSimd for Detect {
            type Output = Shape;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> Shape {
                Shape::of::<S>()
            }
        }
        Arch::new().dispatch(Detect)
    }

    /// The shape on one instruction set.
    pub(super) const fn of<S: Simd>() -> Self {
        match S::F32_LANES {
            16.. => Self {
                left: 12,
                right: 2 * S::F32_LANES,
            },
            8.. => Self {
                left: 6,
                right: 2 * S::F32_LANES,
            },
            4.. => Self {
                left: 6,
                right: 4 * S::F32_LANES,
            },
            _ => Self {
                left: 4,
                right: 4 * S::F32_LANES,
            },
        }
    }
}
