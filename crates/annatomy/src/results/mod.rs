//! What a study found, as data: the model every writer (CSV, JSON, figures, report) reads.

mod model;

pub use model::{
    Artefacts, ConditionResult, Conventions, DataFacts, Machine, Measurement, PublishedMetrics, RunRecord, Settings,
    StageSeconds, StudyKind, StudyResults, SurfaceGrid,
};
