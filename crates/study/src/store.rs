//! What a study keeps on disk while it runs, so that it can go on after a kill.
//!
//! `OUT/records/settings.json` says whose folder this is; `OUT/records/runNN.bin` holds one
//! finished run. Every file is written beside its place and renamed into it, so that it is there
//! whole or not at all.

use crate::results::{RunRecord, Settings};
use annatomy_formats::write_atomically;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What to do with a folder that already holds runs of this very study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Begin again: earlier runs are removed.
    Afresh,
    /// Keep finished runs and go on after them.
    Resume,
}

/// Why the output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It holds a study with other settings.
    #[error(
        "{folder} holds a study with other settings ({difference}); choose another folder or remove it"
    )]
    OtherSettings {
        /// The folder.
        folder: PathBuf,
        /// The first setting that differs, with both values.
        difference: String,
    },
    /// It holds files that no study wrote.
    #[error("{folder} exists and holds no study; choose another folder")]
    NotAStudy {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A kept run cannot be understood.
    #[error("{path} is damaged ({reason}); remove it and resume")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Whose folder it is: the settings and what the data looked like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) settings: Settings,
    /// Bytes of the data file, and a checksum of its beginning and end; 0 for built-in data.
    pub(crate) data_bytes: u64,
    pub(crate) data_checksum: u64,
    /// Versions whose numbers may differ are different studies.
    pub(crate) version: String,
}

/// The records folder of one study.
pub(crate) struct Store {
    folder: PathBuf,
    records: PathBuf,
    /// Whether this study made the records folder.
    made: bool,
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError + '_ {
    |source| StoreError::Io {
        path: path.to_owned(),
        source,
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_atomically(path, |file| file.write_all(bytes)).map_err(io(path))
}

impl Store {
    /// Claims `folder` for the study of `identity`.
    pub(crate) fn open(
        folder: &Path,
        identity: &Identity,
        start: Start,
    ) -> Result<Self, StoreError> {
        let mut store = Self {
            folder: folder.to_owned(),
            records: folder.join("records"),
            made: false,
        };
        let settings = store.records.join("settings.json");
        match fs::read(&settings) {
            Ok(bytes) => {
                let held: Identity =
                    serde_json::from_slice(&bytes).map_err(|error| StoreError::Damaged {
                        path: settings.clone(),
                        reason: error.to_string(),
                    })?;
                if held != *identity {
                    let difference = difference(&held, identity);
                    return Err(StoreError::OtherSettings {
                        folder: folder.to_owned(),
                        difference,
                    });
                }
                if start == Start::Afresh {
                    for run in 0..identity.settings.runs {
                        match fs::remove_file(store.path(run)) {
                            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                                return Err(io(&store.path(run))(error));
                            }
                            _ => {}
                        }
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if folder.is_dir() && fs::read_dir(folder).map_err(io(folder))?.next().is_some() {
                    return Err(StoreError::NotAStudy {
                        folder: folder.to_owned(),
                    });
                }
                fs::create_dir_all(&store.records).map_err(io(&store.records))?;
                store.made = true;
                let text =
                    serde_json::to_vec_pretty(identity).map_err(|error| StoreError::Damaged {
                        path: settings.clone(),
                        reason: error.to_string(),
                    })?;
                write_whole(&settings, &text)?;
            }
            Err(error) => return Err(io(&settings)(error)),
        }
        Ok(store)
    }

    /// Takes back a claim that came to nothing: the folders this study made, if no run is in them.
    pub(crate) fn abandon(&self) {
        if self.made && !self.path(0).exists() {
            // What cannot be removed is in use by someone else and stays.
            let _ = fs::remove_file(self.records.join("settings.json"));
            let _ = fs::remove_dir(&self.records);
            let _ = fs::remove_dir(&self.folder);
        }
    }

    fn path(&self, run: usize) -> PathBuf {
        self.records.join(format!("run{run:02}.bin"))
    }

    /// The record of a finished run, if it is there.
    pub(crate) fn read(&self, run: usize) -> Result<Option<RunRecord>, StoreError> {
        let path = self.path(run);
        match fs::read(&path) {
            Ok(bytes) => {
                postcard::from_bytes(&bytes)
                    .map(Some)
                    .map_err(|error| StoreError::Damaged {
                        path,
                        reason: error.to_string(),
                    })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&path)(error)),
        }
    }

    /// Keeps the record of a finished run.
    pub(crate) fn keep(&self, record: &RunRecord) -> Result<(), StoreError> {
        let path = self.path(record.run);
        let bytes = postcard::to_allocvec(record).map_err(|error| StoreError::Damaged {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        write_whole(&path, &bytes)
    }
}

/// The first difference between two identities, in words.
fn difference(held: &Identity, asked: &Identity) -> String {
    let fields = |identity: &Identity| serde_json::to_value(&identity.settings).unwrap_or_default();
    let (held_fields, asked_fields) = (fields(held), fields(asked));
    let empty = serde_json::Map::new();
    let names = asked_fields.as_object().unwrap_or(&empty);
    names
        .iter()
        .find(|(name, value)| held_fields.get(name.as_str()) != Some(*value))
        .map_or_else(
            || {
                if held.version == asked.version {
                    format!(
                        "the data file has {} bytes now, {} then, or other contents",
                        asked.data_bytes, held.data_bytes
                    )
                } else {
                    format!(
                        "written by version {}, this is {}",
                        held.version, asked.version
                    )
                }
            },
            |(name, value)| {
                format!(
                    "{name} is {} there, {value} here",
                    held_fields.get(name.as_str()).unwrap_or_default()
                )
            },
        )
}
