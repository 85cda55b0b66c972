//! What methods leave at equal overlap: each measure at the targets, and differences paired over runs.
//!
//! Per run and system (a method over codes), the first effort whose overlap reaches the target and the
//! effort before it bracket it; every measure and cost is interpolated between the two, linearly in
//! overlap. A system that reaches the target at its smallest effort, or at none, has no value there. A
//! difference between two systems is taken within each run, and estimated over the runs.

use super::{Bent, CodesName, ExactGeometry, MethodName, MethodPoint, MethodsRun};
use crate::results::StudyResults;
use annatomy_measures::estimate::Estimate;
use serde::Serialize;

/// Overlaps at which systems are compared.
pub const TARGETS: [f64; 4] = [0.8, 0.9, 0.95, 0.99];

/// A method over codes.
type System = (MethodName, CodesName);

/// Levels and differences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EqualOverlap {
    /// Per system × k × target that every run reaches.
    pub levels: Vec<Level>,
    /// Per system × k the largest overlap at any effort.
    pub ceilings: Vec<Ceiling>,
    /// Per pair of systems × k × target that both reach in every run.
    pub comparisons: Vec<Comparison>,
}

/// One system at one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    /// The method.
    pub method: MethodName,
    /// The codes.
    pub codes: CodesName,
    /// Neighbors asked for.
    pub k: usize,
    /// The overlap.
    pub overlap: f64,
    /// What is bent, and by how much.
    pub measures: Vec<(Bent, Estimate)>,
    /// Distances evaluated a query.
    pub evaluations: Estimate,
    /// Bytes read a query.
    pub bytes: Estimate,
}

/// How much of the neighborhood a system finds at its best effort.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ceiling {
    /// The method.
    pub method: MethodName,
    /// The codes.
    pub codes: CodesName,
    /// Neighbors asked for.
    pub k: usize,
    /// The largest overlap.
    pub overlap: Estimate,
}

/// Two systems at one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub from: System,
    /// The second.
    pub to: System,
    /// Neighbors asked for.
    pub k: usize,
    /// The overlap.
    pub overlap: f64,
    /// The second less the first.
    pub differences: Vec<Difference>,
}

/// A measure of two systems at one target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The measure.
    pub measure: Bent,
    /// The first's mean over runs.
    pub from: f64,
    /// The second's.
    pub to: f64,
    /// The second less the first, paired over runs.
    pub difference: Estimate,
}

impl Difference {
    /// Whether the interval leaves out 0.
    pub fn is_resolved(&self) -> bool {
        let Estimate { low, high, .. } = self.difference;
        low.is_some_and(|low| low > 0.0) || high.is_some_and(|high| high < 0.0)
    }
}

/// The value at overlap `target` of a curve of (overlap, value) by rising effort, between the first point
/// that reaches it and the one before.
pub fn at_overlap(curve: &[(f64, f64)], target: f64) -> Option<f64> {
    let place = curve.iter().position(|&(overlap, _)| overlap >= target)?;
    let (reached, value) = curve[place];
    if reached == target {
        return Some(value);
    }
    let (before, from) = curve[place.checked_sub(1)?];
    let share = (target - before) / (reached - before);
    let value = from + (value - from) * share;
    value.is_finite().then_some(value)
}

/// Every level and comparison; `None` where no study of methods was asked for.
pub fn equal_overlap(results: &StudyResults) -> Option<EqualOverlap> {
    let runs = results.runs.iter().map(|run| run.methods.as_ref());
    let runs: Vec<&MethodsRun> = runs.collect::<Option<_>>()?;
    let ks: Vec<usize> = runs.first()?.exact.iter().map(|exact| exact.k).collect();
    let mut found = EqualOverlap {
        levels: Vec::new(),
        ceilings: ceilings(&runs, &ks),
        comparisons: Vec::new(),
    };
    for (place, &k) in ks.iter().enumerate() {
        for target in TARGETS {
            let at = Target {
                runs: &runs,
                place,
                k,
                overlap: target,
            };
            for codes in CodesName::ALL {
                for method in MethodName::ALL {
                    found.levels.extend(at.level((method, codes)));
                }
            }
            let pairs = pairs().into_iter();
            found
                .comparisons
                .extend(pairs.filter_map(|(from, to)| at.comparison(from, to)));
        }
    }
    Some(found)
}

fn ceilings(runs: &[&MethodsRun], ks: &[usize]) -> Vec<Ceiling> {
    let mut ceilings = Vec::new();
    for &k in ks {
        for codes in CodesName::ALL {
            for method in MethodName::ALL {
                let largest = runs.iter().map(|run| {
                    let points = run.curve(method, codes, k).into_iter();
                    points.map(|point| point.overlap).fold(f64::NAN, f64::max)
                });
                let overlap = Estimate::of(&largest.collect::<Vec<_>>());
                ceilings.extend(overlap.map(|overlap| Ceiling {
                    method,
                    codes,
                    k,
                    overlap,
                }));
            }
        }
    }
    ceilings
}

/// Methods over the same codes, then codes against float32 under the same method.
fn pairs() -> Vec<(System, System)> {
    let mut pairs = Vec::new();
    for codes in CodesName::ALL {
        for (place, &from) in MethodName::ALL.iter().enumerate() {
            let others = MethodName::ALL[place + 1..].iter();
            pairs.extend(others.map(|&to| ((from, codes), (to, codes))));
        }
    }
    for method in MethodName::ALL {
        let others = CodesName::ALL[1..].iter();
        pairs.extend(others.map(|&codes| ((method, CodesName::Float32), (method, codes))));
    }
    pairs
}

/// One k and one overlap in every run.
struct Target<'t> {
    runs: &'t [&'t MethodsRun],
    /// Of k among the exact geometries.
    place: usize,
    k: usize,
    overlap: f64,
}

impl Target<'_> {
    /// A value of `system` in each run, where all reach the target.
    fn values(
        &self,
        (method, codes): System,
        read: impl Fn(&MethodPoint, &ExactGeometry) -> f64,
    ) -> Option<Vec<f64>> {
        let of_run = |run: &&MethodsRun| {
            let exact = &run.exact[self.place];
            let points = run.curve(method, codes, self.k).into_iter();
            let curve: Vec<(f64, f64)> = points
                .map(|point| (point.overlap, read(point, exact)))
                .collect();
            at_overlap(&curve, self.overlap)
        };
        self.runs.iter().map(of_run).collect()
    }

    fn level(&self, system: System) -> Option<Level> {
        let estimate = |read: &dyn Fn(&MethodPoint, &ExactGeometry) -> f64| {
            Estimate::of(&self.values(system, read)?)
        };
        let measures = Bent::ALL.into_iter().filter_map(|bent| {
            let estimate = estimate(&|point, exact| bent.of(point, exact))?;
            Some((bent, estimate))
        });
        Some(Level {
            method: system.0,
            codes: system.1,
            k: self.k,
            overlap: self.overlap,
            measures: measures.collect(),
            evaluations: estimate(&|point, _| point.evaluations)?,
            bytes: estimate(&|point, _| point.bytes)?,
        })
    }

    fn comparison(&self, from: System, to: System) -> Option<Comparison> {
        let difference = |measure: Bent| {
            let values = |system| self.values(system, |point, exact| measure.of(point, exact));
            let (from, to) = (values(from)?, values(to)?);
            let differences: Vec<f64> = from.iter().zip(&to).map(|(from, to)| to - from).collect();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            Some(Difference {
                measure,
                from: mean(&from),
                to: mean(&to),
                difference: Estimate::of(&differences)?,
            })
        };
        let differences: Vec<Difference> = Bent::ALL.into_iter().filter_map(difference).collect();
        (!differences.is_empty()).then_some(Comparison {
            from,
            to,
            k: self.k,
            overlap: self.overlap,
            differences,
        })
    }
}

#[cfg(test)]
mod tests;
