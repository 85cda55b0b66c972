//! What a release consists of: packages for cargo, wheels and a source distribution for pip, an archive
//! with the command. All but the packages are left in `target/release-files`.

use crate::command::{cargo, run};
use crate::environment::Environment;
use crate::{docs, tools};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const FILES: &str = "target/release-files";
const SHELLS: [(&str, &str); 4] = [
    ("bash", "annatomy.bash"),
    ("zsh", "_annatomy"),
    ("fish", "annatomy.fish"),
    ("powershell", "annatomy.ps1"),
];

/// What is built for whom.
pub struct Build {
    /// A target triple; none for this machine, with its own linker.
    pub target: Option<String>,
    pub profile: String,
}

impl Build {
    /// From `[TARGET] [--profile NAME]`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let (mut target, mut profile) = (None, "release".to_owned());
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--profile" {
                profile.clone_from(arguments.next().context("--profile NAME")?);
            } else if argument.starts_with('-') || target.is_some() {
                bail!("options: [TARGET] [--profile NAME]");
            } else {
                target = Some(argument.clone());
            }
        }
        Ok(Self { target, profile })
    }

    fn name(&self) -> Result<String> {
        match &self.target {
            Some(target) => Ok(target.clone()),
            None => host(),
        }
    }
}

/// `cargo xtask package`: what cargo would publish, in the order of dependencies, each compiled from its package.
pub fn package(arguments: &[String]) -> Result<()> {
    let members = [
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "annatomy-python",
    ];
    let arguments = arguments.iter().map(String::as_str);
    let command = ["package", "--locked"].into_iter().chain(members);
    cargo(&command.chain(arguments).collect::<Vec<_>>(), &[])
}

/// `cargo xtask wheels`: one abi3 wheel. For a Linux target that is named, zig links it against the
/// oldest C library that the wheel's name promises.
pub fn wheel(build: &Build) -> Result<()> {
    let environment = tools::python(&["maturin[zig]>=1.9,<2"])?;
    let mut maturin = maturin(
        &environment,
        &["build", "--locked", "--profile", &build.profile],
    )?;
    if let Some(target) = &build.target {
        maturin.args(["--target", target]);
        if target.contains("linux") {
            let promised = if target.ends_with("musl") {
                "musllinux_1_2"
            } else {
                "manylinux_2_17"
            };
            maturin.args(["--zig", "--compatibility", promised]);
        }
    }
    run(&mut maturin)
}

/// The source distribution.
pub fn source() -> Result<()> {
    let environment = tools::python(&["maturin[zig]>=1.9,<2"])?;
    run(&mut maturin(&environment, &["sdist"])?)
}

fn maturin(environment: &Environment, arguments: &[&str]) -> Result<Command> {
    let mut maturin = environment.program("maturin", arguments)?;
    maturin.args(["--out", FILES]);
    maturin.env("PATH", environment.search_path()?);
    Ok(maturin)
}

/// `cargo xtask archive`: the command with its manual, completions and licenses.
pub fn archive(build: &Build) -> Result<()> {
    compile(build)?;
    let name = format!("annatomy-{}-{}", env!("CARGO_PKG_VERSION"), build.name()?);
    let folder = Path::new("target/archive").join(&name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    for inside in ["man", "completions"] {
        std::fs::create_dir_all(folder.join(inside)).context("cannot make the archive's folder")?;
    }
    std::fs::create_dir_all(FILES).with_context(|| format!("cannot make {FILES}"))?;
    let binary = binary(build);
    let file = binary.file_name().context("a binary without a name")?;
    std::fs::copy(&binary, folder.join(file))
        .with_context(|| format!("no {}", binary.display()))?;
    for text in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        std::fs::copy(text, folder.join(text)).with_context(|| format!("no {text}"))?;
    }
    let printed = |arguments: &[&str], file: PathBuf| -> Result<()> {
        let output = Command::new(&binary).args(arguments).output();
        let output = output.with_context(|| format!("{} does not start here", binary.display()))?;
        if !output.status.success() {
            bail!(
                "{} {arguments:?} failed: {}",
                binary.display(),
                output.status
            );
        }
        std::fs::write(&file, output.stdout).with_context(|| format!("writing {}", file.display()))
    };
    printed(&["man"], folder.join("man/annatomy.1"))?;
    for command in docs::commands(&binary)? {
        printed(
            &["man", &command],
            folder.join(format!("man/annatomy-{command}.1")),
        )?;
    }
    for (shell, file) in SHELLS {
        printed(
            &["completions", shell],
            folder.join("completions").join(file),
        )?;
    }
    let archive = format!("{FILES}/{name}.tar.gz");
    run(Command::new("tar").args(["-czf", &archive, "-C", "target/archive", &name]))
}

/// The command that pages are made and tested with: `ANNATOMY_COMMAND`, or else one that is compiled fast.
pub fn command(features: &[&str]) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("ANNATOMY_COMMAND") {
        return std::path::absolute(given).context("no current folder");
    }
    let build = ["build", "--quiet", "--profile", "ci", "-p", "annatomy-cli"];
    cargo(&[&build, features].concat(), &[])?;
    let name = format!("target/ci/annatomy{}", std::env::consts::EXE_SUFFIX);
    std::path::absolute(name).context("no current folder")
}

/// For a Linux target that is named, zig links, as it does for wheels.
fn compile(build: &Build) -> Result<()> {
    let features = ["--features", "annatomy-cli/parquet,annatomy-cli/hdf5"];
    let profile = ["--profile", &build.profile];
    let options = [&["--locked", "-p", "annatomy-cli"][..], &features, &profile].concat();
    let Some(target) = &build.target else {
        return cargo(&[&["build"][..], &options].concat(), &[]);
    };
    if !target.contains("linux") {
        return cargo(
            &[&["build", "--target", target][..], &options].concat(),
            &[],
        );
    }
    let environment = tools::python(&["cargo-zigbuild", "ziglang"])?;
    let oldest = if target.ends_with("gnu") { ".2.17" } else { "" };
    let mut zigbuild = environment.program("cargo-zigbuild", &["zigbuild"])?;
    zigbuild
        .args(["--target", &format!("{target}{oldest}")])
        .args(options);
    run(zigbuild.env("PATH", environment.search_path()?))
}

fn binary(build: &Build) -> PathBuf {
    let mut path = PathBuf::from("target");
    path.extend(&build.target);
    path.push(&build.profile);
    let windows = build
        .target
        .as_ref()
        .map_or(cfg!(windows), |target| target.contains("windows"));
    path.join(if windows { "annatomy.exe" } else { "annatomy" })
}

/// The triple that the compiler builds for unless it is asked for another.
fn host() -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("no rustc")?;
    let text = String::from_utf8(output.stdout).context("rustc's version is not UTF-8")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}
