//! Settings of a study: defaults, then a file (TOML, or the study's own YAML), then what the caller
//! says.

mod file;
mod grid;

pub use file::{ConfigError, read};
pub use grid::{GridError, parse_ks};

use crate::results::{Conventions, Settings, StudyKind};

/// What may be set; `None` leaves the value of the layer below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// `resnet50-like` or a file.
    pub data: Option<String>,
    /// Number of runs.
    pub runs: Option<usize>,
    /// Rows drawn per run.
    pub subset: Option<usize>,
    /// Rows of each run that are queries.
    pub sample: Option<usize>,
    /// Base seed; run r uses seed + r.
    pub seed: Option<u64>,
    /// Metric name.
    pub metric: Option<String>,
    /// Links per node.
    pub m: Option<usize>,
    /// `ef_construction` of the configured graph.
    pub ef_construction: Option<usize>,
    /// `ef_search` of the efConstruction study.
    pub ef_search: Option<usize>,
    /// Values of the efSearch study.
    pub ef_values: Option<Vec<usize>>,
    /// Values of the efConstruction study.
    pub ef_construction_values: Option<Vec<usize>>,
    /// Values of the alpha study.
    pub alpha_values: Option<Vec<f64>>,
    /// Neighbor counts.
    pub ks: Option<Vec<usize>>,
    /// Experiments to run.
    pub studies: Option<Vec<StudyKind>>,
    /// Conventions of `measurements.csv`.
    pub conventions: Option<Conventions>,
    /// Graph preset.
    pub preset: Option<annatomy_hnsw::Preset>,
}

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
    /// The metric's name.
    #[error(transparent)]
    Metric(#[from] annatomy_vectors::UnknownMetric),
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

/// The name of the built-in data.
pub const RESNET50_LIKE: &str = "resnet50-like";

/// The study's own grid: M = 32, `ef_construction` 200, three experiments, k = 10..500 by 10; three
/// runs.
pub fn defaults() -> Settings {
    Settings {
        data: RESNET50_LIKE.to_owned(),
        runs: 3,
        subset: None,
        sample: None,
        seed: 42,
        metric: "l2".to_owned(),
        m: 32,
        ef_construction: 200,
        ef_search: 50,
        ef_values: vec![25, 50, 75, 100],
        ef_construction_values: vec![50, 100, 200, 300, 400],
        alpha_values: vec![0.25, 0.5, 1.0, 2.0, 4.0],
        ks: (10..=500).step_by(10).collect(),
        studies: vec![
            StudyKind::EfSearch,
            StudyKind::EfConstruction,
            StudyKind::Alpha,
        ],
        conventions: Conventions::Corrected,
        preset: annatomy_hnsw::Preset::Faiss,
    }
}

impl Overrides {
    /// `settings` with every value that is set here replaced.
    pub fn over(self, settings: Settings) -> Settings {
        Settings {
            data: self.data.unwrap_or(settings.data),
            runs: self.runs.unwrap_or(settings.runs),
            subset: self.subset.or(settings.subset),
            sample: self.sample.or(settings.sample),
            seed: self.seed.unwrap_or(settings.seed),
            metric: self.metric.unwrap_or(settings.metric),
            m: self.m.unwrap_or(settings.m),
            ef_construction: self.ef_construction.unwrap_or(settings.ef_construction),
            ef_search: self.ef_search.unwrap_or(settings.ef_search),
            ef_values: self.ef_values.unwrap_or(settings.ef_values),
            ef_construction_values: self
                .ef_construction_values
                .unwrap_or(settings.ef_construction_values),
            alpha_values: self.alpha_values.unwrap_or(settings.alpha_values),
            ks: self.ks.unwrap_or(settings.ks),
            studies: self.studies.unwrap_or(settings.studies),
            conventions: self.conventions.unwrap_or(settings.conventions),
            preset: self.preset.unwrap_or(settings.preset),
        }
    }
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
    for (index, &alpha) in settings.alpha_values.iter().enumerate() {
        if !(alpha.is_finite() && alpha > 0.0) {
            return Err(SettingsError::Alpha { alpha });
        }
        if settings.alpha_values[..index].contains(&alpha) {
            return Err(SettingsError::Repeated {
                name: "alpha values",
                value: alpha.to_string(),
            });
        }
    }
    if settings.studies.is_empty() {
        return Err(SettingsError::Empty { name: "studies" });
    }
    if settings.metric.parse::<annatomy_vectors::Metric>()?
        == annatomy_vectors::Metric::InnerProduct
    {
        return Err(SettingsError::NoGeometry);
    }
    Ok(())
}

fn check_counts(name: &'static str, values: &[usize]) -> Result<(), SettingsError> {
    if values.is_empty() {
        return Err(SettingsError::Empty { name });
    }
    for (index, value) in values.iter().enumerate() {
        if *value == 0 {
            return Err(SettingsError::Zero { name });
        }
        if values[..index].contains(value) {
            return Err(SettingsError::Repeated {
                name,
                value: value.to_string(),
            });
        }
    }
    Ok(())
}
