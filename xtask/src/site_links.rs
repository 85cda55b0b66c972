//! The links of a built site: each relative one leads to a file, each anchor to an element.
//!
//! Enters: a folder of HTML. Not checked: other hosts, and the pages that rustdoc and pdoc made
//! (`rust/`, `python/`), which their makers check.

use crate::docs::files;
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Fails with the broken links.
pub fn check(site: &Path) -> Result<()> {
    let mut pages = HashMap::new();
    for path in files(site)? {
        if path.extension().is_some_and(|ending| ending == "html") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
            pages.insert(path, text);
        }
    }
    let (mut links, mut broken) = (0, Vec::new());
    for (page, text) in &pages {
        let inside = page.strip_prefix(site)?;
        let generated = ["rust", "python"]
            .iter()
            .any(|name| inside.starts_with(name));
        // Its links begin at the address that was not found.
        if generated || inside == Path::new("404.html") {
            continue;
        }
        for target in targets(text) {
            links += 1;
            if let Some(reason) = problem(page, target, &pages) {
                broken.push(format!("{}: {target}: {reason}", inside.display()));
            }
        }
    }
    broken.sort();
    if !broken.is_empty() {
        bail!("broken links:\n{}", broken.join("\n"));
    }
    eprintln!("{links} links of {} pages lead somewhere", pages.len());
    Ok(())
}

/// What is wrong with a link of a page.
fn problem(page: &Path, target: &str, pages: &HashMap<PathBuf, String>) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_owned(),
        file => normal(&page.parent()?.join(file)),
    };
    if !path.exists() {
        return Some("no such file".to_owned());
    }
    let text = pages.get(&path)?;
    let named = anchor.is_empty() || text.contains(&format!("id=\"{anchor}\""));
    (!named).then(|| format!("no element {anchor:?}"))
}

/// A path without `..`, so that it is found among the pages.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// Relative targets of `href` and `src`.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for name in ["href=\"", "src=\""] {
        for rest in text.split(name).skip(1) {
            let target = rest.split('"').next().unwrap_or_default();
            let elsewhere = target.contains(':') || target.starts_with("//");
            if !target.is_empty() && !elsewhere {
                found.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_missing_page_and_a_missing_anchor_are_named() {
        let folder = std::env::temp_dir().join(format!("site-links-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a")).expect("folder");
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect(name);
        write(
            "index.html",
            r#"<a href="a/b.html#c">x</a><a href="https://e/f">y</a>"#,
        );
        write(
            "a/b.html",
            r#"<h1 id="c">c</h1><a href="../index.html">i</a>"#,
        );
        check(&folder).expect("all lead somewhere");
        write(
            "a/b.html",
            r#"<h1 id="d">d</h1><a href="../gone.html">i</a>"#,
        );
        let error = check(&folder).expect_err("two are broken").to_string();
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(error.contains("no element \"c\""), "{error}");
        assert!(error.contains("gone.html: no such file"), "{error}");
    }
}
