//! `annatomy reproduce`: the published study from its raw data, and a page of published and
//! reproduced figures.

use super::embed::Bar as EmbedBar;
use super::study;
use crate::arguments::ReproduceArguments;
use crate::failure::Failure;
use annatomy::results::{Conventions, StudyResults, csv, write_file};
use annatomy::study::{Start, Study};
use annatomy::{published, report};
use annatomy_fetch::{Network, Progress, Step};
use annatomy_formats::Owner;
use annatomy_reproduce::{Recipe, ReproduceError, Reproduction, data_folder};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub fn run(arguments: &ReproduceArguments) -> Result<(), Failure> {
    let begin = Instant::now();
    let reproduction = reproduction(arguments)?;
    let plan = reproduction.plan().map_err(failure)?;
    eprintln!("data      {}\n{plan}", reproduction.data.display());
    if arguments.dry_run {
        return Ok(());
    }
    let folder = super::claim(&arguments.out, Owner::STUDY)?;
    let (mut bytes, mut pictures) = (FetchBar::new(), EmbedBar::new());
    let prepared = reproduction.prepare(&mut bytes, &mut pictures);
    bytes.0.finish_and_clear();
    pictures.0.finish_and_clear();
    let study = Study::new(prepared.map_err(failure)?).map_err(study::failure)?;
    let found = study::carry_out(&study, &folder, Start::Resume, arguments.threads)?;
    write(arguments, &found)?;
    study::conclusion(
        &arguments.out.join("reproduced.html"),
        &found,
        begin.elapsed().as_secs_f64(),
    );
    Ok(())
}

fn reproduction(arguments: &ReproduceArguments) -> Result<Reproduction, Failure> {
    let recipe = match &arguments.recipe {
        None => Recipe::published(),
        Some(path) => Recipe::read(path)
            .map_err(|error| Failure::usage(format!("recipe {}: {error}", path.display())))?,
    };
    let data: Option<PathBuf> = arguments.data_dir.clone().or_else(data_folder);
    let data = data.ok_or_else(|| {
        Failure::usage("there is no folder for data").hint("--data-dir DIR names one")
    })?;
    let network = if arguments.offline {
        Network::Offline
    } else {
        Network::Allowed
    };
    Ok(Reproduction {
        recipe,
        data,
        runs: arguments.runs,
        threads: arguments.threads,
        network,
    })
}

/// What only a reproduction has: the other conventions' table, and the published figures beside
/// ours.
fn write(arguments: &ReproduceArguments, found: &StudyResults) -> Result<(), Failure> {
    let mut published = found.clone();
    published.settings.conventions = Conventions::Published;
    write_file(
        &arguments.out.join("measurements_published.csv"),
        csv::text(&published).as_bytes(),
    )
    .map_err(|error| Failure::work(format!("writing results: {error}")))?;
    report::write_reproduced(&arguments.out, &published::compare(found))
        .map_err(|error| Failure::work(format!("writing the comparison: {error}")))
}

fn failure(error: ReproduceError) -> Failure {
    let hint = error.hint();
    let failure = if matches!(error, ReproduceError::Subset(_)) {
        Failure::usage(error)
    } else {
        Failure::work(error)
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Counts bytes.
struct FetchBar(ProgressBar);

impl FetchBar {
    fn new() -> Self {
        Self(if std::io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        })
    }
}

impl Progress for FetchBar {
    fn begins(&mut self, step: Step, name: &str, done: u64, total: Option<u64>) {
        let doing = match step {
            Step::Downloading => "downloading",
            Step::Checking => "checking",
            Step::Unpacking => "unpacking",
        };
        let template = "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.reset();
        self.0.set_length(total.unwrap_or(0));
        self.0.set_position(done);
        self.0.set_message(format!("{doing} {name}"));
    }

    fn advances(&mut self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn retries(&mut self, reason: &str, wait: Duration) {
        self.0
            .suspend(|| eprintln!("{reason}; again in {} s", wait.as_secs()));
    }
}
