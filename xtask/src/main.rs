//! Development tasks: `cargo xtask <task>`.
//!
//! * `test`: formatting, lints, every test, documentation, the Python package. What a change must pass.
//! * `python`: the Python package alone, as a wheel in a fresh virtual environment, with its tests.
//! * `bench`: the race against FAISS, hnswlib and usearch; `cargo xtask bench exact study` runs these parts alone.
//! * `goldens`: makes the committed reference values again, from the Python scripts beside them.

mod bench;
mod environment;
mod python;

use anyhow::{Context, Result, bail};
use std::process::Command;

const TASKS: &str = "tasks: test, python, bench, goldens";

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("test") => test(),
        Some("python") => python::test(),
        Some("bench") => bench::race(&std::env::args().skip(2).collect::<Vec<_>>()),
        Some("goldens") => goldens(),
        Some(other) => bail!("no task {other:?}; {TASKS}"),
        None => bail!("{TASKS}"),
    }
}

fn test() -> Result<()> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"], &[])?;
    cargo(&["test", "--workspace", "--quiet"], &[])?;
    optional_parts()?;
    cargo(&["doc", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "--deny warnings")])?;
    python::test()
}

/// Lints and tests of what `embed` only has with features; the rest of it does not change with them.
fn optional_parts() -> Result<()> {
    let embed = ["--package", "annatomy-embed", "--package", "annatomy-cli", "--quiet"];
    let features = ["--features", "annatomy-cli/onnx,annatomy-cli/parquet"];
    cargo(&[&["clippy"], &embed[..], &features, &["--all-targets", "--", "--deny", "warnings"]].concat(), &[])?;
    let tests = ["--test", "onnx", "--test", "tables", "--test", "embed"];
    cargo(&[&["test"], &embed[..], &features, &tests].concat(), &[])
}

/// Scripts that need nothing but NumPy and SciPy run with the `python3` on the path.
fn goldens() -> Result<()> {
    for script in ["crates/vectors/tests/goldens", "crates/geometry/tests/golden"] {
        let entries = std::fs::read_dir(script).with_context(|| format!("no folder {script}"))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "py") {
                run(Command::new("python3").arg(&path))?;
            }
        }
    }
    Ok(())
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    run(Command::new(cargo).args(arguments).envs(environment.iter().copied()))
}

/// Runs a command to its end. What cargo told this program about its own package is kept from it: build scripts (that
/// of `ring`) would see another package than in a build by hand, and compile everything anew.
fn run(command: &mut Command) -> Result<()> {
    eprintln!("> {command:?}");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
