//! Input layout of an ONNX model: NCHW or NHWC, image size, batch size.
//!
//! | shape | layout |
//! |---|---|
//! | n × 3 × h × w | channels first |
//! | n × h × w × 3 | channels last |
//! | all open, or none given | channels first, unless the request says otherwise |

use super::OnnxError;
use super::engine::{self, Declared};

/// Where an image's colors lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Three planes (NCHW).
    ChannelsFirst,
    /// Three values per pixel (NHWC).
    ChannelsLast,
}

/// The one input of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) layout: Layout,
    /// Images at once; one where the model leaves it open.
    pub(super) batch: usize,
    /// Width and height, where both are fixed.
    pub(super) sides: Option<(usize, usize)>,
}

/// Images at once that are believed.
const MOST_BATCH: usize = 4096;

impl Input {
    /// Reads it off what the model declares.
    pub(super) fn of(inputs: &[Declared], layout: Option<Layout>) -> Result<Self, OnnxError> {
        let refused = || OnnxError::Input {
            found: engine::declared(inputs),
        };
        let [input] = inputs else {
            return Err(refused());
        };
        if !input.takes_numbers {
            return Err(refused());
        }
        let (layout, batch, sides) =
            interpreted(input.shape.as_deref(), layout).ok_or_else(refused)?;
        Ok(Self {
            layout,
            batch,
            sides,
        })
    }
}

/// Layout, batch, and width and height.
type Interpretation = (Layout, usize, Option<(usize, usize)>);

/// None where the shape is no batch of color images.
fn interpreted(shape: Option<&[Option<usize>]>, wanted: Option<Layout>) -> Option<Interpretation> {
    let Some(shape) = shape else {
        return Some((wanted.unwrap_or(Layout::ChannelsFirst), 1, None));
    };
    let &[batch, second, third, last] = shape else {
        return None;
    };
    let likely = if second != Some(3) && last == Some(3) {
        Layout::ChannelsLast
    } else {
        Layout::ChannelsFirst
    };
    let layout = wanted.unwrap_or(likely);
    let (channels, height, width) = match layout {
        Layout::ChannelsFirst => (second, third, last),
        Layout::ChannelsLast => (last, second, third),
    };
    let batch = batch.unwrap_or(1);
    let sensible =
        channels.is_none_or(|channels| channels == 3) && (1..=MOST_BATCH).contains(&batch);
    sensible.then(|| (layout, batch, width.zip(height)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Layout::{ChannelsFirst, ChannelsLast};

    #[test]
    fn shapes_tell_layouts() {
        let of = |shape: [usize; 4], wanted| {
            let shape = shape.map(|size| (size > 0).then_some(size));
            interpreted(Some(&shape), wanted)
        };
        assert_eq!(
            of([0, 3, 224, 200], None),
            Some((ChannelsFirst, 1, Some((200, 224))))
        );
        assert_eq!(
            of([8, 224, 200, 3], None),
            Some((ChannelsLast, 8, Some((200, 224))))
        );
        assert_eq!(
            of([1, 3, 3, 3], None),
            Some((ChannelsFirst, 1, Some((3, 3))))
        );
        assert_eq!(of([0, 0, 0, 0], None), Some((ChannelsFirst, 1, None)));
        assert_eq!(
            of([0, 0, 0, 0], Some(ChannelsLast)),
            Some((ChannelsLast, 1, None))
        );
        assert_eq!(
            of([0, 0, 224, 0], Some(ChannelsLast)),
            Some((ChannelsLast, 1, None))
        );
        assert_eq!(of([0, 1, 28, 28], None), None, "gray images");
        assert_eq!(of([0, 3, 224, 224], Some(ChannelsLast)), None);
        assert_eq!(of([5000, 3, 224, 224], None), None);
        assert_eq!(interpreted(Some(&[Some(1), Some(3)]), None), None);
        assert_eq!(interpreted(None, None), Some((ChannelsFirst, 1, None)));
    }
}
