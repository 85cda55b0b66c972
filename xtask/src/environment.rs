//! A Python virtual environment, and the package's wheel in it.

use crate::run;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A virtual environment.
pub struct Environment {
    python: PathBuf,
}

impl Environment {
    /// A new one in `folder`, which must not exist.
    pub fn create(folder: &str) -> Result<Self> {
        run(Command::new("python3").args(["-m", "venv", folder]))?;
        Self::open(folder)
    }

    /// The one in `folder`.
    pub fn open(folder: &str) -> Result<Self> {
        let python = Path::new(folder).join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        Ok(Self {
            python: std::path::absolute(python).context("no current folder")?,
        })
    }

    /// Its interpreter.
    pub fn python(&self) -> Command {
        Command::new(&self.python)
    }

    /// `pip install` with `arguments`.
    pub fn install(&self, arguments: &[&str]) -> Result<()> {
        run(self
            .pip()
            .args(["install", "--prefer-binary"])
            .args(arguments))
    }

    /// Builds the package's wheel in `folder`, which is emptied first; maturin is given
    /// `arguments`.
    pub fn wheel(&self, folder: &str, arguments: &str) -> Result<String> {
        remove(folder)?;
        let mut build = self.pip();
        build.args(["wheel", "--no-deps", "--wheel-dir", folder, "."]);
        run(build.env("MATURIN_PEP517_ARGS", arguments))?;
        let entries = std::fs::read_dir(folder).with_context(|| format!("no folder {folder}"))?;
        let wheels: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        match &wheels[..] {
            [wheel] => Ok(wheel.display().to_string()),
            _ => bail!("{} wheels in {folder}, where one should be", wheels.len()),
        }
    }

    fn pip(&self) -> Command {
        let mut pip = self.python();
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        pip
    }
}

/// Removes a folder, if there is one.
pub fn remove(folder: &str) -> Result<()> {
    if Path::new(folder).exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {folder}"))?;
    }
    Ok(())
}
