//! What an answer file takes for granted: where ids begin, whether the query is its own neighbor,
//! what a distance is.
//!
//! All three are detected on up to 256 queries. Ids begin at 1 if none is 0 and the rows they name
//! are nearer when read so. The query counts as included if most rows hold it. A distance is of the
//! kind whose median relative deviation from the true value is least, if that is below 1 %.

use super::tables::Tables;
use annatomy_eval::dataset::Dataset;
use annatomy_vectors::kernels;

const SAMPLED: usize = 256;
/// Slots looked at in a row.
const SLOTS: usize = 16;
/// Deviation beyond which distances are of no known kind.
const RECOGNIZED: f64 = 0.01;

/// What an answer file takes for granted.
pub(super) struct Conventions {
    pub(super) first_id: i64,
    pub(super) self_included: bool,
    pub(super) distance_kind: Option<&'static str>,
    pub(super) distance_deviation: Option<f64>,
}

type Kind = fn(&Pair) -> f64;

/// What the distance between two vectors may be called.
const KINDS: [(&str, Kind); 6] = [
    ("l2", |pair| pair.squared.sqrt()),
    ("squared l2", |pair| pair.squared),
    ("cosine distance, 1 − cos", |pair| {
        1.0 - pair.dot / pair.lengths
    }),
    ("cosine similarity", |pair| pair.dot / pair.lengths),
    ("inner product", |pair| pair.dot),
    ("negated inner product", |pair| -pair.dot),
];

struct Pair {
    squared: f64,
    dot: f64,
    lengths: f64,
}

impl Conventions {
    pub(super) fn detect(tables: &Tables, data: &Dataset) -> Self {
        let step = data.queries.count().div_ceil(SAMPLED).max(1);
        let queries: Vec<usize> = (0..data.queries.count()).step_by(step).collect();
        let first_id = first_id(tables, data, &queries);
        let holds_itself = |query: &&usize| {
            let row = tables.ids.row(tables.places[**query]);
            let own = data.queries.own_id(**query);
            own.is_some()
                && row
                    .iter()
                    .any(|&id| tables.base_row(id, first_id, data.base.rows()) == own)
        };
        let including = queries.iter().filter(holds_itself).count();
        let (distance_kind, distance_deviation) = distance_kind(tables, data, first_id, &queries);
        Self {
            first_id,
            self_included: 2 * including > queries.len(),
            distance_kind,
            distance_deviation,
        }
    }
}

fn first_id(tables: &Tables, data: &Dataset, queries: &[usize]) -> i64 {
    let ids = tables.ids.ids();
    if tables.row_of_label.is_some() || ids.contains(&0) {
        return 0;
    }
    let mean_distance = |first_id: i64| {
        let (mut sum, mut count) = (0.0, 0u32);
        for &query in queries {
            for &id in tables.ids.row(tables.places[query]).iter().take(SLOTS) {
                if let Some(row) = tables.base_row(id, first_id, data.base.rows()) {
                    sum += pair(data, query, row).squared.sqrt();
                    count += 1;
                }
            }
        }
        sum / f64::from(count.max(1))
    };
    i64::from(mean_distance(1) < 0.95 * mean_distance(0))
}

fn distance_kind(
    tables: &Tables,
    data: &Dataset,
    first_id: i64,
    queries: &[usize],
) -> (Option<&'static str>, Option<f64>) {
    let Some(distances) = &tables.distances else {
        return (None, None);
    };
    let mut deviations: [Vec<f64>; KINDS.len()] = Default::default();
    for &query in queries {
        let number = tables.places[query];
        let slots = tables.ids.row(number).iter().zip(distances.row(number));
        for (&id, &given) in slots.take(SLOTS).filter(|(_, given)| given.is_finite()) {
            let row = tables.base_row(id, first_id, data.base.rows());
            if let Some(row) = row.filter(|&row| data.queries.own_id(query) != Some(row)) {
                let pair = pair(data, query, row);
                for (deviations, (_, kind)) in deviations.iter_mut().zip(KINDS) {
                    let expected = kind(&pair);
                    let size = expected
                        .abs()
                        .max(f64::from(given).abs())
                        .max(f64::MIN_POSITIVE);
                    deviations.push((f64::from(given) - expected).abs() / size);
                }
            }
        }
    }
    let medians = deviations.map(|mut values| {
        values.sort_unstable_by(f64::total_cmp);
        values
            .get(values.len() / 2)
            .copied()
            .unwrap_or(f64::INFINITY)
    });
    let best = (0..KINDS.len())
        .min_by(|&a, &b| medians[a].total_cmp(&medians[b]))
        .unwrap_or(0);
    if medians[best] < RECOGNIZED {
        (Some(KINDS[best].0), Some(medians[best]))
    } else {
        (None, None)
    }
}

fn pair(data: &Dataset, query: usize, row: u32) -> Pair {
    let a = data.queries.row(&data.base, query);
    data.base.with_row(row, |b| {
        let dot = kernels::dot_f64(a, b);
        let lengths = (kernels::dot_f64(a, a) * kernels::dot_f64(b, b))
            .sqrt()
            .max(f64::MIN_POSITIVE);
        Pair {
            squared: kernels::l2_squared_f64(a, b),
            dot,
            lengths,
        }
    })
}
