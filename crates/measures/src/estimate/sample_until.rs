//! Two-stage sampling to a wanted precision: a pilot says how many queries to draw, and fresh ones are
//! drawn once.
//!
//! Looking at an interval after each query and stopping when it is narrow breaks its coverage: near 1 a
//! sample that happens to hold no loss is narrow and too high. Here the number is fixed by a pilot whose
//! queries are not used again (Stein 1945; Cox 1952 for the margin), so the interval of the second draw
//! is that of a sample of fixed size. If it is wider than wanted all the same, one more sample is drawn
//! afresh, its size planned from the second, and kept whatever its width: the chance of a miss is at
//! most 5 % · (1 + the chance of that).
//!
//! | stage | queries | used for |
//! |---|---|---|
//! | pilot | [`PILOT`] | the size of the next |
//! | sample | planned, a fifth more than needed | the claim, if it is as narrow as wanted |
//! | again | planned from the sample | the claim |

use super::bounded_mean::bounded_mean;
use super::population::Population;

/// Queries of the pilot.
pub const PILOT: usize = 400;
/// More queries are drawn than a plan says, since its spread is an estimate.
const MARGIN: f64 = 1.2;

/// Which draw of queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To plan the next.
    Pilot,
    /// To make the claim on.
    Sample,
    /// To make it on, after a sample whose interval was too wide.
    Again,
}

/// How many queries it took.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SampledUntil {
    /// The half width that was wanted.
    pub wanted: f64,
    /// Queries of the pilot.
    pub pilot: usize,
    /// Queries of the sample whose interval was too wide, if there was one.
    pub too_few: Option<usize>,
    /// Queries that the figures are of.
    pub queries: usize,
    /// The largest half width of any mean among them.
    pub half_width: f64,
    /// Whether that is as small as wanted.
    pub reached: bool,
    /// About how many queries would be needed.
    pub needed: usize,
}

/// Draws samples by `draw`, until the mean of every list of values that it returns has an interval of
/// ± `wanted` at most. `draw` is given the stage and how many queries, draws them independently of those
/// before, and returns values in 0..=1, a list per mean; fewer than asked for where there are no more.
///
/// # Errors
/// Of `draw`.
pub fn sample_until<E>(
    wanted: f64,
    population: impl Fn() -> Population,
    mut draw: impl FnMut(Stage, usize) -> Result<Vec<Vec<f64>>, E>,
) -> Result<SampledUntil, E> {
    let pilot = draw(Stage::Pilot, PILOT)?;
    let most = match population() {
        Population::Finite(size) => usize::try_from(size).unwrap_or(usize::MAX),
        Population::Unlimited => usize::MAX,
    };
    let planned = |values: &[Vec<f64>]| {
        let needed = needed(values, population(), wanted);
        let planned = (needed as f64 * MARGIN).ceil() as usize;
        planned.clamp(PILOT.min(most), most)
    };
    let count = |values: &[Vec<f64>]| values.iter().map(Vec::len).max().unwrap_or(0);
    let first = planned(&pilot);
    let mut values = draw(Stage::Sample, first)?;
    let mut too_few = None;
    let is_wide = |values: &[Vec<f64>]| widest(values, population()) > wanted;
    // Fewer than asked for: there are no more.
    if is_wide(&values) && count(&values) >= first && first < most {
        too_few = Some(count(&values));
        values = draw(Stage::Again, planned(&values).max(first))?;
    }
    let half_width = widest(&values, population());
    Ok(SampledUntil {
        wanted,
        pilot: count(&pilot),
        too_few,
        queries: count(&values),
        half_width,
        reached: half_width <= wanted,
        needed: needed(&values, population(), wanted),
    })
}

/// About how many queries give the mean of values like these an interval of ± `half_width`: as 1/√n
/// where they differ, as 1/n where all are the same, with the finite-population factor; no more than
/// there are. `None` without values in 0..=1.
///
/// ```
/// use annatomy_measures::estimate::{Population, queries_for_half_width};
///
/// let pilot: Vec<f64> = (0..100).map(|query| if query % 10 == 0 { 0.0 } else { 1.0 }).collect();
/// // 1.96² · .9 · .1 / .01² = 3,457, and a little more for what a pilot may lack.
/// let needed = queries_for_half_width(&pilot, Population::Unlimited, 0.01).unwrap();
/// assert!((3_457..6_000).contains(&needed), "{needed}");
/// assert_eq!(queries_for_half_width(&pilot, Population::Finite(500), 1e-9), Some(500));
/// ```
pub fn queries_for_half_width(
    pilot: &[f64],
    population: Population,
    half_width: f64,
) -> Option<usize> {
    let found = bounded_mean(pilot, Population::Unlimited)?;
    let half = half_of(&found);
    let first = pilot.iter().copied().find(|value| !value.is_nan())?;
    let differ = pilot.iter().any(|value| !value.is_nan() && *value != first);
    let ratio = half / half_width;
    let unlimited = found.n as f64 * if differ { ratio * ratio } else { ratio };
    let needed = match population {
        Population::Unlimited => unlimited,
        Population::Finite(size) => {
            let size = size as f64;
            (size / (1.0 + (size - 1.0) / unlimited)).min(size)
        }
    };
    Some(needed.ceil() as usize)
}

fn needed(values: &[Vec<f64>], population: Population, wanted: f64) -> usize {
    let of = |values: &Vec<f64>| queries_for_half_width(values, population, wanted);
    values.iter().filter_map(of).max().unwrap_or(0)
}

fn widest(values: &[Vec<f64>], population: Population) -> f64 {
    let of = |values: &Vec<f64>| bounded_mean(values, population).map(|found| half_of(&found));
    values.iter().filter_map(of).fold(0.0, f64::max)
}

/// The longer side of an interval.
fn half_of(found: &super::Estimate) -> f64 {
    let below = found.low.map_or(0.0, |low| found.point - low);
    let above = found.high.map_or(0.0, |high| high - found.point);
    below.max(above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pilot_plans_and_is_not_used_again() {
        let mut asked = Vec::new();
        let draw = |stage, n: usize| {
            asked.push((stage, n));
            // A tenth of the queries loses all.
            let values = (0..n).map(|query| f64::from(u8::from(query % 10 > 0)));
            Ok::<_, ()>(vec![values.collect()])
        };
        let found = sample_until(0.02, || Population::Unlimited, draw).expect("drawn");
        assert_eq!(asked[0], (Stage::Pilot, PILOT));
        assert_eq!((asked.len(), asked[1].0), (2, Stage::Sample));
        assert_eq!((found.queries, found.too_few), (asked[1].1, None));
        assert!(found.reached && found.half_width > 0.01, "{found:?}");
        // 1.96² · .09 / .02² = 864.
        assert!((864..1_500).contains(&found.queries), "{found:?}");
    }

    #[test]
    fn a_pilot_without_losses_is_followed_by_a_sample_that_has_some() {
        let draw = |stage, n: usize| {
            let lossy = |query: usize| stage != Stage::Pilot && query.is_multiple_of(5);
            let values = (0..n).map(|query| f64::from(u8::from(!lossy(query))));
            Ok::<_, ()>(vec![values.collect()])
        };
        let found = sample_until(0.01, || Population::Unlimited, draw).expect("drawn");
        assert!(
            found.too_few.is_some_and(|few| few < found.queries),
            "{found:?}"
        );
        assert!(found.reached, "{found:?}");
    }

    #[test]
    fn where_there_are_no_more_queries_all_are_taken() {
        let all = Population::Finite(900);
        let draw = |_, n: usize| {
            let values = (0..n.min(900)).map(|query| (query % 3) as f64 / 2.0);
            Ok::<_, ()>(vec![values.collect()])
        };
        let found = sample_until(1e-6, || all, draw).expect("drawn");
        assert_eq!(
            (found.queries, found.half_width, found.reached),
            (900, 0.0, true)
        );
    }
}
