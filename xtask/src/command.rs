//! Running other programs: their command line on stderr, their failure as an error.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// Runs cargo, the one that runs this task, with `arguments` and `environment`.
pub fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(arguments).envs(environment.iter().copied());
    run(&mut command)
}

/// Runs a command to its end.
///
/// Removes the variables in which cargo describes this program's own package: build scripts (that
/// of `ring`) would see another package than in a build by hand, and compile everything again.
pub fn run(command: &mut Command) -> Result<()> {
    // As it was asked for: the variables that are removed below would fill a screen.
    let shown = format!("{command:?}");
    eprintln!("> {shown}");
    for (name, _) in std::env::vars_os() {
        let own_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if own_package {
            command.env_remove(name);
        }
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} failed: {status}");
    }
    Ok(())
}
