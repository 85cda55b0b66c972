//! The Python package: its wheel into a fresh virtual environment, its tests beside it.
//!
//! Needs `python3` with `venv`; everything else comes from the package index by name. Engines that come as C++ source
//! (hnswlib) are tested where they compile; `ANNATOMY_REQUIRE_ENGINES=1` turns their skipped tests into failures. The
//! wheel is compiled with the `dev` profile, whose dependencies the other tests have compiled already; `pip install .`
//! compiles with `release`. The tests of `annatomy audit` hold the command itself against the engines.

use crate::{cargo, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const ENVIRONMENT: &str = "target/python/environment";
const WHEELS: &str = "target/python/wheels";

pub fn test() -> Result<()> {
    for folder in [ENVIRONMENT, WHEELS] {
        if Path::new(folder).exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {folder}"))?;
        }
    }
    run(Command::new("python3").args(["-m", "venv", ENVIRONMENT]))?;
    let python = Path::new(ENVIRONMENT).join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let python = std::path::absolute(python).context("no current folder")?;
    let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
    let mut build = Command::new(&python);
    build.args(pip).args(["wheel", "--no-deps", "--wheel-dir", WHEELS, "."]);
    run(build.env("MATURIN_PEP517_ARGS", "--profile dev"))?;
    let wheel = wheel()?.display().to_string();
    let install = |extra: &str| {
        let package = format!("{wheel}[{extra}]");
        run(Command::new(&python).args(pip).args(["install", "--prefer-binary", &package]))
    };
    install("test")?;
    if install("test-compiled").is_err() {
        eprintln!("engines that come as source do not compile here: their tests are skipped");
    }
    cargo(&["build", "--package", "annatomy-cli", "--quiet"], &[])?;
    let command = std::path::absolute("target/debug/annatomy").context("no current folder")?;
    let mut tests = Command::new(&python);
    run(tests.args(["-m", "pytest", "--quiet", "python/tests"]).env("ANNATOMY_COMMAND", command))
}

/// The one wheel that was built.
fn wheel() -> Result<PathBuf> {
    let entries = std::fs::read_dir(WHEELS).with_context(|| format!("no folder {WHEELS}"))?;
    let wheels: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    match &wheels[..] {
        [wheel] => Ok(wheel.clone()),
        _ => bail!("{} wheels in {WHEELS}, where one should be", wheels.len()),
    }
}
