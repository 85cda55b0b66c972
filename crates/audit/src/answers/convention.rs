//! Conventions of an answer file, detected from the vectors: the first id, whether the query is
//! among its neighbors, the kind of the distances.
//!
//! Detected on up to 256 queries and the first 16 slots of each. Ids begin at 1 if none is 0 and
//! the rows they then name are nearer. The query counts as included if most rows hold it. Distances
//! are of the kind with the least median relative deviation, if that is below 1 % and at most half
//! of the deviation from the next slot's neighbor: distances in another order fit no kind.

use super::tables::Tables;
use crate::distance_kind::{DistanceKind, Pair};
use annatomy_eval::dataset::Dataset;
use annatomy_vectors::Metric;

const SAMPLED: usize = 256;
/// Slots looked at in a row.
const SLOTS: usize = 16;
/// Relative deviation beyond which a distance is of another kind.
const RECOGNIZED: f64 = 0.01;
/// Relative deviation that float32 rounding explains, whatever the next slot's is.
const ROUNDING: f64 = 1e-5;

/// Kinds whose deviations are below it cannot be distinguished.
const AGREEMENT: f64 = 1e-6;

/// Conventions of an answer file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conventions {
    pub(crate) first_id: i64,
    pub(crate) self_included: bool,
    /// `None` where no distances were given, or none that can be compared.
    pub(crate) distances: Option<DistanceFit>,
}

/// How distances that were given compare with those of the vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DistanceFit {
    /// They are of this kind.
    Kind {
        kind: DistanceKind,
        /// Median relative deviation.
        deviation: f64,
        /// Share of the distances compared that deviate by more than 1 %.
        outliers: f64,
    },
    /// They fit no kind between these queries and these rows.
    None,
}

impl Conventions {
    pub(crate) fn detect(tables: &Tables, data: &Dataset) -> Self {
        let queries = sampled_queries(data);
        let first_id = first_id(tables, data, &queries);
        let holds_itself = |query: &&usize| {
            let row = tables.ids.row(tables.places[**query]);
            let own = data.queries.own_id(**query);
            let base_row = |id| tables.base_row(id, first_id, data.base.rows());
            own.is_some() && row.iter().any(|&id| base_row(id) == own)
        };
        let including = queries.iter().filter(holds_itself).count();
        Self {
            first_id,
            self_included: 2 * including > queries.len(),
            distances: distance_fit(tables, data, first_id, &queries),
        }
    }
}

/// The queries that conventions are detected on.
pub(super) fn sampled_queries(data: &Dataset) -> Vec<usize> {
    let step = data.queries.count().div_ceil(SAMPLED).max(1);
    (0..data.queries.count()).step_by(step).collect()
}

/// What ids count from; 0 where they were primary keys.
pub(super) fn first_id(tables: &Tables, data: &Dataset, queries: &[usize]) -> i64 {
    if tables.named || tables.ids.ids().contains(&0) {
        return 0;
    }
    let from = |first_id| Reading::of(tables, data, first_id, queries);
    i64::from(from(1).is_nearer_than(&from(0)))
}

/// How many of the slots sampled name a row as ids are read, and the mean distance to those rows.
pub(super) struct Reading {
    pub(super) slots: usize,
    mean: f64,
}

impl Reading {
    /// Ids counted from `first_id`, unless they are labels; distances by the metric of the data.
    pub(super) fn of(tables: &Tables, data: &Dataset, first_id: i64, queries: &[usize]) -> Self {
        let kind = match data.metric {
            Metric::L2 => DistanceKind::L2,
            Metric::Cosine => DistanceKind::Cosine,
            Metric::InnerProduct => DistanceKind::NegatedInnerProduct,
        };
        let (mut slots, mut sum) = (0, 0.0);
        for &query in queries {
            for (_, pair) in named_pairs(tables, data, first_id, query) {
                slots += 1;
                sum += kind.of(&pair);
            }
        }
        let mean = sum / slots.max(1) as f64;
        Self { slots, mean }
    }

    /// Whether its rows are nearer by a twentieth.
    pub(super) fn is_nearer_than(&self, other: &Self) -> bool {
        self.mean < other.mean - 0.05 * other.mean.abs()
    }
}

/// The first slots of a query's answer that name a base row, each with the pair of query and row.
pub(super) fn named_pairs(
    tables: &Tables,
    data: &Dataset,
    first_id: i64,
    query: usize,
) -> Vec<(usize, Pair)> {
    let ids = tables.ids.row(tables.places[query]);
    let (mut slots, mut rows) = (Vec::new(), Vec::new());
    for (slot, &id) in ids.iter().enumerate().take(SLOTS) {
        if let Some(row) = tables.base_row(id, first_id, data.base.rows()) {
            slots.push(slot);
            rows.push(row as usize);
        }
    }
    let x = data.query(query);
    let rows = data.base.select(&rows);
    let pair = |(place, slot)| (slot, Pair::new(x, rows.row(place)));
    slots.into_iter().enumerate().map(pair).collect()
}

/// Relative deviations of the distances compared, per kind: from their own slot's neighbor, and
/// from the next slot's.
#[derive(Default)]
struct Deviations {
    own: [Vec<f64>; DistanceKind::ALL.len()],
    next: [Vec<f64>; DistanceKind::ALL.len()],
}

fn distance_fit(
    tables: &Tables,
    data: &Dataset,
    first_id: i64,
    queries: &[usize],
) -> Option<DistanceFit> {
    let given = tables.distances.as_ref()?;
    let mut deviations = Deviations::default();
    for &query in queries {
        let distances = given.row(tables.places[query]);
        let own = data.queries.own_id(query);
        let own_slot = tables.ids.row(tables.places[query]).iter().position(|&id| {
            own.is_some() && tables.base_row(id, first_id, data.base.rows()) == own
        });
        let mut pairs = named_pairs(tables, data, first_id, query);
        pairs.retain(|&(slot, _)| Some(slot) != own_slot && is_distance(distances[slot]));
        for (place, &(slot, pair)) in pairs.iter().enumerate() {
            let (_, next) = pairs[(place + 1) % pairs.len()];
            for (index, kind) in DistanceKind::ALL.into_iter().enumerate() {
                deviations.own[index].push(deviation(distances[slot], kind.of(&pair)));
                deviations.next[index].push(deviation(distances[slot], kind.of(&next)));
            }
        }
    }
    fit(deviations)
}

fn is_distance(value: f32) -> bool {
    value.abs() < super::clean::LARGEST_DISTANCE
}

fn deviation(given: f32, expected: f64) -> f64 {
    let given = f64::from(given);
    let size = expected.abs().max(given.abs()).max(f64::MIN_POSITIVE);
    (given - expected).abs() / size
}

fn fit(mut deviations: Deviations) -> Option<DistanceFit> {
    if deviations.own[0].is_empty() {
        return None;
    }
    let medians = deviations.own.each_mut().map(|values| median(values));
    let least = medians.iter().copied().fold(f64::INFINITY, f64::min);
    // Kinds that agree but for rounding: the first.
    let best = medians
        .iter()
        .position(|&median| median <= least.max(AGREEMENT))
        .unwrap_or(0);
    let next = median(&mut deviations.next[best]);
    let fits = least < RECOGNIZED && (least < ROUNDING || least < 0.5 * next);
    if !fits {
        return Some(DistanceFit::None);
    }
    let own = &deviations.own[best];
    let outliers = own.iter().filter(|&&value| value > RECOGNIZED).count();
    Some(DistanceFit::Kind {
        kind: DistanceKind::ALL[best],
        deviation: medians[best],
        outliers: outliers as f64 / own.len() as f64,
    })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
