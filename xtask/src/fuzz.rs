//! `cargo xtask fuzz --minutes M`: every fuzz target in turn, each for M minutes within 2 GB.
//!
//! Needs a nightly toolchain and cargo-fuzz (`cargo install cargo-fuzz`); says plainly which is
//! missing, and then succeeds: nothing was found because nothing ran.

use crate::command::run as execute;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const TARGETS: &str = "fuzz/fuzz_targets";
/// Megabytes that a target may take.
const MEMORY: u32 = 2_048;

/// Runs all targets; an error where one of them fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let minutes: f64 = match arguments {
        [] => 1.0,
        [name, value] if name == "--minutes" => value.parse().context("--minutes")?,
        _ => bail!("options: --minutes M"),
    };
    let works = |command: &mut Command| command.output().is_ok_and(|out| out.status.success());
    if !works(Command::new("cargo").args(["+nightly", "--version"])) {
        eprintln!("not fuzzed: there is no nightly toolchain (rustup toolchain install nightly)");
        return Ok(());
    }
    if !works(Command::new("cargo").args(["fuzz", "--version"])) {
        eprintln!("not fuzzed: there is no cargo-fuzz (cargo install cargo-fuzz)");
        return Ok(());
    }
    execute(Command::new("sh").arg("fuzz/seed.sh"))?;
    let mut failed = Vec::new();
    for target in targets()? {
        if let Err(error) = fuzz(&target, minutes) {
            eprintln!("{error:#}");
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("fuzz targets that fail: {}", failed.join(", "));
    }
    Ok(())
}

/// Sources directly in the folder; folders hold what they share.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(TARGETS).with_context(|| format!("no folder {TARGETS}"))? {
        let path = entry.context("cannot list")?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.file_stem().unwrap_or_default();
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn fuzz(target: &str, minutes: f64) -> Result<()> {
    let corpus = format!("fuzz/corpus/{target}");
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {corpus}"))?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", target, &corpus]);
    // Saved graphs of the real engines.
    let seeds = Path::new("crates/hnsw/tests/goldens");
    if target == "saved_index" && seeds.is_dir() {
        command.arg(seeds);
    }
    let seconds = (minutes * 60.0).ceil();
    command.args(["--", &format!("-max_total_time={seconds}")]);
    command.arg(format!("-rss_limit_mb={MEMORY}"));
    execute(&mut command)
}
