//! Development tasks: `cargo xtask <task>`.
//!
//! * `test`: formatting, lints, every test, documentation, the optional parts, the Python package.
//!   What a change must pass.
//! * `optional`: the lints again, and the tests of files, of the audit and of `embed`, with the
//!   features built on request.
//! * `python`: the Python package alone, as a wheel in a fresh virtual environment, with its tests.
//! * `bench`: the race against FAISS, hnswlib and usearch; `cargo xtask bench exact study` runs
//!   these parts alone.
//! * `goldens`: makes the committed reference values again, from the Python scripts beside them.

mod bench;
mod environment;
mod python;

use anyhow::{Context, Result, bail};
use environment::Environment;
use std::path::Path;
use std::process::Command;

const TASKS: &str = "tasks: test, optional, python, bench, goldens";
/// Built on request, for the time that their libraries take to compile.
const OPTIONAL: &str = "annatomy-cli/onnxruntime,annatomy-cli/parquet,annatomy-cli/hdf5";
/// The tests that see a difference.
const OPTIONAL_TESTS: [&str; 8] = [
    "members",
    "answers",
    "formats",
    "formats_laws",
    "audit",
    "onnx",
    "tables",
    "embed",
];

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("test") => test(),
        Some("optional") => optional(),
        Some("python") => python::test(),
        Some("bench") => bench::race(&std::env::args().skip(2).collect::<Vec<_>>()),
        Some("goldens") => goldens(),
        Some(other) => bail!("no task {other:?}; {TASKS}"),
        None => bail!("{TASKS}"),
    }
}

fn test() -> Result<()> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ],
        &[],
    )?;
    cargo(&["test", "--workspace", "--quiet"], &[])?;
    cargo(
        &["doc", "--workspace", "--no-deps", "--quiet"],
        &[("RUSTDOCFLAGS", "--deny warnings")],
    )?;
    optional()?;
    python::test()
}

/// Over the whole workspace, though few tests are run: with fewer packages chosen, shared
/// dependencies would lose features that only the others ask for, and be compiled again.
fn optional() -> Result<()> {
    let workspace = ["--workspace", "--features", OPTIONAL, "--quiet"];
    let lints = ["--all-targets", "--", "--deny", "warnings"];
    cargo(&[&["clippy"], &workspace[..], &lints].concat(), &[])?;
    let chosen: Vec<&str> = OPTIONAL_TESTS
        .iter()
        .flat_map(|test| ["--test", test])
        .collect();
    let library = onnx_runtime();
    if let Err(error) = &library {
        eprintln!("{error:#}: the tests of ONNX Runtime are skipped");
    }
    let environment: Vec<_> = library
        .iter()
        .map(|library| ("ANNATOMY_ONNXRUNTIME", library.as_str()))
        .collect();
    cargo(&[&["test"], &workspace[..], &chosen].concat(), &environment)
}

/// The library in the package of that name, for Python.
fn onnx_runtime() -> Result<String> {
    const ENVIRONMENT: &str = "target/onnxruntime";
    const FIND: &str = "
import onnxruntime, pathlib
folder = pathlib.Path(onnxruntime.__file__).parent / 'capi'
names = ['libonnxruntime.so*', 'libonnxruntime*.dylib', 'onnxruntime.dll']
print(*[file for name in names for file in folder.glob(name)][:1])";
    let environment = if Path::new(ENVIRONMENT).exists() {
        Environment::open(ENVIRONMENT)?
    } else {
        Environment::create(ENVIRONMENT)?
    };
    environment.install(&["onnxruntime"])?;
    let found = environment
        .python()
        .args(["-c", FIND])
        .output()
        .context("no Python")?;
    let library = String::from_utf8(found.stdout)
        .context("a path that is not UTF-8")?
        .trim()
        .to_owned();
    (!library.is_empty())
        .then_some(library)
        .context("no library in the package")
}

/// Scripts that need nothing but NumPy and SciPy run with the `python3` on the path.
fn goldens() -> Result<()> {
    for script in [
        "crates/vectors/tests/goldens",
        "crates/measures/tests/golden",
    ] {
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
    run(Command::new(cargo)
        .args(arguments)
        .envs(environment.iter().copied()))
}

/// Runs a command to its end. What cargo told this program about its own package is kept from it:
/// build scripts (that of `ring`) would see another package than in a build by hand, and compile
/// everything anew.
fn run(command: &mut Command) -> Result<()> {
    eprintln!("> {command:?}");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        }) {
            command.env_remove(name);
        }
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
