//! The measures of answers given, per query and k.

use super::{Answers, CleanRow};
use crate::cells::QueryValues;
use crate::shift::{Barycenters, Shifts};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::missing::Missing;
use annatomy_measures::corrected::{ReturnedSide, Scratch, measure};
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::Metric;
use rayon::prelude::*;

/// One list of values per k, an entry per query; for the causes the graph is asked where there is
/// one.
pub(crate) fn measure_answers(
    answers: &Answers,
    data: &Dataset,
    truth: &GroundTruth<'_>,
    reachable: Option<&[bool]>,
    ks: &[usize],
) -> Vec<Vec<QueryValues>> {
    let shifts = Shifts::new(data, Barycenters::Computed);
    let of_query = |state: &mut (ExactList, Scratch), query: usize| -> Vec<QueryValues> {
        let (list, scratch) = state;
        list.read(truth, query);
        let returned = Returned::new(&answers.rows[query], list, data.metric);
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
    fn new(row: &CleanRow, list: &ExactList, metric: Metric) -> Self {
        let mut slots: Vec<(f32, u32, u32)> = row
            .ids
            .iter()
            .zip(&row.distances)
            .map(|(&id, &distance)| {
                let distance = list.distance_or(id, || metric.geometric_of_true(distance));
                (distance, list.rank(id), id)
            })
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
        let lost = reachable.map_or(0, |reachable| {
            let found = &self.ranks[..filled];
            let missing = (0..k as u32).filter(|rank| !found.contains(rank));
            missing
                .filter(|&rank| !reachable[list.ids[rank as usize] as usize])
                .count()
        });
        let missing = Missing::in_answer(&measures[0], lost);
        QueryValues::new(&measures[0], &missing, metric)
    }
}
