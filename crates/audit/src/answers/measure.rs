//! The measures of answers given, per query and k.

use super::{Answers, CleanRow};
use crate::cells::QueryValues;
use crate::exact::ExactList;
use crate::shift::{Barycenters, Shifts};
use annatomy_eval::dataset::Dataset;
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::{ReturnedSide, Scratch, measure};
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::Metric;
use rayon::prelude::*;

/// One list of values per k, an entry per query; for the causes the graph is asked where there is
/// one.
pub(crate) fn measure_answers(
    answers: &Answers,
    data: &Dataset,
    exact: &NeighborTable,
    reachable: Option<&[bool]>,
    ks: &[usize],
) -> Vec<Vec<QueryValues>> {
    let shifts = Shifts::new(data, Barycenters::Computed);
    let of_query = |state: &mut (ExactList, Scratch), query: usize| -> Vec<QueryValues> {
        let (list, scratch) = state;
        list.read(exact, query, data.base.rows());
        let returned = Returned::new(&answers.rows[query], list);
        let measure = |&k: &usize| {
            let filled = returned.ids.len().min(k);
            let values = returned.measure(k, list, scratch, data.metric, reachable);
            let barycenter_shift =
                shifts.of(query, &list.ids[..k], || returned.ids[..filled].to_vec());
            QueryValues {
                barycenter_shift,
                ..values
            }
        };
        ks.iter().map(measure).collect()
    };
    let queries: Vec<Vec<QueryValues>> = (0..answers.rows.len())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map_init(Default::default, of_query)
        .collect();
    (0..ks.len())
        .map(|k_index| queries.iter().map(|values| values[k_index]).collect())
        .collect()
}

/// An answer, nearest first.
struct Returned {
    ids: Vec<u32>,
    ranks: Vec<u32>,
    distances: Vec<f32>,
}

impl Returned {
    fn new(row: &CleanRow, list: &ExactList) -> Self {
        let mut slots: Vec<(f32, u32, u32)> = row
            .ids
            .iter()
            .zip(&row.distances)
            .map(|(&id, &distance)| (list.distance_or(id, || distance), list.rank(id), id))
            .collect();
        slots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Self {
            distances: slots.iter().map(|slot| slot.0).collect(),
            ranks: slots.iter().map(|slot| slot.1).collect(),
            ids: slots.iter().map(|slot| slot.2).collect(),
        }
    }

    fn measure(
        &self,
        k: usize,
        list: &ExactList,
        scratch: &mut Scratch,
        metric: Metric,
        reachable: Option<&[bool]>,
    ) -> QueryValues {
        let filled = self.ids.len().min(k);
        let mut measures = Vec::with_capacity(1);
        let side = ReturnedSide::new(&self.distances[..filled], &self.ranks[..filled]);
        measure(&list.side, side, &[k], scratch, &mut measures);
        let mut values = QueryValues::new(&measures[0], metric);
        self.count_missing(k, filled, list, reachable, &mut values);
        values
    }

    /// A missing neighbor is unreachable if the graph says so, tied if another at its distance
    /// stands in its place, else displaced by a farther one or missed in an empty slot.
    fn count_missing(
        &self,
        k: usize,
        filled: usize,
        list: &ExactList,
        reachable: Option<&[bool]>,
        values: &mut QueryValues,
    ) {
        let mut found = vec![false; k];
        for &rank in self.ranks[..filled]
            .iter()
            .filter(|&&rank| (rank as usize) < k)
        {
            found[rank as usize] = true;
        }
        let missing = (0..k).filter(|&rank| !found[rank]);
        let lost = missing
            .clone()
            .filter(|&rank| reachable.is_some_and(|reach| !reach[list.ids[rank] as usize]));
        values.unreachable = lost.count() as f64;
        values.tied = (values.overlap - values.overlap_strict) * k as f64;
        values.displaced =
            (missing.count() as f64 - values.unreachable - values.tied - (k - filled) as f64)
                .max(0.0);
    }
}
