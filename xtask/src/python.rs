//! The Python package: its wheel in a virtual environment, and its tests against the engines.
//!
//! Needs `python3` with `venv`; everything else comes from the package index by name
//! (`python/tests/requirements*.txt`). The environment stays between runs.
//!
//! `ANNATOMY_REQUIRE_ENGINES=1` turns skipped tests of engines into failures: hnswlib comes as C++
//! source. Large engines are installed and tested with `ANNATOMY_REQUIRE_ENGINES=all` only: Qdrant,
//! LanceDB, Milvus Lite, hnsw_rs (a feature of the wheel) and pgvector (PostgreSQL in WebAssembly,
//! which needs `npm`).

use crate::artifacts;
use crate::command::run as execute;
use crate::environment::Environment;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const ENVIRONMENT: &str = "target/python/environment";
const WHEELS: &str = "target/python/wheels";
const NODE: &str = "target/python/node";
/// With the tests' profile and features, the wheel compiles no dependency of theirs again; `pip
/// install .` compiles with `release`.
const AS_THE_TESTS: &str = "--profile ci --features tested";

/// A process for each core, and one that has nothing left takes over: most of a test is Python on one
/// thread, or compiles numba's functions.
const IN_PARALLEL: [&str; 4] = ["--numprocesses", "auto", "--dist", "worksteal"];

/// The environment with what the tests need but the wheel.
pub fn packages() -> Result<Environment> {
    let environment = Environment::open_or_create(ENVIRONMENT)?;
    let requirements = |name: &str| format!("python/tests/requirements{name}.txt");
    environment.install(&["--requirement", &requirements("")])?;
    if environment
        .install(&["--requirement", &requirements("-compiled")])
        .is_err()
    {
        eprintln!("engines that come as source do not compile here: their tests are skipped");
    }
    if large_engines() {
        environment.install(&["--requirement", &requirements("-engines")])?;
        install_pglite()?;
    }
    Ok(environment)
}

/// Builds the wheel and installs it.
pub fn install_wheel(environment: &Environment) -> Result<()> {
    let features = if large_engines() { ",hnsw_rs" } else { "" };
    let wheel = environment.wheel(WHEELS, &format!("{AS_THE_TESTS}{features}"))?;
    environment.install(&["--force-reinstall", "--no-deps", &wheel])
}

/// Runs the tests, with the command that cargo's tests have compiled.
pub fn run(environment: &Environment) -> Result<()> {
    let command = std::path::absolute("target/ci/annatomy").context("no current folder")?;
    let mut tests = environment.python();
    tests
        .args(["-m", "pytest", "--quiet", "--durations=15"])
        .args(IN_PARALLEL)
        .arg("python/tests")
        .env("ANNATOMY_COMMAND", command);
    if large_engines() {
        tests.env("ANNATOMY_PGLITE", node_folder()?);
    }
    execute(&mut tests)
}

/// `cargo xtask recipes`: every block of the docs, the slow ones and those that need large packages too.
/// `ANNATOMY_COMMAND=FILE` runs the blocks with that command; it must read Parquet and HDF5. PostgreSQL with pgvector
/// comes from `npm`.
pub fn recipes() -> Result<()> {
    let environment = packages()?;
    environment.install(&["--requirement", "python/tests/requirements-docs.txt"])?;
    // Its dependencies hold PyTorch with CUDA, gigabytes that embeddings of one's own do without; what else it needs
    // is in the requirements.
    environment.install(&["--no-deps", "bertopic"])?;
    install_pglite()?;
    let command = artifacts::command(&["--features", "parquet,hdf5"])?;
    install_wheel(&environment)?;
    execute(
        environment
            .python()
            .args(["-m", "pytest", "--quiet", "--durations=10"])
            .args(IN_PARALLEL)
            .arg("python/tests/test_docs.py")
            .env("ANNATOMY_COMMAND", command)
            .env("ANNATOMY_PGLITE", node_folder()?)
            .env("ANNATOMY_DOCS", "all"),
    )
}

fn large_engines() -> bool {
    std::env::var("ANNATOMY_REQUIRE_ENGINES").is_ok_and(|wanted| wanted == "all")
}

/// The folder of PostgreSQL with pgvector in WebAssembly, for node.
fn node_folder() -> Result<PathBuf> {
    std::path::absolute(NODE).context("no current folder")
}

fn install_pglite() -> Result<()> {
    let folder = node_folder()?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {NODE}"))?;
    let names =
        ["pglite", "pglite-pgvector", "pglite-socket"].map(|name| format!("@electric-sql/{name}"));
    let mut install = Command::new("npm");
    install
        .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .args(names);
    execute(&mut install)
}
