//! Extraction of chosen members from a `.tar.gz`, each checked and then renamed.
//!
//! Input: an archive, the members wanted and their checksums, a folder. Output: the members in the
//! folder, by their file names. The archive is read once, front to back, no further than the last
//! member wanted. What an archive says of paths is only compared, never followed; long names in
//! entries of their own (GNU, PAX) are not read, as no published member has one. Cost: unpacking, some
//! 0.2 GB/s.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use annatomy_formats::open_regular;
use annatomy_runtime::advance;
use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::{Checksum, progress};

/// Bytes of an entry that carries a name: no system has longer paths.
const MOST_NAME_BYTES: u64 = 1 << 16;

/// A file within an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path there, as in `stl10_binary/train_X.bin`.
    pub path: String,
    /// What its bytes must be.
    pub checksum: Checksum,
    /// Its length.
    pub bytes: u64,
}

impl Member {
    /// The last part of its path, and its name in the folder.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Why members could not be extracted.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive cannot be read.
    #[error("{}: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An entry that carries a name claims more bytes than any name has.
    #[error("{}: a name of {found} bytes, at most {MOST_NAME_BYTES} are passed over", path.display())]
    Name {
        /// The archive.
        path: PathBuf,
        /// The bytes that the entry claims.
        found: u64,
    },
    /// The archive ends without a member.
    #[error("{} holds no {member}", path.display())]
    Absent {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
    },
    /// A member is not what was published.
    #[error("{member} in {} is not as published: its checksum is {found}, not {expected}", path.display())]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
        /// As published.
        expected: Checksum,
        /// Its own digits.
        found: String,
    },
    /// A member is not as long as it should be.
    #[error("{member} in {} has {found} bytes, {expected} were published", path.display())]
    Length {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
        /// As published.
        expected: u64,
        /// Its own length.
        found: u64,
    },
    /// A member cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Takes `members` out of `archive`.
pub fn unpack(archive: &Path, members: &[Member], folder: &Path) -> Result<(), UnpackError> {
    let unreadable = |source| UnpackError::Archive {
        path: archive.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(|source| UnpackError::Write {
        path: folder.to_owned(),
        source,
    })?;
    let file = BufReader::with_capacity(1 << 20, open_regular(archive).map_err(unreadable)?);
    let mut reader = Archive::new(MultiGzDecoder::new(file));
    let mut wanted: Vec<&Member> = members.iter().collect();
    // Raw: the `tar` crate reads as many bytes of a name as its entry claims.
    let mut entries = reader.entries().map_err(unreadable)?.raw(true);
    while let Some(last) = wanted.last() {
        let Some(entry) = entries.next() else {
            return Err(UnpackError::Absent {
                path: archive.to_owned(),
                member: last.path.clone(),
            });
        };
        let mut entry = entry.map_err(unreadable)?;
        if names_another(entry.header().entry_type()) {
            if entry.size() > MOST_NAME_BYTES {
                let (path, found) = (archive.to_owned(), entry.size());
                return Err(UnpackError::Name { path, found });
            }
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.strip_prefix("./").unwrap_or(&path);
        if let Some(place) = wanted.iter().position(|member| member.path == path) {
            let member = wanted.swap_remove(place);
            let size = entry.size();
            take(archive, member, size, &mut entry, folder)?;
        }
    }
    Ok(())
}

/// Whether an entry carries the name of the next one.
fn names_another(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}

fn take(
    archive: &Path,
    member: &Member,
    size: u64,
    entry: &mut dyn Read,
    folder: &Path,
) -> Result<(), UnpackError> {
    if size != member.bytes {
        let (path, member) = (archive.to_owned(), member.clone());
        return Err(UnpackError::Length {
            path,
            member: member.path,
            expected: member.bytes,
            found: size,
        });
    }
    progress::unpacking(member.name(), size);
    let target = folder.join(member.name());
    let part = folder.join(format!("{}.part", member.name()));
    let outcome = copy(archive, member, entry, &part);
    let renamed = outcome.and_then(|()| {
        fs::rename(&part, &target).map_err(|source| UnpackError::Write {
            path: target.clone(),
            source,
        })
    });
    renamed.inspect_err(|_| {
        // The first error is the one to report.
        let _ = fs::remove_file(&part);
    })
}

fn copy(
    archive: &Path,
    member: &Member,
    entry: &mut dyn Read,
    part: &Path,
) -> Result<(), UnpackError> {
    let unwritable = |source| UnpackError::Write {
        path: part.to_owned(),
        source,
    };
    let mut file = File::create(part).map_err(unwritable)?;
    let mut hasher = member.checksum.hasher();
    let mut block = vec![0; 1 << 18];
    loop {
        let read = entry
            .read(&mut block)
            .map_err(|source| UnpackError::Archive {
                path: archive.to_owned(),
                source,
            })?;
        if read == 0 {
            break;
        }
        hasher.update(&block[..read]);
        file.write_all(&block[..read]).map_err(unwritable)?;
        advance(read as u64);
    }
    file.sync_all().map_err(unwritable)?;
    match hasher.mismatch(&member.checksum) {
        None => Ok(()),
        Some(found) => Err(UnpackError::Damaged {
            path: archive.to_owned(),
            member: member.path.clone(),
            expected: member.checksum.clone(),
            found,
        }),
    }
}
