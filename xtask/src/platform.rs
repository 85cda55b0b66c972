//! Checks on other compilers and processors: `msrv`, `miri`, `emulate`, `semver`.
//!
//! Where what they need is missing they say what that is, and fail: nothing was checked.

use crate::command::{cargo, run};
use crate::tools::works;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Crates that have unsafe code.
const UNSAFE: [&str; 4] = ["-p", "annatomy-vectors", "-p", "annatomy-runtime"];

/// Checks the workspace with the oldest compiler that the manifests promise.
pub fn msrv() -> Result<()> {
    let manifest = std::fs::read_to_string("Cargo.toml").context("no Cargo.toml here")?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
        .context("Cargo.toml promises no rust-version")?;
    let toolchain = format!("+{version}");
    if !works(Command::new("cargo").args([&toolchain, "--version"])) {
        let mut install = Command::new("rustup");
        run(install.args(["toolchain", "install", version, "--profile", "minimal"]))?;
    }
    run(Command::new("cargo")
        .args([
            &toolchain,
            "check",
            "--workspace",
            "--profile",
            "ci",
            "--locked",
        ])
        .args(["--target-dir", "target/msrv"]))
}

/// Runs the unit tests of the crates with unsafe code under Miri.
pub fn miri() -> Result<()> {
    if !works(Command::new("cargo").args(["+nightly", "miri", "--version"])) {
        bail!("no Miri: rustup toolchain install nightly --component miri");
    }
    run(Command::new("cargo")
        .args(["+nightly", "miri", "test", "--lib"])
        .args(UNSAFE)
        .args(["--target-dir", "target/miri"])
        // Property tests read no folder of regressions, and take fewer cases: each is a thousand times slower.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", "4"))
}

/// Runs the kernels' tests on a processor that is emulated: `Nehalem` (no AVX), `Haswell` (AVX2) and
/// others of QEMU's, or `sde:spr` and others of Intel's emulator.
pub fn emulate(arguments: &[String]) -> Result<()> {
    let [chip] = arguments else {
        bail!("cargo xtask emulate CHIP, such as Nehalem, Haswell or sde:spr");
    };
    let (program, runner) = match chip.strip_prefix("sde:") {
        Some(chip) => ("sde64", format!("sde64 -{chip} --")),
        None => ("qemu-x86_64", format!("qemu-x86_64 -cpu {chip}")),
    };
    if !works(Command::new(program).arg("-version")) {
        bail!("no {program}: QEMU's comes in the package qemu-user, Intel's from its maker");
    }
    let kernels = [
        "test",
        "--profile",
        "ci",
        "-p",
        "annatomy-vectors",
        "--lib",
        "kernels",
    ];
    let runner = [(
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
        runner.as_str(),
    )];
    cargo(&kernels, &runner)
}

/// Compares the public items with the version that is published.
pub fn semver() -> Result<()> {
    let mut info = Command::new("cargo");
    info.args(["info", "--registry", "crates-io", "annatomy"]);
    let answer = info.output().context("cannot start cargo")?;
    if answer.status.success() {
        if !works(Command::new("cargo").args(["semver-checks", "--version"])) {
            bail!("no cargo-semver-checks: cargo install --locked cargo-semver-checks");
        }
        return cargo(&["semver-checks", "--package", "annatomy"], &[]);
    }
    let reason = String::from_utf8_lossy(&answer.stderr);
    if reason.contains("could not find") {
        eprintln!("no version is published yet: there is nothing to compare with");
        return Ok(());
    }
    bail!("the registry does not answer: {}", reason.trim());
}
