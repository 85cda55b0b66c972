//! Layers of settings: the study's own defaults, and what a file or a caller replaces.

use crate::results::{Conventions, Settings, StudyKind};
use annatomy_hnsw::Preset;
use annatomy_vectors::Metric;

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
    /// How far apart two vectors are.
    pub metric: Option<Metric>,
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
    pub preset: Option<Preset>,
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
        metric: Metric::L2,
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
        preset: Preset::Faiss,
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
