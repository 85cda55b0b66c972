//! The SHA-256 prefix that a file name carries: `resnet50-11ad3fa6.pth` begins with 11ad3fa6.

use std::path::Path;

use annatomy_formats::Checksum;

use super::WeightsError;

/// The digits between the last hyphen and the first dot after it, where they are 8 to 64
/// hexadecimal ones.
pub(super) fn in_name(path: &Path) -> Option<Checksum> {
    let name = path.file_name()?.to_str()?;
    let (_, digits) = name.rsplit_once('-')?;
    let (digits, _) = digits.split_once('.')?;
    format!("sha256:{digits}").parse().ok()
}

pub(super) fn check(bytes: &[u8], expected: &Checksum) -> Result<(), WeightsError> {
    let mut hasher = expected.hasher();
    hasher.update(bytes);
    match hasher.mismatch(expected) {
        None => Ok(()),
        Some(found) => Err(WeightsError::Checksum {
            expected: expected.digits().to_owned(),
            found,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without() {
        let digits =
            |name: &str| in_name(Path::new(name)).map(|checksum| checksum.digits().to_owned());
        assert_eq!(
            digits("x/resnet50-11ad3fa6.pth").as_deref(),
            Some("11ad3fa6")
        );
        assert_eq!(digits("resnet50.pth"), None);
        assert_eq!(digits("resnet50-a1-in1k.safetensors"), None);
        assert_eq!(digits("resnet50-11ad3fa.pth"), None);
    }

    #[test]
    fn content_is_compared_with_the_name() {
        // The digest of no bytes.
        let empty = in_name(Path::new("x-e3b0c442.pth")).unwrap();
        check(b"", &empty).unwrap();
        let error = check(b"x", &empty).unwrap_err();
        assert!(
            error.to_string().contains("begins with e3b0c442"),
            "{error}"
        );
    }
}
