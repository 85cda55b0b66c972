//! Everything an audit found, as `audit.json` holds it.

use super::by_group::GroupsAt;
use super::distance_kind::DistanceKind;
use super::growth::results::GrowthResult;
use super::health::GraphHealth;
use super::notes::Note;
use super::requirement::Requirement;
use super::target::Target;
use super::where_lost::WhereLost;
use annatomy_formats::RowId;
use annatomy_measures::estimate::{Estimate, SampledUntil};
use serde::Serialize;

/// Everything an audit found.
#[derive(Clone, Debug, Serialize)]
pub struct AuditResults {
    /// What was looked at.
    pub data: DataFacts,
    /// How hard these data are for any index.
    pub difficulty: Vec<Difficulty>,
    /// The graphs; none if only answers were looked at.
    pub graphs: Option<GraphFacts>,
    /// The index, if it is more than a graph over float32 rows: what each stage of it loses.
    pub method: Option<MethodFacts>,
    /// The answers given.
    pub answers: Option<AnswerFacts>,
    /// Measures of the answers given, one per k.
    pub returned: Vec<CellResult>,
    /// What the index itself, or an effort asked for, gives: one per ef and k.
    pub efforts: Vec<CellResult>,
    /// What engines return on these graphs at their own defaults: one per engine and k.
    pub engines: Vec<CellResult>,
    /// The smallest ef for each k and target; per segment, where there are several.
    pub advice: Vec<Advice>,
    /// The segments whose answers are merged, if the index has several.
    pub segments: Option<SegmentsResult>,
    /// The same under filters of several selectivities, one per kind and share, where asked for.
    pub selectivity: Vec<SelectivityResult>,
    /// How the smallest ef grows with the rows, where asked for.
    pub growth: Option<GrowthResult>,
    /// What a denser graph does for targets that no ef meets, if one was built to see.
    pub remedy: Option<Remedy>,
    /// Overlap and fill against ef, one per k.
    pub curves: Vec<Curve>,
    /// Where loss lives: loss against each difficulty of the queries, at one effort per k or of the
    /// answers given.
    pub where_lost: Vec<WhereLost>,
    /// Loss by group of queries, one per k and effort, where groups were given.
    pub groups: Vec<GroupsAt>,
    /// How many queries an interval as narrow as wanted took, if one was.
    pub until: Option<UntilResult>,
    /// Conditions asked for, and whether they are shown.
    pub requirements: Vec<RequirementResult>,
    /// What a reader should know of how things were taken.
    pub notes: Vec<Note>,
    /// Version of annatomy.
    pub version: String,
    /// Seconds taken.
    pub seconds: f64,
}

/// The run that answers come from, where their file says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    /// Which engine.
    pub algorithm: Option<String>,
    /// The engine and its settings.
    pub name: Option<String>,
    /// What was searched.
    pub dataset: Option<String>,
    /// The metric, in the file's own words.
    pub distance: Option<String>,
    /// Neighbors asked for.
    pub count: Option<u64>,
}

/// What was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct DataFacts {
    /// The file.
    pub name: String,
    /// Base rows, n.
    pub rows: usize,
    /// Columns, d.
    pub columns: usize,
    /// `l2`, `cosine` or `ip`.
    pub metric: String,
    /// Queries measured.
    pub queries: usize,
    /// Queries there were to draw from.
    pub query_population: usize,
    /// Whether the queries are base rows.
    pub queries_are_base_rows: bool,
    /// Rows that equal an earlier one.
    pub duplicate_rows: usize,
    /// SHA-256 of the vectors of the queries measured, by which two audits of the same queries are
    /// known.
    pub queries_fingerprint: String,
    /// What intervals over queries are about.
    pub intervals_over: &'static str,
    /// The rows that queries may be answered with, if not all.
    pub allowed: Option<AllowedFacts>,
}

/// The rows that queries may be answered with.
#[derive(Clone, Debug, Serialize)]
pub struct AllowedFacts {
    /// Mean share of the base rows.
    pub selectivity: f64,
    /// Whether queries have rows of their own.
    pub per_query: bool,
    /// How the graph's own engine searches under a filter.
    pub rule: String,
}

/// Whether a condition is shown.
#[derive(Clone, Debug, Serialize)]
pub struct RequirementResult {
    /// The condition, as it was written.
    pub requirement: Requirement,
    /// Search effort; `None` for answers given.
    pub ef: Option<usize>,
    /// The measure with its interval.
    pub found: Option<Estimate>,
    /// Whether the worse end of the interval keeps the bound.
    pub shown: bool,
}

/// How hard these data are for any index, at one k.
#[derive(Clone, Debug, Serialize)]
pub struct Difficulty {
    /// Neighbors.
    pub k: usize,
    /// Maximum-likelihood LID of the exact neighbors, mean over queries (Levina & Bickel 2004).
    pub lid: Option<Estimate>,
    /// Mean distance to rows drawn at random over mean distance to the k-th neighbor (He, Kumar &
    /// Chang 2012).
    pub relative_contrast: Option<f64>,
    /// Skewness of the k-occurrences over the queries (Radovanović et al. 2010).
    pub hubness: Option<f64>,
    /// Share of base rows that are neighbors of no query.
    pub antihub_share: f64,
    /// Share of all k-occurrences that would have to move for every row to have the same (Feldbauer
    /// et al. 2018).
    pub robin_hood: Option<f64>,
}

/// The graphs looked at.
#[derive(Clone, Debug, Serialize)]
pub struct GraphFacts {
    /// Where they come from.
    pub source: String,
    /// What their engine does when k exceeds ef.
    pub class: String,
    /// The arithmetic of an engine in which distances are summed; `None`: ours.
    pub arithmetic: Option<String>,
    /// M.
    pub m: usize,
    /// efConstruction; 0 where the index does not say it.
    pub ef_construction: usize,
    /// efSearch, where the index says it.
    pub ef_search: Option<usize>,
    /// How many.
    pub count: usize,
    /// Mean links of a node on layer 0.
    pub links_per_node: f64,
    /// Per graph, the rows to which no path leads.
    pub unreachable: Vec<Vec<RowId>>,
    /// Components, in-degrees, self-recall and hubs, of each graph or of each segment.
    pub health: Vec<GraphHealth>,
}

/// An index of codes, cells, transforms or a rerank, and what each stage loses.
#[derive(Clone, Debug, Serialize)]
pub struct MethodFacts {
    /// The engine, its classes, and the file.
    pub source: String,
    /// The engine.
    pub engine: String,
    /// The arithmetic in which its distances are summed.
    pub arithmetic: String,
    /// The engine's word for its effort: `nprobe`, `ef` or `L`; `None` where all rows are looked at.
    pub effort: Option<String>,
    /// How many efforts were searched one by one, where no search answers another effort: of an NSG.
    pub replayed: Option<usize>,
    /// The effort that it was saved with.
    pub saved_effort: Option<usize>,
    /// The largest effort that changes anything: cells, or rows.
    pub largest_effort: usize,
    /// The engine's classes of transforms, first to last.
    pub transforms: Vec<String>,
    /// How rows are kept.
    pub codes: String,
    /// Bytes of a row's code.
    pub code_bytes: usize,
    /// Whether codes are of rows less their cell's centroid.
    pub by_residual: bool,
    /// How rows are spread over cells, of an inverted file.
    pub cells: Option<CellSpread>,
    /// M, of a graph.
    pub m: Option<usize>,
    /// efConstruction, of a graph, where the index says it.
    pub ef_construction: Option<usize>,
    /// Candidates that are reranked, over k.
    pub rerank_factor: Option<f64>,
    /// What each stage keeps and loses, one per effort and k.
    pub stages: Vec<StageResult>,
}

/// How rows are spread over the cells of an inverted file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellSpread {
    /// Cells, nlist.
    pub cells: usize,
    /// Cells without a row.
    pub empty: usize,
    /// Rows of the largest cell.
    pub largest: usize,
    /// nlist · Σ nᵢ² / n²: 1 where all cells are of one size.
    pub imbalance: f64,
}

/// What each stage of a search keeps and loses at one effort and k.
#[derive(Clone, Debug, Serialize)]
pub struct StageResult {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort; `None` where all rows are looked at.
    pub effort: Option<usize>,
    /// Candidates that the codes hand on: more than k where they are reranked.
    pub candidates: usize,
    /// Share of the exact neighbors among the candidates after the transforms: no effort lifts it.
    /// `None` without transforms.
    pub transforms_keep: Option<Estimate>,
    /// Share of them among the candidates nearest by code, after all transforms: no effort lifts
    /// it. `None` where rows are kept in float32.
    pub codes_keep: Option<Estimate>,
    /// Tie-aware overlap of the answer.
    pub overlap: Option<Estimate>,
    /// Missing neighbors a query, each charged to the first stage that lost it.
    pub lost: StageLosses,
    /// Share of all rows that a search visits.
    pub scanned: f64,
    /// Per target of overlap that the codes do not meet, how many candidates would have to be
    /// reranked.
    pub rerank_depths: Vec<RerankDepth>,
    /// What 8 bits a column would keep, where the codes have fewer and meet no target.
    pub eight_bits: Option<EightBits>,
}

/// Missing neighbors a query by the stage that lost them; they add up to k·(1 − strict overlap).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StageLosses {
    /// Too far after the transforms.
    pub transform: f64,
    /// Too far by code.
    pub codes: f64,
    /// In a cell that was not probed, or not visited in the graph.
    pub routing: f64,
    /// Of these, the rows to which no path leads from the graph's entry point.
    pub unreachable: f64,
    /// A candidate that the rerank dropped.
    pub rerank: f64,
    /// A row at the same distance is in their place.
    pub tied: f64,
}

/// How many candidates hold a share of the exact neighbors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RerankDepth {
    /// The share, over all queries.
    pub target: f64,
    /// The fewest candidates nearest by code that hold it; `None` if no number does.
    pub candidates: Option<usize>,
}

/// What scalar codes of 8 bits over the same rows would keep, measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EightBits {
    /// Share of the exact neighbors among as many candidates.
    pub keep: Estimate,
    /// Bytes of such a code.
    pub code_bytes: usize,
}

impl From<annatomy_methods::CellFacts> for CellSpread {
    fn from(facts: annatomy_methods::CellFacts) -> Self {
        Self {
            cells: facts.cells,
            empty: facts.empty,
            largest: facts.largest,
            imbalance: facts.imbalance,
        }
    }
}

impl From<annatomy_methods::stages::Losses> for StageLosses {
    fn from(lost: annatomy_methods::stages::Losses) -> Self {
        Self {
            transform: lost.transform,
            codes: lost.codes,
            routing: lost.routing,
            unreachable: lost.unreachable,
            rerank: lost.rerank,
            tied: lost.tied,
        }
    }
}

/// What the answers given look like.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerFacts {
    /// The file.
    pub name: String,
    /// The run that made them, if the file is a benchmark's.
    pub run: Option<RunFacts>,
    /// Rows.
    pub rows: usize,
    /// Slots per row.
    pub columns: usize,
    /// Ids count from this; 0 where they are primary keys.
    pub first_id: i64,
    /// Whether ids are primary keys of rows (those given, a column of the base, labels of the index)
    /// and not row numbers.
    pub keys: bool,
    /// The ids that no row of the base has, where ids are primary keys.
    pub unknown_ids: Option<UnknownIds>,
    /// Whether most rows contain the query itself.
    pub self_included: bool,
    /// What the distances are, if any were given and they are of a known kind.
    pub distance_kind: Option<DistanceKind>,
    /// Median relative deviation of the distances from that.
    pub distance_deviation: Option<f64>,
    /// Share of the distances compared that deviate by more than 1 %.
    pub distance_outliers: Option<f64>,
    /// Whether the distances given fit any kind between these queries and these rows; `None` where
    /// none were given that can be compared.
    pub distances_fit: Option<bool>,
    /// Queries measured that are not among their own answer's ids, where most are.
    pub queries_not_returned: Option<usize>,
    /// Rows whose slots do not come nearest first.
    pub rows_out_of_order: usize,
    /// Whether many different ids name no row: the answers seem to be of another base.
    pub ids_of_another_base: bool,
    /// What was not taken for a neighbor.
    pub sentinels: Sentinels,
}

/// Ids in answers that no row of the base has; over the queries measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownIds {
    /// Slots that hold such an id.
    pub slots: usize,
    /// Different ones.
    pub distinct: usize,
    /// The first of them.
    pub first: Vec<RowId>,
}

/// Slots that hold no neighbor, by what they hold instead; over the queries measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sentinels {
    /// Negative ids.
    pub negative_ids: usize,
    /// Ids that no row has.
    pub ids_out_of_range: usize,
    /// Ids of rows that the query may not be answered with.
    pub not_allowed: usize,
    /// Ids that stand earlier in their row.
    pub duplicates: usize,
    /// Zeros or other ids repeated up to the row's end.
    pub padding: usize,
    /// Slots that the short rows of a ragged table do not have.
    pub missing_slots: usize,
    /// Ids whose distance is not a number.
    pub nan_distances: usize,
    /// Ids whose distance is infinite or the largest float.
    pub sentinel_distances: usize,
    /// Rows with a slot of any of these kinds.
    pub short_rows: usize,
}

impl Sentinels {
    /// The counts of both.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            negative_ids: self.negative_ids + other.negative_ids,
            ids_out_of_range: self.ids_out_of_range + other.ids_out_of_range,
            not_allowed: self.not_allowed + other.not_allowed,
            duplicates: self.duplicates + other.duplicates,
            padding: self.padding + other.padding,
            missing_slots: self.missing_slots + other.missing_slots,
            nan_distances: self.nan_distances + other.nan_distances,
            sentinel_distances: self.sentinel_distances + other.sentinel_distances,
            short_rows: self.short_rows + other.short_rows,
        }
    }

    /// Slots that hold no neighbor.
    pub fn slots(&self) -> usize {
        self.negative_ids
            + self.ids_out_of_range
            + self.not_allowed
            + self.duplicates
            + self.padding
            + self.missing_slots
            + self.nan_distances
            + self.sentinel_distances
    }
}

/// All measures at one k.
#[derive(Clone, Debug, Serialize)]
pub struct CellResult {
    /// Whose answer.
    pub who: String,
    /// The rule for k > ef.
    pub class: Option<String>,
    /// Search effort.
    pub ef: Option<usize>,
    /// Neighbors asked for.
    pub k: usize,
    /// Whether the engine refuses k > ef; then nothing else has a value.
    pub refused: bool,
    /// Share of the k slots that hold a neighbor.
    pub fill: Option<Estimate>,
    /// Tie-aware overlap.
    pub overlap: Option<Estimate>,
    /// Overlap by id.
    pub overlap_strict: Option<Estimate>,
    /// Overlap that 99 % of the queries reach.
    pub overlap_p1: Option<Estimate>,
    /// Overlap that 95 % of the queries reach.
    pub overlap_p5: Option<Estimate>,
    /// Overlap that 75 % of the queries reach.
    pub overlap_p25: Option<Estimate>,
    /// Share of queries with overlap of at least .9.
    pub robust_90: Option<Estimate>,
    /// Overlap less what chance gives, k/(n − 1) (Chen & Buja 2009).
    pub lcmc: Option<Estimate>,
    /// Share of the slots with distance up to 1.01 times the k-th exact one.
    pub epsilon_recall: Option<Estimate>,
    /// 1/(1 + relative distance error), a query.
    pub inverse_ratio: Option<Estimate>,
    /// Rank-biased overlap at p = .9 (Webber et al. 2010).
    pub rank_biased_overlap: Option<Estimate>,
    /// Mean |slot − rank| of the neighbors returned, over k.
    pub displacement: Option<Estimate>,
    /// Mean over filled ranks of d_A/d_E − 1.
    pub relative_distance_error: Option<Estimate>,
    /// Mean distance of the exact neighbors.
    pub mean_exact_distance: Option<Estimate>,
    /// Mean distance of the returned neighbors.
    pub mean_returned_distance: Option<Estimate>,
    /// ‖mean(E) − mean(A)‖ / r, over up to 500 queries: `n` says how many.
    pub barycenter_shift: Option<Estimate>,
    /// LID of the exact neighbors.
    pub lid_exact: Option<Estimate>,
    /// LID of the returned neighbors.
    pub lid_returned: Option<Estimate>,
    /// |LID returned / LID exact − 1|, of the means.
    pub lid_bias: Option<Estimate>,
    /// Rows visited on layer 0: distance evaluations a query.
    pub visited: Option<f64>,
    /// Share of the queries that are among their own returned rows; `None` for held-out queries, and
    /// for answers without the queries themselves.
    pub self_hit: Option<Estimate>,
    /// Why neighbors are missing.
    pub missing: Causes,
    /// The queries with the least overlap.
    pub worst: Vec<WorstQuery>,
}

/// Missing neighbors a query, by cause: they add up to k·(1 − strict overlap), and without the tied
/// ones to k·(1 − overlap). `empty` is no cause: it counts slots, k·(1 − fill).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Causes {
    /// No path leads to them.
    pub unreachable: f64,
    /// The search stopped before them.
    pub unvisited: f64,
    /// Visited, and beyond the rows that the engine returns.
    pub cut_off: f64,
    /// A row at the k-th distance is in their place, which the overlap counts.
    pub tied: f64,
    /// A farther row is in their place, or the slot is empty; only the graph can say why.
    pub displaced: f64,
    /// Slots without a neighbor.
    pub empty: f64,
}

/// A query and how much of its neighborhood came back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstQuery {
    /// Its id, or number in the file of queries.
    pub query: RowId,
    /// Its overlap, mean over graphs.
    pub overlap: f64,
}

/// The smallest ef for one k and target.
#[derive(Clone, Debug, Serialize)]
pub struct Advice {
    /// Neighbors asked for.
    pub k: usize,
    /// What is to be reached.
    pub target: Target,
    /// The ef that is shown to suffice: the smallest at which the worse end of the measure's 95 %
    /// interval meets the target; `None` if none does with as many queries.
    pub recommended: Option<Recommended>,
    /// The smallest ef whose estimate reaches it; `None` if no effort does. It falls short of the
    /// target about as often as not.
    pub ef: Option<usize>,
    /// The smallest ef that may reach it: the lower end of the 95 % interval of `ef`.
    pub ef_low: Option<usize>,
    /// The smallest ef that reaches it with its whole interval: the upper end, and the recommended.
    pub ef_high: Option<usize>,
    /// ef/k.
    pub alpha: Option<f64>,
    /// Distance evaluations a query at `ef`, on layer 0.
    pub distance_evaluations: Option<f64>,
    /// The measure at `ef`, or at the largest effort tried.
    pub reached: Option<Estimate>,
    /// The largest effort tried.
    pub largest_ef: usize,
    /// The best overlap that any effort could give, since the rest of the neighbors cannot be
    /// reached.
    pub best_overlap: f64,
    /// Queries that could show the target at the largest effort, where those measured do not.
    pub queries_needed: Option<usize>,
}

/// An ef that is shown to suffice.
#[derive(Clone, Debug, Serialize)]
pub struct Recommended {
    /// It.
    pub ef: usize,
    /// ef/k.
    pub alpha: f64,
    /// Distance evaluations a query, on layer 0.
    pub distance_evaluations: f64,
    /// The measure there.
    pub reached: Option<Estimate>,
    /// The rule tried on other queries than it was applied to; `None` where every query there is was
    /// measured on one graph, which leaves nothing to chance.
    pub judged: Option<Judged>,
}

/// The ef that one half of the queries recommend, judged on the other half.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Judged {
    /// The ef that the first half shows to suffice.
    pub ef: usize,
    /// Queries of the first half.
    pub chosen_on: usize,
    /// Queries of the second half.
    pub judged_on: usize,
    /// The measure over the second half at that ef.
    pub reached: Estimate,
}

/// One graph with more links, built because no ef met a target.
#[derive(Clone, Debug, Serialize)]
pub struct Remedy {
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// The rows to which no path leads even so.
    pub unreachable: Vec<RowId>,
    /// The smallest ef on it for each k and target that was out of reach.
    pub advice: Vec<Advice>,
}

/// Queries drawn to a wanted precision.
#[derive(Clone, Debug, Serialize)]
pub struct UntilResult {
    /// What it took.
    pub took: SampledUntil,
    /// About how many queries intervals of other widths take, at each k and effort.
    pub widths: Vec<QueriesForWidth>,
}

/// About how many queries give mean overlap an interval of ± `half_width`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct QueriesForWidth {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort; `None` for answers given.
    pub ef: Option<usize>,
    /// Half of the interval.
    pub half_width: f64,
    /// Queries.
    pub queries: usize,
}

/// Segments of one collection, each searched at ef, their answers merged.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentsResult {
    /// In the order in which they were given.
    pub segments: Vec<SegmentFacts>,
    /// The same data as one graph, where it was asked for.
    pub one_graph: Option<OneGraph>,
}

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentFacts {
    /// Its rows.
    pub rows: usize,
    /// Those of them to which no path leads from its entry point.
    pub unreachable: usize,
}

/// One graph over the rows of all segments, built here as their engine builds.
#[derive(Clone, Debug, Serialize)]
pub struct OneGraph {
    /// Where it comes from.
    pub source: String,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// Both at the efforts looked at, or else at the efforts advised for the segments.
    pub at: Vec<SegmentsAt>,
    /// The smallest ef on it for each k and target.
    pub advice: Vec<Advice>,
}

/// Segments and one graph at the same ef.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentsAt {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort, of each segment and of the one graph.
    pub ef: usize,
    /// Tie-aware overlap of the merged answers.
    pub overlap: Option<Estimate>,
    /// Their fill.
    pub fill: Option<Estimate>,
    /// Distance evaluations a query on layer 0, of all segments.
    pub visited: Option<f64>,
    /// Tie-aware overlap on one graph.
    pub one_overlap: Option<Estimate>,
    /// Fill on one graph.
    pub one_fill: Option<Estimate>,
    /// Distance evaluations a query on one graph.
    pub one_visited: Option<f64>,
}

/// Which rows a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// Rows drawn at random.
    Random,
    /// The rows nearest to one that was drawn, itself included.
    Nearest,
}

impl FilterKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Random, Self::Nearest];
}

/// The audit under one filter.
#[derive(Clone, Debug, Serialize)]
pub struct SelectivityResult {
    /// Which rows are allowed.
    pub kind: FilterKind,
    /// The share of the rows that was asked for.
    pub share: f64,
    /// Rows allowed.
    pub allowed: usize,
    /// How the engine searches under a filter.
    pub rule: String,
    /// All measures, one per ef and k, at the efforts looked at, or at those advised without a filter.
    /// No k beyond the allowed rows.
    pub efforts: Vec<CellResult>,
    /// The smallest ef for each k and target.
    pub advice: Vec<Advice>,
}

/// Overlap and fill against ef at one k.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Neighbors asked for.
    pub k: usize,
    /// Efforts.
    pub efs: Vec<usize>,
    /// Mean overlap at each.
    pub overlap: Vec<Option<Estimate>>,
    /// Overlap that 95 % of the queries reach.
    pub overlap_p5: Vec<Option<Estimate>>,
    /// Mean fill at each.
    pub fill: Vec<Option<Estimate>>,
}
