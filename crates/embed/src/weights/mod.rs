//! State dictionaries: tensors by name, from PyTorch and safetensors files.
//!
//! | file | read as |
//! |---|---|
//! | `.pth` `.pt` `.bin` of PyTorch ≥ 1.6 | a zip whose pickle lists tensors: `torch_file`, `pickle` |
//! | `.safetensors` | a header that lists tensors: `safetensors_file` |
//!
//! The content decides, not the ending. Where the name carries the beginning of its own SHA-256, as
//! in `resnet50-11ad3fa6.pth`, it is checked first. Names are torchvision's, which timm shares; a
//! `module.` before all of them is taken off.
//!
//! **Nothing in a file is ever executed**: of the pickle language only what describes tensors is
//! understood.

mod checksum;
mod error;
mod pickle;
mod safetensors_file;
mod tensor;
mod torch_file;

use std::collections::BTreeMap;
use std::path::Path;

use annatomy_formats::read_regular;

pub use error::WeightsError;
use tensor::{Element, Tensor};

/// Bytes of a file: ResNet-50 has 102 MB in float32; this holds it in float64 with the state of an
/// optimizer.
const MOST_BYTES: u64 = 1 << 30;

/// Tensors by name.
#[derive(Clone, Debug)]
pub struct Weights {
    bytes: Vec<u8>,
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// Reads a regular file of at most 1 GiB, checking its SHA-256 where the name carries one.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let bytes = read_regular(path, MOST_BYTES)?;
        if let Some(expected) = checksum::in_name(path) {
            checksum::check(&bytes, &expected)?;
        }
        Self::parse(bytes)
    }

    /// Reads a file's content, a zip of PyTorch's or safetensors.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let tensors = if bytes.starts_with(b"PK\x03\x04") {
            torch_file::tensors(&bytes)?
        } else if safetensors_file::is_one(&bytes) {
            safetensors_file::tensors(&bytes)?
        } else if bytes.starts_with(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.") {
            return Err(WeightsError::Legacy);
        } else {
            return Err(WeightsError::UnknownFormat);
        };
        Ok(Self {
            bytes,
            tensors: without_prefix(tensors),
        })
    }

    /// Takes float32 tensors as they are: name, shape, values.
    pub fn from_tensors(
        tensors: impl IntoIterator<Item = (String, Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, WeightsError> {
        let mut bytes = Vec::new();
        let mut named = BTreeMap::new();
        for (name, shape, values) in tensors {
            let start = bytes.len();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            let tensor = Tensor::contiguous(Element::Float32, shape, start, bytes.len())
                .map_err(|error| error.of(&name))?;
            named.insert(name, tensor);
        }
        Ok(Self {
            bytes,
            tensors: named,
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The values of a tensor as float32, last dimension fastest.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let Some(tensor) = self.tensors.get(name) else {
            return Err(WeightsError::Missing {
                name: name.to_owned(),
                found: self.tensors.len(),
            });
        };
        if tensor.shape != shape {
            return Err(WeightsError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.shape.clone(),
            });
        }
        let values = tensor.values(&self.bytes);
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(WeightsError::NotFinite {
                name: name.to_owned(),
                index,
                value: values[index],
            }),
            None => Ok(values),
        }
    }
}

/// Takes off the `module.` that data-parallel training puts before every name.
fn without_prefix(tensors: BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    const PREFIX: &str = "module.";
    if tensors.keys().all(|name| name.starts_with(PREFIX)) {
        tensors
            .into_iter()
            .map(|(name, tensor)| (name[PREFIX.len()..].to_owned(), tensor))
            .collect()
    } else {
        tensors
    }
}
