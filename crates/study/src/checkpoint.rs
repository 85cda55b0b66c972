//! Checkpoints: each finished run of a study is kept on disk, so that the study resumes after a
//! kill.
//!
//! `OUT/records/settings.json` holds the identity of the study, `OUT/records/runNN.bin` one
//! finished run ([`record`](super::record)). Each file is written atomically. The folder is locked
//! by the caller's [`OutputFolder`].

use super::fingerprint::Fingerprint;
use super::record::{self, RecordFault, StudyHash};
use crate::results::{RunRecord, Settings};
use annatomy_formats::{OutputFolder, OutputFolderError, Owner, read_regular, write_atomically};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const RECORDS: &str = "records";
const SETTINGS: &str = "settings.json";
/// Largest settings.json that is read: the settings' lists may be long.
const MOST_SETTINGS_BYTES: u64 = 1 << 28;
/// Largest record that is read.
const MOST_RECORD_BYTES: u64 = 1 << 40;

/// What to do with a folder that already holds runs of this very study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Use a study that is finished; begin an unfinished one again.
    Afresh,
    /// Keep finished runs and go on after them.
    Resume,
}

/// Why the output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is not this study's to write to.
    #[error(transparent)]
    Folder(#[from] OutputFolderError),
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
    /// It holds a study of other data under the same name.
    #[error(
        "{folder} holds a study of other data: {data} has changed since ({now} now, {then} then); choose another folder or remove it"
    )]
    OtherData {
        /// The folder.
        folder: PathBuf,
        /// The data's name.
        data: String,
        /// Size and checksum of the data now.
        now: String,
        /// Size and checksum of the data then.
        then: String,
    },
    /// It holds results of a study, and nothing says of which.
    #[error(
        "{folder} holds {entry} and no {SETTINGS} that says of which study; choose another folder or remove it"
    )]
    NoSettings {
        /// The folder.
        folder: PathBuf,
        /// One of its files.
        entry: String,
    },
    /// It holds the records of a study, of which other results would be mistaken for.
    #[error(
        "{folder} holds the records of a study: results of another one would be taken for theirs"
    )]
    Records {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The kept settings cannot be understood.
    #[error("{path} is damaged ({reason}); choose another folder or remove it")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A run cannot be turned into bytes.
    #[error("{path}: {reason}")]
    Encode {
        /// The file to be.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Claims `folder` for results without records, as the Python package writes them.
pub fn claim_for_results(folder: &Path) -> Result<OutputFolder, CheckpointError> {
    let claimed = OutputFolder::claim(folder, Owner::STUDY)?;
    if folder.join(RECORDS).join(SETTINGS).exists() {
        return Err(CheckpointError::Records {
            folder: folder.to_owned(),
        });
    }
    Ok(claimed)
}

/// Which study a folder holds: the settings and the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) settings: Settings,
    /// Of the data; empty for built-in data, and in folders of versions without fingerprints.
    #[serde(default)]
    pub(crate) data: Fingerprint,
    /// Versions whose numbers may differ are different studies.
    pub(crate) version: String,
}

impl Identity {
    pub(crate) fn hash(&self) -> StudyHash {
        let text = serde_json::to_vec(self).expect("plain data with text keys");
        Sha256::digest(text).into()
    }
}

/// What the folder holds of one run.
#[derive(Debug)]
pub(crate) enum Kept {
    Run(Box<RunRecord>),
    Nothing,
    /// A file that cannot be used, and why.
    Damaged {
        path: PathBuf,
        fault: RecordFault,
    },
}

/// The records folder of one study.
#[derive(Debug)]
pub(crate) struct Checkpoints<'f> {
    folder: &'f OutputFolder,
    records: PathBuf,
    study: StudyHash,
    data: Fingerprint,
    /// Whether the folder holds every run of the study.
    finished: bool,
}

fn io(path: &Path) -> impl Fn(io::Error) -> CheckpointError + '_ {
    |source| CheckpointError::Io {
        path: path.to_owned(),
        source,
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    write_atomically(path, |file| file.write_all(bytes)).map_err(io(path))
}

fn write_settings(path: &Path, identity: &Identity) -> Result<(), CheckpointError> {
    let text = serde_json::to_vec_pretty(identity).expect("plain data with text keys");
    write_file(path, &text)
}

impl<'f> Checkpoints<'f> {
    /// Opens the records of the study of `identity` in `folder`, or begins them.
    pub(crate) fn open(
        folder: &'f OutputFolder,
        identity: &Identity,
    ) -> Result<Self, CheckpointError> {
        let mut checkpoints = Self {
            folder,
            records: folder.path().join(RECORDS),
            study: identity.hash(),
            data: identity.data.clone(),
            finished: false,
        };
        let settings = checkpoints.records.join(SETTINGS);
        match checkpoints.held(&settings)? {
            Some(held) if held.is_study_of(identity) => {
                checkpoints.finished = checkpoints.is_finished(identity.settings.runs)?;
                if held != *identity {
                    write_settings(&settings, identity)?;
                }
            }
            Some(held) if checkpoints.holds_results()?.is_some() => {
                return Err(held.difference(identity, folder.path()));
            }
            Some(_) => write_settings(&settings, identity)?,
            None => {
                if let Some(entry) = checkpoints.holds_results()? {
                    return Err(CheckpointError::NoSettings {
                        folder: folder.path().to_owned(),
                        entry,
                    });
                }
                fs::create_dir_all(&checkpoints.records).map_err(io(&checkpoints.records))?;
                write_settings(&settings, identity)?;
            }
        }
        Ok(checkpoints)
    }

    /// The identity in the folder, if there is one.
    fn held(&self, settings: &Path) -> Result<Option<Identity>, CheckpointError> {
        match read_regular(settings, MOST_SETTINGS_BYTES) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(held) => Ok(Some(held)),
                Err(_) if self.holds_results()?.is_none() => Ok(None),
                Err(error) => Err(CheckpointError::Damaged {
                    path: settings.to_owned(),
                    reason: error.to_string(),
                }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(settings)(error)),
        }
    }

    /// One file that took work: a result, or a record.
    fn holds_results(&self) -> Result<Option<String>, CheckpointError> {
        if let Some(entry) = self.folder.other_entry(RECORDS)? {
            return Ok(Some(entry));
        }
        let entries = match fs::read_dir(&self.records) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(io(&self.records))?,
        };
        for entry in entries {
            let name = entry.map_err(io(&self.records))?.file_name();
            let name = name.to_string_lossy();
            if name != SETTINGS && !name.starts_with('.') {
                return Ok(Some(format!("{RECORDS}/{name}")));
            }
        }
        Ok(None)
    }

    fn is_finished(&self, runs: usize) -> Result<bool, CheckpointError> {
        for run in 0..runs {
            if !matches!(self.read(run)?, Kept::Run(_)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes the kept runs of an unfinished study that begins again.
    pub(crate) fn begin(&self, start: Start, runs: usize) -> Result<(), CheckpointError> {
        match start {
            Start::Afresh if !self.finished => self.remove_runs(runs),
            _ => Ok(()),
        }
    }

    fn remove_runs(&self, runs: usize) -> Result<(), CheckpointError> {
        for run in 0..runs {
            let path = self.path(run);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the folder held every run of the study when it was opened.
    pub(crate) fn is_complete(&self) -> bool {
        self.finished
    }

    /// Of the data that the study began with.
    pub(crate) fn data(&self) -> &Fingerprint {
        &self.data
    }

    fn path(&self, run: usize) -> PathBuf {
        self.records.join(format!("run{run:02}.bin"))
    }

    /// What is kept of a run.
    pub(crate) fn read(&self, run: usize) -> Result<Kept, CheckpointError> {
        let path = self.path(run);
        match read_regular(&path, MOST_RECORD_BYTES) {
            Ok(bytes) => Ok(match record::decode(&bytes, &self.study, run) {
                Ok(record) => Kept::Run(Box::new(record)),
                Err(fault) => Kept::Damaged { path, fault },
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::Nothing),
            Err(error) => Err(io(&path)(error)),
        }
    }

    /// Keeps the record of a finished run.
    pub(crate) fn keep(&self, record: &RunRecord) -> Result<(), CheckpointError> {
        let path = self.path(record.run);
        let bytes =
            record::encode(&self.study, record).map_err(|error| CheckpointError::Encode {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        write_file(&path, &bytes)
    }
}

impl Drop for Checkpoints<'_> {
    /// Takes back records that came to nothing, so that the folder is as it was.
    fn drop(&mut self) {
        if matches!(self.holds_results(), Ok(None)) {
            let _ = fs::remove_file(self.records.join(SETTINGS));
            let _ = fs::remove_dir(&self.records);
        }
    }
}

impl Identity {
    /// Whether both are the same study; a held identity without a fingerprint counts as the same
    /// data, because its records are computed again in any case.
    fn is_study_of(&self, asked: &Self) -> bool {
        let same_data = self.data == asked.data || self.data == Fingerprint::default();
        self.settings == asked.settings && self.version == asked.version && same_data
    }

    /// The first difference between the study held in `folder` and the one asked for.
    fn difference(&self, asked: &Self, folder: &Path) -> CheckpointError {
        let folder = folder.to_owned();
        if let Some(difference) = self.other_setting(asked) {
            return CheckpointError::OtherSettings { folder, difference };
        }
        if self.version != asked.version {
            let (held, now) = (&self.version, &asked.version);
            let difference = format!("written by version {held}, this is {now}");
            return CheckpointError::OtherSettings { folder, difference };
        }
        CheckpointError::OtherData {
            folder,
            data: asked.settings.data.clone(),
            now: asked.data.to_string(),
            then: self.data.to_string(),
        }
    }

    fn other_setting(&self, asked: &Self) -> Option<String> {
        let fields = |identity: &Self| serde_json::to_value(&identity.settings).ok();
        let (held, asked) = (fields(self)?, fields(asked)?);
        for (name, value) in asked.as_object()? {
            let before = held.get(name).unwrap_or_default();
            if before != value {
                let (before, value) = (shortened(before), shortened(value));
                return Some(format!("{name} is {before} there, {value} here"));
            }
        }
        None
    }
}

/// A value as JSON; of a long list the beginning and the end.
fn shortened(value: &serde_json::Value) -> String {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second, .., last]) if value.to_string().len() > 40 => {
            format!("[{first},{second},…,{last}]")
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
