//! What is asked of an audit.

use super::choices::{Choices, Sampling};
use super::error::AuditError;
use super::half_width::Until;
use super::requirement::Requirement;
use super::target::Target;
use annatomy_hnsw::import::Arithmetic;
use annatomy_hnsw::{EngineClass, FilterRule};
use annatomy_vectors::Metric;
use std::path::PathBuf;

/// Largest table of predicted ids, in bytes.
const MAX_PREDICTED_BYTES: u64 = 3 << 30;

/// Most graphs that an audit builds.
const MAX_GRAPHS: usize = 1_000;

/// What is given, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// Base rows; may be left out where `index` holds them.
    pub vectors: Option<PathBuf>,
    /// Queries that are no base rows; by default the base rows are the queries, each itself
    /// excluded by id.
    pub queries: Option<PathBuf>,
    /// A graph that FAISS or hnswlib saved; by default graphs are built here.
    pub index: Option<PathBuf>,
    /// Further segments of the collection of which `index` is the first: graphs over other rows of the
    /// base, whose answers are merged.
    pub segments: Vec<PathBuf>,
    /// Whether one graph over all rows is built, to be compared with the segments.
    pub one_graph: bool,
    /// Neighbor ids that an engine returned, one row per query.
    pub neighbors: Option<PathBuf>,
    /// Their distances, of the same shape.
    pub distances: Option<PathBuf>,
    /// Primary keys of the base rows, which answers and `allowed` name rows by.
    pub ids: Option<PathBuf>,
    /// Rows that queries may be answered with: a mask or ids, for all or per query.
    pub allowed: Option<PathBuf>,
    /// A group per query (class, language, tenant), by which loss is split.
    pub groups: Option<PathBuf>,
    /// How the engine searches under a filter; by default as that of the graph does.
    pub filter_rule: Option<FilterRule>,
    /// Shares of the rows, for each of which the audit is made under filters, random ones and ones of rows
    /// near one another; `allowed` goes without.
    pub selectivities: Vec<f64>,
    /// Whether the smallest ef is looked for at samples of the rows too, to see how it grows.
    pub growth: Growth,
    /// Neighbors asked for; by default those of 10, 90 and 500 that the rows allow.
    pub ks: Option<Vec<usize>>,
    /// What the advice is to reach.
    pub targets: Vec<Target>,
    /// Search efforts to look at besides the engines' defaults.
    pub efs: Vec<usize>,
    /// Queries to draw; by default all up to 10,000 rows, and 2,000 beyond.
    pub sample: Option<usize>,
    /// Draw as many queries as give every mean overlap an interval this narrow, in the place of
    /// `sample`.
    pub until: Option<Until>,
    /// Of the sample and of the graphs built here.
    pub seed: u64,
    /// By default what the index says, or L2.
    pub metric: Option<Metric>,
    /// The arithmetic in which the index is searched; by default its engine's on this machine.
    pub arithmetic: Option<Arithmetic>,
    /// The graphs to build where there is no index.
    pub graphs: GraphRequest,
    /// Answers to write down.
    pub predictions: Vec<Prediction>,
    /// Conditions to be shown, of the answers given or of the efforts looked at.
    pub requirements: Vec<Requirement>,
    /// Whether the neighbors are to be repaired.
    pub repair: bool,
    /// Whether what the explorer shows is to be recorded.
    pub explore: bool,
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Most bytes that tables of all pairs may take.
    pub memory_budget_bytes: u64,
}

/// Answers of an engine to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// Search effort.
    pub ef: usize,
    /// Neighbors asked of the engine; where queries are base rows, k counts the query itself.
    pub k: usize,
    /// What the engine does when k exceeds ef.
    pub class: EngineClass,
}

/// Whether growth is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// It is not.
    #[default]
    LeftOut,
    /// Graphs over samples are built.
    Measured,
}

/// Graphs to build here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphRequest {
    /// Whose rules.
    pub preset: annatomy_hnsw::Preset,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// How many, of seeds `seed`, `seed` + 1, …: the interval of the advice covers them.
    pub count: usize,
}

impl AuditRequest {
    /// Refuses settings that no data can satisfy; what preparing needs to know of the others. The
    /// queries are drawn as `drawn` says, or else as this request does.
    pub(super) fn check(&self, drawn: Option<Sampling>) -> Result<Choices, AuditError> {
        let counts = [
            ("graphs", self.graphs.count, MAX_GRAPHS),
            (
                "ef",
                self.efs.iter().copied().min().unwrap_or(1),
                usize::MAX,
            ),
        ];
        for (name, value, most) in counts {
            if !(1..=most).contains(&value) {
                return Err(AuditError::Setting { name, value, most });
            }
        }
        for prediction in &self.predictions {
            for (name, value) in [("ef", prediction.ef), ("k", prediction.k)] {
                if value == 0 {
                    let most = usize::MAX;
                    return Err(AuditError::Setting { name, value, most });
                }
            }
        }
        self.check_selectivities(self.allowed.is_some())?;
        Ok(Choices {
            arithmetic: self.arithmetic,
            sampling: drawn.unwrap_or_else(|| self.sampling()),
            graphs: self.neighbors.is_none()
                || self.index.is_some()
                || !self.predictions.is_empty(),
            filtered: self.allowed.is_some(),
            filter_rule: self.filter_rule,
            preset: self.graphs.preset,
        })
    }

    /// Refuses shares that are none, and any where rows are `allowed` already.
    pub(super) fn check_selectivities(&self, allowed: bool) -> Result<(), AuditError> {
        let refused = |words: String| Err(AuditError::Request(words));
        for &share in &self.selectivities {
            if !(share > 0.0 && share <= 1.0) {
                return refused(format!(
                    "selectivity {share}: expected a share of the rows, above 0 and at most 1"
                ));
            }
        }
        if !self.selectivities.is_empty() && allowed {
            let words = "selectivity draws its own filters: it goes without allowed rows";
            return refused(words.to_owned());
        }
        Ok(())
    }

    /// The filter rule asked for, or that of an engine of `class`.
    pub(super) fn rule(&self, class: EngineClass) -> FilterRule {
        self.filter_rule.unwrap_or_else(|| FilterRule::of(class))
    }

    /// Refuses predictions whose tables exceed [`MAX_PREDICTED_BYTES`].
    pub(super) fn check_predictions(&self, queries: usize) -> Result<(), AuditError> {
        for prediction in &self.predictions {
            let bytes = queries as u128 * prediction.k as u128 * size_of::<i64>() as u128;
            if bytes > u128::from(MAX_PREDICTED_BYTES) {
                return Err(AuditError::Prediction {
                    k: prediction.k,
                    queries,
                    bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                    limit: MAX_PREDICTED_BYTES,
                });
            }
        }
        Ok(())
    }

    /// The efforts to look at, each once and in their order: those asked for, by default the index's
    /// `own`; none beyond `largest`, which does as much.
    pub(super) fn efforts(&self, own: Option<usize>, largest: usize) -> Vec<usize> {
        let own = own.filter(|_| self.efs.is_empty());
        let mut efforts = Vec::new();
        for &effort in own.iter().chain(&self.efs) {
            let effort = effort.min(largest);
            if !efforts.contains(&effort) {
                efforts.push(effort);
            }
        }
        efforts
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            asked: self.sample,
            seed: self.seed,
            at_most: false,
            // Answers to repair or to write down are wanted for every query.
            every_query: self.repair || !self.predictions.is_empty(),
        }
    }
}

/// The queries that an audit measures out of `population`: all of them, or a seeded sample in
/// ascending order.
///
/// # Errors
/// If the sample asked for is empty or larger than the population.
pub fn draw_queries(request: &AuditRequest, population: usize) -> Result<Vec<usize>, AuditError> {
    request.sampling().draw(population)
}

impl GraphRequest {
    /// About the bytes that the graphs of `rows` rows take: 2M links of 4 bytes a row, while they
    /// are built as well as afterwards.
    pub(super) fn bytes(&self, rows: usize) -> u64 {
        let links = 2 * self.m as u128 + 1;
        let graphs = 2 * self.count as u128;
        let bytes = (graphs * rows as u128).saturating_mul(4 * links);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl Default for GraphRequest {
    fn default() -> Self {
        Self {
            preset: annatomy_hnsw::Preset::Faiss,
            m: 32,
            ef_construction: 200,
            count: 3,
        }
    }
}

impl Default for AuditRequest {
    fn default() -> Self {
        Self {
            vectors: None,
            queries: None,
            index: None,
            segments: Vec::new(),
            one_graph: false,
            neighbors: None,
            distances: None,
            ids: None,
            allowed: None,
            groups: None,
            filter_rule: None,
            selectivities: Vec::new(),
            growth: Growth::default(),
            ks: None,
            targets: vec![Target::default()],
            efs: Vec::new(),
            sample: None,
            until: None,
            seed: 42,
            metric: None,
            arithmetic: None,
            graphs: GraphRequest::default(),
            predictions: Vec::new(),
            requirements: Vec::new(),
            repair: false,
            explore: false,
            threads: 0,
            memory_budget_bytes: 3 << 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(request: &AuditRequest, words: &str) {
        let checked = request.check(None);
        let error = checked.and_then(|_| request.check_predictions(500));
        let error = error.expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    }

    fn prediction(ef: usize, k: usize) -> AuditRequest {
        let class = EngineClass::Raise;
        AuditRequest {
            predictions: vec![Prediction { ef, k, class }],
            ..AuditRequest::default()
        }
    }

    fn graphs(count: usize) -> AuditRequest {
        let mut request = AuditRequest::default();
        request.graphs.count = count;
        request
    }

    #[test]
    fn settings_that_no_data_can_satisfy_are_refused_with_their_numbers() {
        refused(&graphs(0), "graphs = 0: expected 1 to 1000");
        refused(
            &graphs(1_000_000_000),
            "graphs = 1000000000: expected 1 to 1000",
        );
        let efs = vec![16, 0];
        let no_effort = AuditRequest {
            efs,
            ..AuditRequest::default()
        };
        refused(&no_effort, "ef = 0: expected at least 1");
        refused(&prediction(0, 3), "ef = 0");
        refused(&prediction(3, 0), "k = 0");
    }

    #[test]
    fn predictions_are_refused_before_they_are_allocated() {
        refused(
            &prediction(16, 1_000_000),
            "k = 1000000 for 500 queries takes 4.00 GB of predicted ids: the limit is 3.22 GB",
        );
        refused(&prediction(16, 10_000_000_000), "takes 40.0 TB");
        refused(&prediction(16, usize::MAX), "EB of predicted ids");
        assert!(prediction(16, 100_000).check_predictions(500).is_ok());
    }

    #[test]
    fn graphs_take_two_tables_of_links() {
        let request = GraphRequest {
            m: 4,
            count: 3,
            ..GraphRequest::default()
        };
        assert_eq!(request.bytes(100), 3 * 2 * 100 * 9 * 4);
        assert_eq!(graphs(1_000).graphs.bytes(usize::MAX), u64::MAX);
    }

    #[test]
    fn efforts_are_looked_at_once_each_and_the_index_s_own_unless_others_are_asked_for() {
        let of = |efs: &[usize], own, largest| {
            let request = AuditRequest {
                efs: efs.to_vec(),
                ..AuditRequest::default()
            };
            request.efforts(own, largest)
        };
        assert_eq!(of(&[], Some(16), 100), [16]);
        assert_eq!(of(&[], None, 100), [0; 0]);
        assert_eq!(of(&[64, 8, 64], Some(16), 100), [64, 8]);
        assert_eq!(
            of(&[64, 200, 300], None, 100),
            [64, 100],
            "more cells than there are"
        );
        assert_eq!(of(&[], Some(16), 4), [4]);
    }

    #[test]
    fn engines_filter_as_their_class_does() {
        for engine in crate::ENGINES {
            assert_eq!(
                engine.filter,
                FilterRule::of(engine.class),
                "{}",
                engine.name
            );
        }
    }
}
