//! `annatomy study`: settings together, the study run, results, figures and report written.

use super::{claim, on_threads};
use crate::arguments::{StudyArguments, StudyName};
use crate::failure::Failure;
use crate::progress::follow;
use crate::say::{print, say};
use annatomy::config::{self, ConfigFile, Overrides};
use annatomy::results::{Settings, StudyKind, StudyResults};
use annatomy::study::{CheckpointError, Execution, Start, Study, StudyError};
use annatomy::{figures, report, results};
use annatomy_formats::{OutputFolder, Owner};
use annatomy_hnsw::BuildError;
use std::path::Path;
use std::time::Instant;

pub fn run(arguments: &StudyArguments) -> Result<(), Failure> {
    let begin = Instant::now();
    let start = if arguments.resume {
        Start::Resume
    } else {
        Start::Afresh
    };
    let study = Study::new(settings(arguments)?).map_err(failure)?;
    let folder = claim(&arguments.out, Owner::STUDY)?;
    let found = carry_out(&study, &folder, start, arguments.threads)?;
    conclusion(
        &arguments.out.join("report.html"),
        &found,
        begin.elapsed().as_secs_f64(),
    )
}

/// Runs the study and writes all that comes of it.
pub fn carry_out(
    study: &Study<'_>,
    folder: &OutputFolder,
    start: Start,
    threads: usize,
) -> Result<StudyResults, Failure> {
    let execution = Execution {
        threads,
        ..Execution::default()
    };
    say(introduction(study));
    let outcome = follow(|| study.run_in(folder, start, &execution));
    let (found, out) = (outcome.map_err(failure)?, folder.path());
    results::write_all(out, &found)
        .map_err(|error| Failure::work(format!("writing results: {error}")))?;
    let drawn = on_threads(threads, || figures::write_all(out, &found))?;
    drawn.map_err(|error| Failure::work(format!("writing figures: {error}")))?;
    report::write(out, &found)
        .map_err(|error| Failure::work(format!("writing the report: {error}")))?;
    Ok(found)
}

fn settings(arguments: &StudyArguments) -> Result<Settings, Failure> {
    let file = match &arguments.config {
        Some(path) => config::read(path).map_err(Failure::usage)?,
        None => ConfigFile::default(),
    };
    let overrides = Overrides {
        data: arguments.data.clone(),
        runs: arguments.runs,
        subset: arguments.subset,
        sample: arguments.sample,
        seed: arguments.seed,
        metric: arguments.metric,
        ks: arguments.ks.clone(),
        studies: arguments.studies.as_deref().map(kinds),
        conventions: arguments.conventions.map(Into::into),
        preset: arguments.preset,
        ..Overrides::default()
    };
    let settings = overrides.over(file.overrides.over(config::defaults()));
    if let Some(path) = &arguments.config {
        for key in &file.unread {
            if let Some(difference) = key.difference(&settings) {
                say(format!("note: {}: {difference}", path.display()));
            }
        }
    }
    Ok(settings)
}

/// The experiments named, each once, in the order of the study.
fn kinds(names: &[StudyName]) -> Vec<StudyKind> {
    let all = [
        StudyName::Ef,
        StudyName::Efc,
        StudyName::Alpha,
        StudyName::Order,
        StudyName::Methods,
    ];
    all.into_iter()
        .filter(|name| names.contains(name))
        .map(StudyKind::from)
        .collect()
}

/// What went wrong decides the exit code: a request that cannot be right is a matter of usage, one
/// that this machine has no memory for is not.
pub fn failure(error: StudyError) -> Failure {
    match &error {
        StudyError::KTooLarge { .. } => {
            Failure::usage(error).hint("--ks FROM:TO:STEP asks for fewer neighbors")
        }
        StudyError::Settings(_)
        | StudyError::SubsetTooLarge { .. }
        | StudyError::SampleTooLarge { .. }
        | StudyError::Build(
            BuildError::M { .. } | BuildError::EfConstruction | BuildError::TooLarge { .. },
        ) => Failure::usage(error),
        StudyError::Checkpoint(
            CheckpointError::OtherSettings { .. }
            | CheckpointError::OtherData { .. }
            | CheckpointError::NoSettings { .. },
        ) => Failure::usage(error).hint("--out DIR names another folder"),
        StudyError::TooCostly(_) => Failure::work(error).hint(
            "--sample N measures fewer queries, --subset N draws fewer rows, --ks FROM:TO:STEP takes fewer k",
        ),
        _ => Failure::work(error),
    }
}

fn introduction(study: &Study) -> String {
    let (settings, plan) = (study.settings(), study.plan());
    let methods = if settings.studies.contains(&StudyKind::Methods) {
        "; three methods over four kinds of codes"
    } else {
        ""
    };
    format!(
        "{}: {} runs of {} rows, {} conditions × {} values of k, {} graphs{methods}",
        settings.data,
        settings.runs,
        study.rows(),
        plan.conditions.len(),
        plan.ks.len(),
        plan.graphs.len(),
    )
}

/// Names the page to read.
pub fn conclusion(page: &Path, found: &StudyResults, seconds: f64) -> Result<(), Failure> {
    if let Some(verdict) = report::methods_verdict(found) {
        verdict.lines().for_each(say);
    }
    say(format!("{} runs in {seconds:.0} s", found.runs.len()));
    print(&format!("{}\n", page.display()))
}
