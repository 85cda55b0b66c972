//! The rows and records of a study.
//!
//! One [`RunRecord`] per run holds one [`ConditionResult`] per condition, which holds one
//! [`Measurement`] (corrected conventions) and one [`PublishedMetrics`] (the study's arithmetic,
//! artefacts included) per k. Everything here is plain data; how it is computed stands in `study`,
//! how it is written in the sibling modules.

use super::methods::MethodsRun;
use super::order::OrderCounts;
use annatomy_eval::explored::Explored;
use annatomy_eval::surface::SurfaceGrid;
use annatomy_measures::published::Figures;
use annatomy_vectors::Metric;
use serde::{Deserialize, Serialize};

/// Which set of definitions fills `measurements.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conventions {
    /// True distances, self excluded by id, geometry over filled slots only. The default.
    Corrected,
    /// The study's own arithmetic, artefacts included.
    Published,
}

/// The three experiments of the published study, and two of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StudyKind {
    /// Fixed `ef_search`, one graph.
    #[serde(rename = "efSearch_study")]
    EfSearch,
    /// One graph per `ef_construction`, fixed `ef_search`.
    #[serde(rename = "efConstruction_study")]
    EfConstruction,
    /// `ef_search` = max(2, ⌊αk⌋).
    #[serde(rename = "alpha_study")]
    Alpha,
    /// Seeds × insertion orders of one graph; it has no conditions (see
    /// [`order`](crate::results::order)).
    #[serde(rename = "order_study")]
    Order,
    /// HNSW, Vamana and IVF over four kinds of codes; it has no conditions (see
    /// [`methods`](crate::results::methods)).
    #[serde(rename = "methods_study")]
    Methods,
}

impl StudyKind {
    /// The study's own folder name, also the value of the `study` column.
    pub fn folder(self) -> &'static str {
        match self {
            Self::EfSearch => "efSearch_study",
            Self::EfConstruction => "efConstruction_study",
            Self::Alpha => "alpha_study",
            Self::Order => "order_study",
            Self::Methods => "methods_study",
        }
    }
}

/// One row of `measurements.csv`: means over queries for one run × study × condition × k.
///
/// Distances are true distances in the metric's unit; LID is the maximum-likelihood estimate;
/// counts are per query. A figure that has no value (no query had a filled slot, say) is NaN and
/// written as an empty field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Neighbors asked for, self excluded.
    pub k: usize,
    /// Search effort.
    pub ef: usize,
    /// Share of the k slots that hold a valid, distinct id.
    pub fill: f64,
    /// |E∩A|/k; ids at distance ≤ `d_k(1+1e-6)` count.
    pub overlap: f64,
    /// |E∩A|/k by id alone.
    pub overlap_strict: f64,
    /// Mean distance to the exact neighbors.
    pub mean_exact_distance: f64,
    /// Mean distance to the returned neighbors, filled slots only.
    pub mean_returned_distance: f64,
    /// Mean over filled ranks of `d_A(i)/d_E(i)` − 1.
    pub relative_distance_error: f64,
    /// ‖mean(E) − mean(A)‖ / r.
    pub barycenter_shift: f64,
    /// LID of the exact neighbors.
    pub lid_exact: f64,
    /// LID of the returned neighbors, filled slots only.
    pub lid_returned: f64,
    /// Missing true neighbors per query that no path from the entry point reaches.
    pub unreachable: f64,
    /// Missing true neighbors per query that are reachable but not reached at this ef.
    pub unvisited: f64,
    /// Missing true neighbors per query that were visited and lost to a tie in distance.
    pub tied: f64,
    /// First percentile of overlap over queries.
    pub overlap_p1: f64,
    /// Fifth percentile of overlap over queries.
    pub overlap_p5: f64,
    /// Distances evaluated on the base layer per query, V(ef).
    pub visited: f64,
    /// Share of queries with overlap ≥ 0.9 (Robustness-0.9@k).
    pub robustness_90: f64,
    /// Share of queries with at least one empty slot.
    pub queries_with_empty_slots: f64,
    /// Zero distances left out of LID, per query, returned side.
    pub zero_distances: f64,
    /// Overlap less what chance gives, k/(n − 1) (Chen & Buja 2009).
    pub lcmc: f64,
    /// Share of the slots with distance up to 1.01 times the k-th exact one.
    pub epsilon_recall: f64,
    /// 1/(1 + relative distance error), mean over queries.
    pub inverse_ratio: f64,
    /// Rank-biased overlap at p = .9 (Webber, Moffat & Zobel 2010).
    pub rank_biased_overlap: f64,
    /// Mean |slot − rank| of the neighbors returned, over k.
    pub displacement: f64,
}

/// One k of one condition in the study's own key names and arithmetic. Distances are squared; NaN
/// and infinity occur.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedMetrics {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort (`efSearch` in the alpha study's files).
    pub ef: usize,
    /// Its figures.
    pub figures: Figures,
}

/// All k of one condition of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionResult {
    /// The experiment.
    pub study: StudyKind,
    /// The condition as in the study's folders: `ef_25`, `efc_50`, `alpha_0.25`.
    pub condition: String,
    /// The swept value: ef, `ef_construction` or α.
    pub value: f64,
    /// `ef_construction` of the graph behind `corrected`.
    pub ef_construction: usize,
    /// `ef_construction` of the graph behind `published` (differs in the alpha study, as it did
    /// there).
    pub published_ef_construction: usize,
    /// Corrected conventions, ascending k.
    pub corrected: Vec<Measurement>,
    /// Published conventions, ascending k.
    pub published: Vec<PublishedMetrics>,
}

/// One finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// 0-based run number.
    pub run: usize,
    /// Every condition, in the order efSearch, efConstruction, alpha.
    pub conditions: Vec<ConditionResult>,
    /// The (ef, k) surface of the configured graph.
    pub surface: SurfaceGrid,
    /// Queries under every (ef, k), of the first run.
    pub explored: Option<Explored>,
    /// What each insertion order leaves to be found, where that was asked for.
    pub order: Option<OrderCounts>,
    /// What methods leave of a neighborhood, where that was asked for.
    pub methods: Option<MethodsRun>,
    /// What the data of this run look like.
    pub data: DataFacts,
    /// Seconds per stage of this run.
    pub seconds: StageSeconds,
}

/// Facts about one run's rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Rows that repeat an earlier row exactly.
    pub duplicate_rows: usize,
    /// Nodes no path from the entry point reaches, on the configured graph.
    pub unreachable_nodes: usize,
    /// Queries (all rows unless sampled).
    pub queries: usize,
    /// How unevenly rows are neighbors of the queries, at the k nearest to 10.
    pub hubness: Option<RunHubness>,
}

/// Hubness of the exact neighbors of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHubness {
    /// Neighbors counted.
    pub k: usize,
    /// Skewness of how often each row is one of them; `None` where all are equally often.
    pub skewness: Option<f64>,
    /// Share of the rows that are never one.
    pub antihub_share: f64,
    /// Share of the occurrences that would have to move for all rows to have as many (Hoover 1936).
    pub robin_hood: Option<f64>,
}

/// Where the time of one run went, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Reading or generating the vectors.
    pub data: f64,
    /// The distance table: products, certificate, ranks.
    pub distances: f64,
    /// All graphs.
    pub build: f64,
    /// All traversals.
    pub traverse: f64,
    /// All measures.
    pub measure: f64,
    /// The study of insertion orders: its graphs and traversals.
    pub order: f64,
    /// The study of methods: codes, graphs, cells and searches.
    pub methods: f64,
}

/// The settings that decide a study's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `resnet50-like` or the file given.
    pub data: String,
    /// Runs.
    pub runs: usize,
    /// Rows drawn per run, if drawn.
    pub subset: Option<usize>,
    /// Rows of each run that are queries, if sampled.
    pub sample: Option<usize>,
    /// Base seed.
    pub seed: u64,
    /// How far apart two vectors are.
    pub metric: Metric,
    /// Links per node.
    pub m: usize,
    /// The configured `ef_construction`.
    pub ef_construction: usize,
    /// `ef_search` of the efConstruction study.
    pub ef_search: usize,
    /// Values of the efSearch study.
    pub ef_values: Vec<usize>,
    /// Values of the efConstruction study.
    pub ef_construction_values: Vec<usize>,
    /// Values of the alpha study.
    pub alpha_values: Vec<f64>,
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Experiments to run.
    pub studies: Vec<StudyKind>,
    /// Conventions of `measurements.csv`.
    pub conventions: Conventions,
    /// Whose rules graphs are built by.
    pub preset: annatomy_hnsw::Preset,
}

/// The machine and build behind the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// annatomy's version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Processor name, if known.
    pub processor: String,
    /// Instruction set the kernels dispatched to.
    pub instructions: String,
    /// Threads used.
    pub threads: usize,
    /// Start of the study, UTC, ISO 8601.
    pub started: String,
}

/// A whole study: what the report and `summary.json` are made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyResults {
    /// What was asked.
    pub settings: Settings,
    /// Where it ran.
    pub machine: Machine,
    /// Finished runs, ascending.
    pub runs: Vec<RunRecord>,
}
