//! Atomic writes: a temporary file in the folder of the target, flushed to disk, then renamed over it.
//!
//! The temporary file's name follows from the target's, and its writer holds a lock on it. A run
//! that is killed leaves the file without a lock; the next run that writes the same target finds it
//! under the same name and removes it. Of several runs at once that write one target each has a
//! file of its own, and the last rename stays.
//!
//! Does not: find left-overs on file systems without locks; they stay and do no harm.

use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempPath;

/// Names tried for a target's temporary file: as many runs may write one target at once.
const SLOTS: usize = 16;

/// Temporary files of this process.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes a file by way of a temporary one in the same folder: `fill` writes, the bytes reach the
/// disk, then the rename.
///
/// Where `fill` or the disk fails, or the work is cancelled, the target is as it was before and the
/// temporary file is gone.
pub fn write_atomically<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut pending = PendingFile::create(path)?;
    let mut writer = BufWriter::with_capacity(1 << 20, &mut pending.file);
    fill(&mut writer)?;
    writer.flush()?;
    drop(writer);
    pending.persist(path)?;
    Ok(())
}

/// Removes the temporary files of this process, whose writing threads will not go on: for a
/// process that is about to end.
pub fn remove_pending_files() {
    for path in pending().drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

/// A temporary file, removed when dropped.
struct PendingFile {
    /// Holds the lock.
    file: File,
    path: TempPath,
    name: PendingName,
}

impl PendingFile {
    /// Removes what killed runs left of the same target, and creates a file of this run's own.
    fn create(target: &Path) -> io::Result<Self> {
        let names = Names::of(target);
        for slot in 0..SLOTS {
            remove_if_abandoned(&names.slot(slot));
        }
        for slot in 0..SLOTS {
            if let Some(pending) = Self::create_at(names.slot(slot))? {
                return Ok(pending);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!("{SLOTS} temporary files of other runs are in its folder"),
        ))
    }

    /// Creates and locks the file; none where another run has it.
    fn create_at(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            created => created?,
        };
        // Between creation and lock another run may have taken the file for abandoned.
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Ok(()) if !is_file_at(&file, &path) => return Ok(None),
            // An error: no locks on this file system.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let name = PendingName::new(path.clone());
        let path = TempPath::try_from_path(path)?;
        Ok(Some(Self { file, path, name }))
    }

    fn persist(self, target: &Path) -> io::Result<()> {
        let Self { file, path, name } = self;
        file.sync_all()?;
        path.persist(target).map_err(|error| error.error)?;
        drop(name);
        sync_folder(folder_of(target));
        Ok(())
    }
}

/// An entry in the list of this process's temporary files.
struct PendingName(PathBuf);

impl PendingName {
    fn new(path: PathBuf) -> Self {
        pending().push(path.clone());
        Self(path)
    }
}

impl Drop for PendingName {
    fn drop(&mut self) {
        pending().retain(|other| *other != self.0);
    }
}

/// The names of a target's temporary files.
struct Names {
    folder: PathBuf,
    hash: u64,
}

impl Names {
    fn of(target: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        target.file_name().hash(&mut hasher);
        let folder = folder_of(target);
        Self {
            // The current folder may change while the file is written.
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
            hash: hasher.finish(),
        }
    }

    fn slot(&self, slot: usize) -> PathBuf {
        self.folder
            .join(format!(".annatomy-{:016x}-{slot}", self.hash))
    }
}

/// Whether the path still names the open file.
fn is_file_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(open), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
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

/// Removes a temporary file that no process has locked.
fn remove_if_abandoned(path: &Path) {
    // A link or a FIFO of that name is not ours.
    if !std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return;
    }
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = std::fs::remove_file(path);
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn pending() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the rename itself last. The file is whole either way, so a file system that cannot do this
/// is forgiven.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_run_left_is_removed_by_the_next_run_of_the_same_output() {
        let folder = tempfile::tempdir().unwrap();
        let (target, other) = (folder.path().join("a.npy"), folder.path().join("b.npy"));
        let killed = Names::of(&target).slot(3);
        std::fs::write(&killed, "half").unwrap();
        let done = |path: &Path| write_atomically(path, |file| file.write_all(b"whole"));
        done(&other).unwrap();
        assert!(killed.exists(), "another output's left-over");
        done(&target).unwrap();
        assert_eq!(names_in(folder.path()), ["a.npy", "b.npy"]);
    }

    #[test]
    fn a_file_that_another_run_is_writing_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.npy");
        let running = PendingFile::create(&target).unwrap();
        write_atomically(&target, |file| file.write_all(b"second")).unwrap();
        assert!(running.path.exists());
        running.persist(&target).unwrap();
        assert_eq!(names_in(folder.path()), ["a.npy"]);
        assert_eq!(std::fs::read(&target).unwrap(), b"");
    }

    #[test]
    fn a_failed_write_leaves_the_target_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.npy");
        std::fs::write(&target, "before").unwrap();
        let failed: io::Result<()> = write_atomically(&target, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(names_in(folder.path()), ["a.npy"]);
        assert_eq!(std::fs::read(&target).unwrap(), b"before");
    }

    #[test]
    fn two_files_written_one_within_the_other_are_both_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("outer"), folder.path().join("inner"));
        let written: io::Result<()> = write_atomically(&outer, |file| {
            file.write_all(b"outer")?;
            write_atomically(&inner, |file| file.write_all(b"inner"))
        });
        written.unwrap();
        assert_eq!(names_in(folder.path()), ["inner", "outer"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_that_name_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, precious) = (folder.path().join("a"), folder.path().join("precious"));
        std::fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, Names::of(&target).slot(0)).unwrap();
        write_atomically(&target, |file| file.write_all(b"whole")).unwrap();
        assert_eq!(std::fs::read(&precious).unwrap(), b"kept");
        assert_eq!(std::fs::read(&target).unwrap(), b"whole");
    }
}
