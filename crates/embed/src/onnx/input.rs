//! What a model's input says: where the colors are, how large images are, how many it takes at once.
//!
//! | shape | layout |
//! |---|---|
//! | n × 3 × h × w | channels first |
//! | n × h × w × 3 | channels last |
//! | all open, or none given | channels first, unless told |

use rten::{DataType, Dimension, Model, NodeId, ValueType};

use super::OnnxError;

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
    pub(super) id: NodeId,
    pub(super) layout: Layout,
    /// Images at once; one where the model leaves it open.
    pub(super) batch: usize,
    /// Width and height, where both are fixed.
    pub(super) sides: Option<(usize, usize)>,
}

/// Images at once that are believed.
const MOST_BATCH: usize = 4096;

impl Input {
    /// Reads it off the model.
    pub(super) fn of(model: &Model, layout: Option<Layout>) -> Result<Self, OnnxError> {
        let refused = || OnnxError::Input { found: described(model, model.input_ids()) };
        let &[id] = model.input_ids() else { return Err(refused()) };
        let info = model.node_info(id).ok_or_else(refused)?;
        if info.dtype().is_some_and(|found| found != ValueType::Tensor(DataType::Float)) {
            return Err(refused());
        }
        let shape = info.shape().map(|shape| shape.iter().map(fixed).collect::<Vec<_>>());
        let (layout, batch, sides) = interpreted(shape.as_deref(), layout).ok_or_else(refused)?;
        Ok(Self { id, layout, batch, sides })
    }
}

fn fixed(dimension: &Dimension) -> Option<usize> {
    match dimension {
        Dimension::Fixed(size) => Some(*size),
        Dimension::Symbolic(_) => None,
    }
}

/// Layout, batch, and width and height.
type Interpretation = (Layout, usize, Option<(usize, usize)>);

/// None where the shape is no batch of color images.
fn interpreted(shape: Option<&[Option<usize>]>, wanted: Option<Layout>) -> Option<Interpretation> {
    let Some(shape) = shape else { return Some((wanted.unwrap_or(Layout::ChannelsFirst), 1, None)) };
    let &[batch, second, third, last] = shape else { return None };
    let likely = if second != Some(3) && last == Some(3) { Layout::ChannelsLast } else { Layout::ChannelsFirst };
    let layout = wanted.unwrap_or(likely);
    let (channels, height, width) = match layout {
        Layout::ChannelsFirst => (second, third, last),
        Layout::ChannelsLast => (last, second, third),
    };
    let batch = batch.unwrap_or(1);
    let sensible = channels.is_none_or(|channels| channels == 3) && (1..=MOST_BATCH).contains(&batch);
    sensible.then(|| (layout, batch, width.zip(height)))
}

/// Names, types and shapes, as a model declares them.
pub(super) fn described(model: &Model, ids: &[NodeId]) -> String {
    let one = |&id: &NodeId| {
        let info = model.node_info(id);
        let name = info.as_ref().and_then(rten::NodeInfo::name).unwrap_or("a value without a name").to_owned();
        let kind =
            info.as_ref().and_then(rten::NodeInfo::dtype).map_or("of any type".to_owned(), |kind| kind.to_string());
        let shape = info.and_then(|info| info.shape());
        format!("{name} {kind} {}", shape.map_or("of any shape".to_owned(), |shape| format!("{shape:?}")))
    };
    if ids.is_empty() { "nothing".to_owned() } else { ids.iter().map(one).collect::<Vec<_>>().join(", ") }
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
        assert_eq!(of([0, 3, 224, 200], None), Some((ChannelsFirst, 1, Some((200, 224)))));
        assert_eq!(of([8, 224, 200, 3], None), Some((ChannelsLast, 8, Some((200, 224)))));
        assert_eq!(of([1, 3, 3, 3], None), Some((ChannelsFirst, 1, Some((3, 3)))));
        assert_eq!(of([0, 0, 0, 0], None), Some((ChannelsFirst, 1, None)));
        assert_eq!(of([0, 0, 0, 0], Some(ChannelsLast)), Some((ChannelsLast, 1, None)));
        assert_eq!(of([0, 0, 224, 0], Some(ChannelsLast)), Some((ChannelsLast, 1, None)));
        assert_eq!(of([0, 1, 28, 28], None), None, "gray images");
        assert_eq!(of([0, 3, 224, 224], Some(ChannelsLast)), None);
        assert_eq!(of([5000, 3, 224, 224], None), None);
        assert_eq!(interpreted(Some(&[Some(1), Some(3)]), None), None);
        assert_eq!(interpreted(None, None), Some((ChannelsFirst, 1, None)));
    }
}
