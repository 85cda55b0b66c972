//! From settings to conditions: which graphs a run needs and which (ef, k) cells are read from
//! each.

use crate::results::{Settings, StudyKind};
use annatomy_eval::surface::{Grid, GridError, SelfMatch};
use annatomy_hnsw::EngineClass;

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
}

/// One graph of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphPlan {
    /// Beam width while building.
    pub ef_construction: usize,
    /// The effort its traversals are recorded to.
    pub ef: usize,
}

/// Efforts of the surface, as far as the recorded traversals reach.
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
        let ks = settings.ks.clone();
        let fixed = |ef: usize| vec![ef; ks.len()];
        let mut conditions = Vec::new();
        for study in [
            StudyKind::EfSearch,
            StudyKind::EfConstruction,
            StudyKind::Alpha,
        ] {
            if !settings.studies.contains(&study) {
                continue;
            }
            match study {
                StudyKind::EfSearch => {
                    conditions.extend(settings.ef_values.iter().map(|&ef| Condition {
                        study,
                        name: format!("ef_{ef}"),
                        value: ef as f64,
                        ef_construction: settings.ef_construction,
                        published_ef_construction: settings.ef_construction,
                        efs: fixed(ef),
                    }))
                }
                StudyKind::EfConstruction => {
                    conditions.extend(settings.ef_construction_values.iter().map(
                        |&ef_construction| Condition {
                            study,
                            name: format!("efc_{ef_construction}"),
                            value: ef_construction as f64,
                            ef_construction,
                            published_ef_construction: ef_construction,
                            efs: fixed(settings.ef_search),
                        },
                    ));
                }
                StudyKind::Alpha => conditions.extend(settings.alpha_values.iter().map(|&alpha| {
                    Condition {
                        study,
                        name: format!("alpha_{alpha:?}"),
                        value: alpha,
                        ef_construction: settings.ef_construction,
                        // As published: the alpha study ran on the graph left over from the one
                        // before it.
                        published_ef_construction: settings
                            .ef_construction_values
                            .last()
                            .copied()
                            .unwrap_or(settings.ef_construction),
                        efs: ks.iter().map(|&k| alpha_effort(alpha, k)).collect(),
                    }
                })),
            }
        }
        let graphs = graphs(settings, &conditions);
        let reach = graphs
            .iter()
            .find(|graph| graph.ef_construction == settings.ef_construction);
        let surface_efs = SURFACE_EFS
            .into_iter()
            .filter(|&ef| reach.is_some_and(|graph| ef <= graph.ef))
            .collect();
        Self {
            ks,
            conditions,
            graphs,
            surface_efs,
        }
    }

    /// The largest k.
    pub fn largest_k(&self) -> usize {
        self.ks.last().copied().unwrap_or(0)
    }

    /// The first condition that reads the same graphs at the same efforts as the one at `position`:
    /// what is measured for it holds for both. In the published study `efc_200` is `ef_50` under
    /// another name.
    pub(crate) fn measured_as(&self, position: usize) -> usize {
        let wanted = &self.conditions[position];
        let same = |condition: &Condition| {
            condition.ef_construction == wanted.ef_construction
                && condition.published_ef_construction == wanted.published_ef_construction
                && condition.efs == wanted.efs
        };
        self.conditions[..position]
            .iter()
            .position(same)
            .unwrap_or(position)
    }

    /// Position of the graph of `ef_construction` among [`graphs`](Self::graphs).
    pub(crate) fn graph(&self, ef_construction: usize) -> usize {
        self.graphs
            .iter()
            .position(|graph| graph.ef_construction == ef_construction)
            .expect("every condition's graph is planned")
    }
}

/// The study's effort at α: max(2, ⌊αk⌋).
pub fn alpha_effort(alpha: f64, k: usize) -> usize {
    ((alpha * k as f64).floor() as usize).max(2)
}

fn graphs(settings: &Settings, conditions: &[Condition]) -> Vec<GraphPlan> {
    // The surface is drawn on the configured graph to at least the largest k, so that every class
    // can be read.
    let largest_k = settings.ks.last().copied().unwrap_or(0);
    let mut graphs = vec![GraphPlan {
        ef_construction: settings.ef_construction,
        ef: largest_k,
    }];
    for condition in conditions {
        let ef = condition.efs.iter().copied().max().unwrap_or(0);
        for ef_construction in [
            condition.ef_construction,
            condition.published_ef_construction,
        ] {
            match graphs
                .iter_mut()
                .find(|graph| graph.ef_construction == ef_construction)
            {
                Some(graph) => graph.ef = graph.ef.max(ef),
                None => graphs.push(GraphPlan {
                    ef_construction,
                    ef,
                }),
            }
        }
    }
    graphs.sort_unstable_by_key(|graph| graph.ef_construction);
    graphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_conditions_that_are_one_are_measured_once() {
        let plan = Plan::new(&crate::config::defaults());
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

    #[test]
    fn alpha_efforts_are_the_studys() {
        assert_eq!([10, 20, 50].map(|k| alpha_effort(0.25, k)), [2, 5, 12]);
        assert_eq!(alpha_effort(4.0, 500), 2_000);
    }
}
