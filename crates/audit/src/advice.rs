//! The smallest ef that meets each target, with its interval over queries and graphs.
//!
//! Overlap and fill at any ef are read from the traces; what needs whole lists is measured by a
//! search at that ef. Either way the smallest ef is found by bisection, the measure taken to grow
//! with ef. An interval of ef comes from the interval of the measure: its upper end is the smallest
//! ef at which the whole interval meets the target.
//!
//! While a target is out of reach the traces are recorded again to four times the effort, up to n.

use super::cells::{Cell, CellValues, Evaluation, QueryValues};
use super::estimates::{mean, quantile, share};
use super::graphs::Graphs;
use super::results::Advice;
use super::shift::Barycenters;
use super::summarize::lid_bias;
use super::target::{Measure, Target};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::surface::{Figure, RequiredEfs};
use annatomy_measures::estimate::Estimate;
use std::cell::RefCell;
use std::collections::HashMap;

/// (ef, k, with barycenters) → values per graph.
type Measured = HashMap<(usize, usize, bool), Vec<Vec<QueryValues>>>;

/// How much further a search goes that has not met its target.
const FURTHER: usize = 4;

/// What advice is drawn from.
pub(super) struct Adviser<'a, S> {
    pub(super) source: &'a S,
    pub(super) data: &'a Dataset<'a>,
    pub(super) truth: &'a GroundTruth<'a>,
    pub(super) graphs: &'a Graphs<'a>,
    pub(super) ks: &'a [usize],
    traces: Vec<RequiredEfs>,
    /// Measured by search, kept.
    measured: RefCell<Measured>,
}

impl<'a, S: DistanceSource> Adviser<'a, S> {
    pub(super) fn new(
        source: &'a S,
        data: &'a Dataset<'a>,
        truth: &'a GroundTruth<'a>,
        graphs: &'a Graphs<'a>,
        ks: &'a [usize],
    ) -> Self {
        let mut adviser = Self {
            source,
            data,
            truth,
            graphs,
            ks,
            traces: Vec::new(),
            measured: RefCell::default(),
        };
        let largest = ks.last().copied().unwrap_or(1);
        adviser.trace_to((4 * largest).max(1_000));
        adviser
    }

    pub(super) fn traces(&self) -> &[RequiredEfs] {
        &self.traces
    }

    /// The largest ef that the traces answer.
    pub(super) fn largest_ef(&self) -> usize {
        self.traces.first().map_or(1, RequiredEfs::ef)
    }

    fn trace_to(&mut self, ef: usize) {
        let ef = ef.min(self.data.base.rows());
        self.traces = (0..self.graphs.all.len())
            .map(|graph| {
                let on = self.evaluation(graph, Barycenters::LeftOut);
                RequiredEfs::record(&on.searched(), self.ks, ef)
            })
            .collect();
    }

    /// Advice for every k and target.
    pub(super) fn advise(&mut self, targets: &[Target]) -> Vec<Advice> {
        let best: Vec<f64> = self.best_overlap();
        let wanted: Vec<(usize, Target)> = (0..self.ks.len())
            .flat_map(|k_index| targets.iter().map(move |target| (k_index, *target)))
            .collect();
        loop {
            let advice: Vec<Advice> = wanted
                .iter()
                .map(|&(k, target)| self.advise_on(k, target, best[k]))
                .collect();
            let hopeless = |advice: &Advice| {
                advice.target.measure == Measure::Overlap
                    && advice.best_overlap < advice.target.value
            };
            let unmet = advice
                .iter()
                .any(|advice| advice.ef.is_none() && !hopeless(advice));
            if !unmet || self.largest_ef() == self.data.base.rows() {
                return advice;
            }
            self.trace_to(FURTHER * self.largest_ef());
        }
    }

    fn advise_on(&self, k_index: usize, target: Target, best_overlap: f64) -> Advice {
        let k = self.ks[k_index];
        let floor = self
            .graphs
            .class
            .effort(1, self.data.asked(k))
            .min(self.largest_ef());
        let meets = |end: fn(&Estimate) -> f64| {
            move |ef: usize| {
                self.value(k_index, target.measure, ef)
                    .is_some_and(|value| target.is_met_by(end(&value)))
            }
        };
        let best_end: fn(&Estimate) -> f64 = |value| value.high.unwrap_or(value.point);
        let worst_end: fn(&Estimate) -> f64 = |value| value.low.unwrap_or(value.point);
        let (hopeful, cautious) = if target.measure.is_share() {
            (best_end, worst_end)
        } else {
            (worst_end, best_end)
        };
        let ef = self.smallest(floor, meets(|value| value.point));
        let shown = ef.unwrap_or(self.largest_ef());
        Advice {
            k,
            target,
            ef,
            ef_low: self.smallest(floor, meets(hopeful)),
            ef_high: self.smallest(floor, meets(cautious)),
            alpha: ef.map(|ef| ef as f64 / k as f64),
            distance_evaluations: ef.map(|ef| self.evaluations(k, ef)),
            reached: self.value(k_index, target.measure, shown),
            largest_ef: self.largest_ef(),
            best_overlap,
        }
    }

    /// The smallest ef from `floor` on that `meets`, by bisection.
    fn smallest(&self, floor: usize, meets: impl Fn(usize) -> bool) -> Option<usize> {
        let (mut low, mut high) = (floor, self.largest_ef());
        if !meets(high) {
            return None;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if meets(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(high)
    }

    fn value(&self, k_index: usize, measure: Measure, ef: usize) -> Option<Estimate> {
        let traced = |figure| -> Vec<Vec<f64>> {
            self.traces
                .iter()
                .map(|trace| trace.at(figure, k_index, ef).collect())
                .collect()
        };
        let barycenters = if measure == Measure::BarycenterShift {
            Barycenters::Computed
        } else {
            Barycenters::LeftOut
        };
        let search = || self.search(self.ks[k_index], ef, barycenters);
        let searched = |figure: fn(&QueryValues) -> f64| -> Vec<Vec<f64>> {
            search()
                .iter()
                .map(|values| values.iter().map(figure).collect())
                .collect()
        };
        match measure {
            Measure::Fill => mean(&traced(Figure::Fill)).map(share),
            Measure::Overlap => mean(&traced(Figure::Overlap)).map(share),
            Measure::OverlapP5 => quantile(&traced(Figure::Overlap), 5.0).map(share),
            Measure::OverlapP1 => quantile(&traced(Figure::Overlap), 1.0).map(share),
            Measure::DistanceError => mean(&searched(|values| values.distance_error)),
            Measure::BarycenterShift => mean(&searched(|values| values.barycenter_shift)),
            Measure::LidBias => lid_bias(&search().iter().collect::<Vec<_>>()),
        }
    }

    /// Every query searched at `ef`, on every graph.
    fn search(&self, k: usize, ef: usize, barycenters: Barycenters) -> Vec<Vec<QueryValues>> {
        let key = (ef, k, barycenters == Barycenters::Computed);
        if let Some(values) = self.measured.borrow().get(&key) {
            return values.clone();
        }
        let cell = Cell {
            class: self.graphs.class,
            ef,
            k,
        };
        let values: Vec<Vec<QueryValues>> = (0..self.graphs.all.len())
            .map(
                |graph| match self.evaluation(graph, barycenters).at(&[cell]).pop() {
                    Some(CellValues::Queries(values)) => values,
                    _ => Vec::new(),
                },
            )
            .collect();
        self.measured.borrow_mut().insert(key, values.clone());
        values
    }

    /// What is evaluated on graph number `graph`.
    pub(super) fn evaluation(&self, graph: usize, barycenters: Barycenters) -> Evaluation<'_, S> {
        Evaluation {
            source: self.source,
            data: self.data,
            truth: self.truth,
            graph: &self.graphs.all[graph],
            reachable: &self.graphs.reachable[graph],
            barycenters,
        }
    }

    /// Mean rows visited a query.
    fn evaluations(&self, k: usize, ef: usize) -> f64 {
        let visited: Vec<Vec<f64>> = self
            .search(k, ef, Barycenters::LeftOut)
            .iter()
            .map(|values| values.iter().map(|values| values.visited).collect())
            .collect();
        mean(&visited).map_or(f64::NAN, |estimate| estimate.point)
    }

    /// For each k, the mean share of the exact neighbors to which a path leads.
    fn best_overlap(&self) -> Vec<f64> {
        let mut list = ExactList::default();
        let mut reached = vec![0u64; self.ks.len()];
        for query in 0..self.data.queries.count() {
            list.read(self.truth, query);
            for reachable in &self.graphs.reachable {
                for (k_index, &k) in self.ks.iter().enumerate() {
                    reached[k_index] += list.ids[..k]
                        .iter()
                        .filter(|&&id| reachable[id as usize])
                        .count() as u64;
                }
            }
        }
        let asked = (self.data.queries.count() * self.graphs.reachable.len()).max(1);
        reached
            .iter()
            .zip(self.ks)
            .map(|(&reached, &k)| reached as f64 / (asked * k) as f64)
            .collect()
    }
}
