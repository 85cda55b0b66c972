//! Files as PyTorch and safetensors write them.

use crate::common::goldens;
use annatomy_embed::ResNet50;
use annatomy_embed::weights::{Weights, WeightsError};

#[test]
fn every_file_holds_the_same_tensors() {
    for file in ["weights.pth", "checkpoint.pth", "weights.safetensors"] {
        let weights = Weights::read(goldens().join(file)).unwrap();
        let names: Vec<&str> = weights.names().collect();
        assert_eq!(
            names,
            [
                "a.brain",
                "a.double",
                "a.half",
                "a.num_batches_tracked",
                "a.turned",
                "a.weight"
            ],
            "{file}"
        );
        let counted: Vec<f32> = (0u8..24).map(f32::from).collect();
        assert_eq!(
            weights.tensor("a.weight", &[2, 3, 4]).unwrap(),
            counted,
            "{file}"
        );
        let turned: Vec<f32> = (0..12)
            .map(|index| (12 + index / 3 + index % 3 * 4) as f32)
            .collect();
        assert_eq!(
            weights.tensor("a.turned", &[4, 3]).unwrap(),
            turned,
            "{file}"
        );
        assert_eq!(
            weights.tensor("a.half", &[2]).unwrap(),
            [0.5, -2.0],
            "{file}"
        );
        assert_eq!(
            weights.tensor("a.brain", &[2]).unwrap(),
            [1.5, 3.0],
            "{file}"
        );
        assert_eq!(weights.tensor("a.double", &[1]).unwrap(), [0.25], "{file}");
        assert_eq!(
            weights.tensor("a.num_batches_tracked", &[]).unwrap(),
            [7.0],
            "{file}"
        );
    }
}

#[test]
fn no_damage_makes_the_readers_panic() {
    for file in ["weights.pth", "weights.safetensors"] {
        let whole = std::fs::read(goldens().join(file)).unwrap();
        for at in 0..whole.len() {
            let _ = Weights::parse(whole[..at].to_vec());
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            if let Ok(weights) = Weights::parse(damaged) {
                let _ = weights.tensor("a.weight", &[2, 3, 4]);
            }
        }
    }
}

#[test]
fn the_digits_in_a_name_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let content = std::fs::read(goldens().join("weights.safetensors")).unwrap();
    let digest = crate::common::digest(&content);
    let right = folder
        .path()
        .join(format!("net-{}.safetensors", &digest[..8]));
    let wrong = folder.path().join("net-00000000.safetensors");
    for path in [&right, &wrong] {
        std::fs::write(path, &content).unwrap();
    }
    Weights::read(right).unwrap();
    assert!(matches!(
        Weights::read(wrong),
        Err(WeightsError::Checksum { .. })
    ));
}

#[test]
fn a_foreign_file_names_what_is_missing() {
    let weights = Weights::read(goldens().join("weights.pth")).unwrap();
    let error = ResNet50::new(&weights).unwrap_err();
    assert_eq!(error.to_string(), "tensor conv1.weight is missing among 6");
}

#[test]
fn prefixes_of_parallel_training_are_taken_off() {
    let named = |name: &str| (name.to_owned(), vec![1], vec![1.0]);
    let bytes = safetensors::serialize(
        [(
            "module.a",
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4])
                .unwrap(),
        )],
        None,
    );
    let weights = Weights::parse(bytes.unwrap()).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["a"]);
    let odd = Weights::from_tensors([(named("x").0, vec![2], vec![1.0])]);
    assert!(matches!(odd, Err(WeightsError::Tensor { .. })));
    let infinite = Weights::from_tensors([("x".to_owned(), vec![1], vec![f32::INFINITY])]).unwrap();
    assert!(matches!(
        infinite.tensor("x", &[1]),
        Err(WeightsError::NotFinite { .. })
    ));
}
