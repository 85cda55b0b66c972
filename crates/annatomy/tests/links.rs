//! Links between the repository's pages and files.

use std::path::{Path, PathBuf};

/// The targets of Markdown links in `text` that are files of the repository.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for rest in text.split("](").skip(1) {
        let Some(end) = rest.find([')', '#']) else {
            continue;
        };
        let target = &rest[..end];
        if !target.is_empty() && !target.contains("://") && !target.contains('\n') {
            targets.push(target);
        }
    }
    targets
}

#[test]
fn links_of_the_documents_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let names = [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
    ];
    let mut pages: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("docs") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                pages.push(path);
            }
        }
    }
    let (mut links, mut broken) = (0, Vec::new());
    for page in &pages {
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = std::fs::read_to_string(page).expect("a page");
        let folder = page.parent().expect("a folder");
        for target in targets(&text) {
            links += 1;
            if !folder.join(target).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(links > 150, "{links} links found");
    assert!(broken.is_empty(), "{broken:#?}");
}
