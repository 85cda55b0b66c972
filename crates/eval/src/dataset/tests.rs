//! A data set of four rows on two axes, where every distance is known by hand.

use super::{
    Base, Dataset, QueryRows, RowsElsewhere as _, StreamedRows, check_and_normalize,
    has_unit_length,
};
use crate::allowed::{Allowed, Filter};
use annatomy_formats::{RowIds, SlotIds, VectorFile, write_matrix};
use annatomy_hnsw::FilterRule;
use annatomy_knn::RowSource;
use annatomy_vectors::{Matrix, Metric};
use std::sync::Arc;

/// (3, 4), (4, 3), (0, 5), and the first again.
fn rows() -> Matrix {
    Matrix::new(4, 2, vec![3.0, 4.0, 4.0, 3.0, 0.0, 5.0, 3.0, 4.0]).expect("4 × 2")
}

fn in_memory(metric: Metric, queries: QueryRows<'static>) -> Dataset<'static> {
    let mut rows = rows();
    check_and_normalize(&mut rows, metric).expect("finite rows");
    Dataset {
        filter: None,
        name: "hand".to_owned(),
        base: Base::InMemory(rows.into()),
        queries,
        metric,
        ids: None,
    }
}

fn streamed(folder: &std::path::Path, metric: Metric) -> Result<StreamedRows, super::StreamError> {
    let path = folder.join("rows.npy");
    write_matrix(&path, rows().view()).expect("a file");
    let file = VectorFile::open(&path).expect("the file");
    StreamedRows::new(file, &path, metric)
}

#[test]
fn distances_are_those_of_the_metric() {
    let at = |metric| in_memory(metric, QueryRows::base_rows(vec![0, 2], 4)).distance(0, 1);
    assert_eq!(at(Metric::L2), 2.0_f32.sqrt());
    assert!((at(Metric::Cosine) - 0.04).abs() < 1e-6, "1 − 24/25");
    assert_eq!(at(Metric::InnerProduct), -24.0);
}

#[test]
fn a_base_row_is_no_neighbor_of_itself() {
    let data = in_memory(Metric::L2, QueryRows::base_rows(vec![0, 2], 4));
    assert_eq!((data.available(), data.asked(3)), (3, 4));
    assert_eq!(data.queries.own_id(1), Some(2));
    assert_eq!(data.query(1), [0.0, 5.0]);
    assert_eq!(data.query_name(1), 2.into());
    let held_out = Matrix::new(1, 2, vec![1.0, 0.0]).expect("1 × 2");
    let data = in_memory(Metric::L2, QueryRows::held_out(held_out.into(), vec![7], 9));
    assert_eq!((data.available(), data.asked(3)), (4, 3));
    assert_eq!(data.queries.own_id(0), None);
    assert_eq!(
        (data.query(0), data.query_name(0)),
        (&[1.0, 0.0][..], 7.into())
    );
}

#[test]
fn ids_name_rows_queries_and_slots() {
    let mut data = in_memory(Metric::L2, QueryRows::base_rows(vec![3], 4));
    assert_eq!(data.id(1), 1.into());
    data.ids = Some(Arc::new(RowIds::Integers(vec![40, 30, 20, 10])));
    assert_eq!((data.id(1), data.query_name(0)), (30.into(), 10.into()));
    assert_eq!(data.query_names(), RowIds::Integers(vec![10]));
    let slots = data.slot_ids(vec![2, -1, 0]);
    assert_eq!(slots, SlotIds::Integers(vec![20, -1, 40]));
    let words = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    data.ids = Some(Arc::new(RowIds::Texts(words)));
    let slots = data.slot_ids(vec![2, -1]);
    assert_eq!(slots, SlotIds::Texts(vec![Some("c".to_owned()), None]));
}

#[test]
fn unit_length_is_within_one_part_in_ten_thousand() {
    assert!(has_unit_length(&[0.6, 0.8]));
    assert!(has_unit_length(&[1.000_04, 0.0]));
    assert!(!has_unit_length(&[1.000_1, 0.0]));
    assert!(!has_unit_length(&[0.0, 0.0]));
}

#[test]
fn streamed_rows_are_the_rows_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let memory = in_memory(metric, QueryRows::base_rows(vec![0], 4)).base;
        let rows = streamed(folder.path(), metric).expect("rows");
        assert_eq!((rows.repeated(), rows.verify().is_ok()), (1, true));
        let base = Base::Streamed {
            rows: Box::new(rows),
            drawn: Matrix::zeros(0, 2),
        };
        assert_eq!((base.rows(), base.columns()), (4, 2));
        assert!(base.in_memory().is_none() && memory.in_memory().is_some());
        assert_eq!(base.select(&[2, 0]), memory.select(&[2, 0]));
        let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
        RowSource::read_rows(&base, 1..3, &mut a);
        RowSource::read_rows(&memory, 1..3, &mut b);
        assert_eq!(a, b);
        let shift = |base: &Base<'_>| base.barycenter_shift(&[0, 1], &[2]);
        assert_eq!(shift(&base), shift(&memory));
        assert_eq!(
            base.with_row(1, <[f32]>::to_vec),
            memory.with_row(1, <[f32]>::to_vec)
        );
    }
}

#[test]
fn a_row_that_is_not_finite_is_refused_with_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.npy");
    let mut rows = rows();
    rows.row_mut(2)[1] = f32::NAN;
    write_matrix(&path, rows.view()).expect("a file");
    let file = VectorFile::open(&path).expect("the file");
    let error = StreamedRows::new(file, &path, Metric::L2).expect_err("refused");
    let error = error.to_string();
    assert!(error.contains("rows.npy: 1 of 4 rows"), "{error}");
}

/// What the query with the fewest allowed rows can have, itself not counted.
#[test]
fn under_a_filter_the_poorest_query_says_how_many_neighbors_there_are() {
    let filtered = |queries: QueryRows<'static>, lists: &[&[u32]]| {
        let mut data = in_memory(Metric::L2, queries);
        let allowed = Allowed::new(4, data.queries.count(), lists).expect("rows");
        let rule = FilterRule::CountAll;
        data.filter = Some(Filter { allowed, rule });
        data.available()
    };
    let base_rows = || QueryRows::base_rows(vec![0, 2], 4);
    assert_eq!(
        filtered(base_rows(), &[&[0, 1, 2]]),
        2,
        "each is one of the three"
    );
    assert_eq!(
        filtered(base_rows(), &[&[0, 1]]),
        1,
        "row 0 is, row 2 is not"
    );
    assert_eq!(filtered(base_rows(), &[&[1, 3]]), 2);
    assert_eq!(
        filtered(base_rows(), &[&[0, 1, 2, 3], &[2]]),
        0,
        "row 2 has itself alone"
    );
    let held_out = Matrix::new(2, 2, vec![1.0, 0.0, 0.0, 1.0]).expect("2 × 2");
    let held_out = || QueryRows::held_out(held_out.clone().into(), vec![0, 1], 2);
    assert_eq!(filtered(held_out(), &[&[0, 1, 2]]), 3);
    assert_eq!(filtered(held_out(), &[&[0, 1, 2], &[3]]), 1);
}

#[test]
fn queries_of_an_exact_search_are_the_rows_that_are_measured() {
    use annatomy_knn::Queries;
    let all = in_memory(Metric::L2, QueryRows::base_rows(vec![0, 1, 2, 3], 4));
    assert!(matches!(all.search_queries(), Queries::AllRows(_)));
    let some = in_memory(Metric::L2, QueryRows::base_rows(vec![1, 3], 4));
    let Queries::SomeRows(_, numbers) = some.search_queries() else {
        panic!("two of four rows");
    };
    assert_eq!(numbers, [1, 3]);
    let folder = tempfile::tempdir().expect("a folder");
    let rows = streamed(folder.path(), Metric::L2).expect("rows");
    let drawn = rows.select(&[1, 3]);
    let data = Dataset {
        base: Base::Streamed {
            rows: Box::new(rows),
            drawn,
        },
        ..some
    };
    let Queries::DrawnRows(drawn, numbers) = data.search_queries() else {
        panic!("rows that stay in their file");
    };
    assert_eq!((drawn.row(0), numbers), (&[4.0, 3.0][..], &[1, 3][..]));
    assert_eq!(
        (data.query(1), data.distance(1, 2)),
        (&[3.0, 4.0][..], 10f32.sqrt())
    );
}
