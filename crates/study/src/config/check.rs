//! What is wrong with settings by themselves, before any data is opened.

use crate::results::Settings;
use annatomy_vectors::Metric;
use std::collections::HashSet;

/// Settings that no study can follow.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A number that must be positive is 0.
    #[error("{name} is 0: it must be at least 1")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// A list is empty.
    #[error("{name} is empty: it needs at least one value")]
    Empty {
        /// The setting.
        name: &'static str,
    },
    /// Neighbor counts must rise.
    #[error("the k values must ascend, but {before} is followed by {after}")]
    Order {
        /// A value.
        before: usize,
        /// The value after it.
        after: usize,
    },
    /// α must be a positive number.
    #[error("alpha = {alpha}: it must be a positive number")]
    Alpha {
        /// The value.
        alpha: f64,
    },
    /// A value stands twice.
    #[error("{name} holds {value} twice: each condition needs a name of its own")]
    Repeated {
        /// The setting.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// The study measures lengths and angles.
    #[error("metric ip has no geometry to study (distances may be negative): use l2 or cosine")]
    NoGeometry,
    /// M below 2.
    #[error("M = {m}: a graph needs at least 2 links per node")]
    M {
        /// The value.
        m: usize,
    },
}

/// Says what is wrong with `settings`, if anything, before any work is done.
pub fn check(settings: &Settings) -> Result<(), SettingsError> {
    let positive = [
        ("runs", settings.runs),
        ("subset", settings.subset.unwrap_or(1)),
        ("sample", settings.sample.unwrap_or(1)),
        ("ef_construction", settings.ef_construction),
        ("ef_search", settings.ef_search),
    ];
    if let Some(&(name, _)) = positive.iter().find(|(_, value)| *value == 0) {
        return Err(SettingsError::Zero { name });
    }
    if settings.m < 2 {
        return Err(SettingsError::M { m: settings.m });
    }
    check_counts("ef values", &settings.ef_values)?;
    check_counts("ef_construction values", &settings.ef_construction_values)?;
    check_counts("k values", &settings.ks)?;
    if let Some(pair) = settings.ks.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(SettingsError::Order {
            before: pair[0],
            after: pair[1],
        });
    }
    if settings.alpha_values.is_empty() {
        return Err(SettingsError::Empty {
            name: "alpha values",
        });
    }
    let mut seen = HashSet::new();
    for &alpha in &settings.alpha_values {
        if !(alpha.is_finite() && alpha > 0.0) {
            return Err(SettingsError::Alpha { alpha });
        }
        if !seen.insert(alpha.to_bits()) {
            return Err(SettingsError::Repeated {
                name: "alpha values",
                value: alpha.to_string(),
            });
        }
    }
    if settings.studies.is_empty() {
        return Err(SettingsError::Empty { name: "studies" });
    }
    if settings.metric == Metric::InnerProduct {
        return Err(SettingsError::NoGeometry);
    }
    Ok(())
}

fn check_counts(name: &'static str, values: &[usize]) -> Result<(), SettingsError> {
    if values.is_empty() {
        return Err(SettingsError::Empty { name });
    }
    let mut seen = HashSet::new();
    for value in values {
        if *value == 0 {
            return Err(SettingsError::Zero { name });
        }
        if !seen.insert(value) {
            return Err(SettingsError::Repeated {
                name,
                value: value.to_string(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    fn refusal(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = defaults();
        change(&mut settings);
        check(&settings).expect_err("nonsense").to_string()
    }

    #[test]
    fn the_defaults_are_the_studys_own_and_can_be_followed() {
        let settings = defaults();
        check(&settings).expect("the study's own");
        assert_eq!((settings.m, settings.ef_construction), (32, 200));
        assert_eq!(settings.ks.len(), 50);
        assert_eq!((settings.ks[0], settings.ks[49]), (10, 500));
        let conditions = settings.ef_values.len()
            + settings.ef_construction_values.len()
            + settings.alpha_values.len();
        assert_eq!(conditions, 14);
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused_by_name() {
        assert_eq!(
            refusal(|settings| settings.runs = 0),
            "runs is 0: it must be at least 1"
        );
        assert!(refusal(|settings| settings.subset = Some(0)).starts_with("subset"));
        assert!(refusal(|settings| settings.sample = Some(0)).starts_with("sample"));
        assert!(refusal(|settings| settings.ef_search = 0).starts_with("ef_search"));
        assert!(refusal(|settings| settings.m = 1).starts_with("M = 1"));
        assert!(refusal(|settings| settings.ef_values = vec![]).contains("empty"));
        assert!(refusal(|settings| settings.studies.clear()).starts_with("studies is empty"));
        assert!(refusal(|settings| settings.ks = vec![5, 3]).contains("5 is followed by 3"));
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = refusal(|settings| settings.alpha_values = vec![alpha]);
            assert!(error.contains("positive"), "{error}");
        }
    }

    #[test]
    fn a_repeated_value_is_refused_however_long_the_list() {
        let values: Vec<usize> = (1..=100_000).chain([70_000]).collect();
        let error = refusal(|settings| settings.ef_values = values);
        assert!(error.contains("70000 twice"), "{error}");
        let error = refusal(|settings| settings.alpha_values = vec![0.5, 1.0, 0.5]);
        assert!(error.contains("0.5 twice"), "{error}");
    }

    #[test]
    fn inner_products_have_no_geometry_to_study() {
        assert!(refusal(|settings| settings.metric = Metric::InnerProduct).contains("no geometry"));
    }
}
