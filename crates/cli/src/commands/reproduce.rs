//! `annatomy reproduce`: the published study from its raw data, and a page of published and
//! reproduced figures.

use super::study;
use crate::arguments::ReproduceArguments;
use crate::failure::Failure;
use crate::progress::follow;
use crate::say::{print, say};
use annatomy::results::{Conventions, StudyResults, csv, write_file};
use annatomy::study::{Start, Study};
use annatomy::{published, report};
use annatomy_fetch::Network;
use annatomy_formats::Owner;
use annatomy_reproduce::{Recipe, ReproduceError, Reproduction, data_folder};
use annatomy_vectors::subset::SubsetError;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn run(arguments: &ReproduceArguments) -> Result<(), Failure> {
    if arguments.intervals {
        return print(&published::published_intervals_csv());
    }
    let begin = Instant::now();
    let reproduction = reproduction(arguments)?;
    let plan = reproduction.plan().map_err(failure)?;
    say(format!("data      {}\n{plan}", reproduction.data.display()));
    check_out(&arguments.out)?;
    // A claim that comes to nothing leaves nothing.
    let folder = super::claim(&arguments.out, Owner::STUDY)?;
    if arguments.dry_run {
        return Ok(());
    }
    let prepared = follow(|| reproduction.prepare());
    let study = Study::new(prepared.map_err(failure)?).map_err(study::failure)?;
    let found = study::carry_out(&study, &folder, Start::Resume, arguments.threads)?;
    write(arguments, &found)?;
    study::conclusion(
        &arguments.out.join("reproduced.html"),
        &found,
        begin.elapsed().as_secs_f64(),
    )
}

/// Found before downloads, not after them.
fn check_out(out: &Path) -> Result<(), Failure> {
    if out.exists() && !out.is_dir() {
        let problem = format!("{}: not a folder", out.display());
        return Err(Failure::usage(problem).hint("--out DIR names another"));
    }
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

/// What only a reproduction has: the table by the other conventions, and the comparison with the
/// published figures.
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
    let is_usage = match &error {
        ReproduceError::Subset(cause) => !matches!(cause, SubsetError::Memory { .. }),
        error => matches!(error, ReproduceError::Recipe(_)),
    };
    let failure = if is_usage {
        Failure::usage(error)
    } else {
        Failure::work(error)
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
