//! Merged partials equal one run, bit for bit; what is no partial, or not of the same search, is
//! refused.

use annatomy_knn::{
    BaseIdentity, Checksum256, MergeError, Partial, PartialFileError, PartialQueries,
    PartialSearch, Queries, exact_knn, exact_knn_float64, merge_order,
};
use annatomy_vectors::{Matrix, Metric};
use proptest::prelude::*;
use std::ops::Range;

const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

/// Numbers that follow one another by a linear congruence.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// Rows that are hard to order, of a kind: in general position, on a coarse lattice (many ties), far
/// from the origin and apart in their last bits alone, copies of five rows, of many magnitudes.
fn matrix(kind: usize, rows: usize, columns: usize, draws: &mut Draws) -> Matrix {
    let mut unit = || draws.next(1 << 24) as f32 / (1 << 24) as f32;
    let pool: Vec<f32> = (0..5 * columns).map(|_| unit()).collect();
    let mut values = Vec::new();
    for row in 0..rows {
        let copied = draws.next(5);
        for column in 0..columns {
            let mut unit = || draws.next(1 << 24) as f32 / (1 << 24) as f32 + 0.01;
            values.push(match kind {
                0 => unit() - 0.5,
                1 => (unit() * 3.0).round() + 1.0,
                2 => 1000.0 + f32::EPSILON * 512.0 * (unit() * 4.0).round(),
                3 => pool[copied * columns + column] + 0.1,
                _ => unit() * 10f32.powi(row as i32 % 9 - 4),
            });
        }
    }
    Matrix::new(rows, columns, values).expect("shape")
}

/// Cuts 0..rows at random; each range holds a row.
fn ranges(rows: usize, cuts: usize, draws: &mut Draws) -> Vec<Range<usize>> {
    let mut at: Vec<usize> = (0..cuts).map(|_| draws.next(rows)).collect();
    at.extend([0, rows]);
    at.sort_unstable();
    at.dedup();
    at.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

fn identity(rows: usize) -> BaseIdentity {
    BaseIdentity {
        rows: rows as u64,
        checksum: Checksum256([7; 32]),
    }
}

fn partial(
    base: &Matrix,
    queries: PartialQueries<'_>,
    (k, metric): (usize, Metric),
    rows: &Range<usize>,
    block: usize,
) -> Partial {
    let range = rows.start as u64..rows.end as u64;
    let mut search = PartialSearch::new(queries, k, metric, range, Some(identity(base.rows())))
        .expect("a range of rows");
    for start in rows.clone().step_by(block) {
        let rows = start..rows.end.min(start + block);
        search
            .add(base.view().row_range(rows), 1 << 30)
            .expect("rows of the range");
    }
    search.finish()
}

/// By way of bytes, merged as a tree.
fn merged(mut partials: Vec<Partial>) -> Partial {
    for partial in &mut partials {
        let bytes = partial.to_bytes();
        let read = Partial::read(&mut &bytes[..], bytes.len() as u64).expect("what was written");
        assert_eq!(&read, partial);
        *partial = read;
    }
    while partials.len() > 1 {
        partials = partials
            .chunks(2)
            .map(|pair| match pair {
                [first, second] => first.merge(second).expect("one after the other"),
                _ => pair[0].clone(),
            })
            .collect();
    }
    partials.remove(0)
}

fn bits(distances: &[f32]) -> Vec<u32> {
    distances
        .iter()
        .map(|distance| distance.to_bits())
        .collect()
}

fn assert_merges(
    base: &Matrix,
    held_out: Option<&Matrix>,
    (k, metric): (usize, Metric),
    ranges: &[Range<usize>],
    block: usize,
) {
    let (whose, queries) = match held_out {
        Some(rows) => (
            Queries::HeldOut(rows.view()),
            PartialQueries::HeldOut(rows.view()),
        ),
        None => (
            Queries::AllRows(base.view()),
            PartialQueries::BaseRows(base.view()),
        ),
    };
    let (ids, reduced) =
        exact_knn_float64(base.view(), whose, k, metric, 1 << 30).expect("one run");
    let of = |rows| partial(base, queries, (k, metric), rows, block);
    let (found, distances) = merged(ranges.iter().map(of).collect())
        .finish()
        .expect("all rows");
    let ids: Vec<u32> = ids.iter().map(|id| id.0).collect();
    assert_eq!(
        found, ids,
        "{metric}, k = {k}, {ranges:?}, blocks of {block}"
    );
    let expected: Vec<f32> = reduced
        .iter()
        .map(|&reduced| metric.true_distance_f64(reduced) as f32)
        .collect();
    assert_eq!(bits(&distances), bits(&expected), "{metric}, k = {k}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn merged_partials_are_one_run(
        seed: u64,
        kind in 0..5_usize,
        (rows, columns) in (2..160_usize, 1..40_usize),
        cuts in 0..9_usize,
        k in 1..40_usize,
        block in 1..80_usize,
        own: bool,
    ) {
        let mut draws = Draws(seed);
        let base = matrix(kind, rows, columns, &mut draws);
        let queries = matrix(kind, 7, columns, &mut draws);
        let ranges = ranges(rows, cuts, &mut draws);
        let k = k.min(rows - usize::from(own));
        for metric in METRICS {
            let held_out = (!own).then_some(&queries);
            assert_merges(&base, held_out, (k, metric), &ranges, block);
        }
    }
}

/// Every range is one row, and k is nearly all of them.
#[test]
fn ranges_of_one_row_merge() {
    let mut draws = Draws(5);
    for kind in 0..5 {
        let base = matrix(kind, 40, 6, &mut draws);
        let queries = matrix(kind, 5, 6, &mut draws);
        let ranges: Vec<Range<usize>> = (0..40).map(|row| row..row + 1).collect();
        for metric in METRICS {
            assert_merges(&base, Some(&queries), (40, metric), &ranges, 1);
            assert_merges(&base, None, (39, metric), &ranges, 1);
        }
    }
}

/// The float32 distances of a search are those of float64, to the certificate's precision.
#[test]
fn distances_from_float64_are_those_of_the_search() {
    let mut draws = Draws(6);
    let base = matrix(0, 300, 20, &mut draws);
    let queries = matrix(0, 40, 20, &mut draws);
    for metric in METRICS {
        let whose = Queries::HeldOut(queries.view());
        let table = exact_knn(&base.view(), whose, 10, metric, 0).expect("neighbors");
        let (ids, reduced) = exact_knn_float64(base.view(), whose, 10, metric, 0).expect("them");
        for query in 0..40 {
            let slots = query * 10..query * 10 + 10;
            let same: Vec<_> = ids[slots.clone()].iter().copied().map(Some).collect();
            assert_eq!(table.ids(query), same);
            for (&found, &reduced) in table.distances(query).iter().zip(&reduced[slots]) {
                let expected = metric.true_distance_f64(reduced);
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error <= 1e-3 * expected.abs(),
                    "{metric}: {found}, {expected}"
                );
            }
        }
    }
}

fn some() -> Vec<Partial> {
    let mut draws = Draws(8);
    let base = matrix(0, 30, 4, &mut draws);
    let queries = matrix(0, 3, 4, &mut draws);
    let of = |rows| {
        let queries = PartialQueries::HeldOut(queries.view());
        partial(&base, queries, (5, Metric::L2), &rows, 30)
    };
    vec![of(0..10), of(10..12), of(12..30), of(9..12)]
}

#[test]
fn ranges_that_are_missing_twice_there_or_overlap_are_named() {
    let all = some();
    let said = |places: &[usize]| {
        let headers: Vec<_> = places
            .iter()
            .map(|&place| all[place].header().clone())
            .collect();
        merge_order(&headers).map_err(|error| error.to_string())
    };
    assert_eq!(said(&[2, 0, 1]), Ok(vec![1, 2, 0]));
    let refused = |places, words: &str| assert_eq!(said(places), Err(words.to_owned()));
    refused(&[], "no partials to merge");
    refused(&[0, 2], "rows 10:12 are missing");
    refused(&[1], "rows 0:10, 12:30 are missing");
    refused(&[0, 1, 2, 1], "rows 10:12 are there twice");
    refused(&[0, 3, 2], "rows 0:10 and 9:12 overlap");
    assert_eq!(
        all[0].merge(&all[0]).unwrap_err().to_string(),
        "rows 0:10 are there twice"
    );
    assert_eq!(
        all[0].merge(&all[2]).unwrap_err().to_string(),
        "rows 10:12 are missing"
    );
    assert_eq!(
        all[0].clone().finish().unwrap_err().to_string(),
        "rows 10:30 are missing"
    );
    let small = all[0].clone().of_base(None).finish();
    assert_eq!(small.expect("a base of 10 rows").0.len(), 15);
    let few = all[1].clone().of_base(None);
    let few = Partial::read(&mut &few.to_bytes()[..], few.to_bytes().len() as u64);
    let moved = few.expect("a partial").shifted(0).expect("32 bits");
    assert!(matches!(moved.finish(), Err(MergeError::Missing { .. })));
}

#[test]
fn partials_of_other_searches_are_refused_with_the_numbers() {
    let mut draws = Draws(9);
    let base = matrix(0, 30, 4, &mut draws);
    let narrow = matrix(0, 30, 3, &mut draws);
    let [queries, others] = [4, 4].map(|columns| matrix(0, 3, columns, &mut draws));
    let three = matrix(0, 3, 3, &mut draws);
    let of = |base: &Matrix, queries: &Matrix, k, metric| {
        let queries = PartialQueries::HeldOut(queries.view());
        partial(base, queries, (k, metric), &(10..30), 30)
    };
    let first = partial(
        &base,
        PartialQueries::HeldOut(queries.view()),
        (5, Metric::L2),
        &(0..10),
        10,
    );
    let own = partial(
        &base,
        PartialQueries::BaseRows(base.view()),
        (5, Metric::L2),
        &(10..30),
        30,
    );
    let elsewhere = of(&base, &queries, 5, Metric::L2).of_base(Some(identity(31)));
    let cases = [
        (
            of(&base, &queries, 4, Metric::L2),
            "k = 4, that of rows 0:10 has k = 5",
        ),
        (
            of(&base, &queries, 5, Metric::Cosine),
            "metric cosine, that of rows 0:10 has metric l2",
        ),
        (
            of(&narrow, &three, 5, Metric::L2),
            "3 columns, that of rows 0:10 has 4 columns",
        ),
        (
            of(&base, &others, 5, Metric::L2),
            "has queries with checksum ",
        ),
        (
            own,
            "every base row as a query, that of rows 0:10 has other vectors as queries",
        ),
        (
            elsewhere,
            "a base of 31 rows with checksum 0707070707070707",
        ),
    ];
    for (other, words) in cases {
        let error = first.merge(&other).unwrap_err().to_string();
        assert!(
            error.starts_with("the partial of rows 10:30 has "),
            "{error}"
        );
        assert!(error.contains(words), "{error}, without {words}");
        let headers = [first.header().clone(), other.header().clone()];
        assert_eq!(merge_order(&headers).unwrap_err().to_string(), error);
    }
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let rows = Matrix::zeros(3, 2);
    let of = |k, range: Range<u64>, base| {
        let queries = PartialQueries::HeldOut(rows.view());
        match PartialSearch::new(queries, k, Metric::L2, range, base) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(
        of(3, 0..1, Some(identity(3))),
        "accepted",
        "k of the base, not of the range"
    );
    assert!(of(4, 0..1, Some(identity(3))).starts_with("k = 4 neighbors out of 3 rows"));
    assert!(of(0, 0..1, None).starts_with("k = 0"));
    assert!(of(1, 2..4, Some(identity(3))).starts_with("rows 2:4 of a base of 3"));
    assert!(of(1, 2..2, None).starts_with("rows 2:2 of a base of"));
    let beyond = u64::from(u32::MAX);
    assert_eq!(of(1, beyond - 2..beyond, None), "accepted");
    assert!(of(1, beyond - 2..beyond + 1, None).contains("4294967295 rows that ids can number"));
    let queries = PartialQueries::BaseRows(rows.view());
    let own = PartialSearch::new(queries, 3, Metric::L2, 0..3, None);
    assert!(
        own.unwrap_err()
            .to_string()
            .starts_with("k = 3 neighbors out of 2 rows")
    );
    let mut search = PartialSearch::new(queries, 2, Metric::L2, 0..2, None).expect("two rows");
    let error = search.add(rows.view(), 0).unwrap_err();
    assert_eq!(error.to_string(), "3 rows for the range 0:2");
}

#[test]
fn shards_are_numbered_when_they_merge() {
    let mut draws = Draws(10);
    let base = matrix(1, 50, 3, &mut draws);
    let queries = matrix(1, 4, 3, &mut draws);
    let shard = |rows: Range<usize>| {
        let shard = base.view().row_range(rows.clone()).to_matrix();
        let (whose, all) = (
            PartialQueries::HeldOut(queries.view()),
            0..rows.len() as u64,
        );
        let mut search =
            PartialSearch::new(whose, 20, Metric::L2, all, None).expect("a base of unknown size");
        search.add(shard.view(), 0).expect("every row");
        search.finish()
    };
    let (first, second) = (shard(0..15), shard(15..50));
    let all = first.merge(&second.shifted(15).expect("32 bits"));
    let found = all.expect("one after the other").finish().expect("all").0;
    let whose = Queries::HeldOut(queries.view());
    let ids = exact_knn_float64(base.view(), whose, 20, Metric::L2, 0)
        .expect("one run")
        .0;
    assert_eq!(found, ids.iter().map(|id| id.0).collect::<Vec<_>>());
    let own = PartialQueries::BaseRows(base.view());
    let own = partial(&base, own, (2, Metric::L2), &(0..50), 50);
    let error = own.shifted(1).unwrap_err().to_string();
    assert_eq!(error, "rows 0:50 are queries too, and keep their numbers");
}

fn read(bytes: &[u8]) -> Result<Partial, PartialFileError> {
    Partial::read(&mut &bytes[..], bytes.len() as u64)
}

#[test]
fn damaged_partials_are_errors_wherever_the_damage_is() {
    let whole = some().remove(1).to_bytes();
    assert!(read(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length} bytes");
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            assert!(read(&bytes).is_err(), "bit {bit} of byte {place}");
        }
    }
    let said = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(said(b"\x93NUMPY\x01\x00").starts_with("no partial exact neighbors"));
    assert!(said(b"").starts_with("no partial exact neighbors"));
    assert!(said(b"annaknn\x02").starts_with("partial exact neighbors of version 2"));
    assert!(said(&whole[..100]).starts_with("damaged header: it ends after 100 of 136 bytes"));
    let words = "the header asks for 240 bytes (3 queries of 2 slots), there are 239";
    assert_eq!(said(&whole[..239]), words);
    let mut bytes = whole.clone();
    bytes[150] ^= 1;
    assert!(said(&bytes).starts_with("damaged: the checksum is "));
}

/// A header that claims much asks for no memory: the length is looked at first.
#[test]
fn huge_claims_are_refused_before_memory_is_asked_for() {
    let whole = some().remove(1).to_bytes();
    for number in 0..8 {
        for value in [u64::MAX, u64::MAX / 2, 1 << 40] {
            let mut bytes = whole.clone();
            bytes[8 + 8 * number..16 + 8 * number].copy_from_slice(&value.to_le_bytes());
            assert!(read(&bytes).is_err(), "number {number} is {value}");
        }
    }
}
