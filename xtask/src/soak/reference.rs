//! What a command leaves when nothing goes wrong, and what a folder holds.

use super::commands::Line;
use super::process::{Fate, run};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Files of a folder by their path in it, each with the hash of its bytes.
pub type Snapshot = BTreeMap<PathBuf, u64>;

/// A run on a large disk, to its end.
pub struct Reference {
    /// The exit code.
    pub code: Option<i32>,
    pub seconds: f64,
    /// Bytes of all files, and of the largest.
    pub bytes: u64,
    pub largest: u64,
    files: Snapshot,
    /// Files that differ between two runs: they hold times or paths.
    volatile: Vec<PathBuf>,
}

impl Reference {
    /// Runs `line` twice, in two folders beneath `folder`.
    pub fn take(binary: &Path, line: &Line, folder: &Path) -> Result<Self> {
        let [first, second] = ["a", "b"].map(|name| folder.join(name));
        fs::create_dir_all(&first).context("cannot make a folder")?;
        fs::create_dir_all(&second).context("cannot make a folder")?;
        let ended = run(binary, &line.0, &first, Fate::Ends)?;
        run(binary, &line.0, &second, Fate::Ends)?;
        let (files, again) = (snapshot(&first)?, snapshot(&second)?);
        let differs = |path: &&PathBuf| again.get(*path) != files.get(*path);
        let sizes = files
            .keys()
            .map(|path| fs::metadata(first.join(path)).map_or(0, |file| file.len()));
        let (bytes, largest) = sizes.fold((0, 0), |(sum, most), size| (sum + size, most.max(size)));
        Ok(Self {
            code: ended.status.code(),
            seconds: ended.seconds,
            bytes,
            largest,
            volatile: files.keys().filter(differs).cloned().collect(),
            files,
        })
    }

    /// The outputs.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    /// Whether this run leaves a file of this path.
    pub fn leaves(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Whether the file in `folder` with this hash is all that the command writes there.
    pub fn is_whole(&self, folder: &Path, path: &Path, hash: u64) -> bool {
        if self.files.get(path) == Some(&hash) {
            return true;
        }
        let bytes = fs::read(folder.join(path)).unwrap_or_default();
        match is_closed(path, &bytes) {
            Some(closed) => closed,
            None => self.volatile.iter().any(|other| other == path) && !bytes.is_empty(),
        }
    }
}

/// Whether a report, which may name times and dates, is closed as its format asks; `None` for
/// other formats.
fn is_closed(path: &Path, bytes: &[u8]) -> Option<bool> {
    let text = bytes.trim_ascii_end();
    match path.extension()?.to_str()? {
        "json" => Some(text.ends_with(b"}") || text.ends_with(b"]")),
        "html" => Some(text.ends_with(b"</html>")),
        "svg" => Some(text.ends_with(b"</svg>")),
        _ => None,
    }
}

/// Every file beneath `folder`; none where there is no folder.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&inner)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.context("cannot list")?;
            let path = inner.join(entry.file_name());
            if entry.file_type().context("cannot list")?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// What `folder` holds.
pub fn snapshot(folder: &Path) -> Result<Snapshot> {
    let mut hashes = Snapshot::new();
    for path in files(folder)? {
        let bytes = fs::read(folder.join(&path)).with_context(|| path.display().to_string())?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        hashes.insert(path, hasher.finish());
    }
    Ok(hashes)
}
