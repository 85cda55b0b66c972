//! One picture at a time: crop, norm, network.
//!
//! Enters: a [`Picture`]. Leaves: its embedding. Cost: the network's; the pixels take a hundredth of it.

use crate::network::{BORDER, ResNet50, SIDE, Workspace};
use crate::pixels::{Orientation, Picture, Transform, normalized};

/// A network with the way that pictures are prepared for it.
///
/// ```no_run
/// use annatomy_embed::{Embedder, ResNet50, pixels, weights::Weights};
///
/// let weights = Weights::read("resnet50-11ad3fa6.pth")?;
/// let embedder = Embedder::new(ResNet50::new(&weights)?);
/// let picture = pixels::decode(&std::fs::read("photo.jpg")?, embedder.orientation())?;
/// assert_eq!(embedder.embed(&picture).len(), 2048);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Embedder {
    network: ResNet50,
    transform: Transform,
    orientation: Orientation,
}

impl Embedder {
    /// With the published transform, pixels as stored.
    pub fn new(network: ResNet50) -> Self {
        Self { network, transform: Transform::default(), orientation: Orientation::default() }
    }

    /// With another transform.
    #[must_use]
    pub fn with_transform(self, transform: Transform) -> Self {
        Self { transform, ..self }
    }

    /// With another view of cameras' notes.
    #[must_use]
    pub fn with_orientation(self, orientation: Orientation) -> Self {
        Self { orientation, ..self }
    }

    /// Which side is up, for [`crate::pixels::decode`].
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// How pictures are resized and cropped.
    pub fn transform(&self) -> Transform {
        self.transform
    }

    /// Numbers per embedding.
    pub fn dimensions(&self) -> usize {
        ResNet50::DIMENSIONS
    }

    /// The embedding of one picture.
    pub fn embed(&self, picture: &Picture) -> Vec<f32> {
        self.embed_in(&mut Scratch::default(), picture)
    }

    /// The same, in buffers that are kept from picture to picture.
    pub fn embed_in(&self, scratch: &mut Scratch, picture: &Picture) -> Vec<f32> {
        let pixels = self.transform.crop(picture);
        let image = &mut scratch.0.image;
        let bordered = SIDE + 2 * BORDER;
        // The border is zeros from the first use on; nothing writes there.
        image.reshape(bordered, bordered, 3);
        for (row, pixels) in pixels.chunks_exact(3 * SIDE).enumerate() {
            let start = ((row + BORDER) * bordered + BORDER) * 3;
            for (place, (value, &pixel)) in image.values[start..].iter_mut().zip(pixels).enumerate() {
                *value = normalized(pixel, place % 3);
            }
        }
        let mut embedding = vec![0.0; self.dimensions()];
        self.network.embed(&mut scratch.0, &mut embedding);
        embedding
    }
}

/// Buffers of one thread, 13 MB once used.
#[derive(Clone, Debug, Default)]
pub struct Scratch(Workspace);
