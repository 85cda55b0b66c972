//! Weights of a small drawn network as a `.safetensors` file.

use crate::drawn;

pub fn drawn_safetensors() -> Vec<u8> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = drawn::drawn_tensors()
        .into_iter()
        .map(|(name, shape, values)| {
            (
                name,
                shape,
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            )
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (
            name,
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes)
                .unwrap(),
        )
    });
    safetensors::serialize(views, None).unwrap()
}
