//! The SHA-256 that a name carries: `resnet50-11ad3fa6.pth` begins with 11ad3fa6.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::WeightsError;

/// The digits between the last hyphen and the first dot after it, where they are 8 to 64
/// hexadecimal ones.
pub(super) fn in_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (_, digits) = name.rsplit_once('-')?;
    let (digits, _) = digits.split_once('.')?;
    let plausible =
        (8..=64).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plausible.then(|| digits.to_ascii_lowercase())
}

pub(super) fn check(bytes: &[u8], expected: &str) -> Result<(), WeightsError> {
    let digits = Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(u32::from)
        .collect::<Vec<_>>();
    let found: String = digits
        .into_iter()
        .filter_map(|digit| char::from_digit(digit, 16))
        .collect();
    if found.starts_with(expected) {
        Ok(())
    } else {
        Err(WeightsError::Checksum {
            expected: expected.to_owned(),
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without() {
        let digits = |name: &str| in_name(Path::new(name));
        assert_eq!(
            digits("x/resnet50-11ad3fa6.pth").as_deref(),
            Some("11ad3fa6")
        );
        assert_eq!(digits("resnet50.pth"), None);
        assert_eq!(digits("resnet50-a1-in1k.safetensors"), None);
        assert_eq!(digits("resnet50-11ad3fa.pth"), None);
    }

    #[test]
    fn content_is_held_against_the_name() {
        // The digest of nothing.
        check(b"", "e3b0c442").unwrap();
        let error = check(b"x", "e3b0c442").unwrap_err();
        assert!(
            error.to_string().contains("begins with e3b0c442"),
            "{error}"
        );
    }
}
