//! Audits of indexes that are more than a graph over float32 rows: codes, cells, transforms, rerank.
//!
//! `data`: base rows, metric and queries → `pass`: each query searched once in the engine's own
//! arithmetic (of an NSG once for each effort: `replays`), and its losses by stage → `results`: ceilings, advice, curves.

mod data;
mod graph;
mod kept_by_stages;
mod pass;
mod replays;
mod results;

use super::choices::Choices;
use super::depth::Depth;
use super::difficulty::difficulty;
use super::error::AuditError;
use super::exact;
use super::given::Given;
use super::groups::GivenGroups;
use super::job::{AuditOutcome, data_facts, requirements};
use super::load::{OpenMethod, OpenVectors, Opened};
use super::notes::Note;
use super::per_query::PerQuery;
use super::request::{AuditRequest, Growth, Prediction};
use super::results::AuditResults;
use super::side_tables::SideTables;
use super::where_lost::where_lost;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::{FilterRule, reachable};
use annatomy_knn::{NeighborTable, Queries, exact_knn};
use annatomy_methods::{Method, Searcher};
use annatomy_runtime::stage;
use annatomy_vectors::{Matrix, MatrixView, Metric};
use data::{Prepared, Source};
use pass::{Cell, Pass};

/// Efforts of a graph that are searched where none larger is asked for.
const GRAPH_EFFORT: usize = 1_024;

/// Efforts that are distinguished one by one; beyond, in steps of 1 %.
const SINGLE_EFFORTS: usize = 512;

/// Audits an open `method` over the files that are open with it.
pub(super) fn audit_file(
    request: &AuditRequest,
    choices: &Choices,
    opened: Opened,
    method: &OpenMethod,
    notes: Vec<Note>,
) -> Result<AuditOutcome, AuditError> {
    refuse_answers(request, opened.answers.is_some(), &opened.side)?;
    let vectors = opened.vectors.as_ref();
    let queries = match &opened.queries {
        Some(queries) => {
            let numbers = choices.sampling.draw(queries.file.rows())?;
            Some((queries.select(&numbers)?, numbers, queries.file.rows()))
        }
        None => None,
    };
    let OpenMethod { path, saved } = method;
    let name = vectors.map_or(path, |vectors| &vectors.path);
    let source = Source {
        name: name.display().to_string(),
        index: path.display().to_string(),
        vectors: vectors.map(OpenVectors::read_all).transpose()?,
        queries,
    };
    let name = format!("{} {} {}", saved.engine, saved.name, path.display());
    Job::new(request, choices, saved, source, name, opened.side, notes)?.run()
}

/// Audits `method` over what is in memory.
pub(super) fn audit_given(
    request: &AuditRequest,
    choices: &Choices,
    mut given: Given<'_>,
    method: &Method,
) -> Result<AuditOutcome, AuditError> {
    let side = SideTables::given(&mut given)?;
    refuse_answers(request, given.answers.is_some(), &side)?;
    let queries = match given.queries {
        Some(queries) => {
            let numbers = choices.sampling.draw(queries.rows())?;
            Some((queries.select(&numbers), numbers, queries.rows()))
        }
        None => None,
    };
    let source = Source {
        name: given.name,
        index: "the index".to_owned(),
        vectors: given.rows.map(|rows| rows.to_matrix()),
        queries,
    };
    let name = format!("{} {}", method.engine, method.name);
    Job::new(request, choices, method, source, name, side, Vec::new())?.run()
}

/// FAISS stops early: the k best of what was visited; usearch raises the effort to k.
fn check_classes(request: &AuditRequest, method: &Method) -> Result<(), AuditError> {
    let own = method.class();
    let mut predictions = request.predictions.iter();
    match predictions.find(|prediction| prediction.class != own) {
        None => Ok(()),
        Some(Prediction { class, .. }) => Err(AuditError::Request(format!(
            "class={class}, but {} searches an index of this kind as class={own}",
            method.engine
        ))),
    }
}

/// FAISS fills the pool of an NSG with rows that are not in it yet: of more places than rows it never
/// ends.
fn check_pools(request: &AuditRequest, method: &Method) -> Result<(), AuditError> {
    if method.answers_nest() {
        return Ok(());
    }
    let predictions = request.predictions.iter();
    let predicted = predictions.map(|wanted| method.class().effort(wanted.ef, wanted.k));
    let largest = request.efs.iter().copied().chain(predicted).max();
    match largest.filter(|&largest| largest > method.rows) {
        None => Ok(()),
        Some(largest) => Err(AuditError::Request(format!(
            "L {largest}, but an NSG of {} rows is searched at {} at most, k included: above that FAISS's search never ends",
            method.rows, method.rows
        ))),
    }
}

/// Efforts are advised by what presences say.
fn check_targets(request: &AuditRequest) -> Result<(), AuditError> {
    for target in &request.targets {
        if !target.measure.is_share() {
            return Err(AuditError::Request(format!(
                "target {target}: for an index of this kind targets are of overlap, overlap_p5, overlap_p1 or fill"
            )));
        }
    }
    Ok(())
}

fn refuse_answers(
    request: &AuditRequest,
    answers: bool,
    side: &SideTables,
) -> Result<(), AuditError> {
    if side.allowed.is_some() {
        return Err(AuditError::Request(
            "allowed rows are not looked at for an index of this kind: give the engine's own answers over VECTORS with them, without the index"
                .to_owned(),
        ));
    }
    if !request.selectivities.is_empty() {
        return Err(AuditError::Request(
            "selectivity is not looked at for an index of this kind".to_owned(),
        ));
    }
    if request.growth != Growth::LeftOut {
        return Err(AuditError::Request(
            "growth is not looked at for an index of this kind".to_owned(),
        ));
    }
    if answers || request.repair {
        return Err(AuditError::Request(
            "answers are audited over VECTORS, without an index of this kind".to_owned(),
        ));
    }
    Ok(())
}

/// One prepared audit.
struct Job<'j> {
    request: &'j AuditRequest,
    method: &'j Method,
    data: Dataset<'static>,
    asked: Option<Matrix>,
    source: String,
    groups: Option<GivenGroups>,
    notes: Vec<Note>,
}

impl<'j> Job<'j> {
    /// Prepares the data; `name` is what a report calls the index.
    fn new(
        request: &'j AuditRequest,
        choices: &Choices,
        method: &'j Method,
        source: Source,
        name: String,
        side: SideTables,
        mut notes: Vec<Note>,
    ) -> Result<Self, AuditError> {
        let prepared = data::prepare(method, source, request.metric, choices, &mut notes)?;
        let Prepared { mut data, asked } = prepared;
        let groups = side.join(&mut data, &[], FilterRule::of(method.class()))?;
        Ok(Self {
            request,
            method,
            data,
            asked,
            source: name,
            groups,
            notes,
        })
    }

    fn run(self) -> Result<AuditOutcome, AuditError> {
        let Self {
            request,
            method,
            data,
            asked,
            source,
            groups,
            notes,
        } = self;
        check_classes(request, method)?;
        check_pools(request, method)?;
        check_targets(request)?;
        let available = data.available();
        let required = request.requirements.iter();
        let required: Vec<usize> = required.map(|requirement| requirement.k).collect();
        let depth = Depth::new(request.ks.as_deref(), &required, available, None, 0)?;
        request.check_predictions(data.queries.count())?;
        stage("exact neighbors", 0);
        let budget = request.memory_budget_bytes;
        let truth = exact::neighbors(&data, depth.neighbors, budget)?;
        let searcher =
            Searcher::new(method, request.arithmetic).map_err(data::unusable(&source))?;
        let own = usize::from(data.queries.are_base_rows());
        let most = depth.neighbors + own;
        let candidates = method.candidates(most).min(available);
        let transformed = Transformed::new(&searcher, &data, candidates, budget)?;
        let cells = cells(request, method, &depth.ks);
        let asked_ks: Vec<usize> = depth.ks.iter().map(|&k| data.asked(k)).collect();
        let efforts = efforts_tried(request, method, &asked_ks, &cells);
        stage("searches", data.queries.count() as u64);
        let pass = Pass {
            searcher: &searcher,
            data: &data,
            asked: asked.as_ref(),
            truth: &truth,
            ks: &depth.ks,
            cells: &cells,
            efforts: &efforts,
            transformed: transformed.as_ref().map(|transformed| &transformed.exact),
            predictions: &request.predictions,
            deepest: deepest(request, method, &asked_ks),
            reachable: method.graph().map(reachable),
        };
        let mut queries = pass.run();
        stage("measures", 0);
        let predictions = pass::predictions(&mut queries, &request.predictions);
        let found = results::Found {
            pass: &pass,
            queries: &queries,
            targets: &request.targets,
            base: transformed.as_ref().map(|transformed| &transformed.base),
            budget,
        };
        let exact = truth
            .table()
            .expect("an audit keeps its neighbors as lists");
        let (difficulty, contrasts) = difficulty(&data, exact, &depth.ks, request.seed);
        let advice = found.advice();
        let ef = pass.cells.first().map(|cell| cell.effort);
        let advised = advice.first().and_then(|advice| advice.ef);
        let graphs = graph::facts(&pass, &source, ef.or(advised).unwrap_or(1))?;
        let cells = found.of_queries();
        let per_query = PerQuery::new(&cells, &data, exact, &depth.ks, &contrasts);
        let results = AuditResults {
            data: data_facts(&data),
            difficulty,
            graphs,
            method: Some(found.facts(source)?),
            answers: None,
            returned: Vec::new(),
            efforts: found.cells(),
            engines: Vec::new(),
            advice,
            segments: None,
            selectivity: Vec::new(),
            growth: None,
            remedy: None,
            curves: found.curves(),
            where_lost: where_lost(&per_query),
            groups: groups.map_or(Vec::new(), |groups| groups.find(&data, &per_query)),
            until: None,
            requirements: requirements(request, &data, &cells),
            notes,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: 0.0,
        };
        Ok(AuditOutcome {
            // What the explorer holds is read from graphs over vectors.
            explored: None,
            results,
            predictions: predictions
                .into_iter()
                .map(|rows| data.slot_ids(rows))
                .collect(),
            repaired: None,
            per_query,
        })
    }
}

/// The efforts that are looked at for curves and advice.
fn efforts_tried(
    request: &AuditRequest,
    method: &Method,
    asked_ks: &[usize],
    cells: &[Cell],
) -> Vec<usize> {
    let largest = largest_effort(request, method, asked_ks, cells);
    let raised = class_efforts(method, asked_ks);
    if method.answers_nest() {
        return efforts(largest, raised);
    }
    let of_cells = cells.iter().map(|cell| cell.effort);
    replays::efforts(largest, raised.into_iter().chain(of_cells))
}

/// The base rows after the transforms, and the neighbors there.
pub(super) struct Transformed {
    base: Matrix,
    exact: NeighborTable,
}

impl Transformed {
    /// `None` without transforms.
    fn new(
        searcher: &Searcher<'_>,
        data: &Dataset<'_>,
        k: usize,
        budget: u64,
    ) -> Result<Option<Self>, AuditError> {
        let method = searcher.method();
        if method.transforms.is_empty() {
            return Ok(None);
        }
        let transformed = |rows| {
            let unusable = data::unusable(&data.name);
            searcher.transformed(rows).map_err(unusable)
        };
        let base = transformed(in_memory(data))?;
        let metric = match method.metric {
            Metric::L2 => Metric::L2,
            _ => Metric::InnerProduct,
        };
        let held_out = data.queries.held_out_rows().map(transformed).transpose()?;
        let queries = match &held_out {
            Some(queries) => Queries::HeldOut(queries.view()),
            None => Queries::SomeRows(base.view(), &data.queries.numbers),
        };
        let exact = exact_knn(&base.view(), queries, k, metric, budget)?;
        Ok(Some(Self { base, exact }))
    }
}

fn in_memory<'d>(data: &'d Dataset<'_>) -> MatrixView<'d> {
    let base = data.base.in_memory();
    base.expect("an index is searched over rows in memory")
}

/// The index at its own effort, or at the efforts asked for, at every k.
fn cells(request: &AuditRequest, method: &Method, ks: &[usize]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for effort in request.efforts(method.saved_effort(), method.largest_effort()) {
        cells.extend(ks.iter().map(|&k| Cell { effort, k }));
    }
    cells
}

/// The largest effort searched: all cells; of a graph, the largest that any request needs.
fn largest_effort(request: &AuditRequest, method: &Method, ks: &[usize], cells: &[Cell]) -> usize {
    if method.graph().is_none() {
        return method.largest_effort();
    }
    let of_cells = cells.iter().map(|cell| cell.effort);
    let class = method.class();
    let predictions = request.predictions.iter();
    let predicted = predictions.map(|prediction| class.effort(prediction.ef, prediction.k));
    let asked = of_cells.chain(predicted).max().unwrap_or(1);
    let least = GRAPH_EFFORT.max(4 * ks.last().copied().unwrap_or(1));
    asked.max(least).min(method.rows)
}

/// Rows of the longest answer, before it is reranked.
fn deepest(request: &AuditRequest, method: &Method, asked_ks: &[usize]) -> usize {
    let predicted = request.predictions.iter().map(|wanted| wanted.k);
    let longest = asked_ks.iter().copied().chain(predicted).max();
    method.candidates(longest.unwrap_or(1))
}

/// Efforts that the engine searches at, whatever is asked for, because k is larger.
fn class_efforts(method: &Method, asked_ks: &[usize]) -> Vec<usize> {
    let class = method.class();
    let raised = asked_ks.iter().map(|&k| class.effort(1, k));
    raised.filter(|&effort| effort > 1).collect()
}

/// 1, 2, 3, … and from [`SINGLE_EFFORTS`] on in steps of 1 %, to the largest, and `more` of them.
fn efforts(largest: usize, more: Vec<usize>) -> Vec<usize> {
    let mut efforts = Vec::new();
    let mut effort = 1;
    while effort < largest {
        efforts.push(effort);
        effort += if effort < SINGLE_EFFORTS {
            1
        } else {
            effort / 100
        };
    }
    efforts.push(largest);
    efforts.extend(more.into_iter().filter(|&effort| effort < largest));
    efforts.sort_unstable();
    efforts.dedup();
    efforts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_are_all_of_them_where_there_are_few() {
        assert_eq!(efforts(1, Vec::new()), [1]);
        assert_eq!(efforts(512, vec![7, 600]), (1..=512).collect::<Vec<_>>());
        let many = efforts(100_000, Vec::new());
        assert_eq!(
            (many[511], many[512], *many.last().expect("some")),
            (512, 517, 100_000)
        );
        assert!(efforts(100_000, vec![701]).contains(&701));
        assert!(many.len() < 1_200 && many.is_sorted_by(|a, b| a < b));
    }
}
