//! Checks outputs before any work: none may be an input, none may be named twice, each must have
//! a folder to go to.
//!
//! Files are compared by what they are, not by their names: links, hard links and `a/../b` are
//! seen through. An output that does not exist yet is known by its folder and its name.

use std::io;
use std::path::{Path, PathBuf};

use super::regular_file::Identity;
use super::source::Source;
use annatomy_runtime::printable_path;

/// Why an output cannot be written where it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The output is one of the inputs.
    #[error(
        "{} is the input {}: it would be overwritten",
        printable_path(output),
        printable_path(input)
    )]
    IsInput {
        /// The output.
        output: PathBuf,
        /// The input that is the same file.
        input: PathBuf,
    },
    /// Two outputs are one file.
    #[error(
        "{} and {} are one file: the second would overwrite the first",
        printable_path(first),
        printable_path(second)
    )]
    Twice {
        /// One output.
        first: PathBuf,
        /// Another output that is the same file.
        second: PathBuf,
    },
    /// The output is a folder, or its own folder is missing.
    #[error("{}: {problem}", printable_path(output))]
    NoPlace {
        /// The output.
        output: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Refuses outputs that are inputs, outputs that are one file, and outputs whose folder is not
/// there. Inputs may name members (`FILE::NAME`); those that do not exist are passed over.
///
/// ```
/// use std::path::Path;
/// use annatomy_formats::refuse_overwriting;
///
/// # let folder = tempfile::tempdir()?;
/// let (input, output) = (folder.path().join("x.npy"), folder.path().join("ids.npy"));
/// std::fs::write(&input, "rows")?;
/// assert!(refuse_overwriting(&[&input], &[&output]).is_ok());
/// assert!(refuse_overwriting(&[&input], &[&folder.path().join("./x.npy")]).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn refuse_overwriting(inputs: &[&Path], outputs: &[&Path]) -> Result<(), OutputError> {
    let mut seen: Vec<(&Path, Identity)> = Vec::new();
    for input in inputs {
        if let Ok(identity) = Identity::of_existing(Source::parse(input).path()) {
            seen.push((input, identity));
        }
    }
    for (count, &output) in outputs.iter().enumerate() {
        let identity = identity_of_output(output).map_err(|problem| OutputError::NoPlace {
            output: output.to_owned(),
            problem,
        })?;
        let inputs = seen.len() - count;
        let same = seen.iter().position(|(_, other)| *other == identity);
        match same {
            Some(place) if place < inputs => {
                return Err(OutputError::IsInput {
                    output: output.to_owned(),
                    input: seen[place].0.to_owned(),
                });
            }
            Some(place) => {
                return Err(OutputError::Twice {
                    first: seen[place].0.to_owned(),
                    second: output.to_owned(),
                });
            }
            None => seen.push((output, identity)),
        }
    }
    Ok(())
}

/// What an output is, whether it exists or not.
fn identity_of_output(path: &Path) -> Result<Identity, String> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err("is a folder".to_owned()),
        Ok(_) => return Identity::of_existing(path).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.to_string()),
    }
    let Some(name) = path.file_name() else {
        return Err("names no file".to_owned());
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(Identity::Name(folder, name.to_owned())),
        Ok(_) => Err(format!("{} is no folder", printable_path(folder))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("there is no folder {}", printable_path(folder)))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(inputs: &[&Path], outputs: &[&Path]) -> String {
        match refuse_overwriting(inputs, outputs) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_output_that_is_an_input_by_any_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("x.npz"), "rows").unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        let member = at("x.npz::train");
        for output in [at("x.npz"), at("sub/../x.npz")] {
            let said = said(&[&member], &[&output]);
            assert!(said.contains("it would be overwritten"), "{said}");
        }
        std::fs::hard_link(at("x.npz"), at("hard.npy")).unwrap();
        #[cfg(unix)]
        {
            assert!(said(&[&at("x.npz")], &[&at("hard.npy")]).contains("overwritten"));
            std::os::unix::fs::symlink(at("x.npz"), at("soft.npy")).unwrap();
            assert!(said(&[&at("x.npz")], &[&at("soft.npy")]).contains("overwritten"));
        }
        assert_eq!(said(&[&at("x.npz")], &[&at("y.npy")]), "accepted");
        assert_eq!(said(&[&at("missing")], &[&at("y.npy")]), "accepted");
    }

    #[test]
    fn two_outputs_that_are_one_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (ids, again, other) = (at("ids.npy"), at("./ids.npy"), at("distances.npy"));
        assert_eq!(said(&[], &[&ids, &other]), "accepted");
        assert!(said(&[], &[&other, &ids, &again]).contains("are one file"));
    }

    #[test]
    fn an_output_without_a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(said(&[], &[folder.path()]).ends_with("is a folder"));
        let lost = folder.path().join("no/ids.npy");
        assert!(said(&[], &[&lost]).contains("there is no folder"));
    }
}
