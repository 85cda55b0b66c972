//! Opens and reads regular files only: a FIFO, a device, a socket or a folder is an error that
//! says which of them it is.
//!
//! A FIFO without a writer blocks `open` for ever, and `/dev/urandom` has no end, so the kind is
//! asked for before anything is opened. What a file may hold is bounded by the caller, and memory
//! for it is reserved so that a refusal is an error and not an abort.

use std::ffi::OsString;
use std::fs::{File, FileType};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The path is something other than a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is {kind}, not a regular file")]
pub struct NotRegular {
    /// What it is, with its article: `a FIFO`, `a device`, `a socket`, `a folder`.
    pub kind: &'static str,
}

/// Opens a regular file for reading; links are followed.
///
/// Anything else is an error of kind [`io::ErrorKind::InvalidInput`] that holds a [`NotRegular`].
pub fn open_regular(path: &Path) -> io::Result<File> {
    check(std::fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    // The path may name something else by now.
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a regular file of at most `most` bytes.
///
/// A longer one is an error of kind [`io::ErrorKind::FileTooLarge`] with both numbers; where
/// memory is short, of kind [`io::ErrorKind::OutOfMemory`] with the number of bytes asked for. A
/// file that another process cuts or rewrites meanwhile is an error too.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let opened = file.metadata()?;
    let length = opened.len();
    if length > most {
        return Err(too_large(length, most));
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length as usize)
        .map_err(|_| no_memory(length))?;
    // It may grow while it is read, and files of the kernel give no length.
    (&file)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    // Files of the kernel change with every look; they have no length.
    let changed = length > 0 && file.metadata()?.modified().ok() != opened.modified().ok();
    match bytes.len() as u64 {
        found if found > most => Err(too_large(found, most)),
        found if found < length => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the file shrank while it was read: from {length} bytes to {found}"),
        )),
        _ if changed => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file changed while it was read",
        )),
        _ => Ok(bytes),
    }
}

/// Reads a regular file of at most `most` bytes of UTF-8 text.
pub fn read_regular_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read_regular(path, most)?;
    String::from_utf8(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Whether both paths name one file that exists, by any links.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    match (Identity::of_existing(a), Identity::of_existing(b)) {
        (Ok(first), Ok(second)) => first == second,
        _ => false,
    }
}

/// Which file a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// A file by its device and number.
    #[cfg(unix)]
    Number(u64, u64),
    /// A file by its folder, without links, and its name.
    Name(PathBuf, OsString),
}

impl Identity {
    /// Of a file that exists, by any links.
    pub(super) fn of_existing(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let metadata = std::fs::metadata(path)?;
            Ok(Self::Number(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        {
            let path = path.canonicalize()?;
            let name = path.file_name().unwrap_or_default().to_owned();
            Ok(Self::Name(path.parent().unwrap_or(&path).to_owned(), name))
        }
    }
}

fn check(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let kind = name(kind);
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        NotRegular { kind },
    ))
}

fn name(kind: FileType) -> &'static str {
    if kind.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    "a device"
}

fn too_large(found: u64, most: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("{found} bytes or more, at most {most} are read"),
    )
}

fn no_memory(bytes: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::OutOfMemory,
        format!("no memory for {bytes} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path) -> String {
        let error = open_regular(path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(read_regular(path, 10).is_err());
        error.to_string()
    }

    #[test]
    fn folders_devices_sockets_and_fifos_are_named_and_nothing_waits() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refused(folder.path()), "is a folder, not a regular file");
        #[cfg(unix)]
        {
            let (fifo, socket) = (folder.path().join("fifo"), folder.path().join("socket"));
            let made = std::process::Command::new("mkfifo").arg(&fifo).status();
            assert!(made.unwrap().success());
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            assert_eq!(refused(&fifo), "is a FIFO, not a regular file");
            assert_eq!(refused(&socket), "is a socket, not a regular file");
            assert_eq!(
                refused(Path::new("/dev/urandom")),
                "is a device, not a regular file"
            );
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&fifo, &link).unwrap();
            assert_eq!(refused(&link), "is a FIFO, not a regular file");
        }
    }

    #[test]
    fn a_file_longer_than_the_bound_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "twelve bytes").unwrap();
        assert_eq!(read_regular(&path, 12).unwrap(), b"twelve bytes");
        let error = read_regular(&path, 11).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "12 bytes or more, at most 11 are read");
        std::fs::write(&path, b"\xff").unwrap();
        let error = read_regular_text(&path, 12).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn one_file_by_several_names_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a"), "").unwrap();
        std::fs::write(at("b"), "").unwrap();
        assert!(is_same_file(&at("a"), &folder.path().join("./a")));
        assert!(!is_same_file(&at("a"), &at("b")));
        assert!(!is_same_file(&at("absent"), &at("absent")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a"), at("link")).unwrap();
            std::fs::hard_link(at("a"), at("hard")).unwrap();
            assert!(is_same_file(&at("a"), &at("link")));
            assert!(is_same_file(&at("hard"), &at("link")));
        }
    }

    #[test]
    fn memory_that_is_refused_is_an_error_with_the_number_of_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        // More than any address space has.
        if file.set_len(1 << 62).is_err() {
            return; // This file system holds no sparse file of that length.
        }
        let error = read_regular(&path, u64::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(error.to_string().contains("4611686018427387904 bytes"));
    }
}
