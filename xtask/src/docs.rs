//! `cargo xtask docs`: the book, with the references of Rust and Python next to it, under
//! `target/docs/site`.
//!
//! `--repository URL` makes links out of the book lead there; without it they become plain text, so
//! that the site is whole without a network. `--book` leaves the references out. Links between the
//! pages that were made are checked, anchors too. `ANNATOMY_COMMAND=FILE` is the command whose help the
//! book holds, in place of one that is compiled for it.

use crate::command::{cargo, run};
use crate::environment::Environment;
use crate::{artifacts, site_links, tools};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const MDBOOK: &str = "0.5.4";
const SOURCE: &str = "target/docs/book";
pub const SITE: &str = "target/docs/site";
/// Builds the site.
pub fn build(arguments: &[String]) -> Result<()> {
    let (mut repository, mut references) = (None, true);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--repository" => repository = Some(arguments.next().context("--repository URL")?),
            "--book" => references = false,
            _ => bail!("options: --repository URL, --book"),
        }
    }
    book(repository.map(String::as_str), references)?;
    if references {
        rust()?;
        python()?;
    }
    site_links::check(Path::new(SITE))?;
    eprintln!("{SITE}/index.html");
    Ok(())
}

fn book(repository: Option<&str>, references: bool) -> Result<()> {
    for folder in [SOURCE, SITE] {
        if Path::new(folder).exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {folder}"))?;
        }
    }
    let help = help()?;
    copy(Path::new("docs"), Path::new(SOURCE), &|path, text| {
        let text = text.replace("<!-- help -->", &help);
        let links = if references { REFERENCES } else { "" };
        let text = text.replace("<!-- references -->", links);
        let folder = path.parent().unwrap_or(Path::new(""));
        rewrite_links(&text, folder, repository)
    })?;
    let mdbook = tools::from_cargo("mdbook", MDBOOK)?;
    let site = std::path::absolute(SITE).context("no current folder")?;
    run(Command::new(mdbook)
        .args(["build", SOURCE, "--dest-dir"])
        .arg(site))
}

const REFERENCES: &str =
    "- [Python](../python/annatomy.html)\n- [Rust](../rust/annatomy/index.html)\n";

/// Every command's own help, as a section of the page.
fn help() -> Result<String> {
    let binary = artifacts::command(&[])?;
    let mut text = String::new();
    for name in commands(&binary)? {
        let output = Command::new(&binary)
            .args([&name, "--help"])
            .output()
            .context("the command does not start")?;
        let help = String::from_utf8(output.stdout).context("help that is not UTF-8")?;
        write!(
            text,
            "## annatomy {name}\n\n```text\n{}\n```\n\n",
            help.trim()
        )?;
    }
    Ok(text)
}

/// The names of the commands, in the order of its manual.
pub fn commands(binary: &Path) -> Result<Vec<String>> {
    let output = Command::new(binary).arg("man").output();
    let output = output.with_context(|| format!("{} does not start here", binary.display()))?;
    let page = String::from_utf8(output.stdout).context("a manual that is not UTF-8")?;
    let named = page
        .lines()
        .filter_map(|line| line.strip_prefix("annatomy\\-")?.strip_suffix("(1)"));
    let names: Vec<String> = named
        .filter(|&name| name != "help")
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        bail!("the manual names no command");
    }
    Ok(names)
}

/// Copies a folder; `change` is given each page's path within it and its text.
fn copy(from: &Path, to: &Path, change: &impl Fn(&Path, &str) -> String) -> Result<()> {
    for path in files(from)? {
        let inside = path.strip_prefix(from)?;
        let target = to.join(inside);
        let folder = target.parent().context("a file in no folder")?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        if path.extension().is_some_and(|ending| ending == "md") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            std::fs::write(&target, change(inside, &text))
        } else {
            std::fs::copy(&path, &target).map(|_| ())
        }
        .with_context(|| format!("writing {}", target.display()))?;
    }
    Ok(())
}

/// Every file in a folder and those within it.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    for entry in entries {
        let path = entry.context("cannot list")?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Links of a page in `folder` (within docs) that leave docs lead into the repository, or become
/// their own text.
fn rewrite_links(text: &str, folder: &Path, repository: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let link = rest
            .split_once("](")
            .and_then(|(name, after)| Some((name, after.split_once(')')?)));
        match link {
            Some((name, (target, after))) if !name[1..].contains(['[', ']', '\n']) => {
                match outside(folder, target) {
                    None => write!(out, "{name}]({target})"),
                    Some(path) => match repository {
                        Some(url) => write!(out, "{name}]({url}/blob/main/{path})"),
                        None => write!(out, "{}", &name[1..]),
                    },
                }
                .expect("a string takes all");
                rest = after;
            }
            _ => {
                out.push('[');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// The path from the top of the repository that a link out of docs leads to.
fn outside(folder: &Path, target: &str) -> Option<String> {
    if target.contains("://") || !target.starts_with("../") {
        return None;
    }
    let mut depth = folder.components().count();
    let mut rest = target;
    while let Some(up) = rest.strip_prefix("../") {
        if depth == 0 {
            return Some(up.to_owned());
        }
        depth -= 1;
        rest = up;
    }
    None
}

fn rust() -> Result<()> {
    let command = [
        "doc",
        "--workspace",
        "--no-deps",
        "--quiet",
        "--profile",
        "ci",
    ];
    cargo(&command, &[])?;
    copy(
        Path::new("target/doc"),
        &Path::new(SITE).join("rust"),
        &|_, text| text.to_owned(),
    )
}

fn python() -> Result<()> {
    let environment = Environment::open_or_create("target/docs/environment")?;
    let wheel = environment.wheel("target/docs/wheels", "--profile ci")?;
    environment.install(&["pdoc", "scikit-learn", "scipy"])?;
    environment.install(&["--force-reinstall", "--no-deps", &wheel])?;
    let site = Path::new(SITE).join("python");
    run(environment
        .python()
        .args(["-m", "pdoc", "--docformat", "restructuredtext", "-o"])
        .arg(site)
        .args(["annatomy", "annatomy.sklearn", "annatomy.engines"]))
}

#[cfg(test)]
mod tests {
    use super::{outside, rewrite_links};
    use std::path::Path;

    #[test]
    fn links_within_docs_stay() {
        let text = "[a](b.md), [c](../d/e.md#f), [g](https://h/../i), `x[0]` (no link)";
        assert_eq!(rewrite_links(text, Path::new("sub"), None), text);
    }

    #[test]
    fn links_out_of_docs_become_text_or_lead_to_the_repository() {
        let text = "see [`beam`](../../crates/hnsw/beam.rs), and [x](../y.md)";
        assert_eq!(
            rewrite_links(text, Path::new("sub"), None),
            "see `beam`, and [x](../y.md)"
        );
        assert_eq!(
            rewrite_links(text, Path::new("sub"), Some("https://r")),
            "see [`beam`](https://r/blob/main/crates/hnsw/beam.rs), and [x](../y.md)"
        );
        assert_eq!(
            outside(Path::new(""), "../LICENSE"),
            Some("LICENSE".to_owned())
        );
        assert_eq!(outside(Path::new("a"), "../LICENSE"), None);
    }
}
