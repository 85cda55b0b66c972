//! From settings to conditions: which graphs a run needs and which (ef, k) cells are read from
//! each.

use crate::results::{Settings, StudyKind};
use annatomy_eval::surface::{Grid, GridError, SelfMatch};
use annatomy_hnsw::EngineClass;
use std::collections::{BTreeMap, HashMap, HashSet};

/// One condition of one experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The experiment.
    pub study: StudyKind,
    /// As in the study's folders: `ef_25`, `efc_50`, `alpha_0.25`.
    pub name: String,
    /// The swept value.
    pub value: f64,
    /// `ef_construction` of the graph read in corrected conventions.
    pub ef_construction: usize,
    /// `ef_construction` of the graph read in published conventions.
    pub published_ef_construction: usize,
    /// Search effort at each k of the settings.
    pub efs: Vec<usize>,
}

/// Everything one run computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Conditions in the order efSearch, efConstruction, alpha.
    pub conditions: Vec<Condition>,
    /// The distinct `ef_construction` values, ascending, each with the largest effort read from its
    /// graph.
    pub graphs: Vec<GraphPlan>,
    /// Search efforts of the surface on the configured graph.
    pub surface_efs: Vec<usize>,
    /// Per condition, the first one that measures the same.
    measured_as: Vec<usize>,
}

/// One graph of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphPlan {
    /// Beam width while building.
    pub ef_construction: usize,
    /// The effort its traversals are recorded to.
    pub ef: usize,
}

/// Efforts of the surface, up to the effort to which traversals are recorded.
const SURFACE_EFS: [usize; 18] = [
    10, 16, 25, 35, 50, 75, 100, 150, 200, 250, 300, 400, 500, 700, 1_000, 1_400, 2_000, 4_000,
];

impl Plan {
    /// The cells of the surface: FAISS's rule, every query a row that is left out by id.
    pub(crate) fn surface_grid(&self) -> Result<Grid<'_>, GridError> {
        Grid::new(
            &self.surface_efs,
            &self.ks,
            EngineClass::StopEarly,
            SelfMatch::LeftOut,
        )
    }

    /// The plan that `settings` describe.
    pub fn new(settings: &Settings) -> Self {
        let conditions = conditions(settings);
        let graphs = graphs(settings, &conditions);
        let reach = graphs
            .iter()
            .find(|graph| graph.ef_construction == settings.ef_construction);
        let largest = reach.map_or(1, |graph| graph.ef);
        let mut surface_efs: Vec<usize> = SURFACE_EFS
            .into_iter()
            .filter(|&ef| ef <= largest)
            .collect();
        if surface_efs.is_empty() {
            surface_efs.push(largest);
        }
        Self {
            ks: settings.ks.clone(),
            measured_as: measured_as(&conditions),
            conditions,
            graphs,
            surface_efs,
        }
    }

    /// How many conditions a plan of `settings` has.
    pub(crate) fn count_conditions(settings: &Settings) -> usize {
        let mut count = 0;
        for study in &settings.studies {
            count += match study {
                StudyKind::EfSearch => settings.ef_values.len(),
                StudyKind::EfConstruction => settings.ef_construction_values.len(),
                StudyKind::Alpha => settings.alpha_values.len(),
                StudyKind::Order | StudyKind::Methods => 0,
            };
        }
        count
    }

    /// How many graphs a plan of `settings` has.
    pub(crate) fn count_graphs(settings: &Settings) -> usize {
        let mut distinct = HashSet::from([settings.ef_construction]);
        if settings.studies.contains(&StudyKind::EfConstruction) {
            distinct.extend(&settings.ef_construction_values);
        } else if settings.studies.contains(&StudyKind::Alpha) {
            distinct.insert(left_over_graph(settings));
        }
        distinct.len()
    }

    /// The largest k.
    pub fn largest_k(&self) -> usize {
        self.ks.last().copied().unwrap_or(0)
    }

    /// The first condition that reads the same graphs at the same efforts as the one at `position`:
    /// what is measured for it holds for both. In the published study `efc_200` is `ef_50` under
    /// another name.
    pub(crate) fn measured_as(&self, position: usize) -> usize {
        self.measured_as[position]
    }

    /// Position of the graph of `ef_construction` among [`graphs`](Self::graphs).
    pub(crate) fn graph(&self, ef_construction: usize) -> usize {
        self.graphs
            .binary_search_by_key(&ef_construction, |graph| graph.ef_construction)
            .expect("every condition's graph is planned")
    }
}

/// The study's effort at α: max(2, ⌊αk⌋).
pub fn alpha_effort(alpha: f64, k: usize) -> usize {
    ((alpha * k as f64).floor() as usize).max(2)
}

/// The conditions of all experiments asked for, in the order of the study.
fn conditions(settings: &Settings) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if settings.studies.contains(&StudyKind::EfSearch) {
        for &ef in &settings.ef_values {
            conditions.push(Condition {
                study: StudyKind::EfSearch,
                name: format!("ef_{ef}"),
                value: ef as f64,
                ef_construction: settings.ef_construction,
                published_ef_construction: settings.ef_construction,
                efs: vec![ef; settings.ks.len()],
            });
        }
    }
    if settings.studies.contains(&StudyKind::EfConstruction) {
        for &ef_construction in &settings.ef_construction_values {
            conditions.push(Condition {
                study: StudyKind::EfConstruction,
                name: format!("efc_{ef_construction}"),
                value: ef_construction as f64,
                ef_construction,
                published_ef_construction: ef_construction,
                efs: vec![settings.ef_search; settings.ks.len()],
            });
        }
    }
    if settings.studies.contains(&StudyKind::Alpha) {
        for &alpha in &settings.alpha_values {
            let efs = settings.ks.iter().map(|&k| alpha_effort(alpha, k));
            conditions.push(Condition {
                study: StudyKind::Alpha,
                name: format!("alpha_{alpha:?}"),
                value: alpha,
                ef_construction: settings.ef_construction,
                published_ef_construction: left_over_graph(settings),
                efs: efs.collect(),
            });
        }
    }
    conditions
}

/// The graph of the alpha study in published conventions: the one left over from the experiment
/// before it.
fn left_over_graph(settings: &Settings) -> usize {
    let values = &settings.ef_construction_values;
    values.last().copied().unwrap_or(settings.ef_construction)
}

fn graphs(settings: &Settings, conditions: &[Condition]) -> Vec<GraphPlan> {
    // The surface is drawn on the configured graph to at least the largest k, so that every class
    // can be read.
    let largest_k = settings.ks.last().copied().unwrap_or(0);
    let mut efforts = BTreeMap::from([(settings.ef_construction, largest_k)]);
    for condition in conditions {
        let ef = condition.efs.iter().copied().max().unwrap_or(0);
        for ef_construction in [
            condition.ef_construction,
            condition.published_ef_construction,
        ] {
            let effort = efforts.entry(ef_construction).or_insert(0);
            *effort = ef.max(*effort);
        }
    }
    let planned = efforts.into_iter().map(|(ef_construction, ef)| GraphPlan {
        ef_construction,
        ef,
    });
    planned.collect()
}

/// Per condition, the first one of the same graphs and efforts.
fn measured_as(conditions: &[Condition]) -> Vec<usize> {
    let mut firsts = HashMap::new();
    let mut measured_as = Vec::with_capacity(conditions.len());
    for (position, condition) in conditions.iter().enumerate() {
        let graphs = (
            condition.ef_construction,
            condition.published_ef_construction,
        );
        let first = firsts.entry((graphs, &condition.efs)).or_insert(position);
        measured_as.push(*first);
    }
    measured_as
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    #[test]
    fn the_published_conditions_that_are_one_are_measured_once() {
        let plan = Plan::new(&defaults());
        let named = |name: &str| {
            plan.conditions
                .iter()
                .position(|condition| condition.name == name)
                .expect(name)
        };
        assert_eq!(plan.measured_as(named("efc_200")), named("ef_50"));
        let alone = (0..plan.conditions.len())
            .filter(|&position| plan.measured_as(position) == position)
            .count();
        assert_eq!(alone, plan.conditions.len() - 1);
    }

    /// The study's own plan, from its paper: 14 conditions, graphs of five `efConstruction` values.
    #[test]
    fn the_studys_own_plan() {
        let plan = Plan::new(&defaults());
        let names: Vec<&str> = plan.conditions.iter().map(|c| &*c.name).collect();
        let expected = "ef_25 ef_50 ef_75 ef_100 efc_50 efc_100 efc_200 efc_300 efc_400 alpha_0.25 alpha_0.5 alpha_1.0 \
                        alpha_2.0 alpha_4.0";
        assert_eq!(names.join(" "), expected);
        let graphs = [(50, 50), (100, 50), (200, 2_000), (300, 50), (400, 2_000)];
        let planned: Vec<(usize, usize)> = plan
            .graphs
            .iter()
            .map(|graph| (graph.ef_construction, graph.ef))
            .collect();
        assert_eq!(planned, graphs);
        assert_eq!(plan.surface_efs.last(), Some(&2_000));
        let alpha = &plan.conditions[9];
        assert_eq!(
            (alpha.ef_construction, alpha.published_ef_construction),
            (200, 400)
        );
    }

    #[test]
    fn a_study_of_small_efforts_has_a_surface_of_the_largest() {
        let settings = Settings {
            studies: vec![StudyKind::EfSearch],
            ef_values: vec![4, 9],
            ks: vec![5],
            ..defaults()
        };
        let plan = Plan::new(&settings);
        assert_eq!(plan.surface_efs, [9]);
        assert!(plan.surface_grid().is_ok());
    }

    #[test]
    fn conditions_and_graphs_are_counted_without_a_plan() {
        for studies in [
            vec![StudyKind::EfSearch],
            vec![StudyKind::Alpha],
            vec![StudyKind::EfConstruction],
            vec![StudyKind::EfSearch, StudyKind::Alpha],
            defaults().studies,
        ] {
            let settings = Settings {
                studies,
                ..defaults()
            };
            let plan = Plan::new(&settings);
            assert_eq!(Plan::count_conditions(&settings), plan.conditions.len());
            assert_eq!(Plan::count_graphs(&settings), plan.graphs.len());
        }
    }

    #[test]
    fn a_plan_of_a_hundred_thousand_conditions_takes_no_quadratic_time() {
        let values: Vec<usize> = (1..=100_000).collect();
        let settings = Settings {
            ef_values: values.clone(),
            ef_construction_values: values,
            ks: vec![1],
            ..defaults()
        };
        let begin = std::time::Instant::now();
        let plan = Plan::new(&settings);
        assert_eq!(
            (plan.conditions.len(), plan.graphs.len()),
            (200_005, 100_000)
        );
        assert_eq!(plan.measured_as(100_199), 49, "efc_200 is ef_50");
        assert_eq!(plan.graph(70_000), 69_999);
        assert!(begin.elapsed().as_secs() < 20);
    }

    #[test]
    fn alpha_efforts_are_the_studys() {
        assert_eq!([10, 20, 50].map(|k| alpha_effort(0.25, k)), [2, 5, 12]);
        assert_eq!(alpha_effort(4.0, 500), 2_000);
    }
}
