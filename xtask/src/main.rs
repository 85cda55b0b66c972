//! Development tasks: `cargo xtask <task>`.
//!
//! * `test`: formatting, lints, every test, documentation, the Python package. What a change must
//!   pass.
//! * `python`: the Python package alone, as a wheel in a virtual environment, with its tests.
//! * `bench`: the race against FAISS, hnswlib and usearch; `cargo xtask bench exact study` runs
//!   these parts alone.
//! * `docs`: the book under `target/docs/site`, with the references of Rust and Python; `--book` without them,
//!   `--repository URL` with links into the sources.
//! * `recipes`: every block of the docs, with the large packages that some need.
//! * `lint`: spelling, workflows, dependencies, metadata; `cargo xtask lint deny typos` runs these alone.
//! * `package`, `sdist`, `wheels`, `archive`: what a release consists of; `release --dry-run` makes all that this
//!   machine can make.
//! * `msrv`, `miri`, `emulate CHIP`, `semver`: other compilers, processors, versions.
//! * `explorer`: bundles the explorer of the reports; `--check` compares the committed bundle and opens pages in a browser,
//!   `--pictures` takes the screenshots of the README.
//! * `fuzz`: every fuzz target for `--minutes M`, where a nightly toolchain and cargo-fuzz are installed.
//! * `soak`: random commands with random kills on a small disk that fills; `--minutes M`,
//!   `--commands N`, `--seed S`, `--binary FILE`.
//! * `goldens`: makes the committed reference values again, from the Python scripts in their folders.

mod artifacts;
mod bench;
mod checks;
mod command;
mod docs;
mod environment;
mod explorer;
mod fuzz;
mod goldens;
mod lint;
mod platform;
mod python;
mod release;
mod site_links;
#[cfg(unix)]
mod soak;
mod steps;
mod tools;

use anyhow::{Result, bail};
use artifacts::Build;
use std::process::ExitCode;

const TASKS: &str = "tasks: test, python, docs, recipes, lint, package, sdist, wheels, archive, \
                     release, msrv, miri, emulate, semver, bench, goldens, explorer, fuzz, soak";

fn main() -> ExitCode {
    match task() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    match std::env::args().nth(1).as_deref() {
        Some("test") => checks::test(),
        Some("python") => checks::python(),
        Some("bench") => bench::race(&arguments),
        Some("docs") => docs::build(&arguments),
        Some("recipes") => python::recipes(),
        Some("lint") => lint::check(&arguments),
        Some("msrv") => platform::msrv(),
        Some("miri") => platform::miri(),
        Some("emulate") => platform::emulate(&arguments),
        Some("semver") => platform::semver(),
        Some("package") => artifacts::package(&arguments),
        Some("sdist") => artifacts::source(),
        Some("wheels") => artifacts::wheel(&Build::parse(&arguments)?),
        Some("archive") => artifacts::archive(&Build::parse(&arguments)?),
        Some("release") => release::run_dry(&arguments),
        Some("goldens") => goldens::make(),
        Some("explorer") => explorer::run(&arguments),
        Some("fuzz") => fuzz::run(&arguments),
        #[cfg(unix)]
        Some("soak") => soak::run(&arguments),
        Some(other) => bail!("no task {other:?}; {TASKS}"),
        None => bail!("{TASKS}"),
    }
}
