//! The answers given, slot by slot, with the first k at which each counts.

use crate::answers::Answers;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_measures::corrected::TIE_TOLERANCE;

/// Answers as columns, queries × slots.
#[derive(Clone, Debug)]
pub struct ExploredAnswers {
    /// What a report calls them.
    pub name: String,
    /// Slots per query, that of the query itself taken out.
    pub slots: usize,
    /// Base rows; 0 in empty slots.
    pub ids: Vec<u32>,
    /// The first k whose k-th distance the row is not beyond, ties included: 0 in an empty slot,
    /// `u32::MAX` beyond all K.
    pub first_k: Vec<u32>,
}

impl ExploredAnswers {
    pub(super) fn new(
        answers: &Answers,
        data: &Dataset<'_>,
        truth: &GroundTruth<'_>,
        depth: usize,
    ) -> Self {
        let slots = answers.slots;
        let cells = answers.rows.len() * slots;
        let (mut ids, mut first_k) = (Vec::with_capacity(cells), Vec::with_capacity(cells));
        let mut exact = ExactList::default();
        for (query, row) in answers.rows.iter().enumerate() {
            exact.read(truth, query);
            let distances = &exact.side.distances()[..depth];
            for slot in 0..slots {
                let Some(id) = row.answer.slots().get(slot).copied().flatten() else {
                    ids.push(0);
                    first_k.push(0);
                    continue;
                };
                let given = || data.metric.geometric_of_true(row.distances[slot]);
                let distance = f64::from(exact.distance_or(id, given));
                let counts = |&limit: &f32| {
                    let limit = f64::from(limit);
                    distance <= limit + limit.abs() * TIE_TOLERANCE
                };
                let first = distances.partition_point(|limit| !counts(limit));
                ids.push(id);
                first_k.push(if first < depth {
                    first as u32 + 1
                } else {
                    u32::MAX
                });
            }
        }
        Self {
            name: answers.facts.name.clone(),
            slots,
            ids,
            first_k,
        }
    }
}
