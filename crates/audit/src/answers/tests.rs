//! Answers on points of a line and of a plane, where every neighbor and distance is known.

use super::convention::{Conventions, DistanceFit};
use super::measure_answers;
use super::names;
use super::normalize::{Answers, clean, other_metric};
use super::tables::Tables;
use crate::distance_kind::{DistanceKind, Pair};
use crate::exact;
use crate::notes::Note;
use crate::testing::dataset as data;
use annatomy_eval::dataset::{Base, Dataset};
use annatomy_formats::{AnswerTable, IdColumn, RowIds};
use annatomy_vectors::{Matrix, Metric};

/// Rows at 0, 1, 2, …, and one query at −1: its neighbors are 0, 1, 2, ….
fn line(rows: usize) -> Dataset<'static> {
    let values = (0..rows).map(|row| row as f32).collect();
    let rows = Matrix::new(rows, 1, values).expect("n × 1");
    data(rows, Some(Matrix::new(1, 1, vec![-1.0]).expect("1 × 1")))
}

fn tables(columns: usize, ids: Vec<i64>) -> Tables {
    let ids = AnswerTable::from_ids(columns, ids);
    Tables {
        name: "hand".to_owned(),
        run: None,
        places: (0..ids.rows()).collect(),
        ids,
        distances: None,
        named: false,
        unknown: Vec::new(),
    }
}

fn answers(columns: usize, ids: Vec<i64>, data: &Dataset) -> Answers {
    clean(&tables(columns, ids), data)
}

/// (overlap, fill) at k = 10 of `first` followed by the ten true neighbors.
fn after(first: &[i64]) -> (f64, f64) {
    let data = line(40);
    let ids: Vec<i64> = first.iter().copied().chain(0..10).collect();
    let answers = answers(ids.len(), ids, &data);
    let exact = exact::neighbors(&data, 10, 1 << 20).expect("small");
    let values = measure_answers(&answers, &data, &exact, None, &[10])[0][0];
    (values.overlap, values.fill)
}

#[test]
fn slots_are_places_and_are_not_closed_up() {
    assert_eq!(after(&[4; 10]), (0.1, 0.1), "ten repeats first");
    assert_eq!(after(&[-1; 10]), (0.0, 0.0), "ten empty slots first");
    assert_eq!(after(&[-1; 5]), (0.5, 0.5), "five empty slots first");
    assert_eq!(after(&[77; 5]), (0.5, 0.5), "five ids of no row first");
    assert_eq!(after(&[]), (1.0, 1.0));
}

#[test]
fn only_the_query_s_own_id_is_taken_out() {
    let values = (0..6).map(|row| row as f32).collect();
    let data = data(Matrix::new(6, 1, values).expect("6 × 1"), None);
    // Row 5 does not return itself; row 4 returns itself in the middle.
    let ids = [
        [0, 1, 2],
        [1, 0, 2],
        [2, 1, 3],
        [3, 2, 4],
        [3, 4, 5],
        [4, 3, 2],
    ];
    let answers = answers(3, ids.concat(), &data);
    assert_eq!((answers.facts.self_included, answers.slots), (true, 2));
    assert_eq!(answers.facts.queries_not_returned, Some(1));
    let slots = |row: usize| answers.rows[row].answer.slots().to_vec();
    assert_eq!(slots(4), [Some(3), Some(5)]);
    assert_eq!(slots(5), [Some(4), Some(3), Some(2)]);
    let exact = exact::neighbors(&data, 2, 1 << 20).expect("small");
    let values = &measure_answers(&answers, &data, &exact, None, &[2])[0];
    let hits: Vec<f64> = values.iter().map(|values| values.self_hit).collect();
    assert_eq!(hits, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn ids_beyond_the_base_seem_to_be_of_another_base() {
    let data = line(20);
    let of = |ids: Vec<i64>| answers(ids.len(), ids, &data).facts;
    let other = of((0..40).collect());
    assert!(other.ids_of_another_base);
    assert_eq!(other.sentinels.ids_out_of_range, 20);
    // One value repeated is a sentinel: 2³² − 1, or SciPy's n.
    for sentinel in [4_294_967_295, 20] {
        let padded: Vec<i64> = (0..10).chain([sentinel; 10]).collect();
        let facts = of(padded);
        assert!(!facts.ids_of_another_base && facts.sentinels.ids_out_of_range == 10);
    }
}

#[test]
fn missing_neighbors_are_one_account() {
    // Rows at 0, 1, 2, 3 and another at 3: neighbors of −1 are 0, 1, 2, 3, and 4 ties with 3.
    let values = vec![0.0, 1.0, 2.0, 3.0, 3.0, 9.0];
    let query = Matrix::new(1, 1, vec![-1.0]).expect("1 × 1");
    let data = data(Matrix::new(6, 1, values).expect("6 × 1"), Some(query));
    let answers = answers(4, vec![0, 5, -1, 4], &data);
    let exact = exact::neighbors(&data, 4, 1 << 20).expect("small");
    let values = measure_answers(&answers, &data, &exact, None, &[4])[0][0];
    assert_eq!((values.overlap, values.overlap_strict), (0.5, 0.25));
    assert_eq!((values.tied, values.displaced), (1.0, 2.0));
    let all = values.unreachable + values.tied + values.displaced;
    assert_eq!(all, 4.0 * (1.0 - values.overlap_strict));
    assert_eq!(all - values.tied, 4.0 * (1.0 - values.overlap));
}

/// Forty rows and eight queries on the plane, of many lengths and angles.
fn plane() -> Dataset<'static> {
    let point = |angle: f32, length: f32| [length * angle.cos(), length * angle.sin()];
    let rows = (0..40).flat_map(|row| {
        let row = row as f32;
        point(0.37 * row, 0.3 + 0.11 * ((row * 7.0) % 13.0))
    });
    let queries = (0..8).flat_map(|query| {
        let query = query as f32;
        point(0.2 + 0.71 * query, 0.5 + 0.2 * query)
    });
    let matrix = |values: Vec<f32>| Matrix::new(values.len() / 2, 2, values).expect("n × 2");
    data(matrix(rows.collect()), Some(matrix(queries.collect())))
}

/// Answers of eight rows each, with their distances of one kind.
fn with_distances(data: &Dataset, kind: DistanceKind) -> Tables {
    let ids: Vec<i64> = (0..8 * 8).map(|slot| (slot * 11) % 40).collect();
    let mut tables = tables(8, ids.clone());
    let distance = |(slot, id): (usize, &i64)| {
        let row = data.base.select(&[*id as usize]);
        kind.of(&Pair::new(data.query(slot / 8), row.row(0))) as f32
    };
    let distances = ids.iter().enumerate().map(distance).collect();
    tables.distances = Some(Matrix::new(8, 8, distances).expect("8 × 8"));
    tables
}

#[test]
fn every_kind_of_distance_is_named_rightly() {
    let data = plane();
    for kind in DistanceKind::ALL {
        let tables = with_distances(&data, kind);
        match Conventions::detect(&tables, &data).distances {
            Some(DistanceFit::Kind {
                kind: found,
                outliers,
                ..
            }) => assert_eq!((found, outliers), (kind, 0.0)),
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn distances_of_other_rows_orders_or_queries_fit_no_measure() {
    let data = plane();
    let tables = with_distances(&data, DistanceKind::L2);
    let given = tables.distances.as_ref().expect("distances");
    let fit = |distances: Matrix| {
        let tables = Tables {
            distances: Some(distances),
            ..with_distances(&data, DistanceKind::L2)
        };
        Conventions::detect(&tables, &data).distances
    };
    let of_queries: Vec<usize> = (0..8).map(|query| (query + 1) % 8).collect();
    assert_eq!(fit(given.select(&of_queries)), Some(DistanceFit::None));
    let mut other_order = given.clone();
    for row in 0..8 {
        other_order.row_mut(row).rotate_left(1);
    }
    assert_eq!(fit(other_order), Some(DistanceFit::None));
    let other_rows: Vec<f32> = given
        .values()
        .iter()
        .map(|value| 1.1 * value + 0.3)
        .collect();
    let other_rows = Matrix::new(8, 8, other_rows).expect("8 × 8");
    assert_eq!(fit(other_rows), Some(DistanceFit::None));
    let nothing = Matrix::new(8, 8, vec![f32::INFINITY; 64]).expect("8 × 8");
    assert_eq!(fit(nothing), None);
}

#[test]
fn one_wrong_row_in_eight_is_counted_as_outliers() {
    let data = plane();
    let mut tables = with_distances(&data, DistanceKind::SquaredL2);
    let distances = tables.distances.as_mut().expect("distances");
    for value in distances.row_mut(3) {
        *value *= 2.0;
    }
    match Conventions::detect(&tables, &data).distances {
        Some(DistanceFit::Kind { kind, outliers, .. }) => {
            assert_eq!((kind, outliers), (DistanceKind::SquaredL2, 0.125));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_from_one_are_noticed_and_labels_name_rows() {
    let data = line(40);
    let mut from_one = tables(5, vec![1, 2, 3, 4, 5]);
    assert_eq!(Conventions::detect(&from_one, &data).first_id, 1);
    let facts = clean(&from_one, &data);
    assert_eq!(facts.rows[0].answer.slots()[0], Some(0));
    let labels = RowIds::Integers((0..40).map(|row| 100 - row).collect());
    from_one.ids = AnswerTable::from_ids(2, vec![100, 3]);
    from_one.rename(&labels, 40);
    let cleaned = clean(&from_one, &data);
    assert_eq!(cleaned.rows[0].answer.slots(), [Some(0), None]);
    let unknown = cleaned.facts.unknown_ids.expect("primary keys");
    assert_eq!((unknown.slots, unknown.distinct), (1, 1));
    assert_eq!(unknown.first, [3.into()]);
}

#[test]
fn sentinels_keep_their_places() {
    let data = line(10);
    let mut tables = tables(8, vec![0, -1, 1, 99, 1, 2, 3, 3]);
    let distances = vec![1.0, f32::MAX, 2.0, 3.0, 2.0, f32::NAN, 4.0, 4.0];
    tables.distances = Some(Matrix::new(1, 8, distances).expect("1 × 8"));
    let answers = clean(&tables, &data);
    let slots = [Some(0), None, Some(1), None, None, None, Some(3), None];
    assert_eq!(answers.rows[0].answer.slots(), slots);
    let sentinels = answers.facts.sentinels;
    assert_eq!((sentinels.negative_ids, sentinels.ids_out_of_range), (1, 1));
    assert_eq!((sentinels.duplicates, sentinels.nan_distances), (1, 1));
    assert_eq!((sentinels.padding, sentinels.slots()), (1, 5));
    assert!(!answers.rows[0].out_of_order);
}

#[test]
fn distances_of_another_metric_contradict_the_audit() {
    let mut data = plane();
    let note = |data: &Dataset, kind| {
        let answers = clean(&with_distances(data, kind), data);
        other_metric(&answers, data)
    };
    let found = note(&data, DistanceKind::CosineSimilarity).expect("a contradiction");
    let right = Note::DistancesOfOtherMetric {
        kind: DistanceKind::CosineSimilarity,
        theirs: "cosine".to_owned(),
        metric: "l2".to_owned(),
    };
    assert!(found == right && found.is_contradiction());
    assert_eq!(note(&data, DistanceKind::SquaredL2), None);
    // Among rows of unit length 1 − cos orders as L2 does.
    let mut unit = data.base.select(&(0..40).collect::<Vec<_>>());
    annatomy_vectors::transform::normalize_rows(&mut unit).expect("no zeros");
    data.base = Base::InMemory(unit.into());
    assert_eq!(note(&data, DistanceKind::Cosine), None);
}

/// Rows at 0, 1, 2, … called 7·row mod 20, and a query next to row 3: its neighbors are 3, 4, 2, 5.
fn named(ids: Vec<i64>) -> (Option<Note>, Vec<Option<u32>>) {
    let points: Vec<f32> = (0..20).map(|row| row as f32).collect();
    let rows = Matrix::new(20, 1, points).expect("20 × 1");
    let query = Matrix::new(1, 1, vec![3.2]).expect("1 × 1");
    let mut data = data(rows, Some(query));
    let column = IdColumn {
        name: "pk".to_owned(),
        ids: RowIds::Integers((0..20).map(|row| 7 * row % 20).collect()),
    };
    let mut tables = tables(ids.len(), ids);
    let note = names::adopt(column, &mut tables, &mut data);
    assert_eq!(note.is_some(), data.ids.is_some());
    let slots = clean(&tables, &data).rows[0].answer.slots().to_vec();
    (note, slots)
}

#[test]
fn ids_of_a_column_are_taken_where_the_rows_they_name_are_nearer() {
    let rows = [3, 4, 2, 5].map(Some);
    let column = "pk".to_owned();
    let taken = Some(Note::NamedByColumn { column });
    assert_eq!(named(vec![1, 8, 14, 15]), (taken.clone(), rows.to_vec()));
    assert_eq!(
        named(vec![3, 4, 2, 5]),
        (None, rows.to_vec()),
        "row numbers"
    );
    assert_eq!(
        named(vec![4, 5, 3, 6]),
        (None, rows.to_vec()),
        "numbers from 1"
    );
    // Empty slots and ids of no row change neither reading.
    assert_eq!(
        named(vec![-1, 1, 8, 99]),
        (taken, vec![None, Some(3), Some(4), None])
    );
    assert_eq!(named(vec![-1, 99]).0, None, "nothing is named either way");
}

#[test]
fn labels_of_an_index_go_before_a_column_and_text_names_no_number() {
    let mut data = line(3);
    let mut tables = tables(2, vec![100, 101]);
    let text = IdColumn {
        name: "id".to_owned(),
        ids: RowIds::Texts(["100", "101", "102"].map(str::to_owned).to_vec()),
    };
    assert_eq!(names::adopt(text, &mut tables, &mut data), None);
    assert!(!tables.named);
    let labels = RowIds::Integers(vec![102, 101, 100]);
    tables.rename(&labels, 3);
    let column = IdColumn {
        name: "id".to_owned(),
        ids: RowIds::Integers(vec![100, 101, 102]),
    };
    assert_eq!(names::adopt(column, &mut tables, &mut data), None);
    assert_eq!(tables.ids.ids(), [2, 1]);
}

#[test]
fn a_larger_inner_product_is_nearer() {
    // Rows at 1, 2, 3, 4 called 3, 2, 1, 0: the largest products with 1 are of rows 3 and 2.
    let rows = Matrix::new(4, 1, vec![1.0, 2.0, 3.0, 4.0]).expect("4 × 1");
    let query = Matrix::new(1, 1, vec![1.0]).expect("1 × 1");
    let mut data = data(rows, Some(query));
    data.metric = Metric::InnerProduct;
    let mut tables = tables(2, vec![0, 1]);
    let column = IdColumn {
        name: "id".to_owned(),
        ids: RowIds::Integers(vec![3, 2, 1, 0]),
    };
    assert!(names::adopt(column, &mut tables, &mut data).is_some());
    assert_eq!(tables.ids.ids(), [3, 2]);
}

/// Rows whose largest inner products are with a query along the first axis: longest first.
fn by_product(ids: Vec<i64>) -> (Conventions, Vec<Option<u32>>) {
    let rows = (0..30).flat_map(|row| [1.5_f32.powi(30 - row), (row % 5) as f32]);
    let rows = Matrix::new(30, 2, rows.collect()).expect("30 × 2");
    let query = Matrix::new(1, 2, vec![0.01, 0.0]).expect("1 × 2");
    let mut data = data(rows, Some(query));
    data.metric = Metric::InnerProduct;
    let tables = tables(ids.len(), ids);
    let slots = clean(&tables, &data).rows[0].answer.slots().to_vec();
    (Conventions::detect(&tables, &data), slots)
}

/// The rows of the largest products are the farthest by L2 here: distance cannot tell.
#[test]
fn ids_from_one_are_noticed_under_an_inner_product_too() {
    let right: Vec<Option<u32>> = (0..4).map(Some).collect();
    let (found, slots) = by_product(vec![1, 2, 3, 4]);
    assert_eq!((found.first_id, slots), (1, right.clone()));
    let (found, slots) = by_product(vec![0, 1, 2, 3]);
    assert_eq!((found.first_id, slots), (0, right));
}

#[test]
fn a_row_is_out_of_order_where_a_slot_is_nearer_than_the_one_before() {
    let data = line(40);
    let is_out = |ids: &[i64]| answers(ids.len(), ids.to_vec(), &data).rows[0].out_of_order;
    assert!(!is_out(&[0, 1, 5, 9]) && is_out(&[0, 5, 1, 9]));
    assert!(!is_out(&[0, -1, 5, -1, 9]), "empty slots have no distance");
    let count = answers(3, vec![2, 1, 0], &data).facts.rows_out_of_order;
    assert_eq!(count, 1);
}

/// Whether most of the rows hold their own query decides whether it is one of the slots.
#[test]
fn the_query_counts_as_included_where_most_rows_hold_it() {
    let values = (0..5).map(|row| row as f32).collect();
    let data = data(Matrix::new(5, 1, values).expect("5 × 1"), None);
    let with_self = [[0, 1], [1, 0], [2, 1], [3, 2], [4, 3]];
    let without = [[1, 2], [0, 2], [1, 3], [2, 4], [3, 2]];
    for rows_with in 0..=5 {
        let rows = with_self[..rows_with].iter().chain(&without[rows_with..]);
        let ids: Vec<i64> = rows.flatten().copied().collect();
        let found = answers(2, ids, &data);
        assert_eq!(
            found.facts.self_included,
            rows_with >= 3,
            "{rows_with} of 5"
        );
        assert_eq!(found.slots, if rows_with >= 3 { 1 } else { 2 });
    }
}

#[test]
fn tables_of_other_shapes_are_refused_with_the_numbers() {
    use crate::given::GivenAnswers;
    let mut data = line(9);
    data.queries.population = 7;
    let given = |rows: usize, distances: Option<Matrix>| {
        let answers = GivenAnswers {
            name: "mine".to_owned(),
            ids: AnswerTable::from_ids(2, vec![0; 2 * rows]).into(),
            distances,
        };
        super::given(Some(answers), &data)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(given(1, None), None, "a row for each query measured");
    assert_eq!(given(7, None), None, "a row for each query there is");
    let words = given(3, None).expect("neither");
    assert!(
        words.contains("mine") && words.contains('3') && words.contains('7'),
        "{words}"
    );
    let zeros = |rows, columns| Some(Matrix::zeros(rows, columns));
    assert_eq!(given(1, zeros(1, 2)), None);
    for (rows, columns, what) in [(2, 2, "rows"), (1, 3, "columns")] {
        let words = given(1, zeros(rows, columns)).expect("other distances");
        assert!(
            words.contains(what) && words.contains("table of distances"),
            "{words}"
        );
    }
}

#[test]
fn rows_that_are_not_allowed_are_empty_slots_of_their_own_kind() {
    let mut data = line(10);
    let allowed = annatomy_eval::allowed::Allowed::new(10, 1, &[vec![0, 2, 4, 6]]);
    data.filter = Some(annatomy_eval::allowed::Filter {
        allowed: allowed.expect("rows"),
        rule: annatomy_hnsw::FilterRule::CountAll,
    });
    let found = answers(5, vec![0, 1, 2, -1, 6], &data);
    assert_eq!(
        found.rows[0].answer.slots(),
        [Some(0), None, Some(2), None, Some(6)]
    );
    let sentinels = found.facts.sentinels;
    assert_eq!((sentinels.not_allowed, sentinels.negative_ids), (1, 1));
    assert_eq!((sentinels.slots(), sentinels.short_rows), (2, 1));
}
