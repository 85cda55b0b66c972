//! Preprocessing and inference of single pictures and groups.
//!
//! Input: [`Picture`]s. Output: their embeddings. Cost: the network's; the pixels take a hundredth
//! of it.

use crate::network::{Activations, BORDER, NotFinite, ResNet50, Workspace};
#[cfg(feature = "onnx")]
use crate::onnx::{OnnxModel, Runner};
use crate::pixels::{Decoding, Picture, Preparation, Transform};

/// Pixels that ResNet-50 takes at once: four pictures of 224 × 224.
const GROUP_PIXELS: usize = 4 * 224 * 224;
/// Pictures that it takes at once, however small.
const MOST_PICTURES: usize = 16;

/// A network with the way that pictures are prepared for it.
///
/// ```no_run
/// use annatomy_embed::{Embedder, ResNet50, pixels, weights::Weights};
///
/// let weights = Weights::read("resnet50-11ad3fa6.pth")?;
/// let embedder = Embedder::new(ResNet50::new(&weights)?);
/// let picture = pixels::decode(&std::fs::read("photo.jpg")?, embedder.decoding())?;
/// assert_eq!(embedder.embed(&picture)?.len(), 2048);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Embedder {
    network: Network,
    preparation: Preparation,
    /// The normalized value of each byte of each channel.
    values: [[f32; 256]; 3],
    decoding: Decoding,
}

#[derive(Debug)]
enum Network {
    ResNet50(ResNet50),
    #[cfg(feature = "onnx")]
    Onnx(Box<OnnxModel>),
}

/// Why the network gave no row for a picture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EmbedError {
    /// A layer of ResNet-50 overflows.
    #[error(transparent)]
    Layer(#[from] NotFinite),
    /// A value of the row is NaN or infinite.
    #[error("value {index} of the row is {value}")]
    Value {
        /// Place of the value.
        index: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// The engine of an ONNX model fails.
    #[error("{problem}")]
    Engine {
        /// What the engine says.
        problem: String,
    },
    /// The engine gave fewer rows than pictures.
    #[error("no row")]
    NoRow,
}

/// Buffers of one thread, 20 MB once used.
#[derive(Default)]
pub struct Scratch {
    workspace: Workspace,
    #[cfg(feature = "onnx")]
    runner: Option<Box<dyn Runner>>,
}

impl Embedder {
    /// ResNet-50 with the published transform, pixels as stored.
    pub fn new(network: ResNet50) -> Self {
        Self::with(
            Network::ResNet50(network),
            Transform::default().preparation(),
        )
    }

    /// An ONNX model, prepared for as it was loaded, pixels as stored.
    #[cfg(feature = "onnx")]
    pub fn onnx(model: OnnxModel) -> Self {
        let preparation = *model.preparation();
        Self::with(Network::Onnx(Box::new(model)), preparation)
    }

    fn with(network: Network, preparation: Preparation) -> Self {
        Self {
            network,
            preparation,
            values: preparation.values(),
            decoding: Decoding::default(),
        }
    }

    /// ResNet-50 with another preparation, of any size of crop. An ONNX model keeps its own.
    #[must_use]
    pub fn with_preparation(self, preparation: Preparation) -> Self {
        match self.network {
            Network::ResNet50(_) => Self {
                preparation,
                values: preparation.values(),
                ..self
            },
            #[cfg(feature = "onnx")]
            Network::Onnx(_) => self,
        }
    }

    /// With other settings of decoding: Exif orientation, pixel limit.
    #[must_use]
    pub fn with_decoding(self, decoding: Decoding) -> Self {
        Self { decoding, ..self }
    }

    /// How pictures are decoded, for [`crate::pixels::decode`].
    pub fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// How pictures become the network's input.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Numbers per embedding.
    pub fn dimensions(&self) -> usize {
        match &self.network {
            Network::ResNet50(_) => ResNet50::DIMENSIONS,
            #[cfg(feature = "onnx")]
            Network::Onnx(model) => model.dimensions(),
        }
    }

    /// Pictures that the network takes at once, at most: for ResNet-50 four of 224 × 224 pixels, which share the
    /// reading of the last layers' weights, more of smaller ones, fewer of larger ones; for an ONNX model one, unless
    /// it fixes another number.
    pub fn group(&self) -> usize {
        match &self.network {
            Network::ResNet50(_) => {
                let Preparation {
                    crop_width,
                    crop_height,
                    ..
                } = self.preparation;
                (GROUP_PIXELS / crop_width.saturating_mul(crop_height).max(1))
                    .clamp(1, MOST_PICTURES)
            }
            #[cfg(feature = "onnx")]
            Network::Onnx(model) => model.batch(),
        }
    }

    /// Fewer at once would cost as much.
    pub(crate) fn least_group(&self) -> usize {
        match &self.network {
            Network::ResNet50(_) => 1,
            #[cfg(feature = "onnx")]
            Network::Onnx(model) => model.batch(),
        }
    }

    /// The embedding of one picture.
    pub fn embed(&self, picture: &Picture) -> Result<Vec<f32>, EmbedError> {
        let mut rows = self.embed_group(&mut Scratch::default(), std::slice::from_ref(picture))?;
        rows.pop().ok_or(EmbedError::NoRow)
    }

    /// The embeddings of up to [`Self::group`] pictures, in buffers that are kept from call to
    /// call.
    pub fn embed_group(
        &self,
        scratch: &mut Scratch,
        pictures: &[Picture],
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let crop = |picture| self.preparation.crop(picture);
        self.embed_crops(scratch, &pictures.iter().map(crop).collect::<Vec<_>>())
    }

    /// The embeddings of up to [`Self::group`] crops, as [`Preparation::crop`] makes them.
    pub(crate) fn embed_crops(
        &self,
        scratch: &mut Scratch,
        crops: &[Vec<u8>],
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        match &self.network {
            Network::ResNet50(network) => {
                let draw =
                    |number: usize, image: &mut Activations| self.draw(&crops[number], image);
                Ok(network.embed(&mut scratch.workspace, crops.len(), draw)?)
            }
            #[cfg(feature = "onnx")]
            Network::Onnx(model) => {
                let runner = match scratch.runner.take() {
                    Some(runner) => Ok(runner),
                    None => model.runner(),
                };
                let runner = scratch
                    .runner
                    .insert(runner.map_err(|problem| EmbedError::Engine { problem })?);
                let values = model.values(crops, &self.values);
                let rows = model
                    .run(runner.as_mut(), values)
                    .map_err(|problem| EmbedError::Engine { problem })?;
                let rows = rows.chunks(model.dimensions()).take(crops.len());
                rows.map(finite).collect()
            }
        }
    }

    /// The same, an outcome for each crop: where a group fails, its crops are tried alone.
    pub(crate) fn embed_each(
        &self,
        scratch: &mut Scratch,
        crops: &[Vec<u8>],
    ) -> Vec<Result<Vec<f32>, EmbedError>> {
        if crops.is_empty() {
            return Vec::new();
        }
        let error = match self.embed_crops(scratch, crops) {
            Ok(rows) => return rows.into_iter().map(Ok).collect(),
            Err(error) => error,
        };
        if crops.len() == 1 {
            return vec![Err(error)];
        }
        let alone = crops.iter().map(|crop| {
            let mut rows = self.embed_crops(scratch, std::slice::from_ref(crop))?;
            rows.pop().ok_or(EmbedError::NoRow)
        });
        alone.collect()
    }

    /// Writes a crop's values into an image with a border of zeros.
    fn draw(&self, pixels: &[u8], image: &mut Activations) {
        let (width, height) = (self.preparation.crop_width, self.preparation.crop_height);
        let places = self.preparation.colors.places();
        let bordered = width + 2 * BORDER;
        // The border is zeros from the first use on; nothing writes there.
        image.reshape([1, height + 2 * BORDER, bordered, 3]);
        for (row, pixels) in pixels.chunks_exact(3 * width).enumerate() {
            let start = ((row + BORDER) * bordered + BORDER) * 3;
            let values = image.values_mut()[start..].as_chunks_mut::<3>().0;
            for (values, pixel) in values.iter_mut().zip(pixels.as_chunks::<3>().0) {
                *values = std::array::from_fn(|channel| {
                    self.values[channel][usize::from(pixel[places[channel]])]
                });
            }
        }
    }
}

/// A row without NaN or infinity.
#[cfg(feature = "onnx")]
fn finite(row: &[f32]) -> Result<Vec<f32>, EmbedError> {
    match row.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(EmbedError::Value {
            index,
            value: row[index],
        }),
        None => Ok(row.to_vec()),
    }
}
