//! The measures of answers, per query and k.

use super::normalize::Answers;
use crate::cells::QueryValues;
use crate::shift::{Barycenters, Shifts};
use annatomy_eval::answers::{AnswerPrefix, RankedAnswer};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::missing::Missing;
use annatomy_measures::corrected::{QueryMeasures, Scratch as MeasureScratch, measure};
use annatomy_runtime::TASK_QUERIES;
use rayon::prelude::*;

/// One list of values per k, an entry per query. `reachable` says per base row whether the graph
/// reaches it, where there is a graph.
pub(crate) fn measure_answers(
    answers: &Answers,
    data: &Dataset,
    truth: &GroundTruth<'_>,
    reachable: Option<&[bool]>,
    ks: &[usize],
) -> Vec<Vec<QueryValues>> {
    let measuring = Measuring {
        answers,
        data,
        truth,
        reachable,
        shifts: Shifts::new(data, Barycenters::Computed),
    };
    let queries: Vec<Vec<QueryValues>> = (0..answers.rows.len())
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map_init(Scratch::default, |scratch, query| {
            measuring.measure(query, ks, scratch)
        })
        .collect();
    (0..ks.len())
        .map(|k_index| queries.iter().map(|values| values[k_index]).collect())
        .collect()
}

struct Measuring<'m> {
    answers: &'m Answers,
    data: &'m Dataset<'m>,
    truth: &'m GroundTruth<'m>,
    reachable: Option<&'m [bool]>,
    shifts: Shifts<'m>,
}

/// Reused from query to query.
#[derive(Default)]
struct Scratch {
    exact: ExactList,
    ranked: RankedAnswer,
    prefix: AnswerPrefix,
    measure: MeasureScratch,
    measures: Vec<QueryMeasures>,
}

impl Measuring<'_> {
    fn measure(&self, query: usize, ks: &[usize], scratch: &mut Scratch) -> Vec<QueryValues> {
        let row = &self.answers.rows[query];
        let metric = self.data.metric;
        let Scratch {
            exact,
            ranked,
            prefix,
            measure: measure_scratch,
            measures,
        } = scratch;
        exact.read(self.truth, query);
        ranked.read(row.answer.slots(), |place, id| {
            let distance = || metric.geometric_of_true(row.distances[place]);
            (exact.distance_or(id, distance), exact.rank(id))
        });
        let mut values = Vec::with_capacity(ks.len());
        for &k in ks {
            ranked.prefix(k, prefix);
            measure(&exact.side, prefix.side(), &[k], measure_scratch, measures);
            let missing = Missing::in_answer(&measures[0], self.unreachable(exact, prefix, k));
            let mut at_k = QueryValues::new(&measures[0], &missing, metric);
            at_k.grade(&exact.side, prefix.side(), k);
            let ids = || prefix.ids.iter().map(|id| id.0).collect();
            at_k.barycenter_shift = self.shifts.of(query, &exact.ids[..k], ids);
            if self.answers.facts.queries_not_returned.is_some() {
                at_k.self_hit = f64::from(u8::from(row.answer.holds_query()));
            }
            values.push(at_k);
        }
        values
    }

    /// Exact neighbors that are missing and that no path reaches.
    fn unreachable(&self, exact: &ExactList, prefix: &AnswerPrefix, k: usize) -> usize {
        let Some(reachable) = self.reachable else {
            return 0;
        };
        let mut found = vec![false; k];
        for &rank in prefix.ranks.iter().filter(|&&rank| (rank as usize) < k) {
            found[rank as usize] = true;
        }
        let is_lost = |&rank: &usize| !found[rank] && !reachable[exact.ids[rank] as usize];
        (0..k).filter(is_lost).count()
    }
}
