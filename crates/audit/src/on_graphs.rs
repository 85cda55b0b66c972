//! What is found on graphs: measures at chosen efforts, advice, curves, predictions.
//!
//! Enters: the index, or the graphs to build; the data and their exact neighbors. Leaves:
//! [`OnGraphs`]. Cost: builds where there is no index; then a traversal a query and graph for all
//! curves and cells; one more for the engines of each rule under a filter, and for advice on what traces
//! do not answer.

use super::advice::{Adviser, traced_first};
use super::cells::{Along, Cell, CellValues, Explorer, QueryValues};
use super::curves::curves;
use super::engines::{ENGINES, EngineDefault};
use super::error::AuditError;
use super::estimates::drawn_from;
use super::explore::{Recorded, depth};
use super::graph_cells::{cells, summaries, wanted};
use super::graph_health::{OnGraph, OverVectors};
use super::graphs::{self, Graphs};
use super::growth::growth;
use super::growth::results::GrowthResult;
use super::health::GraphHealth;
use super::notes::Note;
use super::per_query::CellOfQueries;
use super::predict::predict;
use super::remedy::remedy;
use super::request::AuditRequest;
use super::results::{
    Advice, CellResult, Curve, GraphFacts, Remedy, SegmentsResult, SelectivityResult,
};
use super::segments::segments;
use super::selectivity::selectivity;
use super::shift::Barycenters;
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::every_effort::EveryEffort;
use annatomy_eval::explored::{Replay, efforts, replayed};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::index::Index;
use annatomy_eval::surface::{Figure, RequiredEfs, Ties};
use annatomy_hnsw::FilterRule;
use annatomy_runtime::{check_memory, stage};

/// What is found on graphs.
#[derive(Default)]
pub(super) struct OnGraphs {
    pub(super) graphs: Option<GraphFacts>,
    /// Per base row, whether the first graph reaches it.
    pub(super) reachable: Option<Vec<bool>>,
    pub(super) efforts: Vec<CellResult>,
    pub(super) engines: Vec<CellResult>,
    pub(super) advice: Vec<Advice>,
    pub(super) segments: Option<SegmentsResult>,
    pub(super) selectivity: Vec<SelectivityResult>,
    pub(super) growth: Option<GrowthResult>,
    pub(super) remedy: Option<Remedy>,
    pub(super) curves: Vec<Curve>,
    pub(super) predictions: Vec<Vec<i64>>,
    /// Every query at the efforts of `efforts`, or else at one advised per k.
    pub(super) queries: Vec<CellOfQueries>,
    pub(super) recorded: Recorded,
    pub(super) note: Option<Note>,
}

/// What is asked of graphs.
pub(super) struct Questions<'q> {
    pub(super) request: &'q AuditRequest,
    pub(super) data: &'q Dataset<'q>,
    pub(super) index: Option<&'q Index>,
    pub(super) ks: &'q [usize],
}

impl Questions<'_> {
    /// All answers, by distances from `source`.
    pub(super) fn answer<S: DistanceSource>(
        &self,
        source: &S,
        exact: &GroundTruth<'_>,
    ) -> Result<OnGraphs, AuditError> {
        let Self {
            request,
            data,
            index,
            ks,
        } = *self;
        stage("graphs", 0);
        let graphs = if let Some(index) = index {
            graphs::of_index(index, data)
        } else {
            check_memory("the graphs", request.graphs.bytes(data.base.rows()))?;
            graphs::build(&request.graphs, request.seed, data, source.computer())?
        };
        stage("traversals", 0);
        let asked = self.efforts(&graphs);
        // Without a filter, of any rule, what an engine returns is read from the same traversals.
        let engines = if data.filter.is_none() {
            self.engines(None)
        } else {
            Vec::new()
        };
        let mut cells = wanted(&asked, Barycenters::Computed);
        cells.extend(wanted(&engines, Barycenters::LeftOut));
        let explorer = self.explorer(&graphs, exact, traced_first(ks, data));
        let keeps = graphs.all.len() == 1;
        let along = Along {
            cells,
            explorer,
            keeps,
        };
        let (mut adviser, mut values, explored) =
            Adviser::reading(source, data, exact, &graphs, ks, &along);
        let engines = summaries(&engines, &values.split_off(asked.len()), data);
        let advice = adviser.advise(&request.targets)?;
        let remedy = match index {
            Some(_) => None,
            None => remedy(
                &request.graphs,
                request.seed,
                &request.targets,
                &adviser,
                &advice,
            )?,
        };
        stage("measures", 0);
        let efforts = summaries(&asked, &values, data);
        let queries = if asked.is_empty() {
            at_advised(&adviser, &advice)
        } else {
            let cells = asked.iter().zip(values);
            cells
                .filter_map(|((_, cell), graphs)| of_queries(&adviser, cell, graphs))
                .collect()
        };
        let segments = segments(request, index, &adviser, &asked, &advice)?;
        let rule = request.rule(graphs.class);
        let selectivity = selectivity(request, &adviser, &asked, &advice, rule)?;
        let health = self.health(&adviser, &asked, &advice);
        let mut found = OnGraphs {
            note: tied(&adviser, &asked, &advice),
            segments,
            selectivity,
            growth: growth(request, index, data, ks)?,
            efforts,
            engines: match &data.filter {
                None => engines,
                Some(filter) => self.engines_under(filter, &adviser),
            },
            queries,
            curves: if adviser.reads_traces() {
                curves(adviser.traces(), ks, drawn_from(data))
            } else {
                Vec::new()
            },
            advice,
            remedy,
            ..OnGraphs::default()
        };
        if along.explorer.is_some() {
            found.recorded = self.recorded(&adviser, explored);
        }
        for prediction in &request.predictions {
            let on = adviser.evaluation(0);
            found.predictions.push(predict(&on, prediction));
        }
        found.reachable = graphs.reachable.into_iter().next();
        let mut facts = graphs.facts;
        facts.health = health;
        found.graphs = Some(facts);
        Ok(found)
    }

    /// The health of the graphs, searched at the first effort looked at, or else at one advised.
    fn health<S: DistanceSource>(
        &self,
        adviser: &Adviser<'_, S>,
        asked: &[(String, Cell)],
        advice: &[Advice],
    ) -> Vec<GraphHealth> {
        stage("graph health", 0);
        let advised = advice.first().map(|advice| {
            let recommended = advice.recommended.as_ref().map(|found| found.ef);
            recommended.or(advice.ef).unwrap_or(advice.largest_ef)
        });
        let ef = asked.first().map(|(_, cell)| cell.ef).or(advised);
        let segments = self.index.map_or(&[][..], |index| &index.facts.segments);
        let ef = ef.unwrap_or(1);
        let graphs = adviser.graphs;
        let of_graph = |(number, (graph, reachable))| {
            let on = OnGraph {
                graph,
                reachable,
                searches: OverVectors {
                    graph,
                    source: adviser.source,
                    kept: adviser.kept(number),
                },
                data: self.data,
                ef,
            };
            on.health(segments)
        };
        let all = graphs.all.iter().map(AsRef::as_ref);
        let reachable = graphs.reachable.iter().map(Vec::as_slice);
        all.zip(reachable).enumerate().flat_map(of_graph).collect()
    }

    /// What an explorer holds of graphs traced to `largest`; `None` where there is none.
    fn explorer(
        &self,
        graphs: &Graphs<'_>,
        truth: &GroundTruth<'_>,
        largest: usize,
    ) -> Option<Explorer> {
        if !self.request.explore || self.data.filter.is_some() {
            return None;
        }
        let known = self.ks.last().copied().unwrap_or(0);
        let depth = depth(self.data.queries.count(), graphs.all.len(), known)?;
        let cells = self.efforts(graphs).into_iter().chain(self.engines(None));
        let efs = efforts(largest, cells.map(|(_, cell)| cell.effort(truth)));
        Some(Explorer { depth, efs })
    }

    /// Every (ef, k) of every query, for the explorer; `explored` are the first traces.
    fn recorded<S: DistanceSource>(
        &self,
        adviser: &Adviser<'_, S>,
        mut explored: Vec<EveryEffort>,
    ) -> Recorded {
        stage("every effort", 0);
        let largest = adviser.largest_ef();
        let explorer = self.explorer(adviser.graphs, adviser.truth, largest);
        let Some(Explorer { depth, efs }) = explorer else {
            return Recorded::default();
        };
        let queries: Vec<usize> = (0..self.data.queries.count()).collect();
        for (graph, explored) in explored.iter_mut().enumerate() {
            // Advice may have taken longer traces.
            if explored.ef != largest {
                let on = adviser.evaluation(graph);
                *explored = EveryEffort::record(&on.searched(), &queries, depth, largest, &efs);
            }
        }
        let first = adviser.evaluation(0);
        let chosen = replayed(&explored[0], queries.len(), depth);
        Recorded {
            class: Some(adviser.graphs.class),
            replays: Replay::record(&first.searched(), &queries, &chosen, largest),
            graphs: explored,
            efs,
        }
    }

    /// The index at its own ef, or at the efforts asked for.
    fn efforts(&self, graphs: &Graphs<'_>) -> Vec<(String, Cell)> {
        let mut cells = Vec::new();
        for ef in self.request.efforts(graphs.facts.ef_search, usize::MAX) {
            let class = graphs.class;
            cells.extend(
                self.ks
                    .iter()
                    .map(|&k| (format!("ef {ef}"), Cell { class, ef, k })),
            );
        }
        cells
    }

    /// Every engine at its default effort, each under its own rule for filters.
    fn engines_under<S: DistanceSource>(
        &self,
        filter: &Filter,
        adviser: &Adviser<'_, S>,
    ) -> Vec<CellResult> {
        let mut found = Vec::new();
        for rule in FilterRule::ALL {
            let allowed = filter.allowed.clone();
            let filter = Filter { allowed, rule };
            let named = self.engines(Some(rule));
            found.extend(cells(adviser, &named, Some(&filter)));
        }
        let place = |cell: &CellResult| ENGINES.iter().position(|engine| engine.name == cell.who);
        found.sort_by_key(place);
        found
    }

    /// The engines that filter by a rule, at their default efforts; all of them for `None`.
    fn engines(&self, rule: Option<FilterRule>) -> Vec<(String, Cell)> {
        let mut cells = Vec::new();
        for EngineDefault {
            name,
            class,
            ef,
            filter,
        } in ENGINES
        {
            if rule.is_some_and(|rule| rule != filter) {
                continue;
            }
            for &k in self.ks {
                let ef = ef(k);
                cells.push((name.to_owned(), Cell { class, ef, k }));
            }
        }
        cells
    }
}

/// Every query at each k and the effort advised for its first target: what is recommended, else the
/// smallest whose estimate suffices, else the largest tried.
fn at_advised<S: DistanceSource>(
    adviser: &Adviser<'_, S>,
    advice: &[Advice],
) -> Vec<CellOfQueries> {
    let mut cells: Vec<Cell> = Vec::new();
    for advice in advice {
        if cells.iter().all(|cell| cell.k != advice.k) {
            let recommended = advice.recommended.as_ref().map(|found| found.ef);
            let ef = recommended.or(advice.ef).unwrap_or(advice.largest_ef);
            let (k, class) = (advice.k, adviser.graphs.class);
            cells.push(Cell { class, ef, k });
        }
    }
    let values = adviser.search_all(&cells);
    let values = cells.iter().zip(values);
    values
        .filter_map(|(cell, graphs)| of_queries(adviser, cell, graphs))
        .collect()
}

/// `None` where the engine refuses the cell.
fn of_queries<S: DistanceSource>(
    adviser: &Adviser<'_, S>,
    cell: &Cell,
    graphs: Vec<CellValues>,
) -> Option<CellOfQueries> {
    let answered = |values| match values {
        CellValues::Refused => None,
        CellValues::Queries(values) => Some(values),
    };
    let graphs: Option<Vec<Vec<QueryValues>>> = graphs.into_iter().map(answered).collect();
    let k_index = adviser.ks.iter().position(|&k| k == cell.k)?;
    Some(CellOfQueries {
        k: cell.k,
        ef: Some(cell.ef),
        graphs: graphs?,
        required_efs: if adviser.reads_traces() {
            required_efs(adviser.traces(), k_index)
        } else {
            Vec::new()
        },
    })
}

/// The smallest ef that returns all k neighbors on every graph.
fn required_efs(traces: &[RequiredEfs], k_index: usize) -> Vec<Option<usize>> {
    let mut required: Vec<Option<usize>> = Vec::new();
    for trace in traces {
        let of_graph = trace.completing(Figure::Overlap, k_index);
        if required.is_empty() {
            required.extend(of_graph);
            continue;
        }
        for (most, ef) in required.iter_mut().zip(of_graph) {
            *most = most.zip(ef).map(|(most, ef)| most.max(ef));
        }
    }
    required
}

/// Whether, at an effort that was asked for, or else at one advised, queues end among rows of equal
/// distance: of these efforts the one where most of the queue is tied.
fn tied<S: DistanceSource>(
    adviser: &Adviser<'_, S>,
    asked: &[(String, Cell)],
    advice: &[Advice],
) -> Option<Note> {
    let recommended = |advice: &Advice| advice.recommended.as_ref().map(|found| found.ef);
    let effort = |(_, cell): &(String, Cell)| cell.effort(adviser.truth);
    let efs: Vec<usize> = if asked.is_empty() {
        advice.iter().filter_map(recommended).collect()
    } else {
        asked.iter().map(effort).collect()
    };
    let trace = adviser.traces().first()?;
    let efs = efs.into_iter().filter(|ef| (1..=trace.ef()).contains(ef));
    let (ef, ties) = Ties::most(efs.map(|ef| (ef, trace.ties(ef))), trace.queries())?;
    Some(Note::TiedAtEnd {
        is_followed: adviser.follows_a_queue(),
        ef,
        queries: ties.queries,
        of: trace.queries(),
        rows: ties.rows as f64 / ties.queries as f64,
    })
}
