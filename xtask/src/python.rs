//! The Python package: its wheel into a fresh virtual environment, its tests beside it.
//!
//! Needs `python3` with `venv`; everything else comes from the package index by name. Engines that come as C++ source
//! (hnswlib) are tested where they compile; `ANNATOMY_REQUIRE_ENGINES=1` turns their skipped tests into failures. The
//! wheel is compiled with the `dev` profile, whose dependencies the other tests have compiled already; `pip install .`
//! compiles with `release`. The tests of `annatomy audit` hold the command itself against the engines.

use crate::environment::{Environment, remove};
use crate::{cargo, run};
use anyhow::{Context, Result};

const ENVIRONMENT: &str = "target/python/environment";
const WHEELS: &str = "target/python/wheels";

pub fn test() -> Result<()> {
    remove(ENVIRONMENT)?;
    let environment = Environment::create(ENVIRONMENT)?;
    let wheel = environment.wheel(WHEELS, "--profile dev")?;
    let install = |extra: &str| environment.install(&[&format!("{wheel}[{extra}]")]);
    install("test")?;
    if install("test-compiled").is_err() {
        eprintln!("engines that come as source do not compile here: their tests are skipped");
    }
    cargo(&["build", "--package", "annatomy-cli", "--quiet"], &[])?;
    let command = std::path::absolute("target/debug/annatomy").context("no current folder")?;
    run(environment.python().args(["-m", "pytest", "--quiet", "python/tests"]).env("ANNATOMY_COMMAND", command))
}
