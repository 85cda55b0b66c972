//! MD5 and SHA-256 checksums as publishers state them: whole, or the first digits of a SHA-256.
//!
//! Input: `md5:91f7…`, `sha256:11ad3fa6`. Output: whether bytes are those that were published. Cost:
//! MD5 and SHA-256 run at disk speed, some 0.5 GB/s. Does not: protect against malice where the
//! publisher states MD5.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;
use std::str::FromStr;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::regular_file::open_regular;

const BLOCK_BYTES: usize = 1 << 20;

/// A checksum that bytes must have.
///
/// ```
/// let empty: annatomy_formats::Checksum = "sha256:e3b0c442".parse()?;
/// let mut hasher = empty.hasher();
/// hasher.update(b"not empty");
/// assert!(hasher.mismatch(&empty).is_some());
/// # Ok::<(), annatomy_formats::ChecksumError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    /// Lower-case hexadecimal digits, all of them or the first.
    digits: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Algorithm {
    Md5,
    Sha256,
}

/// Text that is no checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no checksum: write md5: and 32 hexadecimal digits, or sha256: and 8 to 64 of them"
)]
pub struct ChecksumError {
    /// The text.
    pub text: String,
}

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let refused = || ChecksumError {
            text: text.to_owned(),
        };
        let (algorithm, digits, lengths) = match text.split_once(':') {
            Some(("md5", digits)) => (Algorithm::Md5, digits, 32..=32),
            Some(("sha256", digits)) => (Algorithm::Sha256, digits, 8..=64),
            _ => return Err(refused()),
        };
        if lengths.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            Ok(Self {
                algorithm,
                digits: digits.to_ascii_lowercase(),
            })
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.algorithm {
            Algorithm::Md5 => "md5",
            Algorithm::Sha256 => "sha256",
        };
        write!(formatter, "{name}:{}", self.digits)
    }
}

impl Checksum {
    /// The stated digits, lower case.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// All digits of a file's content where they differ from the stated ones; `None` where they
    /// agree. `advances` receives the number of bytes of each block that is read.
    pub fn mismatch(
        &self,
        path: &Path,
        mut advances: impl FnMut(u64),
    ) -> io::Result<Option<String>> {
        let mut file = open_regular(path)?;
        let mut hasher = self.hasher();
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                return Ok(hasher.mismatch(self));
            }
            hasher.update(&block[..read]);
            advances(read as u64);
        }
    }

    /// A hasher by this checksum's algorithm.
    pub fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Md5 => Hasher(State::Md5(Box::default())),
            Algorithm::Sha256 => Hasher::sha256(),
        }
    }
}

/// A checksum of bytes that come in blocks.
pub struct Hasher(State);

enum State {
    Md5(Box<Md5>),
    Sha256(Box<Sha256>),
}

impl Hasher {
    /// A SHA-256 of whatever comes.
    pub fn sha256() -> Self {
        Self(State::Sha256(Box::default()))
    }

    /// Adds a block.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(hasher) => hasher.update(bytes),
            State::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// All digits of the blocks, unless they begin with the stated ones.
    pub fn mismatch(self, expected: &Checksum) -> Option<String> {
        let found = self.digits();
        (!found.starts_with(&expected.digits)).then_some(found)
    }

    /// All digits of the blocks, lower-case hexadecimal.
    pub fn digits(self) -> String {
        match self.0 {
            State::Md5(hasher) => hexadecimal(&hasher.finalize()),
            State::Sha256(hasher) => hexadecimal(&hasher.finalize()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_no_bytes() {
        for text in ["md5:D41D8CD98F00B204E9800998ECF8427E", "sha256:e3b0c442"] {
            let checksum: Checksum = text.parse().unwrap();
            assert_eq!(checksum.to_string(), text.to_ascii_lowercase());
            assert_eq!(checksum.hasher().mismatch(&checksum), None);
            let mut other = checksum.hasher();
            other.update(b"x");
            assert!(other.mismatch(&checksum).is_some());
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        for text in [
            "",
            "md5",
            "md5:12",
            "sha1:e3b0c442",
            "sha256:e3b0c44",
            "sha256:e3b0c44x",
        ] {
            assert_eq!(
                text.parse::<Checksum>(),
                Err(ChecksumError {
                    text: text.to_owned()
                })
            );
        }
    }
}
