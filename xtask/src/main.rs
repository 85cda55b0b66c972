//! Development tasks: `cargo xtask <task>`.
//!
//! * `test`: formatting, lints, every test, documentation, the Python package. What a change must
//!   pass.
//! * `python`: the Python package alone, as a wheel in a virtual environment, with its tests.
//! * `bench`: the race against FAISS, hnswlib and usearch; `cargo xtask bench exact study` runs
//!   these parts alone.
//! * `goldens`: makes the committed reference values again, from the Python scripts beside them.

mod bench;
mod checks;
mod command;
mod environment;
mod goldens;
mod python;
mod steps;

use anyhow::{Result, bail};

const TASKS: &str = "tasks: test, python, bench, goldens";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    match std::env::args().nth(1).as_deref() {
        Some("test") => checks::test(),
        Some("python") => checks::python(),
        Some("bench") => bench::race(&arguments),
        Some("goldens") => goldens::make(),
        Some(other) => bail!("no task {other:?}; {TASKS}"),
        None => bail!("{TASKS}"),
    }
}
