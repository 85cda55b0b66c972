//! The study's own `config.yaml`: the keys that decide its numbers, under the study's names.
//!
//! An experiment with `enabled: false` is left out. Keys that decide nothing here are sorted by
//! [`study_keys`](super::study_keys).

use super::{ConfigFile, Overrides, parse_ks, study_keys};
use crate::results::StudyKind;
use serde::Deserialize;

/// The settings that `text` names, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<ConfigFile, String> {
    let file: StudyFile = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let tree: serde_json::Value =
        serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let unread = study_keys::unread(&tree).map_err(|error| error.to_string())?;
    Ok(ConfigFile {
        overrides: file.into_overrides()?,
        unread,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StudyFile {
    experiment: Experiment,
    exp_runs: Option<usize>,
    data: Data,
    search: Search,
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
struct Search {
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
    enabled: Option<bool>,
    values: Option<Vec<usize>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alphas {
    enabled: Option<bool>,
    alpha_values: Option<Vec<f64>>,
}

impl StudyFile {
    fn into_overrides(self) -> Result<Overrides, String> {
        let (studies, ks) = (self.studies(), self.evaluation.ks()?);
        let parameters = self.search.ann.parameters;
        Ok(Overrides {
            runs: self.experiment.exp_runs.or(self.exp_runs),
            subset: self.data.sample.subset_size,
            seed: self.experiment.base_seed,
            m: parameters.m,
            ef_construction: parameters.ef_construction,
            ef_search: parameters.ef_search,
            ef_values: self.ef_search_study.values,
            ef_construction_values: self.ef_construction_study.values,
            alpha_values: self.alpha_study.alpha_values,
            ks,
            studies,
            ..Overrides::default()
        })
    }

    /// The experiments that are not disabled; `None` where none is.
    fn studies(&self) -> Option<Vec<StudyKind>> {
        let switches = [
            (StudyKind::EfSearch, self.ef_search_study.enabled),
            (
                StudyKind::EfConstruction,
                self.ef_construction_study.enabled,
            ),
            (StudyKind::Alpha, self.alpha_study.enabled),
        ];
        if !switches.iter().any(|(_, enabled)| *enabled == Some(false)) {
            return None;
        }
        let enabled = switches
            .iter()
            .filter(|(_, enabled)| *enabled != Some(false));
        Some(enabled.map(|(study, _)| *study).collect())
    }
}

impl Evaluation {
    /// The study's grid of neighbor counts, where any part of it is given.
    fn ks(&self) -> Result<Option<Vec<usize>>, String> {
        if self.min_k.is_none() && self.max_k.is_none() && self.k_step.is_none() {
            return Ok(None);
        }
        let range = format!(
            "{}:{}:{}",
            self.min_k.unwrap_or(10),
            self.max_k.unwrap_or(500),
            self.k_step.unwrap_or(10)
        );
        let ks = parse_ks(&range).map_err(|error| format!("evaluation: {error}"))?;
        Ok(Some(ks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = "\
experiment:
  name: stl10
  base_seed: 7
  exp_runs: 10
data:
  dataset: stl10
  sample:
    subset_size: 10000
model:
  name: resnet50
search:
  exact:
    type: flat
  ann:
    type: hnsw
    parameters:
      M: 32
      efConstruction: 200
      efSearch: 50
evaluation:
  min_k: 10
  max_k: 40
  k_step: 10
ef_search_study:
  enabled: true
  values: [25, 50]
ef_construction_study:
  enabled: true
  values: [50, 400]
alpha_study:
  enabled: true
  alpha_values: [0.25, 1.0, 4]
";

    #[test]
    fn the_studys_own_file_is_accepted_as_it_is() {
        let found = parse(STUDY).expect("settings");
        let expected = Overrides {
            runs: Some(10),
            subset: Some(10_000),
            seed: Some(7),
            m: Some(32),
            ef_construction: Some(200),
            ef_search: Some(50),
            ef_values: Some(vec![25, 50]),
            ef_construction_values: Some(vec![50, 400]),
            alpha_values: Some(vec![0.25, 1.0, 4.0]),
            ks: Some(vec![10, 20, 30, 40]),
            ..Overrides::default()
        };
        assert_eq!(found.overrides, expected);
        assert_eq!(found.unread, []);
    }

    #[test]
    fn a_disabled_experiment_is_left_out() {
        let disabled = STUDY.replacen("enabled: true", "enabled: false", 1);
        let studies = parse(&disabled).expect("settings").overrides.studies;
        assert_eq!(
            studies,
            Some(vec![StudyKind::EfConstruction, StudyKind::Alpha])
        );
        let only_alpha =
            "ef_search_study: {enabled: false}\nef_construction_study: {enabled: false}\n";
        let studies = parse(only_alpha).expect("settings").overrides.studies;
        assert_eq!(studies, Some(vec![StudyKind::Alpha]));
        let none = STUDY.replace("enabled: true", "enabled: false");
        let studies = parse(&none).expect("settings").overrides.studies;
        assert_eq!(studies, Some(Vec::new()));
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (text, word) in [
            ("evaluation: {min_k: 0}", "k = 0"),
            ("evaluation: {min_k: many}", "min_k"),
            ("evaluation: {min_k: 9, max_k: 3}", "9:3:10"),
            ("experiment: {base_seed: -1}", "base_seed"),
            ("ef_search_study: {enabled: 3}", "enabled"),
            ("alpha_study: {alpha_values: [.inf, x]}", "x"),
            ("experiment: [1]", "experiment"),
            ("a: {b: 1", ""),
        ] {
            let error = parse(text).expect_err(text);
            println!("{text}: {error}");
            assert!(error.contains(word) || !word.is_empty(), "{text}: {error}");
        }
    }

    #[test]
    fn an_empty_file_names_no_setting() {
        for text in ["", "# nothing\n", "experiment: {}\n"] {
            let found = parse(text).expect(text);
            assert_eq!(found.overrides, Overrides::default(), "{text:?}");
        }
    }
}
