//! A Python virtual environment, and the package's wheel in it.

use crate::command::run;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the package where it is installed without a build environment of its own.
const BUILDER: &str = "maturin>=1.9,<2";

/// A virtual environment.
pub struct Environment {
    python: PathBuf,
}

impl Environment {
    /// The one in `folder`, which is made where it does not exist.
    pub fn open_or_create(folder: &str) -> Result<Self> {
        let inside = if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        };
        let python = Path::new(folder).join(inside);
        let environment = Self {
            python: std::path::absolute(python).context("no current folder")?,
        };
        // A run that ended before pip was there is started over.
        let works = environment.pip().arg("--version").output();
        if !works.is_ok_and(|output| output.status.success()) {
            run(Command::new("python3").args(["-m", "venv", "--clear", folder]))?;
        }
        Ok(environment)
    }

    /// Its interpreter.
    pub fn python(&self) -> Command {
        Command::new(&self.python)
    }

    /// Where a package installs a program of this name.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let folder = self
            .python
            .parent()
            .context("an interpreter in no folder")?;
        Ok(folder.join(name))
    }

    /// A program that a package has installed, with `arguments`.
    pub fn program(&self, name: &str, arguments: &[&str]) -> Result<Command> {
        let mut program = Command::new(self.path(name)?);
        program.args(arguments);
        Ok(program)
    }

    /// `pip install` with `arguments`. Modules are compiled when they are imported: most never are.
    pub fn install(&self, arguments: &[&str]) -> Result<()> {
        run(self
            .pip()
            .args(["install", "--prefer-binary", "--no-compile"])
            .args(arguments))
    }

    /// `pip install` as a user does it, but that a build has the given profile.
    pub fn install_with(&self, arguments: &[&str], profile: &str) -> Result<()> {
        let mut install = self.pip();
        install.arg("install").args(arguments);
        run(install.env("MATURIN_PEP517_ARGS", format!("--profile {profile}")))
    }

    /// Builds the package's wheel in `folder`, which is emptied first; maturin is given
    /// `arguments`.
    pub fn wheel(&self, folder: &str, arguments: &str) -> Result<String> {
        if Path::new(folder).exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {folder}"))?;
        }
        self.install(&[BUILDER])?;
        let mut build = self.pip();
        build.args(["wheel", "--no-deps", "--no-build-isolation"]);
        build.args(["--wheel-dir", folder, "."]);
        // The builder starts a program of its own, which lies in the environment too.
        build.env("PATH", self.search_path()?);
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

    /// The library in the package `onnxruntime`.
    pub fn onnx_runtime(&self) -> Result<String> {
        const FIND: &str = "
import onnxruntime, pathlib
folder = pathlib.Path(onnxruntime.__file__).parent / 'capi'
names = ['libonnxruntime.so*', 'libonnxruntime*.dylib', 'onnxruntime.dll']
print(*[file for name in names for file in folder.glob(name)][:1])";
        let found = self.python().args(["-c", FIND]).output();
        let printed = found.context("cannot start Python")?.stdout;
        let library = String::from_utf8(printed).context("a path that is not UTF-8")?;
        match library.trim() {
            "" => bail!("no ONNX Runtime library in Python's environment"),
            library => Ok(library.to_owned()),
        }
    }

    /// Where programs are looked for, the environment's own first.
    pub fn search_path(&self) -> Result<OsString> {
        let own = self.python.parent().map(Path::to_owned);
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&inherited)))
            .context("a folder of the environment has a separator in its name")
    }

    fn pip(&self) -> Command {
        let mut pip = self.python();
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        pip
    }
}
