//! The answers given, slot by slot, with the first k at which each counts.

use crate::answers::Answers;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::explored::ExploredAnswers;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_measures::corrected::TIE_TOLERANCE;

/// Of each answer its row, and the first k at which it counts among `depth` neighbors.
pub(super) fn explored(
    answers: &Answers,
    data: &Dataset<'_>,
    truth: &GroundTruth<'_>,
    depth: usize,
) -> ExploredAnswers {
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
    ExploredAnswers {
        name: answers.facts.name.clone(),
        slots,
        ids,
        first_k,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers;
    use crate::exact;
    use crate::given::GivenAnswers;
    use crate::testing::{dataset, line};
    use annatomy_formats::AnswerTable;

    /// Answers of `columns` slots over rows on a line.
    fn by_hand(
        points: &[f32],
        queries: Option<&[f32]>,
        (columns, ids): (usize, &[i64]),
        depth: usize,
    ) -> ExploredAnswers {
        let data = dataset(line(points), queries.map(line));
        let given = GivenAnswers {
            name: "by hand".to_owned(),
            ids: AnswerTable::from_ids(columns, ids.to_vec()).into(),
            distances: None,
        };
        let answers = answers::given(Some(given), &data)
            .expect("of one shape")
            .expect("given");
        let truth = exact::neighbors(&data, depth, 1 << 20).expect("small");
        explored(&answers, &data, &truth, depth)
    }

    #[test]
    fn each_slot_counts_from_the_first_k_whose_distance_it_does_not_exceed() {
        // Distances from 0: 1, 2, 2, 4, 8, 16.
        let points = [1.0, 2.0, -2.0, 4.0, 8.0, 16.0];
        let found = by_hand(&points, Some(&[0.0]), (6, &[2, 0, -1, 4, 1, 3]), 4);
        assert_eq!((found.name.as_str(), found.slots), ("by hand", 6));
        assert_eq!(found.ids, [2, 0, 0, 4, 1, 3]);
        // Both rows at 2 count from k = 2 on; 8 is beyond the four nearest.
        assert_eq!(found.first_k, [2, 1, 0, u32::MAX, 2, 4]);
    }

    #[test]
    fn the_query_itself_has_no_slot_and_short_rows_end_in_empty_ones() {
        let ids = [0, 1, 2, 1, 0, -1, 2, 1, -1];
        let found = by_hand(&[0.0, 1.0, 3.0], None, (3, &ids), 2);
        assert_eq!(found.slots, 2, "each row holds its query");
        assert_eq!(found.ids, [1, 2, 0, 0, 1, 0]);
        assert_eq!(found.first_k, [1, 2, 1, 0, 1, 0]);
    }
}
