//! `cargo xtask test`: what a change must pass.
//!
//! Rust is compiled once, with every optional feature; the plain feature set is linted. Python's
//! packages are installed while cargo compiles, and the wheel has the profile and the features of
//! the tests, so that it reuses their dependencies. A table of seconds closes the run.

use crate::command::cargo;
use crate::environment::Environment;
use crate::python;
use crate::steps::Steps;
use anyhow::{Result, anyhow};

/// Features that are off by default, for the time that their libraries take to compile.
pub(crate) const OPTIONAL: &str = "annatomy-cli/onnxruntime,annatomy-cli/parquet,annatomy-cli/hdf5";
/// Compiles fast and is fast enough for the tests; Cargo.toml says why it is not `dev`.
const PROFILE: [&str; 2] = ["--profile", "ci"];

/// Runs every check.
pub fn test() -> Result<()> {
    let mut steps = Steps::begin();
    steps.run("formatting", || cargo(&["fmt", "--all", "--check"], &[]))?;
    std::thread::scope(|scope| {
        let packages = scope.spawn(python::packages);
        steps.run("lints, every feature", || lint(&["--features", OPTIONAL]))?;
        steps.run("lints, default features", || lint(&[]))?;
        steps.run("compiling the tests", compile)?;
        let environment = steps.run("waiting for Python's packages", || {
            packages
                .join()
                .map_err(|_| anyhow!("the thread that installs Python's packages panicked"))?
        })?;
        steps.run("running the tests", || run(&environment))?;
        steps.run("documentation and its examples", document)?;
        steps.run("the wheel", || python::install_wheel(&environment))?;
        steps.run("running Python's tests", || python::run(&environment))
    })?;
    eprintln!("\n{steps}");
    Ok(())
}

/// `cargo xtask python`: the Python package alone.
pub fn python() -> Result<()> {
    compile()?;
    let environment = python::packages()?;
    python::install_wheel(&environment)?;
    python::run(&environment)
}

/// Lints every target of the workspace.
fn lint(features: &[&str]) -> Result<()> {
    let command = ["clippy", "--workspace", "--all-targets", "--quiet"];
    let deny = ["--", "--deny", "warnings"];
    cargo(&[&command[..], &PROFILE, features, &deny].concat(), &[])
}

/// `--workspace` for every build: with fewer packages selected, shared dependencies would lose the
/// features that only the others ask for, and compile again.
fn tests<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let command = ["test", "--workspace", "--features", OPTIONAL, "--quiet"];
    [&command, &PROFILE[..], arguments].concat()
}

/// Compiles all that is tested: the examples, which the lints have checked, and the extension module,
/// which only Python can load, are not.
fn compile() -> Result<()> {
    cargo(&tests(&["--tests", "--no-run"]), &[])
}

fn run(environment: &Environment) -> Result<()> {
    let library = environment.onnx_runtime();
    if let Err(error) = &library {
        eprintln!("{error:#}: the tests of ONNX Runtime are skipped");
    }
    let variables: Vec<_> = library
        .iter()
        .map(|library| ("ANNATOMY_ONNXRUNTIME", library.as_str()))
        .collect();
    cargo(&tests(&["--tests"]), &variables)
}

fn document() -> Result<()> {
    let command = ["doc", "--workspace", "--no-deps", "--features", OPTIONAL];
    let deny = [("RUSTDOCFLAGS", "--deny warnings")];
    cargo(&[&command[..], &["--quiet"], &PROFILE].concat(), &deny)?;
    cargo(&tests(&["--doc"]), &[])
}
