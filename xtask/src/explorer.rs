//! `cargo xtask explorer [--check|--pictures]`: the explorer of the reports, from its TypeScript.
//!
//! Without an option its bundle is made. `--check`: the committed bundle is what the sources make,
//! and the pages that the command writes pass their tests in Chromium. Needs npm, and for the pages
//! Chromium; says plainly what is missing, and then succeeds: nothing was checked.

use crate::checks::OPTIONAL;
use crate::command::{cargo, run as execute};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "crates/report/explorer";
const BROWSERS: [&str; 3] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];

/// Bundles, checks or takes pictures.
pub fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let wanted = match words[..] {
        [] => "build",
        ["--check"] => "test",
        ["--pictures"] => "pictures",
        _ => bail!("options: --check, --pictures"),
    };
    let has_npm = Command::new("npm").arg("--version").output();
    if !has_npm.is_ok_and(|out| out.status.success()) {
        eprintln!("explorer: nothing done, there is no npm");
        return Ok(());
    }
    npm(&["ci", "--ignore-scripts"])?;
    if wanted == "build" {
        return npm(&["run", "build"]);
    }
    npm(&["run", "build", "--", "--check"])?;
    let given = std::env::var_os("CHROMIUM").is_some();
    if !given && !BROWSERS.iter().any(|path| Path::new(path).exists()) {
        eprintln!("explorer: no page opened, there is no Chromium");
        return Ok(());
    }
    // As the tests compile it, so that no dependency is compiled again.
    let build = [
        "build",
        "--workspace",
        "--bin",
        "annatomy",
        "--profile",
        "ci",
        "--features",
    ];
    cargo(&[&build[..], &[OPTIONAL]].concat(), &[])?;
    npm(&["run", wanted])
}

fn npm(words: &[&str]) -> Result<()> {
    execute(Command::new("npm").args(words).current_dir(FOLDER))
}
