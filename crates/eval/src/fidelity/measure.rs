//! Every query through both conventions.

use super::published::{Published, PublishedQueryRow};
use super::{FidelityError, IdTable, Subject};
use annatomy_measures::corrected::{
    ExactSide, QueryMeasures, ReturnedList, Scratch, barycenter_shift, measure,
};
use annatomy_measures::published::Figures;
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::{Metric, PointId, kernels, validate};
use rayon::prelude::*;

/// One query at one k, in corrected conventions.
#[derive(Clone, Copy, Debug)]
pub struct QueryRow {
    /// All measures that need no vectors.
    pub measures: QueryMeasures,
    /// ‖mean(E) − mean(A)‖ over the radius of E; NaN if no slot is filled.
    pub barycenter_shift: f64,
}

/// Every measure per query and k: rows of queries, k within a query.
#[derive(Clone, Debug)]
pub struct Fidelity {
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Corrected conventions.
    pub corrected: Vec<QueryRow>,
    /// The study's arithmetic.
    pub published: Vec<PublishedQueryRow>,
    /// The study's figures per k, means as NumPy takes them.
    pub figures: Vec<Figures>,
}

/// Measures `returned` against `exact` at every k of `ks`, on the current rayon pool.
///
/// Where rows are queries, a query is left out of both tables by id, wherever it stands: ask
/// engines for k + 1. In published conventions column 0 is dropped instead, of each table in which
/// some row holds its own id. Exact lists are put in order by (distance, id) first.
pub fn fidelity(
    subject: &Subject<'_>,
    exact: IdTable<'_>,
    returned: IdTable<'_>,
    ks: &[usize],
) -> Result<Fidelity, FidelityError> {
    check(subject, ks)?;
    exact.check("exact", subject, false)?;
    returned.check("returned", subject, true)?;
    let published = Published::new(subject, exact, returned);
    let of_query = |query: usize| {
        annatomy_runtime::check();
        Ok((
            corrected(subject, query, exact, returned, ks)?,
            published.rows(query, ks),
        ))
    };
    let found: Result<Vec<_>, FidelityError> = (0..subject.count())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map(of_query)
        .collect();
    let (corrected, rows): (Vec<_>, Vec<_>) = found?.into_iter().unzip();
    let (corrected, published_rows): (Vec<_>, Vec<_>) = (corrected.concat(), rows.concat());
    let figures = (0..ks.len())
        .map(|index| published.figures(&published_rows, index, ks))
        .collect();
    Ok(Fidelity {
        ks: ks.to_vec(),
        corrected,
        published: published_rows,
        figures,
    })
}

fn check(subject: &Subject<'_>, ks: &[usize]) -> Result<(), FidelityError> {
    if subject.metric == Metric::InnerProduct {
        return Err(FidelityError::NoGeometry);
    }
    if !ks.is_sorted_by(|a, b| a < b) || ks.first().is_none_or(|&first| first == 0) {
        return Err(FidelityError::Order);
    }
    for (what, rows) in [("rows", Some(subject.rows)), ("queries", subject.queries)] {
        let Some(rows) = rows else { continue };
        if rows.columns() != subject.rows.columns() {
            return Err(FidelityError::Columns {
                queries: rows.columns(),
                rows: subject.rows.columns(),
            });
        }
        validate::check(rows, subject.metric)
            .map_err(|source| FidelityError::Values { what, source })?;
    }
    Ok(())
}

fn corrected(
    subject: &Subject<'_>,
    query: usize,
    exact: IdTable<'_>,
    returned: IdTable<'_>,
    ks: &[usize],
) -> Result<Vec<QueryRow>, FidelityError> {
    let own = subject.queries.is_none().then_some(PointId(query as u32));
    let (exact_ids, exact_distances) = exact_list(subject, query, exact, own)?;
    let largest_k = ks[ks.len() - 1];
    if exact_ids.len() < largest_k {
        return Err(FidelityError::TooFew {
            k: largest_k,
            row: query,
            available: exact_ids.len(),
        });
    }
    let ids: Vec<Option<PointId>> = returned
        .row(query)
        .iter()
        .map(|&id| u32::try_from(id).ok().map(PointId))
        .collect();
    let distance = |id: &Option<PointId>| id.map_or(f32::NAN, |id| subject.distance(query, id));
    let distances: Vec<f32> = ids.iter().map(distance).collect();
    let list = ReturnedList::new(own, &exact_ids, &ids, &distances);
    let mut measures = Vec::new();
    measure(
        &ExactSide::new(&exact_distances),
        list.side(),
        ks,
        &mut Scratch::default(),
        &mut measures,
    );
    let row = |measures: QueryMeasures| {
        let filled = &list.ids()[..measures.filled];
        let barycenter_shift = barycenter_shift(subject.rows, &exact_ids[..measures.k], filled);
        QueryRow {
            measures,
            barycenter_shift,
        }
    };
    Ok(measures.into_iter().map(row).collect())
}

/// The exact neighbors of one query in order, itself left out.
fn exact_list(
    subject: &Subject<'_>,
    query: usize,
    exact: IdTable<'_>,
    own: Option<PointId>,
) -> Result<(Vec<PointId>, Vec<f32>), FidelityError> {
    let ids = exact
        .row(query)
        .iter()
        .map(|&id| PointId(id as u32))
        .filter(|&id| Some(id) != own);
    let mut slots: Vec<(f64, PointId)> =
        ids.map(|id| (subject.separation(query, id), id)).collect();
    slots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if slots.windows(2).any(|pair| pair[0].1 == pair[1].1) {
        return Err(FidelityError::Repeated { row: query });
    }
    Ok(slots
        .into_iter()
        .map(|(_, id)| (id, subject.distance(query, id)))
        .unzip())
}

impl Subject<'_> {
    fn vector(&self, query: usize) -> &[f32] {
        self.queries.unwrap_or(self.rows).row(query)
    }

    /// Squared L2 or cosine distance, in float64.
    pub(super) fn separation(&self, query: usize, id: PointId) -> f64 {
        let (x, y) = (self.vector(query), self.rows.row(id.index()));
        match self.metric {
            Metric::L2 => kernels::l2_squared_f64(x, y),
            Metric::Cosine => {
                1.0 - kernels::dot_f64(x, y)
                    / (kernels::dot_f64(x, x) * kernels::dot_f64(y, y)).sqrt()
            }
            Metric::InnerProduct => -kernels::dot_f64(x, y),
        }
    }

    /// The true distance, rounded once.
    fn distance(&self, query: usize, id: PointId) -> f32 {
        let separation = self.separation(query, id);
        match self.metric {
            Metric::L2 => separation.sqrt() as f32,
            Metric::Cosine => separation.max(0.0) as f32,
            Metric::InnerProduct => separation as f32,
        }
    }
}
