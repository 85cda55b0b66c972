//! One prepared audit: its exact neighbors, then what is found on graphs and in answers.

use super::answers::{self, Answers, measure_answers};
use super::cells::{CellValues, QueryValues};
use super::depth::Depth;
use super::difficulty::difficulty;
use super::error::AuditError;
use super::estimates::drawn_from;
use super::exact::{self, ExactSearch};
use super::explore::{Neighbors, depth, explore};
use super::groups::GivenGroups;
use super::growth;
use super::notes::Note;
use super::on_graphs::{OnGraphs, Questions};
use super::per_query::{CellOfQueries, PerQuery};
use super::repair::{RepairedTable, repair};
use super::request::AuditRequest;
use super::results::{AllowedFacts, AuditResults, CellResult, DataFacts, RequirementResult};
use super::segments;
use super::selectivity;
use super::summarize::{Name, figure, summarize};
use super::where_lost::where_lost;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::{AsEngine, DistanceSource, Ranked, Vectors};
use annatomy_eval::explored::{Explored, QueryMap};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::index::Index;
use annatomy_formats::SlotIds;
use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{Sq8Codes, VectorDistances};
use annatomy_knn::{PairTable, RankTable};
use annatomy_runtime::stage;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// What an audit found, and the tables that were asked for.
#[derive(Clone, Debug)]
pub struct AuditOutcome {
    /// Everything found.
    pub results: AuditResults,
    /// Per prediction asked for, a row of k ids per query.
    pub predictions: Vec<SlotIds>,
    /// The repaired neighbors, if asked for.
    pub repaired: Option<RepairedTable>,
    /// Every query: of the answers given, or else at the efforts looked at, or else at one advised
    /// per k.
    pub per_query: PerQuery,
    /// What the explorer shows, if asked for and not too much for a page.
    pub explored: Option<Explored>,
}

/// An audit whose inputs are prepared.
pub(super) struct Job<'j> {
    request: &'j AuditRequest,
    data: Dataset<'j>,
    index: Option<&'j Index>,
    notes: Vec<Note>,
    answers: Option<Answers>,
    groups: Option<GivenGroups>,
    depth: Depth,
    exact: Option<&'j dyn ExactSearch>,
}

impl<'j> Job<'j> {
    /// Checks what was asked against the data and the answers.
    pub(super) fn new(
        request: &'j AuditRequest,
        data: Dataset<'j>,
        index: Option<&'j Index>,
        answers: Option<Answers>,
        groups: Option<GivenGroups>,
        mut notes: Vec<Note>,
    ) -> Result<Self, AuditError> {
        segments::check(request, index)?;
        if request.repair && answers.is_none() {
            return Err(AuditError::Request(
                "repair needs the neighbors to repair".to_owned(),
            ));
        }
        let on_graphs = answers.is_none() || index.is_some() || !request.predictions.is_empty();
        selectivity::check_graphs(request, on_graphs)?;
        let segments = index.map_or(1, |index| index.facts.segments.len().max(1));
        growth::check(request, on_graphs, segments, &data)?;
        let own_effort = index.and_then(|index| index.facts.ef_search);
        let has_effort = !request.efs.is_empty() || own_effort.is_some();
        if !request.requirements.is_empty() && answers.is_none() && !has_effort {
            return Err(AuditError::Request(
                "a requirement is about answers or about a search at some effort: neighbors, an index that says its efSearch, or an ef is needed".to_owned(),
            ));
        }
        let slots = answers.as_ref().map(|answers| answers.slots);
        let repaired = slots.filter(|_| request.repair).unwrap_or(0);
        let required: Vec<usize> = request.requirements.iter().map(|wanted| wanted.k).collect();
        let depth = Depth::new(
            request.ks.as_deref(),
            &required,
            data.available(),
            slots,
            repaired,
        )?;
        request.check_predictions(data.queries.count())?;
        if let Some(answers) = &answers {
            notes.extend(depth.beyond(answers.slots));
            notes.extend(answers::other_metric(answers, &data));
        }
        Ok(Self {
            request,
            data,
            index,
            notes,
            answers,
            groups,
            depth,
            exact: None,
        })
    }

    /// Leaves the search for exact neighbors to another.
    pub(super) fn with_exact(self, exact: Option<&'j dyn ExactSearch>) -> Self {
        Self { exact, ..self }
    }

    /// Everything asked for, of one state of the base: rows that changed meanwhile are the error,
    /// whatever else was found.
    pub(super) fn run(self) -> Result<AuditOutcome, AuditError> {
        let outcome = self.outcome();
        self.data.base.verify()?;
        outcome
    }

    fn outcome(&self) -> Result<AuditOutcome, AuditError> {
        stage("exact neighbors", 0);
        let Some(base) = self.data.base.in_memory().filter(|_| self.wants_graphs()) else {
            return self.without_graphs(&self.exact()?);
        };
        let (metric, queries) = (self.data.metric, self.data.search_queries());
        if let Some(build) = self.index.and_then(Index::engine) {
            let exact = self.exact()?;
            let computer = EngineDistances::new(base, metric, build);
            return self.with_graphs(&AsEngine::new(computer, queries), &exact);
        }
        if queries.are_base_rows() && Ranked::fits(base.rows(), self.request.memory_budget_bytes) {
            let table = PairTable::new(base, metric, self.depth.neighbors)?;
            let ranks = RankTable::new(&table)?;
            let exact = match self.data.filter {
                Some(_) => self.exact()?,
                None => exact::neighbors_in(&table, &self.data, self.depth.neighbors),
            };
            return self.with_graphs(&Ranked::new(&table, &ranks, queries), &exact);
        }
        let exact = self.exact()?;
        let codes = match self.index {
            None => Sq8Codes::if_worthwhile(base, metric),
            Some(_) => None,
        };
        let computer = VectorDistances::new(base, metric).with_codes(codes.as_ref());
        self.with_graphs(&Vectors::new(computer, queries, None), &exact)
    }

    /// Graphs are looked at unless answers alone are asked about.
    fn wants_graphs(&self) -> bool {
        self.answers.is_none() || self.index.is_some() || !self.request.predictions.is_empty()
    }

    fn exact(&self) -> Result<GroundTruth<'_>, AuditError> {
        let budget = self.request.memory_budget_bytes;
        match self.exact {
            Some(search) => exact::neighbors_by(search, &self.data, self.depth.neighbors, budget),
            None => exact::neighbors(&self.data, self.depth.neighbors, budget),
        }
    }

    /// What is found on graphs; meanwhile one thread lays out the explorer's map.
    fn with_graphs<S: DistanceSource>(
        &self,
        source: &S,
        exact: &GroundTruth<'_>,
    ) -> Result<AuditOutcome, AuditError> {
        let graphs = self.index.map_or(self.request.graphs.count, |_| 1);
        let neighbors = self.explored_neighbors(exact, graphs)?;
        let questions = Questions {
            request: self.request,
            data: &self.data,
            index: self.index,
            ks: &self.depth.ks,
        };
        let (found, mapped) = rayon::join(
            || questions.answer(source, exact),
            || neighbors.map(|neighbors| self.mapped(neighbors)),
        );
        Ok(self.finish(found?, mapped, exact))
    }

    /// What is found in answers alone.
    fn without_graphs(&self, exact: &GroundTruth<'_>) -> Result<AuditOutcome, AuditError> {
        let neighbors = self.explored_neighbors(exact, 0)?;
        let mapped = neighbors.map(|neighbors| self.mapped(neighbors));
        Ok(self.finish(OnGraphs::default(), mapped, exact))
    }

    /// The neighbors that the explorer shows, as many as `graphs` graphs record and every answer has
    /// slots for; `None` where it is not asked for, or too much for a page.
    fn explored_neighbors(
        &self,
        truth: &GroundTruth<'_>,
        graphs: usize,
    ) -> Result<Option<Neighbors>, AuditError> {
        let (data, request) = (&self.data, self.request);
        // Under a filter other rows are visited than returned, which the columns do not hold.
        if !request.explore || data.filter.is_some() {
            return Ok(None);
        }
        let known = self.depth.ks.last().copied().unwrap_or(0);
        let depth = depth(data.queries.count(), graphs, known);
        let read = |depth| Neighbors::read(data, truth, depth, request.memory_budget_bytes);
        depth.map(read).transpose()
    }

    fn mapped(&self, neighbors: Neighbors) -> (Neighbors, QueryMap) {
        let map = neighbors.map(&self.data, self.request.seed);
        (neighbors, map)
    }

    /// The answers given, measured at every k that they have slots for.
    fn returned(
        &self,
        exact: &GroundTruth<'_>,
        reachable: Option<&[bool]>,
    ) -> (Vec<CellResult>, Vec<CellOfQueries>) {
        let Some(answers) = &self.answers else {
            return Default::default();
        };
        let ks = self.depth.ks.iter().copied();
        let ks: Vec<usize> = ks.filter(|&k| k <= answers.slots).collect();
        let measured = measure_answers(answers, &self.data, exact, reachable, &ks);
        let (mut results, mut queries) = (Vec::with_capacity(ks.len()), Vec::new());
        for (&k, values) in ks.iter().zip(measured) {
            let name = Name {
                who: answers.facts.name.clone(),
                class: None,
                ef: None,
                k,
            };
            queries.push(CellOfQueries {
                k,
                ef: None,
                graphs: vec![values.clone()],
                required_efs: Vec::new(),
            });
            results.push(summarize(name, &[CellValues::Queries(values)], &self.data));
        }
        (results, queries)
    }

    fn finish(
        &self,
        mut found: OnGraphs,
        mapped: Option<(Neighbors, QueryMap)>,
        truth: &GroundTruth<'_>,
    ) -> AuditOutcome {
        let (data, request) = (&self.data, self.request);
        let exact = truth
            .table()
            .expect("an audit keeps its neighbors as lists");
        let to_repair = self.answers.as_ref().filter(|_| request.repair);
        let repaired = to_repair.map(|answers| repair(answers, data, exact));
        let (returned, of_answers) = self.returned(truth, found.reachable.as_deref());
        if !of_answers.is_empty() {
            found.queries = of_answers;
        }
        let (difficulty, contrasts) = difficulty(data, exact, &self.depth.ks, request.seed);
        let per_query = PerQuery::new(&found.queries, data, exact, &self.depth.ks, &contrasts);
        let (recorded, answers) = (std::mem::take(&mut found.recorded), self.answers.as_ref());
        let explored =
            mapped.map(|mapped| explore(data, truth, mapped, recorded, answers, request.seed));
        let results = AuditResults {
            data: data_facts(data),
            difficulty,
            returned,
            graphs: found.graphs,
            method: None,
            answers: self.answers.as_ref().map(|answers| answers.facts.clone()),
            efforts: found.efforts,
            engines: found.engines,
            advice: found.advice,
            segments: found.segments,
            selectivity: found.selectivity,
            growth: found.growth,
            remedy: found.remedy,
            curves: found.curves,
            where_lost: where_lost(&per_query),
            groups: self
                .groups
                .as_ref()
                .map_or(Vec::new(), |groups| groups.find(data, &per_query)),
            until: None,
            requirements: requirements(request, data, &found.queries),
            notes: self.notes.iter().cloned().chain(found.note).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: 0.0,
        };
        AuditOutcome {
            results,
            predictions: found
                .predictions
                .into_iter()
                .map(|rows| data.slot_ids(rows))
                .collect(),
            repaired,
            per_query,
            explored,
        }
    }
}

/// Every condition, at every effort looked at.
pub(super) fn requirements(
    request: &AuditRequest,
    data: &Dataset<'_>,
    cells: &[CellOfQueries],
) -> Vec<RequirementResult> {
    let population = drawn_from(data);
    let mut results = Vec::new();
    for &requirement in &request.requirements {
        let at_k = || cells.iter().filter(|cell| cell.k == requirement.k);
        if at_k().next().is_none() {
            // Refused by the engine, or more than the answers have slots for.
            results.push(RequirementResult {
                requirement,
                ef: None,
                found: None,
                shown: false,
            });
        }
        for cell in at_k() {
            let graphs: Vec<&Vec<QueryValues>> = cell.graphs.iter().collect();
            let found = figure(requirement.target.measure, &graphs, population);
            results.push(RequirementResult {
                requirement,
                ef: cell.ef,
                found,
                shown: found.is_some_and(|found| requirement.is_shown_by(&found)),
            });
        }
    }
    results
}

pub(super) fn data_facts(data: &Dataset<'_>) -> DataFacts {
    DataFacts {
        name: data.name.clone(),
        rows: data.base.rows(),
        columns: data.base.columns(),
        metric: data.metric.to_string(),
        queries: data.queries.count(),
        query_population: data.queries.population,
        queries_are_base_rows: data.queries.are_base_rows(),
        duplicate_rows: exact::duplicate_rows(data),
        queries_fingerprint: fingerprint(data),
        allowed: data.filter.as_ref().map(|filter| AllowedFacts {
            selectivity: filter.allowed.selectivity(),
            per_query: !filter.allowed.is_shared(),
            rule: filter.rule.to_string(),
        }),
        intervals_over: if data.queries.are_base_rows() {
            "the rows of the base"
        } else {
            "queries like these"
        },
    }
}

/// SHA-256 of the vectors of the queries measured, in hexadecimal digits.
fn fingerprint(data: &Dataset<'_>) -> String {
    let mut hasher = Sha256::new();
    for query in 0..data.queries.count() {
        hasher.update(bytemuck::cast_slice(data.query(query)));
    }
    let digits = hasher.finalize();
    let mut text = String::with_capacity(2 * digits.len());
    for byte in digits {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
