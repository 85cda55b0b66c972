//! `annatomy embed`: images to embeddings, with the names of those that could not be read.

use crate::arguments::{EmbedArguments, ModelName, PreparationArguments, TransformName};
use crate::failure::Failure;
use crate::progress::follow;
use crate::say::say;
#[cfg(feature = "onnxruntime")]
use annatomy_embed::onnx::Device;
#[cfg(feature = "onnx")]
use annatomy_embed::onnx::OnnxEngine;
use annatomy_embed::pixels::{
    DecodeError, Decoding, PreparationSettings, TooManyPixels, Transform,
};
use annatomy_embed::source::{ItemError, SourceError};
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, JobError, OnBroken, ResNet50};
use annatomy_formats::read_regular_text;
use std::path::Path;

/// Bytes of a file of settings.
const MOST_SETTINGS_BYTES: u64 = 1 << 20;

pub fn run(arguments: &EmbedArguments) -> Result<(), Failure> {
    if arguments
        .out
        .extension()
        .is_none_or(|ending| ending != "npy")
    {
        return Err(Failure::usage(format!(
            "{}: embeddings are written as .npy",
            arguments.out.display()
        )));
    }
    let job = job(arguments);
    job.check()
        .map_err(|error| failed(&arguments.images, &error))?;
    let settings = settings(&arguments.preparation)?;
    let embedder = match &arguments.model {
        ModelName::Resnet50 => resnet50(arguments, &settings)?,
        ModelName::Onnx(path) => onnx(path, arguments, settings)?,
    };
    let embedder = embedder.with_decoding(Decoding {
        max_pixels: arguments.max_pixels,
        ..Decoding::default()
    });
    let outcome = follow(|| job.run(&embedder));
    let summary = outcome.map_err(|error| failed(&arguments.images, &error))?;
    let others = match summary.others {
        0 => String::new(),
        others => format!(", and {others} files that are no pictures"),
    };
    say(format!(
        "{} pictures in {}, {} left out{others}; names in {}",
        summary.embedded,
        job.output.display(),
        summary.skipped,
        summary.ids.display()
    ));
    Ok(())
}

fn job(arguments: &EmbedArguments) -> Job {
    let mut also_read: Vec<_> = arguments.weights.iter().cloned().collect();
    also_read.extend(arguments.preparation.preprocess.clone());
    if let ModelName::Onnx(path) = &arguments.model {
        also_read.push(path.clone());
    }
    Job {
        also_read,
        threads: arguments.threads,
        on_broken: if arguments.strict {
            OnBroken::Stop
        } else {
            OnBroken::Skip
        },
        ..Job::new(&arguments.images, &arguments.out)
    }
}

fn failed(images: &Path, error: &JobError) -> Failure {
    // What is wrong with a source comes with its path.
    let failure = match error {
        JobError::Source(error) => Failure::work(error),
        // A request that cannot be right.
        error @ (JobError::Overwrites { .. } | JobError::Place { .. }) => Failure::usage(error),
        error => Failure::work(format!("{}: {error}", images.display())),
    };
    match error {
        JobError::Source(SourceError::NoParquet { .. }) => failure.hint(rebuild("parquet")),
        JobError::Broken {
            error:
                ItemError::Decode(DecodeError::TooManyPixels(TooManyPixels { width, height, .. })),
            ..
        } => failure.hint(format!(
            "without --strict it is left out; --max-pixels {} allows it",
            width.saturating_mul(*height)
        )),
        JobError::Broken { .. } => failure.hint("without --strict it is left out"),
        JobError::Overwrites { .. } => failure.hint("--out FILE.npy names another file"),
        _ => failure,
    }
}

/// A file for which this build lacks a feature.
#[cfg(any(test, not(feature = "onnxruntime")))]
fn not_built(path: &Path, lack: &str, feature: &str) -> Failure {
    Failure::usage(format!("{}: this build {lack}", path.display())).hint(rebuild(feature))
}

fn rebuild(feature: &str) -> String {
    format!("build it with --features {feature}")
}

/// The settings of the file, overridden by the flags.
fn settings(arguments: &PreparationArguments) -> Result<PreparationSettings, Failure> {
    let flags = PreparationSettings {
        resize: arguments.resize,
        crop: arguments.crop,
        filter: arguments.filter,
        divisor: arguments.divisor,
        mean: arguments.mean,
        std: arguments.std,
        colors: arguments.colors,
    };
    let Some(path) = &arguments.preprocess else {
        return Ok(flags);
    };
    let text = read_regular_text(path, MOST_SETTINGS_BYTES)
        .map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
    let file = PreparationSettings::parse(&text);
    Ok(flags.or(file.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?))
}

fn resnet50(
    arguments: &EmbedArguments,
    settings: &PreparationSettings,
) -> Result<Embedder, Failure> {
    if arguments.output.is_some() || arguments.layout.is_some() || arguments.onnxruntime.is_some() {
        return Err(Failure::usage(
            "--output, --layout and --onnxruntime are for ONNX models",
        ));
    }
    let transform = match arguments.transform {
        None | Some(TransformName::Published) => Transform::Published,
        Some(TransformName::Recommended) => Transform::Recommended,
    };
    let preparation = settings
        .applied_to(transform.preparation())
        .map_err(Failure::usage)?;
    let Some(path) = &arguments.weights else {
        let hint =
            "resnet50-11ad3fa6.pth is published by torchvision; `annatomy reproduce` downloads it";
        return Err(Failure::usage("resnet50 needs --weights FILE").hint(hint));
    };
    let network = Weights::read(path).and_then(|weights| ResNet50::new(&weights));
    let network = network.map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
    Ok(Embedder::new(network).with_preparation(preparation))
}

#[cfg(feature = "onnx")]
fn onnx(
    path: &Path,
    arguments: &EmbedArguments,
    settings: PreparationSettings,
) -> Result<Embedder, Failure> {
    use crate::arguments::LayoutName;
    use annatomy_embed::onnx::{Layout, OnnxError, OnnxModel, OnnxRequest};

    if arguments.weights.is_some() || arguments.transform.is_some() {
        return Err(Failure::usage(
            "--weights and --transform are for resnet50; an ONNX model brings its weights",
        ));
    }
    let layout = arguments.layout.map(|name| match name {
        LayoutName::Nchw => Layout::ChannelsFirst,
        LayoutName::Nhwc => Layout::ChannelsLast,
    });
    let (output, engine) = (arguments.output.clone(), engine(arguments)?);
    let request = OnnxRequest {
        path: path.to_owned(),
        output,
        layout,
        settings,
        engine,
    };
    let model = OnnxModel::load(&request).map_err(|error| {
        let said = match &error {
            OnnxError::Load { .. } => error.to_string(),
            #[cfg(feature = "onnxruntime")]
            OnnxError::Library { .. } => error.to_string(),
            _ => format!("{}: {error}", path.display()),
        };
        match error {
            OnnxError::Settings(_) => Failure::usage(said),
            #[cfg(feature = "onnxruntime")]
            OnnxError::Library { .. } => Failure::work(said).hint(
                "pip's package has one, in onnxruntime/capi; so has each release of ONNX Runtime",
            ),
            OnnxError::NoRows { .. } => {
                Failure::work(said).hint("--output NAME takes any value of the model")
            }
            _ => Failure::work(said),
        }
    })?;
    say(format!(
        "{} numbers per picture from {:?}; {}",
        model.dimensions(),
        model.output(),
        model.preparation()
    ));
    Ok(Embedder::onnx(model))
}

#[cfg(feature = "onnxruntime")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without the feature it may refuse"
)]
fn engine(arguments: &EmbedArguments) -> Result<OnnxEngine, Failure> {
    let device = if arguments.gpu {
        Device::Cuda
    } else {
        Device::Processor
    };
    let library = arguments.onnxruntime.clone();
    Ok(library.map_or(OnnxEngine::Rten, |library| {
        OnnxEngine::Runtime(library, device)
    }))
}

#[cfg(all(feature = "onnx", not(feature = "onnxruntime")))]
fn engine(arguments: &EmbedArguments) -> Result<OnnxEngine, Failure> {
    let Some(library) = &arguments.onnxruntime else {
        return Ok(OnnxEngine::Rten);
    };
    Err(not_built(library, "opens no ONNX Runtime", "onnxruntime"))
}

#[cfg(not(feature = "onnx"))]
fn onnx(path: &Path, _: &EmbedArguments, _: PreparationSettings) -> Result<Embedder, Failure> {
    Err(not_built(path, "runs no ONNX models", "onnx"))
}

/// Refusals of builds without optional features, tested in builds that have them; `tests/it` asks
/// the command itself in a default build.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_a_feature_says_how_to_get_it() {
        let refused = not_built(Path::new("a.onnx"), "runs no ONNX models", "onnx");
        let shown = format!("{refused:?}");
        assert!(
            shown.contains("Usage") && shown.contains("a.onnx: this build runs no ONNX models")
        );
        assert!(shown.contains("build it with --features onnx"), "{shown}");
    }

    #[test]
    fn a_build_without_parquet_says_how_to_get_it() {
        let path = Path::new("pictures.parquet").to_owned();
        let error = JobError::Source(SourceError::NoParquet { path });
        let shown = format!("{:?}", failed(Path::new("pictures"), &error));
        assert!(
            shown.contains("Work") && shown.contains("pictures.parquet"),
            "{shown}"
        );
        assert!(shown.contains("reads no Parquet"), "{shown}");
        assert!(
            shown.contains("build it with --features parquet"),
            "{shown}"
        );
    }
}
