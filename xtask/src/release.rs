//! `cargo xtask release --dry-run`: every artifact that this machine can make, checked, and the list of
//! those that only the workflows make. Publishing is the workflows': a tag starts it.
//!
//! `--profile ci` compiles fast in place of well, to try the way through.

use crate::artifacts::{self, Build, FILES};
use crate::command::run;
use crate::environment::Environment;
use crate::{docs, lint};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const BY_WORKFLOWS: &str = "\
made by .github/workflows/release.yml alone:
  wheels for manylinux and musllinux (x86-64, aarch64), macOS (both) and Windows
  archives of the command for the same targets
  attestations of every file; publication to the package index
made by no one yet, for want of a public address (`repository` in crates/cli/Cargo.toml):
  installers for shell and PowerShell (dist-workspace.toml), `cargo binstall`";

/// Makes the artifacts.
pub fn run_dry(arguments: &[String]) -> Result<()> {
    let Some((first, rest)) = arguments.split_first() else {
        bail!("cargo xtask release --dry-run; to publish, push a tag v{VERSION}");
    };
    if first != "--dry-run" {
        bail!("options: --dry-run [--profile NAME]");
    }
    let build = Build::parse(rest)?;
    if Path::new(FILES).exists() {
        std::fs::remove_dir_all(FILES).with_context(|| format!("cannot empty {FILES}"))?;
    }
    lint::check(&["metadata".to_owned(), "conda".to_owned()])?;
    artifacts::package(&["--no-verify".to_owned(), "--allow-dirty".to_owned()])?;
    artifacts::source()?;
    artifacts::wheel(&build)?;
    artifacts::archive(&build)?;
    install(&build)?;
    docs::build(&["--book".to_owned()])?;
    let files = docs::files(Path::new(FILES))?;
    let names = files.iter().filter_map(|path| path.file_name());
    run(Command::new("sha256sum").args(names).current_dir(FILES))?;
    eprintln!(
        "{} in {FILES}, packages in target/package, the book in {}",
        files.len(),
        docs::SITE
    );
    eprintln!("{BY_WORKFLOWS}");
    Ok(())
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The wheel and the source distribution, each in an environment of its own that holds nothing else.
fn install(build: &Build) -> Result<()> {
    for (name, ending) in [("wheel", "whl"), ("source", "tar.gz")] {
        let mut made = docs::files(Path::new(FILES))?.into_iter();
        let fits = |path: &PathBuf| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            // An archive of the command ends in its target.
            let version = file.strip_suffix(".tar.gz").unwrap_or("0");
            file.ends_with(ending) && version.ends_with(|last: char| last.is_ascii_digit())
        };
        let file = made
            .find(fits)
            .with_context(|| format!("no {ending} in {FILES}"))?;
        let folder = format!("target/release-environments/{name}");
        if Path::new(&folder).exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {folder}"))?;
        }
        let environment = Environment::open_or_create(&folder)?;
        environment.install_with(&[&file.display().to_string()], &build.profile)?;
        run(environment.python().args(["-c", TRY]))?;
    }
    Ok(())
}

const TRY: &str = "
import annatomy as an, numpy as np
X = np.random.default_rng(0).normal(size=(300, 8)).astype('float32')
ids, _ = an.exact_knn(X, 5)
assert an.fidelity(X, ids, ids).mean['overlap'][0] == 1
print('annatomy', an.__version__, 'works')";
