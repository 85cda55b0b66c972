//! Keys of the study's `config.yaml` that are no settings here, sorted into four kinds.
//!
//! 1. *Inert*: paths, names, the model, the device. They decide no number and pass silently.
//! 2. *Contradicting*: they mean something that a study here does not do, such as
//!    `distance_metric: cosine` or `algorithm: ivf`. The caller names them.
//! 3. *Misspelled*: close to a key that decides numbers, such as `base_seeed`. Refused: the
//!    intended setting would silently keep its default.
//! 4. *Unknown*: anything else. The caller names them.

use crate::results::Settings;
use annatomy_vectors::Metric;
use serde_json::Value;
use std::fmt;

/// The keys that decide numbers.
const SETTINGS: [&str; 16] = [
    "experiment.base_seed",
    "experiment.exp_runs",
    "exp_runs",
    "data.sample.subset_size",
    "search.ann.parameters.M",
    "search.ann.parameters.efConstruction",
    "search.ann.parameters.efSearch",
    "evaluation.min_k",
    "evaluation.max_k",
    "evaluation.k_step",
    "ef_search_study.enabled",
    "ef_search_study.values",
    "ef_construction_study.enabled",
    "ef_construction_study.values",
    "alpha_study.enabled",
    "alpha_study.alpha_values",
];

/// Words in the names of keys that decide no number of a study of vectors.
const INERT: [&str; 36] = [
    "author",
    "batch",
    "cache",
    "color",
    "comment",
    "conda",
    "dataset",
    "date",
    "description",
    "device",
    "dir",
    "download",
    "embedding",
    "exact",
    "figure",
    "file",
    "folder",
    "format",
    "gpu",
    "image",
    "log",
    "model",
    "name",
    "note",
    "output",
    "path",
    "plot",
    "project",
    "result",
    "root",
    "save",
    "split",
    "tag",
    "title",
    "verbose",
    "worker",
];

/// A key that no setting follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadKey {
    /// Its place in the file, such as `search.distance_metric`.
    pub key: String,
    /// Its value as JSON.
    pub value: String,
    meaning: Meaning,
}

/// What a key without a setting means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// What every study here does.
    Agrees,
    /// The distance to measure by.
    Metric(Metric),
    /// Rows scaled to unit length.
    Normalize,
    /// A way to search that is not HNSW, or exact neighbors that are not brute force.
    Method,
    /// Not known.
    Unknown,
}

/// A key that is close to the name of a setting.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown key {key}\nhint: the setting is called {meant}")]
pub(super) struct Misspelled {
    key: String,
    meant: String,
}

impl UnreadKey {
    /// Why a study of `settings` differs from what the key asks for; `None` where it does not.
    pub fn difference(&self, settings: &Settings) -> Option<String> {
        match self.meaning {
            Meaning::Agrees => None,
            Meaning::Metric(asked) if settings.metric == asked => None,
            Meaning::Normalize if settings.metric == Metric::Cosine => None,
            Meaning::Metric(asked) => Some(format!(
                "{self} is not followed: this study measures {} (--metric {asked} changes that)",
                settings.metric
            )),
            Meaning::Normalize => Some(format!(
                "{self} is not followed: rows are measured as they are (--metric cosine scales them to unit length)"
            )),
            Meaning::Method => Some(format!(
                "{self} is not followed: this study compares HNSW with exact neighbors"
            )),
            Meaning::Unknown => Some(format!("{self} has no meaning here and is not read")),
        }
    }
}

impl fmt::Display for UnreadKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.value)
    }
}

/// The keys of the file `tree` that no setting follows, inert ones left out.
pub(super) fn unread(tree: &Value) -> Result<Vec<UnreadKey>, Misspelled> {
    let mut unread = Vec::new();
    walk("", tree, &mut unread)?;
    Ok(unread)
}

fn walk(section: &str, tree: &Value, unread: &mut Vec<UnreadKey>) -> Result<(), Misspelled> {
    let Value::Object(entries) = tree else {
        return Ok(());
    };
    for (name, value) in entries {
        let key = if section.is_empty() {
            name.clone()
        } else {
            format!("{section}.{name}")
        };
        if SETTINGS.contains(&key.as_str()) {
            continue;
        }
        if is_section(&key) {
            walk(&key, value, unread)?;
            continue;
        }
        if let Some(meaning) = meaning(&key, name, value) {
            name_contradiction(&key, value, meaning, unread);
        } else if let Some(meant) = misspelled(section, name) {
            return Err(Misspelled { key, meant });
        } else if is_inert(name) {
            contradictions_within(&key, value, unread);
        } else {
            name_contradiction(&key, value, Meaning::Unknown, unread);
        }
    }
    Ok(())
}

/// Names the contradicting keys of an inert section, whose other keys pass.
fn contradictions_within(section: &str, tree: &Value, unread: &mut Vec<UnreadKey>) {
    let Value::Object(entries) = tree else {
        return;
    };
    for (name, value) in entries {
        let key = format!("{section}.{name}");
        match meaning(&key, name, value) {
            Some(meaning) => name_contradiction(&key, value, meaning, unread),
            None => contradictions_within(&key, value, unread),
        }
    }
}

fn name_contradiction(key: &str, value: &Value, meaning: Meaning, unread: &mut Vec<UnreadKey>) {
    if meaning != Meaning::Agrees {
        unread.push(UnreadKey {
            key: key.to_owned(),
            value: value.to_string(),
            meaning,
        });
    }
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| {
        let rest = setting.strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with('.'))
    })
}

fn is_inert(name: &str) -> bool {
    let name = name.to_lowercase();
    INERT.iter().any(|word| name.contains(word))
}

/// What the key asks for, if it says how vectors are compared or searched.
fn meaning(key: &str, name: &str, value: &Value) -> Option<Meaning> {
    let text = value.as_str().unwrap_or_default().to_lowercase();
    match name.to_lowercase().as_str() {
        "distance_metric" | "distance" | "metric" | "metric_type" => match metric(&text)? {
            Metric::L2 => Some(Meaning::Agrees),
            other => Some(Meaning::Metric(other)),
        },
        "normalize" | "normalise" | "l2_normalize" | "normalize_embeddings" => {
            let asked = value.as_bool() != Some(false) && !value.is_null();
            Some(if asked {
                Meaning::Normalize
            } else {
                Meaning::Agrees
            })
        }
        "algorithm" | "method" | "type" | "index" | "index_type" if key.starts_with("search.") => {
            Some(method(&text, key.starts_with("search.exact.")))
        }
        "algorithm" => Some(method(&text, false)),
        _ => None,
    }
}

fn metric(name: &str) -> Option<Metric> {
    if name.contains("cos") || name.contains("angular") {
        Some(Metric::Cosine)
    } else if name.contains("ip") || name.contains("inner") || name.contains("dot") {
        Some(Metric::InnerProduct)
    } else if name.contains("l2") || name.contains("euclid") {
        Some(Metric::L2)
    } else {
        None
    }
}

/// Whether a study here runs the search method of that name.
fn method(name: &str, exact: bool) -> Meaning {
    let words: &[&str] = if exact {
        &["flat", "exact", "brute"]
    } else {
        &["hnsw"]
    };
    if name == "faiss" || words.iter().any(|word| name.contains(word)) {
        Meaning::Agrees
    } else {
        Meaning::Method
    }
}

/// What `name` in `section` is a misspelling of: a key that belongs there, or a setting that stands
/// in another section.
fn misspelled(section: &str, name: &str) -> Option<String> {
    for setting in SETTINGS {
        let rest = if section.is_empty() {
            Some(setting)
        } else {
            setting
                .strip_prefix(section)
                .and_then(|rest| rest.strip_prefix('.'))
        };
        let here = rest.and_then(|rest| rest.split('.').next());
        if let Some(here) = here.filter(|here| is_close(name, here)) {
            return Some(match section {
                "" => here.to_owned(),
                section => format!("{section}.{here}"),
            });
        }
    }
    // An experiment may repeat what it keeps fixed, such as efSearch.
    if section.ends_with("_study") {
        return None;
    }
    for setting in SETTINGS {
        let leaf = setting.rsplit('.').next().unwrap_or(setting);
        if is_close(name, leaf) {
            return Some(setting.to_owned());
        }
    }
    None
}

/// Equal but for case and underscores, or one edit apart (two from eight letters on).
fn is_close(name: &str, known: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    let (name, known) = (plain(name), plain(known));
    let edits = match name.len().min(known.len()) {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    strsim::damerau_levenshtein(&name, &known) <= edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(tree: &Value) -> Vec<String> {
        let unread = unread(tree).expect("no misspelling");
        unread.iter().map(ToString::to_string).collect()
    }

    fn refusal(tree: &Value) -> String {
        unread(tree).expect_err("a misspelling").to_string()
    }

    #[test]
    fn a_misspelled_key_is_refused_with_the_one_that_was_meant() {
        let error = refusal(&json!({"experiment": {"base_seeed": 3}}));
        assert_eq!(
            error,
            "unknown key experiment.base_seeed\nhint: the setting is called experiment.base_seed"
        );
        for (tree, meant) in [
            (json!({"base_seed": 3}), "experiment.base_seed"),
            (json!({"evaluation": {"maxk": 3}}), "evaluation.max_k"),
            (json!({"evaluaton": {"max_k": 3}}), "evaluation"),
            (json!({"data": {"sampel": {}}}), "data.sample"),
            (
                json!({"data": {"subset_size": 3}}),
                "data.sample.subset_size",
            ),
            (
                json!({"search": {"ann": {"parameters": {"m": 3}}}}),
                "search.ann.parameters.M",
            ),
            (
                json!({"search": {"ann": {"ef_construction": 3}}}),
                "search.ann.parameters.efConstruction",
            ),
            (
                json!({"alpha_study": {"alpha_value": [1]}}),
                "alpha_study.alpha_values",
            ),
            (
                json!({"ef_search_study": {"enable": false}}),
                "ef_search_study.enabled",
            ),
        ] {
            let error = refusal(&tree);
            assert!(
                error.ends_with(&format!("called {meant}")),
                "{tree}: {error}"
            );
        }
    }

    #[test]
    fn keys_that_decide_no_number_pass_silently() {
        let tree = json!({
            "experiment": {"name": "stl10", "description": "x", "output_dir": "results"},
            "data": {"dataset": "stl10", "classes": null, "image_size": 224, "split": "unlabeled"},
            "model": {"name": "resnet50", "type": "cnn", "weights": "IMAGENET1K_V2"},
            "paths": {"results": "results"},
            "device": "cuda",
            "normalize": false,
            "distance_metric": "l2",
            "search": {"exact": {"algorithm": "flat"}, "ann": {"type": "IndexHNSWFlat"}},
        });
        assert_eq!(keys(&tree), ["data.classes: null"]);
    }

    #[test]
    fn what_is_asked_and_not_done_is_named() {
        let tree = json!({
            "search": {
                "distance_metric": "cosine",
                "normalize": true,
                "ann": {"algorithm": "ivf"},
                "exact": {"type": "lsh"},
            },
            "embedding": {"normalize": true},
            "unknown": {"anything": 1},
        });
        let expected = [
            "embedding.normalize: true",
            "search.ann.algorithm: \"ivf\"",
            "search.distance_metric: \"cosine\"",
            "search.exact.type: \"lsh\"",
            "search.normalize: true",
            "unknown: {\"anything\":1}",
        ];
        let mut found = keys(&tree);
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_key_is_named_only_where_the_study_differs() {
        let tree = json!({"search": {"distance_metric": "cosine"}, "normalize": true});
        let unread = unread(&tree).expect("keys");
        let mut settings = crate::config::defaults();
        let differences = |settings: &Settings| -> Vec<String> {
            unread
                .iter()
                .filter_map(|key| key.difference(settings))
                .collect()
        };
        let named = differences(&settings).join("\n");
        assert!(named.contains("measures l2 (--metric cosine"), "{named}");
        assert!(named.contains("normalize: true is not followed"), "{named}");
        settings.metric = Metric::Cosine;
        assert_eq!(differences(&settings), Vec::<String>::new());
    }

    #[test]
    fn closeness_grows_with_length() {
        assert!(is_close("base_seeed", "base_seed"));
        assert!(is_close("bsae_seed", "base_seed"));
        assert!(is_close("EFSEARCH", "efSearch"));
        assert!(!is_close("seed", "base_seed"));
        assert!(!is_close("k", "M"));
        assert!(!is_close("name", "values"));
    }
}
