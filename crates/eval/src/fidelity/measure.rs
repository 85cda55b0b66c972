//! Every query through both conventions.

use super::published::Published;
use super::{FidelityError, IdTable, Subject};
use crate::answers::{AnswerPrefix, AnswerSlots, RankedAnswer};
use crate::dataset::{all_have_unit_length, check_and_normalize};
use annatomy_measures::corrected::{
    ExactSide, QueryMeasures, Scratch, UNKNOWN_RANK, barycenter_shift, measure,
};
use annatomy_measures::published::{Figures, PublishedRow};
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
    pub published: Vec<PublishedRow>,
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
        .map(|index| Published::figures(&published_rows, index, ks))
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
        .map(|(separation, id)| (id, subject.geometric_distance(separation)))
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

    /// The geometric distance, rounded once.
    fn distance(&self, query: usize, id: PointId) -> f32 {
        self.geometric_distance(self.separation(query, id))
    }

    /// The geometric distance of a separation: L2, or under cosine the chord ‖x/|x| − y/|y|‖, whose
    /// square is 2 (1 − cos).
    fn geometric_distance(&self, separation: f64) -> f32 {
        match self.metric {
            Metric::L2 => separation.sqrt() as f32,
            Metric::Cosine => (2.0 * separation).max(0.0).sqrt() as f32,
            Metric::InnerProduct => separation as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{far, noise};
    use annatomy_vectors::Matrix;
    use std::collections::HashSet;

    const ROWS: usize = 40;
    const SLOTS: usize = 9;
    const KS: [usize; 4] = [1, 3, 6, 8];

    /// Rows, held-out queries if asked for, all others of each query nearest first, and answers that
    /// hold near and far rows, empty slots, repeats, ids of no row, and the query itself.
    struct Case {
        rows: Matrix,
        queries: Option<Matrix>,
        metric: Metric,
        exact: Vec<i64>,
        returned: Vec<i64>,
    }

    impl Case {
        fn new(metric: Metric, queries: Option<Matrix>) -> Self {
            let mut case = Self {
                rows: noise(ROWS, 5, 3),
                queries,
                metric,
                exact: Vec::new(),
                returned: Vec::new(),
            };
            for query in 0..case.count() {
                let nearest = case.nearest(query);
                case.exact.extend(&nearest[..SLOTS]);
                let pick = |place: usize| nearest[(place * (1 + query % 4)) % nearest.len()];
                let mut row: Vec<i64> = (0..SLOTS).map(pick).collect();
                match query % 5 {
                    0 => row[2] = -1,
                    1 => row[4] = row[1],
                    2 => row[0] = ROWS as i64 + 7,
                    3 => row.insert(3, query as i64),
                    _ => {}
                }
                row.truncate(SLOTS);
                case.returned.extend(row);
            }
            case
        }

        fn subject(&self) -> Subject<'_> {
            Subject {
                rows: self.rows.view(),
                queries: self.queries.as_ref().map(Matrix::view),
                metric: self.metric,
            }
        }

        fn count(&self) -> usize {
            self.queries.as_ref().unwrap_or(&self.rows).rows()
        }

        /// L2, or under cosine the chord between unit vectors.
        fn distance(&self, query: usize, id: i64) -> f64 {
            let x = self.queries.as_ref().unwrap_or(&self.rows).row(query);
            let distance = far(self.metric, x, self.rows.row(id as usize));
            match self.metric {
                Metric::Cosine => (2.0 * distance).sqrt(),
                _ => distance,
            }
        }

        fn nearest(&self, query: usize) -> Vec<i64> {
            let own = self.queries.is_none().then_some(query as i64);
            let mut ids: Vec<i64> = (0..ROWS as i64).filter(|&id| Some(id) != own).collect();
            let to = |id: i64| self.distance(query, id);
            ids.sort_by(|&a, &b| to(a).total_cmp(&to(b)));
            ids
        }

        /// The places of the first k columns that hold a row of their own, the query taken out first.
        fn filled(&self, query: usize, k: usize) -> Vec<i64> {
            let own = self.queries.is_none().then_some(query as i64);
            let row = &self.returned[query * SLOTS..][..SLOTS];
            let slots = row.iter().copied().filter(|&id| Some(id) != own).take(k);
            let mut seen = HashSet::new();
            slots
                .filter(|&id| (0..ROWS as i64).contains(&id) && seen.insert(id))
                .collect()
        }

        /// The row as barycenters are taken of it.
        fn placed(&self, id: i64) -> Vec<f64> {
            let row = self
                .rows
                .row(id as usize)
                .iter()
                .map(|&value| f64::from(value));
            let row: Vec<f64> = row.collect();
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            let divisor = if self.metric == Metric::Cosine {
                length
            } else {
                1.0
            };
            row.into_iter().map(|value| value / divisor).collect()
        }

        /// ‖mean(E) − mean(A)‖ over the root mean square distance of E from its mean.
        fn shift(&self, exact: &[i64], returned: &[i64]) -> f64 {
            let center = |ids: &[i64]| -> Vec<f64> {
                let rows: Vec<Vec<f64>> = ids.iter().map(|&id| self.placed(id)).collect();
                let column = |c: usize| mean(&rows.iter().map(|row| row[c]).collect::<Vec<_>>());
                (0..5).map(column).collect()
            };
            let squared = |a: &[f64], b: &[f64]| -> f64 {
                a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
            };
            let (from, to) = (center(exact), center(returned));
            let spread = exact.iter().map(|&id| squared(&self.placed(id), &from));
            (squared(&from, &to) / mean(&spread.collect::<Vec<_>>())).sqrt()
        }
    }

    fn cases() -> Vec<Case> {
        let queries = || Some(noise(15, 5, 90));
        vec![
            Case::new(Metric::L2, None),
            Case::new(Metric::L2, queries()),
            Case::new(Metric::Cosine, None),
            Case::new(Metric::Cosine, queries()),
        ]
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Levina and Bickel's estimator with 1/(k − 1).
    fn lid(distances: &[f64]) -> f64 {
        let (last, others) = distances.split_last().expect("some");
        let logs: Vec<f64> = others.iter().map(|value| (value / last).ln()).collect();
        -1.0 / mean(&logs)
    }

    fn near(found: f64, right: f64, what: &str) {
        let close = (found - right).abs() <= 1e-5 * right.abs().max(1.0);
        assert!(
            close || found.is_nan() && right.is_nan(),
            "{what}: {found}, {right}"
        );
    }

    fn measured(case: &Case) -> Fidelity {
        let exact = IdTable::new(SLOTS, &case.exact);
        let returned = IdTable::new(SLOTS, &case.returned);
        fidelity(&case.subject(), exact, returned, &KS).expect("measures")
    }

    #[test]
    fn corrected_measures_are_their_definitions_in_float64() {
        for case in cases() {
            let found = measured(&case);
            for query in 0..case.count() {
                let nearest = case.nearest(query);
                for (place, &k) in KS.iter().enumerate() {
                    let what = format!("{} query {query} k {k}", case.metric);
                    let row = found.corrected[query * KS.len() + place];
                    let (exact, filled) = (&nearest[..k], case.filled(query, k));
                    let common = filled.iter().filter(|id| exact.contains(id)).count();
                    let of = |ids: &[i64]| -> Vec<f64> {
                        let mut far: Vec<f64> =
                            ids.iter().map(|&id| case.distance(query, id)).collect();
                        far.sort_by(f64::total_cmp);
                        far
                    };
                    let (to_exact, to_filled) = (of(exact), of(&filled));
                    let measures = row.measures;
                    assert_eq!(measures.filled, filled.len(), "{what}");
                    assert_eq!(measures.overlap_strict_count, common, "{what}");
                    assert_eq!(measures.overlap_count, common, "{what}: nothing ties");
                    near(measures.mean_exact_distance, mean(&to_exact), &what);
                    near(measures.mean_returned_distance, mean(&to_filled), &what);
                    let errors: Vec<f64> = to_filled
                        .iter()
                        .zip(&to_exact)
                        .map(|(a, e)| a / e - 1.0)
                        .collect();
                    near(measures.relative_distance_error, mean(&errors), &what);
                    if k > 1 {
                        near(measures.lid_exact, lid(&to_exact), &what);
                        near(row.barycenter_shift, case.shift(exact, &filled), &what);
                    }
                    if filled.len() > 1 {
                        near(measures.lid_returned, lid(&to_filled), &what);
                    }
                }
            }
        }
    }

    /// Squared distances, column 0 dropped where the table holds the query, −1 at the largest
    /// float32, which also is the last row where barycenters are taken.
    #[test]
    fn published_measures_are_the_study_s_arithmetic() {
        for case in cases() {
            let found = measured(&case);
            let dropped = usize::from(case.queries.is_none());
            for query in 0..case.count() {
                let row = &case.returned[query * SLOTS..][..SLOTS];
                let is_row = |id: i64| (0..ROWS as i64).contains(&id);
                let slots = row[dropped..]
                    .iter()
                    .map(|&id| if is_row(id) { id } else { -1 });
                let slots: Vec<i64> = slots.chain([-1]).take(8).collect();
                let separation = |id: i64| match (case.metric, id) {
                    (_, -1) => f64::from(f32::MAX),
                    (Metric::Cosine, id) => case.distance(query, id).powi(2) / 2.0,
                    (_, id) => case.distance(query, id).powi(2),
                };
                for (place, &k) in KS.iter().enumerate() {
                    let what = format!("{} query {query} k {k}", case.metric);
                    let row = found.published[query * KS.len() + place];
                    let exact = &case.nearest(query)[..k];
                    let returned = &slots[..k];
                    let distinct: HashSet<&i64> = returned.iter().collect();
                    let common = distinct.iter().filter(|id| exact.contains(id)).count();
                    near(row.overlap, common as f64 / k as f64, &what);
                    let empty = returned.iter().filter(|&&id| id == -1).count();
                    assert_eq!(row.empty_slots as usize, empty, "{what}");
                    let of = |ids: &[i64]| ids.iter().map(|&id| separation(id)).collect::<Vec<_>>();
                    near(f64::from(row.exact_mean), mean(&of(exact)), &what);
                    if empty < 2 {
                        let right = mean(&of(returned));
                        let ratio = f64::from(row.returned_mean) / right;
                        assert!((ratio - 1.0).abs() < 1e-5, "{what}: {ratio}");
                    } else {
                        assert_eq!(row.returned_mean, f32::INFINITY, "{what}");
                    }
                    let center = |ids: &[i64], column: usize| {
                        let at = |&id: &i64| {
                            let row = if id == -1 { ROWS - 1 } else { id as usize };
                            f64::from(case.rows.row(row)[column])
                        };
                        mean(&ids.iter().map(at).collect::<Vec<_>>())
                    };
                    let moved = (0..5).map(|c| (center(exact, c) - center(returned, c)).powi(2));
                    let shift = moved.sum::<f64>().sqrt() / mean(&of(exact));
                    near(row.barycenter_shift, shift, &what);
                    if k > 1 {
                        near(f64::from(row.lid_exact), lid(&of(exact)), &what);
                    }
                    let first = dropped == 1 && case.returned[query * SLOTS] != query as i64;
                    assert_eq!(row.self_not_first, first, "{what}");
                }
            }
        }
    }

    #[test]
    fn figures_are_means_over_queries_of_the_rows_that_are_kept() {
        let found = measured(&cases()[0]);
        for (place, figures) in found.figures.iter().enumerate() {
            let rows = found.published.iter().skip(place).step_by(KS.len());
            let rows: Vec<&PublishedRow> = rows.collect();
            let of = |figure: fn(&PublishedRow) -> f64, rows: &[&PublishedRow]| {
                mean(&rows.iter().map(|row| figure(row)).collect::<Vec<_>>())
            };
            near(
                figures.mean_overlap,
                of(|row| row.overlap, &rows),
                "overlap",
            );
            near(
                figures.mean_barycenter_shift,
                of(|row| row.barycenter_shift, &rows),
                "shift",
            );
            let kept = rows
                .iter()
                .filter(|row| row.returned_mean.is_finite())
                .copied();
            let kept: Vec<&PublishedRow> = kept.collect();
            let dropped = (rows.len() - kept.len()) as u64;
            assert_eq!(figures.artefacts.rows_dropped, dropped);
            near(
                figures.mean_exact_dist,
                of(|row| f64::from(row.exact_mean), &kept),
                "exact",
            );
            let empty: u64 = rows.iter().map(|row| u64::from(row.empty_slots)).sum();
            assert_eq!(figures.artefacts.empty_slots, empty);
            let not_first = rows.iter().filter(|row| row.self_not_first).count() as u64;
            assert!(not_first > 0 && figures.artefacts.self_not_first == not_first);
        }
    }

    #[test]
    fn what_has_no_measure_is_refused_with_its_numbers() {
        let mut case = Case::new(Metric::L2, None);
        let said = |case: &Case, ks: &[usize]| {
            let exact = IdTable::new(SLOTS, &case.exact);
            let returned = IdTable::new(SLOTS, &case.returned);
            let found = fidelity(&case.subject(), exact, returned, ks);
            found.expect_err("refused").to_string()
        };
        for ks in [&[][..], &[0, 1], &[3, 3], &[3, 2]] {
            assert!(said(&case, ks).contains("ascend"), "{ks:?}");
        }
        let words = said(&case, &[10]);
        assert!(
            words.contains("k = 10") && words.contains("9 neighbors"),
            "{words}"
        );
        case.exact[SLOTS + 1] = 40;
        let words = said(&case, &[1]);
        assert!(
            words.contains("id 40 in row 1") && words.contains("0 and 39"),
            "{words}"
        );
        case.exact[SLOTS + 1] = case.exact[SLOTS];
        assert!(said(&case, &[1]).contains("row 1 of the exact table holds an id twice"));
        case.returned.truncate(SLOTS * 39);
        assert!(said(&case, &[1]).contains("returned table has 39 rows for 40 queries"));
        case.metric = Metric::InnerProduct;
        assert!(said(&case, &[1]).contains("no geometry"));
    }
}
