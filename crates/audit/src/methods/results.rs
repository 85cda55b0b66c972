//! From what was found about each query to figures: measures, advice, curves; stages are in
//! `kept_by_stages`.

use super::pass::{Cell, Pass, QueryFound};
use crate::advice::bisect;
use crate::cells::CellValues;
use crate::error::AuditError;
use crate::estimates::{drawn_from, mean_of_shares, quantile, share};
use crate::per_query::CellOfQueries;
use crate::results::{Advice, CellResult, Curve, MethodFacts, Recommended};
use crate::summarize::{Name, summarize};
use crate::target::{Measure, Target};
use annatomy_measures::estimate::Estimate;
use annatomy_methods::Routing;
use annatomy_methods::required::{FOREVER, Presence};
use annatomy_vectors::Matrix;

/// Points of a curve, and of the first look for an effort.
const POINTS: usize = 48;

/// What was found about all queries.
pub(super) struct Found<'f> {
    pub(super) pass: &'f Pass<'f>,
    pub(super) queries: &'f [QueryFound],
    pub(super) targets: &'f [Target],
    /// The base rows after the transforms, where there are any.
    pub(super) base: Option<&'f Matrix>,
    pub(super) budget: u64,
}

impl Found<'_> {
    /// Measures at every cell asked for.
    pub(super) fn cells(&self) -> Vec<CellResult> {
        let word = self.word();
        let cells = self.pass.cells.iter().enumerate();
        cells
            .map(|(place, &Cell { effort, k })| {
                let values = self.queries.iter().map(|query| query.cells[place].0);
                let name = Name {
                    who: format!("{word} {effort}"),
                    class: Some(self.pass.searcher.method().class().to_string()),
                    ef: Some(effort),
                    k,
                };
                let values = [CellValues::Queries(values.collect())];
                summarize(name, &values, self.pass.data)
            })
            .collect()
    }

    /// Every query at every cell asked for.
    pub(super) fn of_queries(&self) -> Vec<CellOfQueries> {
        let cells = self.pass.cells.iter().enumerate();
        cells
            .map(|(place, &Cell { effort, k })| CellOfQueries {
                k,
                ef: Some(effort),
                graphs: vec![
                    self.queries
                        .iter()
                        .map(|query| query.cells[place].0)
                        .collect(),
                ],
                required_efs: self.required(self.k_index(k), k),
            })
            .collect()
    }

    /// Per query, the effort from which on all k neighbors are in the answer.
    fn required(&self, k_index: usize, k: usize) -> Vec<Option<usize>> {
        let of = |query: &QueryFound| {
            let lasting = query.searches.presences[k_index].iter();
            let lasting = lasting.filter(|presence| presence.until == FOREVER);
            let mut from: Vec<u32> = lasting.map(|presence| presence.from).collect();
            from.sort_unstable();
            from.get(k - 1).map(|&effort| effort as usize)
        };
        self.queries.iter().map(of).collect()
    }

    fn word(&self) -> &'static str {
        self.pass
            .searcher
            .method()
            .effort_word()
            .unwrap_or("effort")
    }

    /// What the index is, and what each of its stages loses.
    pub(super) fn facts(&self, source: String) -> Result<MethodFacts, AuditError> {
        let searcher = self.pass.searcher;
        let method = searcher.method();
        let (m, ef_construction) = match &method.routing {
            Routing::Graph(graph) => (
                Some(graph.m),
                Some(graph.ef_construction).filter(|&known| known > 0),
            ),
            Routing::Nsg(graph) => (Some(graph.r), None),
            _ => (None, None),
        };
        let stages = self.stages()?;
        let transforms = method.transforms.iter();
        Ok(MethodFacts {
            source,
            engine: method.engine.to_string(),
            arithmetic: searcher.build().arithmetic.to_string(),
            effort: method.effort_word().map(str::to_owned),
            replayed: (!method.answers_nest()).then_some(self.pass.efforts.len()),
            saved_effort: method
                .saved_effort()
                .filter(|_| method.effort_word().is_some()),
            largest_effort: method.largest_effort(),
            transforms: transforms
                .map(|transform| transform.name().to_owned())
                .collect(),
            codes: method.codes.name(),
            code_bytes: method.code_bytes(),
            by_residual: matches!(&method.routing, Routing::Cells(cells) if cells.by_residual),
            cells: match &method.routing {
                Routing::Cells(cells) => Some(cells.facts().into()),
                _ => None,
            },
            m,
            ef_construction,
            rerank_factor: method
                .rerank
                .as_ref()
                .map(|rerank| f64::from(rerank.factor)),
            stages,
        })
    }

    pub(super) fn k_index(&self, k: usize) -> usize {
        let found = self.pass.ks.iter().position(|&own| own == k);
        found.expect("cells are of the audit's own k")
    }

    /// The place of the effort at which the engine searches, asked at the effort of this one.
    fn place(&self, place: usize, k: usize) -> usize {
        let effort = self.pass.effort(self.pass.efforts[place], k);
        let efforts = self.pass.efforts;
        efforts.partition_point(|&own| own < effort)
    }

    /// Overlap, per query, at the effort of this place.
    fn overlap(&self, k_index: usize, place: usize) -> Vec<f64> {
        let k = self.pass.ks[k_index];
        let effort = self.pass.effort(self.pass.efforts[place], k);
        let of = |query: &QueryFound| {
            let holds = |presence: &&Presence| presence.holds(effort);
            let held = query.searches.presences[k_index]
                .iter()
                .filter(holds)
                .count();
            held.min(k) as f64 / k as f64
        };
        self.queries.iter().map(of).collect()
    }

    /// Fill, likewise.
    fn fill(&self, k_index: usize, place: usize) -> Vec<f64> {
        let k = self.pass.ks[k_index];
        let place = self.place(place, k);
        let effort = self.pass.efforts[place];
        let of = |query: &QueryFound| {
            let searches = &query.searches;
            if let Some(filled) = searches.filled.get(place) {
                return f64::from(filled[k_index]) / k as f64;
            }
            let own = searches.own_from != FOREVER && effort >= searches.own_from as usize;
            let rows = searches.visited[place] as usize - usize::from(own);
            rows.min(k) as f64 / k as f64
        };
        self.queries.iter().map(of).collect()
    }

    /// One curve per k.
    pub(super) fn curves(&self) -> Vec<Curve> {
        let places = spread(self.pass.efforts.len(), self.pass.efforts);
        let curve = |(k_index, &k): (usize, &usize)| Curve {
            k,
            efs: places
                .iter()
                .map(|&place| self.pass.efforts[place])
                .collect(),
            overlap: places
                .iter()
                .map(|&place| self.mean(self.overlap(k_index, place)))
                .collect(),
            overlap_p5: places
                .iter()
                .map(|&place| self.percentile(self.overlap(k_index, place), 5.0))
                .collect(),
            fill: places
                .iter()
                .map(|&place| self.mean(self.fill(k_index, place)))
                .collect(),
        };
        self.pass.ks.iter().enumerate().map(curve).collect()
    }

    /// The smallest effort for each k and target.
    pub(super) fn advice(&self) -> Vec<Advice> {
        let mut advice = Vec::new();
        for k_index in 0..self.pass.ks.len() {
            for &target in self.targets {
                advice.push(self.advise_on(k_index, target));
            }
        }
        advice
    }

    fn value(&self, k_index: usize, measure: Measure, place: usize) -> Option<Estimate> {
        let overlap = || self.overlap(k_index, place);
        match measure {
            Measure::Fill => self.mean(self.fill(k_index, place)),
            Measure::Overlap => self.mean(overlap()),
            Measure::OverlapP5 => self.percentile(overlap(), 5.0),
            Measure::OverlapP1 => self.percentile(overlap(), 1.0),
            Measure::OverlapP25 => self.percentile(overlap(), 25.0),
            Measure::Robust(delta) => {
                let reach = |&overlap: &f64| f64::from(u8::from(overlap >= delta - 1e-12));
                self.mean(overlap().iter().map(reach).collect())
            }
            Measure::LidBias | Measure::DistanceError | Measure::BarycenterShift => None,
        }
    }

    /// The mean of a share over queries.
    pub(super) fn mean(&self, values: Vec<f64>) -> Option<Estimate> {
        mean_of_shares(&[values], drawn_from(self.pass.data))
    }

    fn percentile(&self, values: Vec<f64>, percent: f64) -> Option<Estimate> {
        quantile(&[values], percent, drawn_from(self.pass.data)).map(share)
    }

    fn advise_on(&self, k_index: usize, target: Target) -> Advice {
        let k = self.pass.ks[k_index];
        let efforts = self.pass.efforts;
        let smallest = |end: fn(&Estimate) -> f64| {
            let meets = |place: usize| {
                let value = self.value(k_index, target.measure, place);
                value.is_some_and(|value| target.is_met_by(end(&value)))
            };
            self.smallest(meets)
        };
        let last = efforts.len() - 1;
        let place = smallest(|value| value.point);
        let shown = place.unwrap_or(last);
        let looked = spread(efforts.len(), efforts);
        let best = looked
            .iter()
            .filter_map(|&place| self.mean(self.overlap(k_index, place)));
        let visited = |place: usize| {
            let place = self.place(place, k);
            let visited = self
                .queries
                .iter()
                .map(|query| f64::from(query.searches.visited[place]));
            visited.sum::<f64>() / self.queries.len().max(1) as f64
        };
        let effort = |place: usize| efforts[place];
        let cautious = smallest(|value| value.low.unwrap_or(value.point));
        Advice {
            k,
            target,
            recommended: cautious.map(|place| Recommended {
                ef: effort(place),
                alpha: effort(place) as f64 / k as f64,
                distance_evaluations: visited(place),
                reached: self.value(k_index, target.measure, place),
                judged: None,
            }),
            ef: place.map(effort),
            ef_low: smallest(|value| value.high.unwrap_or(value.point)).map(effort),
            ef_high: cautious.map(effort),
            alpha: None,
            distance_evaluations: place.map(visited),
            reached: self.value(k_index, target.measure, shown),
            largest_ef: efforts[last],
            best_overlap: best.map(|best| best.point).fold(0.0, f64::max),
            queries_needed: None,
        }
    }

    /// The place of the smallest effort that `meets`: the first of some spread over all, then
    /// between it and the one before. A larger effort can lose neighbors where rows are codes, so
    /// that the largest alone does not say whether any effort meets.
    fn smallest(&self, meets: impl Fn(usize) -> bool) -> Option<usize> {
        let looked = spread(self.pass.efforts.len(), self.pass.efforts);
        let first = looked.iter().position(|&place| meets(place))?;
        let low = first
            .checked_sub(1)
            .map_or(looked[0], |before| looked[before] + 1);
        Some(bisect(low, looked[first], meets))
    }
}

/// Places of efforts that are evenly spaced in their logarithm, the first and the last among them.
fn spread(count: usize, efforts: &[usize]) -> Vec<usize> {
    let largest = efforts[count - 1] as f64;
    let step = largest.ln() / (POINTS - 1) as f64;
    let mut places: Vec<usize> = (0..POINTS)
        .map(|point| (step * point as f64).exp().round() as usize)
        .map(|effort| efforts.partition_point(|&own| own < effort).min(count - 1))
        .collect();
    places.dedup();
    places
}
