//! What is found on graphs: measures at chosen efforts, advice, curves, predictions.
//!
//! Enters: the index, or the graphs to build; the data and their exact neighbors. Leaves:
//! [`OnGraphs`]. Cost: builds where there is no index; then a traversal a query and graph for all
//! curves, and one for each table of cells.

use super::advice::Adviser;
use super::cells::{Cell, CellValues};
use super::curves::curves;
use super::engines::{ENGINES, EngineDefault};
use super::error::AuditError;
use super::graphs::{self, Graphs};
use super::predict::predict;
use super::remedy::remedy;
use super::request::AuditRequest;
use super::results::{Advice, CellResult, Curve, GraphFacts, Remedy};
use super::shift::Barycenters;
use super::summarize::{Name, summarize};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::index::Index;
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
    pub(super) remedy: Option<Remedy>,
    pub(super) curves: Vec<Curve>,
    pub(super) predictions: Vec<Vec<i64>>,
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
        let mut adviser = Adviser::new(source, data, exact, &graphs, ks);
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
        let mut found = OnGraphs {
            efforts: cells(&adviser, &self.efforts(&graphs), Barycenters::Computed),
            engines: cells(&adviser, &self.engines(), Barycenters::LeftOut),
            curves: curves(adviser.traces(), ks),
            advice,
            remedy,
            ..OnGraphs::default()
        };
        for prediction in &request.predictions {
            let on = adviser.evaluation(0, Barycenters::LeftOut);
            found.predictions.push(predict(&on, prediction));
        }
        found.reachable = graphs.reachable.into_iter().next();
        found.graphs = Some(graphs.facts);
        Ok(found)
    }

    /// The index at its own ef, or at the efforts asked for.
    fn efforts(&self, graphs: &Graphs<'_>) -> Vec<(String, Cell)> {
        let asked = &self.request.efs;
        let own = graphs.facts.ef_search.filter(|_| asked.is_empty());
        let mut cells = Vec::new();
        for &ef in own.iter().chain(asked) {
            let class = graphs.class;
            cells.extend(
                self.ks
                    .iter()
                    .map(|&k| (format!("ef {ef}"), Cell { class, ef, k })),
            );
        }
        cells
    }

    /// Every engine at its default effort.
    fn engines(&self) -> Vec<(String, Cell)> {
        let mut cells = Vec::new();
        for EngineDefault { name, class, ef } in ENGINES {
            for &k in self.ks {
                let ef = ef(k);
                cells.push((name.to_owned(), Cell { class, ef, k }));
            }
        }
        cells
    }
}

/// The figures of every cell over all graphs.
fn cells<S: DistanceSource>(
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
    let mut results = Vec::with_capacity(named.len());
    for (place, (who, Cell { class, ef, k })) in named.iter().enumerate() {
        let values: Vec<CellValues> = graphs.iter().map(|cells| cells[place].clone()).collect();
        let name = Name {
            who: who.clone(),
            class: Some(class.to_string()),
            ef: Some(*ef),
            k: *k,
        };
        results.push(summarize(name, &values, adviser.data));
    }
    results
}
