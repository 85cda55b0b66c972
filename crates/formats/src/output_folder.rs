//! One owner per output folder: a marker file says which command wrote it, and a lock on that file
//! keeps a second run out.
//!
//! Input: a path and an [`Owner`]. Output: an [`OutputFolder`], which holds the lock until it is
//! dropped.
//!
//! | the folder | |
//! |---|---|
//! | does not exist, or is empty | created, marked |
//! | has the owner's marker, or the owner's files of a version without markers | taken over |
//! | has another owner's marker, or any other file | refused |
//! | is locked by another run | refused |
//!
//! A claim that comes to nothing leaves nothing: when the last file in the folder is the marker
//! that this claim wrote, the marker goes, and so does a folder that this claim created.
//!
//! Does not: keep two runs apart on a file system without locks.

use crate::file_lock::is_locked_by_another;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use annatomy_runtime::{printable, printable_path};

/// The marker, and the beginning of the names of temporary files.
const MARKER: &str = ".annatomy";
/// The marker's first word.
const MAGIC: &str = "annatomy";

/// A command that fills folders.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// What it writes, such as `study`; one word.
    pub name: &'static str,
    /// Whether a folder without a marker holds what an earlier version of this command wrote.
    pub wrote: fn(&Path) -> bool,
}

impl Owner {
    /// `annatomy study` and `reproduce`, and the Python package's `study(…).write`.
    pub const STUDY: Self = Self {
        name: "study",
        wrote: |folder| folder.join("records").is_dir(),
    };

    /// `annatomy audit`, and the Python package's `audit(…).write`.
    pub const AUDIT: Self = Self {
        name: "audit",
        wrote: |folder| folder.join("audit.json").is_file() && folder.join("report.html").is_file(),
    };

    /// `annatomy compare`.
    pub const COMPARE: Self = Self {
        name: "compare",
        wrote: |_| false,
    };
}

/// A folder that belongs to this run alone.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    /// Holds the lock.
    marker: File,
    created: Created,
}

/// What a claim added to the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Created {
    Nothing,
    Marker,
    Folder,
}

/// Why a folder cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum OutputFolderError {
    /// It holds files that this command did not write.
    #[error(
        "{} exists and holds no {owner}: it holds {}",
        printable_path(folder),
        printable(entry)
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What was to be written there.
        owner: &'static str,
        /// One of the files.
        entry: String,
    },
    /// Another command wrote it.
    #[error(
        "{} holds the results of another command: {}, not {owner}",
        printable_path(folder),
        printable(found)
    )]
    OtherOwner {
        /// The folder.
        folder: PathBuf,
        /// What was to be written there.
        owner: &'static str,
        /// What is there.
        found: String,
    },
    /// Another run is writing to it.
    #[error("another process is working in {}", printable_path(folder))]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refuses.
    #[error("{}: {source}", printable_path(path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl OutputFolder {
    /// Claims `folder` for `owner` until the value is dropped. Missing folders are created.
    pub fn claim(folder: &Path, owner: Owner) -> Result<Self, OutputFolderError> {
        let mut created = Created::Nothing;
        if !folder.exists() {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
            created = Created::Folder;
        }
        let path = folder.join(MARKER);
        loop {
            let unmarked = !path.exists();
            if unmarked
                && let Some(entry) = foreign_entry(folder)?
                && !(owner.wrote)(folder)
            {
                return Err(OutputFolderError::Foreign {
                    folder: folder.to_owned(),
                    owner: owner.name,
                    entry,
                });
            }
            if unmarked && created == Created::Nothing {
                created = Created::Marker;
            }
            let marker = open_marker(&path).map_err(|error| {
                if created == Created::Folder {
                    let _ = fs::remove_dir(folder);
                }
                io_error(&path)(error)
            })?;
            if is_locked_by_another(&marker) {
                return Err(OutputFolderError::Busy {
                    folder: folder.to_owned(),
                });
            }
            // Between opening and locking, another run may have removed the marker.
            if is_file_at(&marker, &path) {
                return Self::enter(folder, owner, marker, created);
            }
        }
    }

    /// Reads or writes the owner in the locked marker.
    fn enter(
        folder: &Path,
        owner: Owner,
        marker: File,
        created: Created,
    ) -> Result<Self, OutputFolderError> {
        let path = folder.join(MARKER);
        // Takes back what this claim has made, should the marker not be written.
        let claimed = Self {
            path: folder.to_owned(),
            marker,
            created,
        };
        let mut marker = &claimed.marker;
        let mut text = String::new();
        // A marker is short; a longer one is no marker of ours.
        marker
            .take(256)
            .read_to_string(&mut text)
            .map_err(io_error(&path))?;
        let found = text.split_whitespace().collect::<Vec<_>>();
        match found[..] {
            // The run that created it was killed before it wrote.
            [] => {
                writeln!(marker, "{MAGIC} {}", owner.name).map_err(io_error(&path))?;
            }
            [MAGIC, name] if name == owner.name => {}
            _ => {
                return Err(OutputFolderError::OtherOwner {
                    folder: folder.to_owned(),
                    owner: owner.name,
                    found: found.get(1).copied().unwrap_or("unknown").to_owned(),
                });
            }
        }
        Ok(claimed)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of a file or folder within, other than the marker, temporary files and the one
    /// named `except`; `None` where there is none.
    pub fn other_entry(&self, except: &str) -> Result<Option<String>, OutputFolderError> {
        entry_but(&self.path, Some(except))
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        if self.created == Created::Nothing || !matches!(foreign_entry(&self.path), Ok(None)) {
            return;
        }
        // The lock is still held: no other run can have claimed the folder meanwhile.
        let _ = fs::remove_file(self.path.join(MARKER));
        if self.created == Created::Folder {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> OutputFolderError + '_ {
    |source| OutputFolderError::Io {
        path: path.to_owned(),
        source,
    }
}

fn open_marker(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// A name in the folder that is neither the marker nor a temporary file.
fn foreign_entry(folder: &Path) -> Result<Option<String>, OutputFolderError> {
    entry_but(folder, None)
}

fn entry_but(folder: &Path, except: Option<&str>) -> Result<Option<String>, OutputFolderError> {
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let name = entry.map_err(io_error(folder))?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(MARKER) && Some(&*name) != except {
            return Ok(Some(name.into_owned()));
        }
    }
    Ok(None)
}

/// Whether the path still names the open file.
fn is_file_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: Owner = Owner::STUDY;
    const AUDIT: Owner = Owner::AUDIT;

    fn refusal(folder: &Path, owner: Owner) -> String {
        OutputFolder::claim(folder, owner)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn names_with_control_characters_are_escaped() {
        let busy = OutputFolderError::Busy {
            folder: PathBuf::from("a\u{1b}[2Jb"),
        };
        assert_eq!(
            busy.to_string(),
            "another process is working in a\\u{1b}[2Jb"
        );
    }

    #[test]
    fn a_folder_of_somebody_elses_files_is_refused_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("report.html");
        fs::write(&page, "mine").unwrap();
        for owner in [STUDY, AUDIT] {
            let error = refusal(folder.path(), owner);
            assert!(
                error.contains(&format!("holds no {}", owner.name)),
                "{error}"
            );
            assert!(error.contains("report.html"), "{error}");
        }
        assert_eq!(fs::read(&page).unwrap(), b"mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_two_runs_in_one_folder_the_second_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/out");
        let first = OutputFolder::claim(&out, STUDY).unwrap();
        fs::write(first.path().join("report.html"), "first").unwrap();
        assert!(refusal(&out, STUDY).contains("another process is working"));
        assert!(refusal(&out, AUDIT).contains("another process is working"));
        drop(first);
        OutputFolder::claim(&out, STUDY).expect("the same command again");
        let error = refusal(&out, AUDIT);
        assert!(error.contains("study, not audit"), "{error}");
    }

    #[test]
    fn a_claim_that_comes_to_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        drop(OutputFolder::claim(&out, STUDY).unwrap());
        assert!(!out.exists());
        fs::create_dir(&out).unwrap();
        drop(OutputFolder::claim(&out, STUDY).unwrap());
        assert_eq!(
            fs::read_dir(&out).unwrap().count(),
            0,
            "an empty folder stays"
        );
    }

    #[test]
    fn what_a_killed_run_leaves_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        for left in [&[".annatomy"][..], &[".annatomy-0123-4"], &["records"]] {
            let out = folder.path().join(left[0].trim_start_matches('.'));
            fs::create_dir(&out).unwrap();
            match left[0] {
                "records" => fs::create_dir(out.join("records")).unwrap(),
                name => fs::write(out.join(name), "").unwrap(),
            }
            let claimed = OutputFolder::claim(&out, STUDY).expect(left[0]);
            assert_eq!(claimed.other_entry("records").unwrap(), None);
        }
    }

    #[test]
    fn what_an_earlier_version_left_without_a_marker_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let (study, audit) = (folder.path().join("study"), folder.path().join("audit"));
        fs::create_dir_all(study.join("records")).unwrap();
        fs::write(study.join("report.html"), "ours").unwrap();
        fs::create_dir(&audit).unwrap();
        for name in ["audit.json", "report.html"] {
            fs::write(audit.join(name), "ours").unwrap();
        }
        assert!(refusal(&study, AUDIT).contains("holds no audit"));
        assert!(refusal(&audit, STUDY).contains("holds no study"));
        drop(OutputFolder::claim(&study, STUDY).unwrap());
        drop(OutputFolder::claim(&audit, AUDIT).unwrap());
        assert!(study.join(MARKER).exists() && audit.join(MARKER).exists());
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_an_error_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        assert!(refusal(&file, AUDIT).contains("file"));
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_marker_that_we_did_not_write_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MARKER), "notes of mine").unwrap();
        refusal(folder.path(), STUDY);
        let text = fs::read(folder.path().join(MARKER)).unwrap();
        assert_eq!(text, b"notes of mine");
    }
}
