//! A whole audit: read, find exact neighbors, traverse, measure, advise.

use super::advice::Adviser;
use super::answers::{self, Answers, measure_answers};
use super::cells::{Cell, CellValues};
use super::curves::curves;
use super::data::{Index, Inputs};
use super::difficulty::difficulty;
use super::engines::ENGINES;
use super::error::AuditError;
use super::exact;
use super::given::Given;
use super::graphs::{Graphs, graphs};
use super::load::Opened;
use super::notes::Note;
use super::predict::predict;
use super::remedy::remedy;
use super::repair::{RepairedTable, repair};
use super::request::AuditRequest;
use super::results::{AuditResults, CellResult, DataFacts};
use super::shift::Barycenters;
use super::summarize::{Name, summarize};
use annatomy_eval::dataset::{Base, Dataset};
use annatomy_eval::distance_source::{AsEngine, DistanceSource, Ranked, Vectors};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{Sq8Codes, VectorDistances};
use annatomy_knn::{PairTable, RankTable};
use annatomy_runtime::{check_memory, install, stage};
use std::time::Instant;

/// Default neighbor counts.
pub const DEFAULT_KS: [usize; 3] = [10, 90, 500];

/// What an audit found, and the tables that were asked for.
#[derive(Clone, Debug)]
pub struct AuditOutcome {
    /// Everything found.
    pub results: AuditResults,
    /// Per prediction asked for, a row of k ids per query.
    pub predictions: Vec<Vec<i64>>,
    /// The repaired neighbors, if asked for.
    pub repaired: Option<RepairedTable>,
}

/// What is found on graphs.
#[derive(Default)]
struct OnGraphs {
    graphs: Option<super::results::GraphFacts>,
    efforts: Vec<CellResult>,
    engines: Vec<CellResult>,
    advice: Vec<super::results::Advice>,
    remedy: Option<super::results::Remedy>,
    curves: Vec<super::results::Curve>,
    predictions: Vec<Vec<i64>>,
    returned: Vec<CellResult>,
}

/// Audits the files that `request` names. Stages go to the thread's
/// [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If a file cannot be read or contradicts another, or more is asked for than the data hold; see
/// [`AuditError`].
pub fn audit(request: &AuditRequest) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || Job::read(request)?.run())
}

/// Audits what is in memory; the files that `request` names are not opened. Stages go to the
/// thread's [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If parts of `given` contradict each other, or more is asked for than they hold; see
/// [`AuditError`].
pub fn audit_given(request: &AuditRequest, given: Given<'_>) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || Job::given(request, given)?.run())
}

/// Runs `job` on a pool of its own, whose threads stop where this one would.
fn on_threads(
    threads: usize,
    job: impl FnOnce() -> Result<AuditOutcome, AuditError> + Send,
) -> Result<AuditOutcome, AuditError> {
    let begin = Instant::now();
    let mut outcome = install(threads, job)??;
    outcome.results.seconds = begin.elapsed().as_secs_f64();
    Ok(outcome)
}

/// An audit whose files are read.
struct Job<'j> {
    request: &'j AuditRequest,
    data: Dataset<'j>,
    index: Option<Index<'j>>,
    notes: Vec<Note>,
    answers: Option<Answers>,
    ks: Vec<usize>,
    /// Exact neighbors to find: enough for every k, and for repair.
    depth: usize,
}

impl<'j> Job<'j> {
    fn read(request: &'j AuditRequest) -> Result<Self, AuditError> {
        request.check()?;
        stage("reading", 0);
        let mut notes = Vec::new();
        let opened = Opened::open(request, &mut notes)?;
        let (inputs, answers) = Inputs::prepare(request, opened, notes)?;
        let answers = answers::of_file(answers, &inputs.data)?;
        Self::new(request, inputs, answers)
    }

    fn given(request: &'j AuditRequest, given: Given<'j>) -> Result<Self, AuditError> {
        request.check()?;
        stage("reading", 0);
        let inputs = Inputs::given(request, &given)?;
        let answers = answers::given(given.answers, &inputs.data)?;
        Self::new(request, inputs, answers)
    }

    fn new(
        request: &'j AuditRequest,
        inputs: Inputs<'j>,
        answers: Option<Answers>,
    ) -> Result<Self, AuditError> {
        let Inputs {
            data,
            index,
            mut notes,
        } = inputs;
        let slots = answers.as_ref().map(|answers| answers.slots);
        let ks = choose_ks(request.ks.as_deref(), data.available(), slots)?;
        request.check_predictions(data.queries.count())?;
        notes.extend(beyond_slots(&ks, slots));
        let contradiction = answers
            .as_ref()
            .and_then(|answers| answers::other_metric(answers, &data));
        notes.extend(contradiction);
        if request.repair && answers.is_none() {
            return Err(AuditError::Request(
                "repair needs the neighbors to repair".to_owned(),
            ));
        }
        let repaired = slots.filter(|_| request.repair).unwrap_or(0);
        if repaired > data.available() {
            return Err(AuditError::K {
                k: repaired,
                available: data.available(),
            });
        }
        let depth = ks.last().copied().unwrap_or(1).max(repaired);
        Ok(Self {
            request,
            data,
            index,
            notes,
            answers,
            ks,
            depth,
        })
    }

    fn run(self) -> Result<AuditOutcome, AuditError> {
        stage("exact neighbors", 0);
        let Some(base) = self.data.base.in_memory().filter(|_| self.wants_graphs()) else {
            let exact = self.exact()?;
            let returned = OnGraphs {
                returned: self.returned(&exact, None),
                ..OnGraphs::default()
            };
            return self.finish(returned, &exact);
        };
        let queries = self.data.search_queries();
        if let Some(build) = self.index.as_ref().and_then(|index| index.build) {
            let exact = self.exact()?;
            let on_graphs = {
                let computer = EngineDistances::new(base, self.data.metric, build);
                self.on_graphs(&AsEngine::new(computer, queries), &exact)?
            };
            return self.finish(on_graphs, &exact);
        }
        if queries.are_base_rows() && Ranked::fits(base.rows(), self.request.memory_budget_bytes) {
            let table = PairTable::new(base, self.data.metric, self.depth)?;
            let ranks = RankTable::new(&table)?;
            let exact = exact::neighbors_in(&table, &self.data, self.depth);
            let on_graphs = self.on_graphs(&Ranked::new(&table, &ranks, queries), &exact)?;
            return self.finish(on_graphs, &exact);
        }
        let exact = self.exact()?;
        let codes = if self.index.is_none() {
            Sq8Codes::if_worthwhile(base, self.data.metric)
        } else {
            None
        };
        let computer = VectorDistances::new(base, self.data.metric).with_codes(codes.as_ref());
        let on_graphs = self.on_graphs(&Vectors::new(computer, queries, None), &exact)?;
        self.finish(on_graphs, &exact)
    }

    /// Graphs are looked at unless answers alone are asked about.
    fn wants_graphs(&self) -> bool {
        self.answers.is_none() || self.index.is_some() || !self.request.predictions.is_empty()
    }

    fn exact(&self) -> Result<GroundTruth<'_>, AuditError> {
        exact::neighbors(&self.data, self.depth, self.request.memory_budget_bytes)
    }

    fn on_graphs<S: DistanceSource>(
        &self,
        source: &S,
        exact: &GroundTruth<'_>,
    ) -> Result<OnGraphs, AuditError> {
        stage("graphs", 0);
        if self.index.is_none() {
            let bytes = self.request.graphs.bytes(self.data.base.rows());
            check_memory("the graphs", bytes)?;
        }
        let graphs = graphs(
            self.request,
            &self.data,
            self.index.as_ref(),
            source.computer(),
        )?;
        stage("traversals", 0);
        let mut adviser = Adviser::new(source, &self.data, exact, &graphs, &self.ks);
        let advice = adviser.advise(&self.request.targets);
        let remedy = if self.index.is_none() {
            remedy(self.request, &adviser, &advice)?
        } else {
            None
        };
        stage("measures", 0);
        let predictions = self.request.predictions.iter();
        Ok(OnGraphs {
            efforts: self.cells(&adviser, &self.efforts(&graphs), Barycenters::Computed),
            engines: self.cells(&adviser, &self.engines(), Barycenters::LeftOut),
            curves: curves(adviser.traces(), &self.ks),
            predictions: predictions
                .map(|prediction| predict(&adviser.evaluation(0, Barycenters::LeftOut), prediction))
                .collect(),
            returned: self.returned(exact, graphs.reachable.first().map(Vec::as_slice)),
            advice,
            remedy,
            graphs: Some(graphs.facts.clone()),
        })
    }

    /// The index at its own ef, and whatever efforts were asked for.
    fn efforts(&self, graphs: &Graphs<'_>) -> Vec<(String, Cell)> {
        let own = graphs
            .facts
            .ef_search
            .filter(|_| self.request.efs.is_empty());
        let efs = own.iter().chain(&self.request.efs);
        let cell = |ef, k| {
            (
                format!("ef {ef}"),
                Cell {
                    class: graphs.class,
                    ef,
                    k,
                },
            )
        };
        efs.flat_map(|&ef| self.ks.iter().map(move |&k| cell(ef, k)))
            .collect()
    }

    fn engines(&self) -> Vec<(String, Cell)> {
        let cell = |engine: &super::engines::EngineDefault, k| {
            (
                engine.name.to_owned(),
                Cell {
                    class: engine.class,
                    ef: (engine.ef)(k),
                    k,
                },
            )
        };
        ENGINES
            .iter()
            .flat_map(|engine| self.ks.iter().map(move |&k| cell(engine, k)))
            .collect()
    }

    fn cells<S: DistanceSource>(
        &self,
        adviser: &Adviser<'_, S>,
        named: &[(String, Cell)],
        barycenters: Barycenters,
    ) -> Vec<CellResult> {
        if named.is_empty() {
            return Vec::new();
        }
        let cells: Vec<Cell> = named.iter().map(|(_, cell)| *cell).collect();
        let graphs: Vec<Vec<CellValues>> = (0..adviser.graphs.all.len())
            .map(|graph| adviser.evaluation(graph, barycenters).at(&cells))
            .collect();
        let result = |(place, (who, cell)): (usize, &(String, Cell))| {
            let values: Vec<CellValues> = graphs.iter().map(|cells| cells[place].clone()).collect();
            let Cell { class, ef, k } = *cell;
            summarize(
                Name {
                    who: who.clone(),
                    class: Some(class.to_string()),
                    ef: Some(ef),
                    k,
                },
                &values,
                &self.data,
            )
        };
        named.iter().enumerate().map(result).collect()
    }

    fn returned(&self, exact: &GroundTruth<'_>, reachable: Option<&[bool]>) -> Vec<CellResult> {
        let Some(answers) = &self.answers else {
            return Vec::new();
        };
        let ks: Vec<usize> = self
            .ks
            .iter()
            .copied()
            .filter(|&k| k <= answers.slots)
            .collect();
        let measured = measure_answers(answers, &self.data, exact, reachable, &ks);
        let result = |(&k, values): (&usize, Vec<_>)| {
            let name = Name {
                who: answers.facts.name.clone(),
                class: None,
                ef: None,
                k,
            };
            summarize(name, &[CellValues::Queries(values)], &self.data)
        };
        ks.iter().zip(measured).map(result).collect()
    }

    fn finish(&self, found: OnGraphs, truth: &GroundTruth<'_>) -> Result<AuditOutcome, AuditError> {
        let (data, request) = (&self.data, self.request);
        let exact = truth
            .table()
            .expect("an audit keeps its neighbors as lists");
        let repaired = self
            .answers
            .as_ref()
            .filter(|_| request.repair)
            .map(|answers| repair(answers, data, exact));
        let results = AuditResults {
            data: DataFacts {
                name: data.name.clone(),
                rows: data.base.rows(),
                columns: data.base.columns(),
                metric: data.metric.to_string(),
                queries: data.queries.count(),
                query_population: data.queries.population,
                queries_are_base_rows: data.queries.are_base_rows(),
                duplicate_rows: exact::duplicate_rows(data),
            },
            difficulty: difficulty(data, exact, &self.ks, request.seed),
            graphs: found.graphs,
            answers: self.answers.as_ref().map(|answers| answers.facts.clone()),
            returned: found.returned,
            efforts: found.efforts,
            engines: found.engines,
            advice: found.advice,
            remedy: found.remedy,
            curves: found.curves,
            notes: self.notes.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: 0.0,
        };
        if let Base::Streamed { rows, .. } = &data.base {
            rows.verify()?;
        }
        Ok(AuditOutcome {
            results,
            predictions: found.predictions,
            repaired,
        })
    }
}

/// The k asked for, ascending; by default those that the data and the answers have.
fn choose_ks(
    asked: Option<&[usize]>,
    available: usize,
    slots: Option<usize>,
) -> Result<Vec<usize>, AuditError> {
    let limit = slots.map_or(available, |slots| slots.min(available));
    let Some(asked) = asked else {
        let mut ks: Vec<usize> = DEFAULT_KS.into_iter().filter(|&k| k <= limit).collect();
        if let Some(slots) = slots.filter(|&slots| slots <= available && slots > 0) {
            ks.push(slots);
        }
        ks.sort_unstable();
        ks.dedup();
        return if ks.is_empty() && limit > 0 {
            Ok(vec![limit])
        } else {
            Ok(ks)
        };
    };
    let mut ks = asked.to_vec();
    ks.sort_unstable();
    ks.dedup();
    match ks.iter().find(|&&k| k == 0 || k > available) {
        Some(&k) => Err(AuditError::K { k, available }),
        None => Ok(ks),
    }
}

/// The k that the answers have too few slots for.
fn beyond_slots(ks: &[usize], slots: Option<usize>) -> Option<Note> {
    let slots = slots?;
    let ks: Vec<usize> = ks.iter().copied().filter(|&k| k > slots).collect();
    (!ks.is_empty()).then_some(Note::BeyondSlots { ks, slots })
}
