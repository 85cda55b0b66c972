//! `cargo xtask goldens`: runs the scripts that made the committed reference values.
//!
//! Those that need nothing but NumPy and SciPy, with the `python3` on the path. Scripts named
//! `make_*.py` need other packages, which they name.

use crate::command::run;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs every script in `crates/*/tests/golden*`.
pub fn make() -> Result<()> {
    let mut scripts = Vec::new();
    for crate_folder in entries(Path::new("crates"))? {
        let tests = crate_folder.join("tests");
        if !tests.is_dir() {
            continue;
        }
        for folder in entries(&tests)? {
            if name(&folder).starts_with("golden") {
                scripts.extend(entries(&folder)?.into_iter().filter(|path| is_script(path)));
            }
        }
    }
    if scripts.is_empty() {
        bail!("no script in crates/*/tests/golden*: start this at the top of the repository");
    }
    for script in scripts {
        run(Command::new("python3").arg(&script))?;
    }
    Ok(())
}

fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "py") && !name(path).starts_with("make_")
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// What a folder holds, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let found =
        std::fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    let mut paths = found
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
