//! Errors of a file of weights.

use std::io;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The content is not what the name says it is.
    #[error(
        "the name says that the SHA-256 begins with {expected}, the content's is {found}: the file is damaged or another's"
    )]
    Checksum {
        /// The digits in the name.
        expected: String,
        /// All digits of the content.
        found: String,
    },
    /// Neither a zip nor safetensors.
    #[error("neither a PyTorch zip nor safetensors")]
    UnknownFormat,
    /// What PyTorch wrote before 1.6.
    #[error("written by PyTorch before 1.6; load it there and save it again")]
    Legacy,
    /// The zip cannot be read.
    #[error("its zip: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The safetensors header cannot be read.
    #[error("its header: {0}")]
    Header(#[from] safetensors::SafeTensorError),
    /// The pickle goes beyond a list of tensors, passes a limit, or breaks off.
    #[error("its pickle, byte {position}: {problem}")]
    Pickle {
        /// Byte of the instruction.
        position: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The pickle is longer than any list of tensors.
    #[error("its pickle is longer than {most} bytes")]
    LongPickle {
        /// Bytes allowed, inflated.
        most: u64,
    },
    /// The tensors are not a dictionary by name.
    #[error("it holds no tensors by name")]
    NoTensors,
    /// A tensor's data lie outside of the file, or are compressed.
    #[error("tensor {name}: {problem}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The network needs a tensor that is not there.
    #[error("tensor {name} is missing among {found}")]
    Missing {
        /// The tensor.
        name: String,
        /// Tensors in the file.
        found: usize,
    },
    /// A tensor is not shaped as the network needs it.
    #[error("tensor {name} has shape {found:?}, the network's is {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's.
        found: Vec<usize>,
    },
    /// A batch norm's variance is negative.
    #[error("tensor {name} holds the negative variance {value} at {index}")]
    NegativeVariance {
        /// The tensor.
        name: String,
        /// Place of the value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A batch norm folded into its convolution gives values beyond float32.
    #[error("folding {norm} into {convolution} gives {value} for output channel {channel}")]
    Folded {
        /// The convolution.
        convolution: String,
        /// The batch norm.
        norm: String,
        /// The output channel.
        channel: usize,
        /// A weight or bias of that channel.
        value: f32,
    },
    /// A weight is infinite or not a number.
    #[error("tensor {name} holds {value} at {index}")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Place of the value.
        index: usize,
        /// The value.
        value: f32,
    },
}
