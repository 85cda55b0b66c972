//! Partial download: `NAME.part`, and the note `NAME.part.from`, which names its source.
//!
//! The note holds two lines: the address, and the version that the server named (a strong `ETag`,
//! else `Last-Modified`). Bytes without a note are kept too: should they belong to another file, the
//! checksum of the whole fails.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use annatomy_formats::{open_regular, read_regular_text};

use crate::FetchError;

/// Bytes of the note: an address and a tag.
const LONGEST_NOTE: u64 = 1 << 16;

/// The beginning of a file, locked against other processes.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    note: PathBuf,
    file: File,
    length: u64,
    version: Option<String>,
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Partial {
    /// Continues the partial file of `target`, if there is one.
    pub(crate) fn open(target: &Path, url: &str) -> Result<Self, FetchError> {
        let (path, note) = (
            with_ending(target, ".part"),
            with_ending(target, ".part.from"),
        );
        let failed = |source| FetchError::Io {
            path: path.clone(),
            source,
        };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(FetchError::io(folder))?;
        }
        if path.exists() {
            // A FIFO would block.
            open_regular(&path).map_err(failed)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(FetchError::Busy { path }),
            // Where the file system knows no locks, two downloads at once end in a wrong checksum,
            // and no worse.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.metadata().map_err(failed)?.len();
        let text = read_regular_text(&note, LONGEST_NOTE).unwrap_or_default();
        let version = text
            .strip_prefix(url)
            .and_then(|rest| rest.strip_prefix('\n'))
            .and_then(|rest| rest.lines().next());
        let version = version
            .filter(|version| !version.is_empty())
            .map(str::to_owned);
        Ok(Self {
            path,
            note,
            file,
            length,
            version,
        })
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// What the server called the version that these bytes are of.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Forgets all bytes; what comes next is of `version`.
    pub(crate) fn restart(&mut self, url: &str, version: Option<String>) -> Result<(), FetchError> {
        self.file.set_len(0).map_err(FetchError::io(&self.path))?;
        self.length = 0;
        let text = format!("{url}\n{}\n", version.as_deref().unwrap_or_default());
        fs::write(&self.note, text).map_err(FetchError::io(&self.note))?;
        self.version = version;
        Ok(())
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file
            .write_all(bytes)
            .map_err(FetchError::io(&self.path))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Becomes the file itself.
    pub(crate) fn finish(self, target: &Path) -> Result<(), FetchError> {
        self.file.sync_all().map_err(FetchError::io(&self.path))?;
        fs::rename(&self.path, target).map_err(FetchError::io(target))?;
        remove(&self.note)
    }

    /// Leaves nothing.
    pub(crate) fn remove(self) -> Result<(), FetchError> {
        remove(&self.path)?;
        remove(&self.note)
    }
}

fn remove(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::io(path)(error)),
        _ => Ok(()),
    }
}
