//! Image embedding: a folder, an archive or a binary of pictures becomes a matrix, one row each.
//!
//! source → picture → resized, cropped, normed → network → row of the `.npy`, line of the id file
//!
//! * [`source`]: folders, archives, lists, binaries and tables of pictures;
//! * [`pixels`]: decoding, resizing and cropping, to the byte as Pillow and torchvision do it;
//! * [`weights`]: the files that weights are published in; nothing in them is executed;
//! * [`ResNet50`]: the network up to its 2048 pooled features; with feature `onnx`, any image
//!   model: module `onnx` (with `onnxruntime`, run by a library of the user's);
//! * [`Embedder`]: the three together, one picture at a time; [`Job`]: all of a source into files;
//! * [`KeptRows`]: chosen pictures of a large set, resumable.
//!
//! **No row depends on the number of threads or on the other pictures.** A broken picture costs its
//! own row only.

#![deny(missing_docs)]

mod batches;
mod embedder;
mod job;
mod kept;
mod network;
#[cfg(feature = "onnx")]
pub mod onnx;
mod output;
pub mod pixels;
pub mod source;
pub mod thumbnails;
pub mod weights;

pub use embedder::{EmbedError, Embedder, Scratch};
pub use job::{Job, JobError, OnBroken, Summary};
pub use kept::{KeptError, KeptRows};
pub use network::{NotFinite, ResNet50};
