//! Settings files: our TOML, and the study's own `config.yaml` as it is.
//!
//! TOML uses the names of [`Overrides`], flat, and refuses unknown names. The YAML is the study's:
//! its keys are read, anything else in it (paths, model, devices) is left alone.

use super::{Overrides, parse_ks};
use crate::results::{Conventions, StudyKind};
use serde::Deserialize;
use std::path::{Path, PathBuf};

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

/// Reads settings from `path`.
pub fn read(path: &Path) -> Result<Overrides, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let content = |reason: String| ConfigError::Content {
        path: path.to_owned(),
        reason,
    };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("toml") => {
            let file: TomlFile =
                toml::from_str(&text).map_err(|error| content(error.to_string()))?;
            file.into_overrides().map_err(content)
        }
        Some("yaml" | "yml") => {
            let file: StudyFile =
                serde_saphyr::from_str(&text).map_err(|error| content(error.to_string()))?;
            file.into_overrides().map_err(content)
        }
        _ => Err(ConfigError::Ending {
            path: path.to_owned(),
        }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlFile {
    data: Option<String>,
    runs: Option<usize>,
    subset: Option<usize>,
    sample: Option<usize>,
    seed: Option<u64>,
    metric: Option<String>,
    m: Option<usize>,
    ef_construction: Option<usize>,
    ef_search: Option<usize>,
    ef_values: Option<Vec<usize>>,
    ef_construction_values: Option<Vec<usize>>,
    alpha_values: Option<Vec<f64>>,
    ks: Option<String>,
    studies: Option<Vec<StudyName>>,
    conventions: Option<Conventions>,
    preset: Option<annatomy_hnsw::Preset>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StudyName {
    Ef,
    Efc,
    Alpha,
}

impl From<StudyName> for StudyKind {
    fn from(name: StudyName) -> Self {
        match name {
            StudyName::Ef => Self::EfSearch,
            StudyName::Efc => Self::EfConstruction,
            StudyName::Alpha => Self::Alpha,
        }
    }
}

impl TomlFile {
    fn into_overrides(self) -> Result<Overrides, String> {
        Ok(Overrides {
            data: self.data,
            runs: self.runs,
            subset: self.subset,
            sample: self.sample,
            seed: self.seed,
            metric: self.metric,
            m: self.m,
            ef_construction: self.ef_construction,
            ef_search: self.ef_search,
            ef_values: self.ef_values,
            ef_construction_values: self.ef_construction_values,
            alpha_values: self.alpha_values,
            ks: self
                .ks
                .as_deref()
                .map(parse_ks)
                .transpose()
                .map_err(|error| format!("ks: {error}"))?,
            studies: self
                .studies
                .map(|names| names.into_iter().map(StudyKind::from).collect()),
            conventions: self.conventions,
            preset: self.preset,
        })
    }
}

/// The keys of the study's file that decide its numbers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StudyFile {
    experiment: Experiment,
    exp_runs: Option<usize>,
    data: Data,
    search: SearchSection,
    evaluation: Evaluation,
    ef_search_study: Values,
    ef_construction_study: Values,
    alpha_study: Alphas,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Experiment {
    base_seed: Option<u64>,
    exp_runs: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    sample: Sample,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sample {
    subset_size: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchSection {
    ann: Ann,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ann {
    parameters: AnnParameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnnParameters {
    #[serde(rename = "M")]
    m: Option<usize>,
    #[serde(rename = "efConstruction")]
    ef_construction: Option<usize>,
    #[serde(rename = "efSearch")]
    ef_search: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Evaluation {
    min_k: Option<usize>,
    max_k: Option<usize>,
    k_step: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Values {
    values: Option<Vec<usize>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alphas {
    alpha_values: Option<Vec<f64>>,
}

impl StudyFile {
    fn into_overrides(self) -> Result<Overrides, String> {
        let Evaluation {
            min_k,
            max_k,
            k_step,
        } = self.evaluation;
        let ks = if min_k.is_some() || max_k.is_some() || k_step.is_some() {
            let text = format!(
                "{}:{}:{}",
                min_k.unwrap_or(10),
                max_k.unwrap_or(500),
                k_step.unwrap_or(10)
            );
            Some(parse_ks(&text).map_err(|error| format!("evaluation: {error}"))?)
        } else {
            None
        };
        Ok(Overrides {
            runs: self.experiment.exp_runs.or(self.exp_runs),
            subset: self.data.sample.subset_size,
            seed: self.experiment.base_seed,
            m: self.search.ann.parameters.m,
            ef_construction: self.search.ann.parameters.ef_construction,
            ef_search: self.search.ann.parameters.ef_search,
            ef_values: self.ef_search_study.values,
            ef_construction_values: self.ef_construction_study.values,
            alpha_values: self.alpha_study.alpha_values,
            ks,
            ..Overrides::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(name: &str, text: &str) -> Result<Overrides, ConfigError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("file");
        read(&path)
    }

    #[test]
    fn the_studys_own_file_is_accepted_as_it_is() {
        let text = "experiment:\n  name: stl10\n  base_seed: 7\n  exp_runs: 10\ndata:\n  dataset: stl10\n  sample:\n    \
                    subset_size: 10000\nmodel:\n  name: resnet50\nsearch:\n  exact:\n    type: flat\n  ann:\n    type: hnsw\n    \
                    parameters:\n      M: 32\n      efConstruction: 200\n      efSearch: 50\nevaluation:\n  min_k: 10\n  max_k: \
                    40\n  k_step: 10\nef_search_study:\n  values: [25, 50]\nef_construction_study:\n  values: [50, 400]\n\
                    alpha_study:\n  alpha_values: [0.25, 1.0, 4]\n";
        let read = read_text("config.yaml", text).expect("settings");
        assert_eq!(
            (read.seed, read.runs, read.subset),
            (Some(7), Some(10), Some(10_000))
        );
        assert_eq!(
            (read.m, read.ef_construction, read.ef_search),
            (Some(32), Some(200), Some(50))
        );
        assert_eq!(read.ks, Some(vec![10, 20, 30, 40]));
        assert_eq!(read.ef_construction_values, Some(vec![50, 400]));
        assert_eq!(read.alpha_values, Some(vec![0.25, 1.0, 4.0]));
    }

    #[test]
    fn toml_names_are_ours_and_unknown_ones_are_refused() {
        let read = read_text(
            "study.toml",
            "runs = 2\nks = \"10:30:10\"\nstudies = [\"ef\", \"alpha\"]\n",
        )
        .expect("settings");
        assert_eq!(read.ks, Some(vec![10, 20, 30]));
        assert_eq!(
            read.studies,
            Some(vec![StudyKind::EfSearch, StudyKind::Alpha])
        );
        let error = read_text("study.toml", "run = 2\n")
            .expect_err("typo")
            .to_string();
        assert!(error.contains("run"), "{error}");
    }

    #[test]
    fn wrong_endings_and_values_say_so() {
        assert!(
            read_text("study.json", "{}")
                .expect_err("ending")
                .to_string()
                .contains(".toml")
        );
        assert!(
            read_text("c.yaml", "evaluation: {min_k: 0}")
                .expect_err("k = 0")
                .to_string()
                .contains("k = 0")
        );
        assert!(read_text("c.yaml", "evaluation: {min_k: many}").is_err());
    }
}
