//! Whether methods leave the same neighborhood at equal recall, in words.
//!
//! Two systems differ in a measure where at least half of the differences, over every k and target, and
//! no fewer than three, have an interval that leaves out 0; by chance one in twenty does. A group of systems differs where
//! two of them do.

use super::number::{decimals, listed, share};
use annatomy_measures::estimate::Estimate;
use annatomy_study::results::methods::{
    Bent, CodesName, Comparison, Difference, EqualOverlap, MethodName,
};

/// Intervals that leave out 0 before two systems are said to differ.
const LEAST_RESOLVED: usize = 3;

/// A difference with where it was found.
pub(crate) type Found<'e> = (&'e Comparison, &'e Difference);

/// One measure over a group of comparisons.
pub(crate) struct Judged<'e> {
    /// The measure.
    pub(crate) bent: Bent,
    /// Differences with an interval.
    pub(crate) all: Vec<Found<'e>>,
    /// Those whose interval leaves out 0.
    pub(crate) resolved: Vec<Found<'e>>,
}

impl<'e> Judged<'e> {
    /// Judges `bent` over `comparisons`.
    pub(crate) fn of(comparisons: &[&'e Comparison], bent: Bent) -> Self {
        let found = comparisons.iter().flat_map(|&comparison| {
            let differences = comparison.differences.iter();
            differences.map(move |difference| (comparison, difference))
        });
        let found = found.filter(|(_, difference)| difference.measure == bent);
        let found: Vec<Found<'e>> = found
            .filter(|(_, difference)| difference.difference.low.is_some())
            .collect();
        Self {
            bent,
            resolved: found
                .iter()
                .filter(|(_, difference)| difference.is_resolved())
                .copied()
                .collect(),
            all: found,
        }
    }

    /// Whether at least half of the differences between some two systems are resolved.
    fn differs(&self) -> bool {
        let pair = |found: &Found<'_>| (found.0.from, found.0.to);
        self.resolved.iter().any(|resolved| {
            let of_pair = |found: &&Found<'_>| pair(found) == pair(resolved);
            let all = self.all.iter().filter(of_pair).count();
            let resolved = self.resolved.iter().filter(of_pair).count();
            resolved >= LEAST_RESOLVED && 2 * resolved >= all
        })
    }

    /// The largest resolved difference.
    pub(crate) fn largest(&self) -> Option<Found<'e>> {
        self.resolved.iter().copied().max_by(|a, b| {
            let size = |found: &Found<'_>| found.1.difference.point.abs();
            size(a).total_cmp(&size(b))
        })
    }
}

/// A difference as a share of the larger of its two values.
pub(crate) fn relative(difference: &Difference) -> f64 {
    let larger = difference.from.abs().max(difference.to.abs());
    (difference.difference.point / larger).abs()
}

/// Methods over the same codes.
pub(crate) fn between_methods(found: &EqualOverlap, codes: CodesName) -> Vec<&Comparison> {
    let comparisons = found.comparisons.iter();
    comparisons
        .filter(|found| found.from.1 == codes && found.to.1 == codes)
        .collect()
}

/// Codes against float32 under the same method.
pub(crate) fn between_codes(found: &EqualOverlap, codes: CodesName) -> Vec<&Comparison> {
    let comparisons = found.comparisons.iter();
    comparisons
        .filter(|found| found.from.1 != found.to.1 && found.to.1 == codes)
        .collect()
}

/// The measure's name.
pub(crate) fn name(bent: Bent) -> &'static str {
    match bent {
        Bent::RelativeDistanceError => "relative distance error",
        Bent::BarycenterShift => "barycenter shift",
        Bent::LidBias => "LID bias",
        Bent::SkewnessChange => "change of skewness",
        Bent::RobinHoodChange => "change of the Robin Hood index",
        Bent::Displacement => "rank displacement",
    }
}

/// A value of a measure: shares of a distance or of the LID in percent.
pub(crate) fn value(bent: Bent, value: f64) -> String {
    match bent {
        Bent::RelativeDistanceError | Bent::LidBias => format!("{} %", decimals(100.0 * value, 2)),
        _ => decimals(value, 3),
    }
}

/// The verdict, a sentence each; none without an interval to judge by.
pub(crate) fn verdict(found: &EqualOverlap) -> Vec<String> {
    let methods = between_methods(found, CodesName::Float32);
    let mut sentences = Vec::new();
    sentences.extend(sentence(
        "At equal recall over float32 rows, HNSW, Vamana and IVF",
        &methods,
    ));
    for codes in &CodesName::ALL[1..] {
        let subject = format!(
            "At equal recall under one method, {} and float32",
            codes.name()
        );
        sentences.extend(sentence(&subject, &between_codes(found, *codes)));
    }
    sentences.extend(ceilings(found));
    sentences
}

fn sentence(subject: &str, comparisons: &[&Comparison]) -> Option<String> {
    let judged = Bent::ALL.map(|bent| Judged::of(comparisons, bent));
    let all: usize = judged.iter().map(|judged| judged.all.len()).sum();
    if all == 0 {
        return None;
    }
    let resolved: usize = judged.iter().map(|judged| judged.resolved.len()).sum();
    let counted = format!("{resolved} of {all} differences have an interval that leaves out 0");
    let (mut differ, mut alike) = (Vec::new(), Vec::new());
    for judged in &judged {
        match judged.largest().filter(|_| judged.differs()) {
            Some(largest) => differ.push(most(largest)),
            None => alike.push(name(judged.bent).to_owned()),
        }
    }
    Some(if differ.is_empty() {
        format!(
            "{subject} leave the same neighborhood: {counted}, and between no two of them half do."
        )
    } else if alike.is_empty() {
        format!(
            "{subject} differ in every measure: {}; {counted}.",
            listed(&differ)
        )
    } else {
        format!(
            "{subject} differ in {}. They agree in {}; {counted}.",
            listed(&differ),
            listed(&alike)
        )
    })
}

/// A measure with its largest difference.
fn most((comparison, difference): Found<'_>) -> String {
    let bent = difference.measure;
    let Estimate {
        point, low, high, ..
    } = difference.difference;
    let between = match (low, high) {
        (Some(low), Some(high)) => format!(", 95 % {} to {}", value(bent, low), value(bent, high)),
        _ => String::new(),
    };
    format!(
        "{} (most at *k* = {}, overlap {}: {} {}, {} {}; difference {}{between})",
        name(bent),
        comparison.k,
        share(comparison.overlap),
        system(comparison.from),
        value(bent, difference.from),
        system(comparison.to),
        value(bent, difference.to),
        value(bent, point),
    )
}

/// `HNSW over SQ8`; float32 goes without saying.
pub(crate) fn system((method, codes): (MethodName, CodesName)) -> String {
    match codes {
        CodesName::Float32 => method.name().to_owned(),
        codes => format!("{} over {}", method.name(), codes.name()),
    }
}

/// What codes keep at most.
fn ceilings(found: &EqualOverlap) -> Option<String> {
    let mut lost = Vec::new();
    for codes in CodesName::ALL {
        let of_codes = found
            .ceilings
            .iter()
            .filter(|ceiling| ceiling.codes == codes);
        let low = of_codes.min_by(|a, b| a.overlap.point.total_cmp(&b.overlap.point));
        let Some(low) = low else { continue };
        if low.overlap.point < 0.99 {
            lost.push(format!(
                "{} {} (*k* = {})",
                system((low.method, codes)),
                share(low.overlap.point),
                low.k
            ));
        }
    }
    let sentence = || format!("No effort finds more than {}.", listed(&lost));
    (!lost.is_empty()).then(sentence)
}
