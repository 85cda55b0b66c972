//! Checksums as publishers state them: a whole MD5, or a SHA-256 or the beginning of one.
//!
//! Enters: `md5:91f7…`, `sha256:11ad3fa6`. Leaves: whether bytes are the ones that were published.
//! Cost: MD5 and SHA-256 run at disk speed, some 0.5 GB/s. Does not: guard against malice where the
//! publisher states MD5.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::str::FromStr;

use md5::Md5;
use sha2::{Digest as _, Sha256};

const BLOCK_BYTES: usize = 1 << 20;

/// A checksum that a file must have.
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
    /// The digits that are known.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The digits of a file's content where they are others; `None` where the file is right.
    pub(crate) fn mismatch(
        &self,
        path: &Path,
        mut advances: impl FnMut(u64),
    ) -> io::Result<Option<String>> {
        let mut file = File::open(path)?;
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

    pub(crate) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Md5 => Hasher::Md5(Box::default()),
            Algorithm::Sha256 => Hasher::Sha256(Box::default()),
        }
    }
}

/// A checksum being taken.
pub(crate) enum Hasher {
    Md5(Box<Md5>),
    Sha256(Box<Sha256>),
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// All digits of what was read, unless they begin as they should.
    pub(crate) fn mismatch(self, expected: &Checksum) -> Option<String> {
        let found = match self {
            Self::Md5(hasher) => hexadecimal(&hasher.finalize()),
            Self::Sha256(hasher) => hexadecimal(&hasher.finalize()),
        };
        (!found.starts_with(&expected.digits)).then_some(found)
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
    fn digests_of_nothing() {
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
