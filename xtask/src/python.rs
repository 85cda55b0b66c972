//! The Python package: its wheel into a fresh virtual environment, its tests beside it.
//!
//! Needs `python3` with `venv`; everything else comes from the package index by name. Engines that
//! come as C++ source (hnswlib) are tested where they compile; `ANNATOMY_REQUIRE_ENGINES=1` turns
//! their skipped tests into failures. Large engines (`test-engines`; pgvector by way of PGlite
//! where `npm` is at hand) are tested where they install, and missed only with
//! `ANNATOMY_REQUIRE_ENGINES=all`. The wheel is compiled with the `dev` profile, whose dependencies
//! the other tests have compiled already; `pip install .` compiles with `release`. The tests of
//! `annatomy audit` hold the command itself against the engines.

use crate::environment::{Environment, remove};
use crate::{cargo, run};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const ENVIRONMENT: &str = "target/python/environment";
const WHEELS: &str = "target/python/wheels";
const NODE: &str = "target/python/node";

pub fn test() -> Result<()> {
    remove(ENVIRONMENT)?;
    let environment = Environment::create(ENVIRONMENT)?;
    let wheel = environment.wheel(WHEELS, "--profile dev")?;
    let install = |extra: &str| environment.install(&[&format!("{wheel}[{extra}]")]);
    install("test")?;
    if install("test-compiled").is_err() {
        eprintln!("engines that come as source do not compile here: their tests are skipped");
    }
    if install("test-engines").is_err() {
        eprintln!("large engines do not install here: their tests are skipped");
    }
    let node_packages = node_packages();
    // A test of the command brings the command. Selected so, all features are those of `cargo test
    // --workspace`, and nothing is compiled again; `cargo build` leaves out what development
    // dependencies ask for, and compiles half of it anew.
    cargo(
        &[
            "test",
            "--workspace",
            "--test",
            "audit",
            "--no-run",
            "--quiet",
        ],
        &[],
    )?;
    let command = std::path::absolute("target/debug/annatomy").context("no current folder")?;
    let mut tests = environment.python();
    tests
        .args(["-m", "pytest", "--quiet", "python/tests"])
        .env("ANNATOMY_COMMAND", command);
    run(tests.envs(node_packages.map(|folder| ("ANNATOMY_PGLITE", folder))))
}

/// The folder of PostgreSQL with pgvector in WebAssembly, for node; `None` where it cannot be had.
fn node_packages() -> Option<PathBuf> {
    let folder = std::path::absolute(NODE).ok()?;
    std::fs::create_dir_all(&folder).ok()?;
    let mut install = Command::new("npm");
    install
        .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder);
    let names =
        ["pglite", "pglite-pgvector", "pglite-socket"].map(|name| format!("@electric-sql/{name}"));
    match run(install.args(names)) {
        Ok(()) => Some(folder),
        Err(error) => {
            eprintln!("{error:#}: the tests of pgvector are skipped");
            None
        }
    }
}
