//! `annatomy embed`: images to embeddings, with the names of those that could not be read.

use crate::arguments::{EmbedArguments, ModelName, TransformName};
use crate::failure::Failure;
use annatomy_embed::pixels::Transform;
use annatomy_embed::source::ItemError;
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, OnBroken, Progress, ResNet50};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

pub fn run(arguments: &EmbedArguments) -> Result<(), Failure> {
    if arguments.out.extension().is_none_or(|ending| ending != "npy") {
        return Err(Failure::usage(format!("{}: embeddings are written as .npy", arguments.out.display())));
    }
    let unusable = |error| Failure::work(format!("{}: {error}", arguments.weights.display()));
    let weights = Weights::read(&arguments.weights).map_err(unusable)?;
    let network = match arguments.model {
        ModelName::Resnet50 => ResNet50::new(&weights).map_err(unusable)?,
    };
    let transform = match arguments.transform {
        TransformName::Published => Transform::Published,
        TransformName::Recommended => Transform::Recommended,
    };
    let job = Job {
        threads: arguments.threads,
        on_broken: if arguments.strict { OnBroken::Stop } else { OnBroken::Skip },
        ..Job::new(&arguments.images, &arguments.out)
    };
    let mut bar = Bar::new();
    let outcome = job.run(&Embedder::new(network).with_transform(transform), &mut bar);
    bar.0.finish_and_clear();
    let summary = outcome.map_err(|error| Failure::work(format!("{}: {error}", arguments.images.display())))?;
    let (embedded, skipped) = (summary.embedded, summary.skipped);
    eprintln!(
        "{embedded} pictures in {}, {skipped} left out; names in {}",
        job.output.display(),
        summary.ids.display()
    );
    Ok(())
}

/// Counts pictures.
pub struct Bar(pub ProgressBar);

impl Bar {
    pub fn new() -> Self {
        Self(if std::io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() })
    }
}

impl Progress for Bar {
    fn begins(&mut self, pictures: Option<u64>) {
        if let (Some(count), Ok(style)) =
            (pictures, ProgressStyle::with_template("{wide_bar} {pos}/{len} pictures, {eta} left"))
        {
            self.0.set_length(count);
            self.0.set_style(style);
        }
    }

    fn embedded(&mut self, _name: &str) {
        self.0.inc(1);
    }

    fn skipped(&mut self, name: &str, error: &ItemError) {
        self.0.inc(1);
        self.0.suspend(|| eprintln!("left out {name}: {error}"));
    }
}
