//! Every query through both conventions.

use super::published::{Published, PublishedQueryRow};
use super::{FidelityError, IdTable, Subject};
use crate::answers::{AnswerPrefix, AnswerSlots, RankedAnswer};
use crate::dataset::{all_have_unit_length, check_and_normalize};
use annatomy_measures::corrected::{
    ExactSide, QueryMeasures, Scratch, UNKNOWN_RANK, barycenter_shift, measure,
};
use annatomy_measures::published::Figures;
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::{MatrixView, Metric, PointId, Rows, kernels, validate};
use rayon::prelude::*;
use std::collections::HashMap;

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
/// A slot is a place: answers are judged at k over their first k slots. Repeats, negative ids and
/// ids that no row has are empty slots. Where rows are queries, a query is left out of both tables
/// by id, wherever it stands: ask engines for k + 1. In published conventions column 0 is dropped instead, of each table in which
/// some row holds its own id. Exact lists are put in order by (distance, id) first.
pub fn fidelity(
    subject: &Subject<'_>,
    exact: IdTable<'_>,
    returned: IdTable<'_>,
    ks: &[usize],
) -> Result<Fidelity, FidelityError> {
    check(subject, ks)?;
    exact.check("exact", subject)?;
    returned.check_rows("returned", subject)?;
    let returned_ids = returned.with_empty_slots(subject.rows.rows());
    let returned = IdTable::new(returned.columns(), &returned_ids);
    let published = Published::new(subject, exact, returned);
    let placed = placed_rows(subject)?;
    let of_query = |query: usize| {
        annatomy_runtime::check();
        Ok((
            corrected(subject, placed.view(), query, [exact, returned], ks)?,
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

/// The rows as barycenters are taken of them: of unit length under cosine.
fn placed_rows<'a>(subject: &Subject<'a>) -> Result<Rows<'a>, FidelityError> {
    if subject.metric != Metric::Cosine || all_have_unit_length(subject.rows) {
        return Ok(Rows::Lent(subject.rows));
    }
    let mut rows = subject.rows.to_matrix();
    check_and_normalize(&mut rows, subject.metric).map_err(|source| FidelityError::Values {
        what: "rows",
        source,
    })?;
    Ok(rows.into())
}

fn corrected(
    subject: &Subject<'_>,
    placed: MatrixView<'_>,
    query: usize,
    [exact, returned]: [IdTable<'_>; 2],
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
    let ranks: HashMap<PointId, u32> = exact_ids.iter().copied().zip(0..).collect();
    let slots = returned.row(query).iter().map(|&id| u32::try_from(id).ok());
    let slots = AnswerSlots::new(own.map(|own| own.0), slots);
    let mut answer = RankedAnswer::default();
    answer.read(slots.slots(), |_, id| {
        let rank = ranks.get(&PointId(id)).copied().unwrap_or(UNKNOWN_RANK);
        (subject.distance(query, PointId(id)), rank)
    });
    let exact = ExactSide::new(&exact_distances);
    let (mut prefix, mut scratch) = (AnswerPrefix::default(), Scratch::default());
    let (mut rows, mut measures) = (Vec::with_capacity(ks.len()), Vec::<QueryMeasures>::new());
    for &k in ks {
        answer.prefix(k, &mut prefix);
        measure(&exact, prefix.side(), &[k], &mut scratch, &mut measures);
        rows.push(QueryRow {
            measures: measures[0],
            barycenter_shift: barycenter_shift(placed, &exact_ids[..k], &prefix.ids),
        });
    }
    Ok(rows)
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

    /// The geometric distance, rounded once: L2, or under cosine the chord ‖x/|x| − y/|y|‖, whose
    /// square is 2 (1 − cos).
    fn distance(&self, query: usize, id: PointId) -> f32 {
        let separation = self.separation(query, id);
        match self.metric {
            Metric::L2 => separation.sqrt() as f32,
            Metric::Cosine => (2.0 * separation).max(0.0).sqrt() as f32,
            Metric::InnerProduct => separation as f32,
        }
    }
}
