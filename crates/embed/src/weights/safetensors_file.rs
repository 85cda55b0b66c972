//! Safetensors reader: eight bytes of length, a JSON header, the numbers.

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors};

use super::WeightsError;
use super::tensor::{Element, Tensor};

/// Whether the first bytes are a length and the beginning of a header.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

pub(super) fn tensors(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    let (header, metadata) = SafeTensors::read_metadata(bytes)?;
    let data = 8 + header;
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        // Tensors of other types (masks, counters) are none that a network's weights are made of.
        let Some(element) = element(info.dtype) else {
            continue;
        };
        let (start, end) = info.data_offsets;
        let end = (data + end).min(bytes.len());
        let tensor = Tensor::contiguous(element, info.shape.clone(), data + start, end)
            .map_err(|problem| problem.of(&name))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn element(dtype: Dtype) -> Option<Element> {
    match dtype {
        Dtype::F64 => Some(Element::Float64),
        Dtype::F32 => Some(Element::Float32),
        Dtype::F16 => Some(Element::Float16),
        Dtype::BF16 => Some(Element::BFloat16),
        Dtype::I64 => Some(Element::Int64),
        _ => None,
    }
}
