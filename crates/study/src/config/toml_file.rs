//! annatomy's own settings file: TOML with the names of [`Overrides`], flat; unknown names are
//! refused.

use super::{ConfigFile, Overrides, parse_ks};
use crate::results::{Conventions, StudyKind};
use annatomy_hnsw::Preset;
use annatomy_vectors::Metric;
use serde::Deserialize;

/// The settings that `text` names, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<ConfigFile, String> {
    let file: TomlFile = toml::from_str(text).map_err(|error| error.to_string())?;
    Ok(ConfigFile {
        overrides: file.into_overrides()?,
        unread: Vec::new(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlFile {
    data: Option<String>,
    runs: Option<usize>,
    subset: Option<usize>,
    sample: Option<usize>,
    seed: Option<u64>,
    metric: Option<Metric>,
    m: Option<usize>,
    ef_construction: Option<usize>,
    ef_search: Option<usize>,
    ef_values: Option<Vec<usize>>,
    ef_construction_values: Option<Vec<usize>>,
    alpha_values: Option<Vec<f64>>,
    ks: Option<String>,
    studies: Option<Vec<StudyName>>,
    conventions: Option<Conventions>,
    preset: Option<Preset>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StudyName {
    Ef,
    Efc,
    Alpha,
    Order,
    Methods,
}

impl From<StudyName> for StudyKind {
    fn from(name: StudyName) -> Self {
        match name {
            StudyName::Ef => Self::EfSearch,
            StudyName::Efc => Self::EfConstruction,
            StudyName::Alpha => Self::Alpha,
            StudyName::Order => Self::Order,
            StudyName::Methods => Self::Methods,
        }
    }
}

impl TomlFile {
    fn into_overrides(self) -> Result<Overrides, String> {
        let ks = match &self.ks {
            Some(text) => Some(parse_ks(text).map_err(|error| format!("ks: {error}"))?),
            None => None,
        };
        let studies = self
            .studies
            .map(|names| names.into_iter().map(StudyKind::from).collect());
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
            ks,
            studies,
            conventions: self.conventions,
            preset: self.preset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_its_name() {
        let text = "data = \"rows.npy\"\nruns = 2\nsubset = 100\nsample = 50\nseed = 7\nmetric = \"cosine\"\nm = 16\n\
                    ef_construction = 40\nef_search = 20\nef_values = [5]\nef_construction_values = [40, 80]\n\
                    alpha_values = [0.5, 2]\nks = \"10:30:10\"\nstudies = [\"ef\", \"efc\", \"alpha\"]\n\
                    conventions = \"published\"\npreset = \"paper\"\n";
        let expected = Overrides {
            data: Some("rows.npy".to_owned()),
            runs: Some(2),
            subset: Some(100),
            sample: Some(50),
            seed: Some(7),
            metric: Some(Metric::Cosine),
            m: Some(16),
            ef_construction: Some(40),
            ef_search: Some(20),
            ef_values: Some(vec![5]),
            ef_construction_values: Some(vec![40, 80]),
            alpha_values: Some(vec![0.5, 2.0]),
            ks: Some(vec![10, 20, 30]),
            studies: Some(vec![
                StudyKind::EfSearch,
                StudyKind::EfConstruction,
                StudyKind::Alpha,
            ]),
            conventions: Some(Conventions::Published),
            preset: Some(Preset::Paper),
        };
        assert_eq!(parse(text).expect("settings").overrides, expected);
        assert_eq!(parse("").expect("settings").overrides, Overrides::default());
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused_by_name() {
        for (text, word) in [
            ("run = 2\n", "run"),
            ("ks = \"0\"\n", "ks: k = 0"),
            ("runs = -1\n", "runs"),
            ("studies = [\"beta\"]\n", "beta"),
            ("runs = 1\nruns = 2\n", "runs"),
            ("preset = \"annoy\"\n", "annoy"),
            ("metric = \"hamming\"\n", "hamming"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
