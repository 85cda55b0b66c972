//! Development tasks: `cargo xtask <task>`.
//!
//! * `test`: formatting, lints, every test, documentation, the Python package. What a change must
//!   pass.
//! * `python`: the Python package alone, as a wheel in a virtual environment, with its tests.
//! * `bench`: the race against FAISS, hnswlib and usearch; `cargo xtask bench exact study` runs
//!   these parts alone.
//! * `fuzz`: every fuzz target for `--minutes M`, where a nightly toolchain and cargo-fuzz are installed.
//! * `soak`: random commands with random kills on a small disk that fills; `--minutes M`,
//!   `--commands N`, `--seed S`, `--binary FILE`.
//! * `goldens`: makes the committed reference values again, from the Python scripts in their folders.

mod bench;
mod checks;
mod command;
mod environment;
mod fuzz;
mod goldens;
mod python;
#[cfg(unix)]
mod soak;
mod steps;

use anyhow::{Result, bail};
use std::process::ExitCode;

const TASKS: &str = "tasks: test, python, bench, goldens, fuzz, soak";

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
        Some("goldens") => goldens::make(),
        Some("fuzz") => fuzz::run(&arguments),
        #[cfg(unix)]
        Some("soak") => soak::run(&arguments),
        Some(other) => bail!("no task {other:?}; {TASKS}"),
        None => bail!("{TASKS}"),
    }
}
