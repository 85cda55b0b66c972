//! The small disk: a mounted tmpfs of fixed size, or a limit on the size of each file.
//!
//! Mounting needs root. Without it the disk is an ordinary folder, and `ulimit -f` stands for a full
//! disk: a write beyond the limit fails as on a full disk, once SIGXFSZ is ignored or caught.

use anyhow::{Context, Result};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of the mounted disk.
const SIZE: u64 = 48 << 20;
/// Takes up room, and is no output.
const BALLAST: &str = "ballast";

/// A folder to work in, unmounted when dropped.
pub struct SmallDisk {
    mount: PathBuf,
    mounted: bool,
}

impl SmallDisk {
    /// Mounts one at `mount`, which is made.
    pub fn new(mount: &Path) -> Result<Self> {
        fs::create_dir_all(mount).with_context(|| format!("cannot make {}", mount.display()))?;
        let options = format!("size={SIZE}");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "annatomy-soak"])
            .arg(mount)
            .status();
        let mounted = status.is_ok_and(|status| status.success());
        Ok(Self {
            mount: mount.to_owned(),
            mounted,
        })
    }

    /// Where commands work.
    pub fn folder(&self) -> PathBuf {
        self.mount.join("work")
    }

    /// Whether the disk can be filled.
    pub fn is_mounted(&self) -> bool {
        self.mounted
    }

    /// Fills a mounted disk so that about `left` bytes remain.
    pub fn fill(&self, left: u64) -> Result<()> {
        self.free()?;
        let taken = size_of(&self.folder())?;
        let ballast = SIZE.saturating_sub(taken).saturating_sub(left);
        let path = self.mount.join(BALLAST);
        fs::write(&path, vec![1; ballast as usize])
            .or_else(|_| fs::write(&path, []))
            .context("cannot fill the small disk")
    }

    /// Frees what [`Self::fill`] took.
    pub fn free(&self) -> Result<()> {
        let path = self.mount.join(BALLAST);
        if path.exists() {
            fs::remove_file(path).context("cannot free the small disk")?;
        }
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.mounted {
            // Nothing can be done where it fails: the mount stays, and is named by `mount`.
            let _ = Command::new("umount").arg(&self.mount).status();
        }
    }
}

impl fmt::Display for SmallDisk {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mount = self.mount.display();
        if self.mounted {
            write!(
                out,
                "a tmpfs of {} MiB at {mount}, and ulimit -f",
                SIZE >> 20
            )
        } else {
            write!(
                out,
                "cannot mount a small disk: ulimit -f alone, in {mount}"
            )
        }
    }
}

/// Bytes of all files in a folder; 0 where there is none.
fn size_of(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for file in super::reference::files(folder)? {
        sum += fs::metadata(folder.join(file)).map_or(0, |file| file.len());
    }
    Ok(sum)
}
