//! ONNX models compared with ONNX Runtime on drawn pictures, and models that cannot be used.
//!
//! With feature `onnxruntime` the same is asked of the library that `ANNATOMY_ONNXRUNTIME` names.
//! Without that variable these tests pass over it with a line on stderr; with
//! `ANNATOMY_REQUIRE_ENGINES` they fail.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{drawn_picture, goldens, run_job};
#[cfg(feature = "onnxruntime")]
use annatomy_embed::onnx::Device;
use annatomy_embed::onnx::{OnnxEngine, OnnxError, OnnxModel, OnnxRequest};
use annatomy_embed::pixels::PreparationSettings;
use annatomy_embed::{Embedder, Job};
use annatomy_formats::VectorFile;

/// As in the script.
const SIZES: [(usize, usize); 5] = [(60, 41), (33, 97), (40, 40), (24, 30), (100, 8)];

fn file(name: &str) -> PathBuf {
    goldens().join("onnx").join(format!("{name}.onnx"))
}

fn request(name: &str) -> OnnxRequest {
    OnnxRequest {
        path: file(name),
        ..OnnxRequest::default()
    }
}

fn output(name: &str, output: &str) -> OnnxRequest {
    OnnxRequest {
        output: Some(output.to_owned()),
        ..request(name)
    }
}

fn settings(text: &str) -> PreparationSettings {
    PreparationSettings::parse(text).unwrap()
}

fn rows(path: &Path) -> Vec<Vec<f32>> {
    let matrix = VectorFile::open(path).unwrap().read_all().unwrap();
    (0..matrix.rows())
        .map(|row| matrix.row(row).to_vec())
        .collect()
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    let norm = expected
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt();
    let difference = expected
        .iter()
        .zip(found)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(difference < 1e-6 * norm, "{what}: {difference} of {norm}");
}

/// Every engine that is there.
fn engines() -> Vec<OnnxEngine> {
    let mut engines = vec![OnnxEngine::Rten];
    #[cfg(feature = "onnxruntime")]
    match std::env::var_os("ANNATOMY_ONNXRUNTIME") {
        Some(library) => engines.push(OnnxEngine::Runtime(library.into(), Device::Processor)),
        None if std::env::var_os("ANNATOMY_REQUIRE_ENGINES").is_some() => {
            panic!("ANNATOMY_ONNXRUNTIME names no library")
        }
        None => eprintln!("ANNATOMY_ONNXRUNTIME names no library: not tried"),
    }
    engines
}

/// As [`assert_rows`], by every engine.
fn assert_as_in_onnx_runtime(request: &OnnxRequest, golden: &str) {
    for engine in engines() {
        assert_rows(
            &OnnxRequest {
                engine,
                ..request.clone()
            },
            golden,
        );
    }
}

/// Every drawn picture, one by one, against the rows that ONNX Runtime gave.
fn assert_rows(request: &OnnxRequest, golden: &str) {
    let embedder = Embedder::onnx(OnnxModel::load(request).unwrap());
    let expected = rows(&goldens().join("onnx").join(format!("{golden}.npy")));
    assert_eq!(
        (expected.len(), expected[0].len()),
        (SIZES.len(), embedder.dimensions())
    );
    for ((width, height), expected) in SIZES.into_iter().zip(&expected) {
        let found = embedder.embed(&drawn_picture(width, height)).unwrap();
        assert_close(&found, expected, &format!("{golden}, {width} × {height}"));
    }
}

#[test]
fn rows_are_those_of_onnx_runtime() {
    assert_as_in_onnx_runtime(&request("classifier"), "classifier");
    assert_as_in_onnx_runtime(&request("three_at_once"), "three_at_once");
}

#[test]
fn the_last_output_with_one_row_per_image_is_taken_unless_another_is_named() {
    assert_as_in_onnx_runtime(&request("several"), "several");
    assert_as_in_onnx_runtime(&output("several", "logits"), "classifier");
}

#[test]
fn what_lies_inside_of_a_model_can_be_named() {
    // By `rten` alone: ONNX Runtime gives outputs.
    assert_rows(&output("classifier", "features"), "several");
    // Fused away by optimization, n × 8 × 1 × 1.
    assert_rows(&output("classifier", "pooled"), "pooled");
}

#[test]
fn open_sides_take_the_crop_that_is_asked_for() {
    assert_as_in_onnx_runtime(
        &OnnxRequest {
            settings: settings("crop = 32"),
            ..request("pooled")
        },
        "pooled",
    );
    let usual = OnnxModel::load(&request("pooled")).unwrap();
    assert!(
        usual.preparation().to_string().contains("center 224 × 224"),
        "{}",
        usual.preparation()
    );
}

#[test]
fn channels_last_and_a_preparation_of_ones_own() {
    let settings = settings(
        "resize = [40, 30]\nfilter = \"bicubic\"\ndivisor = 128\nmean = [0.5, 0.5, 0.5]\nstd = [0.25, 0.5, 1]\ncolors = \"bgr\"",
    );
    assert_as_in_onnx_runtime(
        &OnnxRequest {
            settings,
            ..request("channels_last")
        },
        "channels_last",
    );
}

#[test]
fn a_fixed_batch_is_filled_around_broken_pictures_at_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    for (place, name) in [
        "gray.jpg",
        "lossy.webp",
        "rgb.png",
        "sampled_2.jpg",
        "alpha.png",
    ]
    .into_iter()
    .enumerate()
    {
        fs::copy(
            goldens().join("pictures").join(name),
            images.join(format!("{place}-{name}")),
        )
        .unwrap();
    }
    fs::write(images.join("2-broken.jpg"), b"no picture").unwrap();
    let run = |engine: &OnnxEngine, model: &str, threads: usize| {
        let request = OnnxRequest {
            engine: engine.clone(),
            ..output(model, "features")
        };
        let embedder = Embedder::onnx(OnnxModel::load(&request).unwrap());
        let out = folder.path().join("out.npy");
        let job = Job {
            threads,
            ..Job::new(&images, &out)
        };
        let (summary, heard) = run_job(&job, &embedder);
        let notes = heard.notes();
        assert_eq!((summary.unwrap().embedded, notes.len()), (5, 1));
        assert!(notes[0].starts_with("left out 2-broken.jpg: "), "{notes:?}");
        fs::read(out).unwrap()
    };
    for engine in engines() {
        let one = run(&engine, "several", 1);
        assert_eq!(run(&engine, "several", 3), one, "one by one");
        assert_eq!(
            run(&engine, "three_at_once", 1),
            run(&engine, "three_at_once", 3),
            "three by three"
        );
    }
    let rten = OnnxEngine::Rten;
    assert_eq!(
        run(&rten, "three_at_once", 2),
        run(&rten, "several", 1),
        "a row does not depend on its neighbors"
    );
}

#[test]
fn unusable_models_say_what_they_have() {
    for engine in engines() {
        refusals(&engine);
    }
}

fn refusals(engine: &OnnxEngine) {
    let said = |request: &OnnxRequest| {
        OnnxModel::load(&OnnxRequest {
            engine: engine.clone(),
            ..request.clone()
        })
        .unwrap_err()
        .to_string()
    };
    assert!(
        said(&request("two_inputs")).contains("more tensor(f32)"),
        "{}",
        said(&request("two_inputs"))
    );
    assert!(
        said(&request("gray")).contains("1, 28, 28"),
        "{}",
        said(&request("gray"))
    );
    let map = said(&request("map"));
    assert!(
        map.contains("map") && map.contains("[1, 8, 15, 15]"),
        "{map}"
    );
    let absent = said(&output("several", "embedding"));
    assert!(
        absent.contains("\"embedding\"")
            && absent.contains("logits")
            && absent.contains("features"),
        "{absent}"
    );
    if *engine == OnnxEngine::Rten {
        assert!(said(&output("several", "map")).contains("[1, 8, 15, 15] is not one row"));
    }
    assert!(said(&request("absent")).contains("absent.onnx"));
    let crop = OnnxRequest {
        settings: settings("crop = 64"),
        ..request("classifier")
    };
    assert_eq!(
        said(&crop),
        "a crop of 64 × 64, where the network reads 32 × 32"
    );
}

#[test]
fn no_damage_makes_a_model_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.onnx");
    let whole = fs::read(file("classifier")).unwrap();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x15;
        for content in [&damaged[..], &whole[..at]] {
            fs::write(&path, content).unwrap();
            for engine in engines() {
                let outcome = OnnxModel::load(&OnnxRequest {
                    path: path.clone(),
                    engine: engine.clone(),
                    ..OnnxRequest::default()
                });
                refused += usize::from(
                    engine == OnnxEngine::Rten && matches!(outcome, Err(OnnxError::Load { .. })),
                );
            }
        }
    }
    assert!(
        refused > whole.len() / 6,
        "{refused} of {} were refused",
        whole.len()
    );
}

#[test]
fn a_job_over_a_model_writes_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npy");
    let embedder = Embedder::onnx(OnnxModel::load(&request("classifier")).unwrap());
    Job::new(goldens().join("pictures/rgb.png"), &out)
        .run(&embedder)
        .unwrap();
    let picture = drawn_picture(45, 35);
    assert_eq!(rows(&out), [embedder.embed(&picture).unwrap()]);
}

#[cfg(feature = "onnxruntime")]
#[test]
fn a_library_that_is_none_is_named() {
    // Whichever comes first, this one is not the one that can be open.
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("libonnxruntime.so");
    let engine = OnnxEngine::Runtime(absent.clone(), Device::Processor);
    // Another test may need the process's one library first.
    drop(
        engines()
            .into_iter()
            .map(|engine| {
                OnnxModel::load(&OnnxRequest {
                    engine,
                    ..request("classifier")
                })
            })
            .collect::<Vec<_>>(),
    );
    let error = OnnxModel::load(&OnnxRequest {
        engine,
        ..request("classifier")
    })
    .unwrap_err();
    assert!(
        matches!(error, OnnxError::Library { .. })
            && error.to_string().contains(&absent.display().to_string()),
        "{error}"
    );
}
