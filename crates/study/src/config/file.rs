//! Settings files by their ending: annatomy's TOML, or the study's own `config.yaml`.

use super::study_keys::UnreadKey;
use super::{Overrides, study_yaml, toml_file};
use annatomy_formats::read_regular_text;
use std::path::{Path, PathBuf};

/// What a settings file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigFile {
    /// The settings that it names.
    pub overrides: Overrides,
    /// Keys that no setting follows; only the study's YAML may hold some.
    pub unread: Vec<UnreadKey>,
}

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its ending is neither .toml nor .yaml/.yml.
    #[error("{path}: a settings file ends in .toml, .yaml or .yml")]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// It is no valid TOML or YAML, or a name or value in it is wrong.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
}

/// Largest settings file; the study's own has two kilobytes.
const MOST_BYTES: u64 = 1 << 20;

/// Reads settings from `path`, a regular file of at most 1 MiB.
pub fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let parse: fn(&str) -> Result<ConfigFile, String> = match ending {
        Some("toml") => toml_file::parse,
        Some("yaml" | "yml") => study_yaml::parse,
        _ => {
            return Err(ConfigError::Ending {
                path: path.to_owned(),
            });
        }
    };
    let text = read_regular_text(path, MOST_BYTES).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&text).map_err(|reason| ConfigError::Content {
        path: path.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("file");
        read(&path).expect_err(name).to_string()
    }

    #[test]
    fn the_ending_decides_the_format() {
        let folder = tempfile::tempdir().expect("folder");
        let read_text = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("file");
            read(&path).expect(name).overrides.runs
        };
        assert_eq!(read_text("a.toml", "runs = 2\n"), Some(2));
        assert_eq!(read_text("a.yaml", "experiment: {exp_runs: 3}\n"), Some(3));
        assert_eq!(read_text("a.yml", "experiment: {exp_runs: 4}\n"), Some(4));
        assert!(error_of("study.json", b"{}").contains(".toml"));
    }

    #[test]
    fn files_that_are_no_settings_are_named() {
        assert!(error_of("a.toml", b"runs = \xff").contains("a.toml"));
        let large = vec![b'#'; (1 << 20) + 1];
        assert!(error_of("a.yaml", &large).contains("at most 1048576 are read"));
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("folder.toml");
        std::fs::create_dir(&path).expect("folder");
        let error = read(&path).expect_err("a folder").to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_for_settings_is_refused_without_waiting_for_its_writer() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("settings.toml");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
        let error = read(&path).expect_err("a FIFO").to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
