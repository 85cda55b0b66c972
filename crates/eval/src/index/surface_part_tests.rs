//! Parts of a surface against the whole, and against parts of another one.

use super::{EngineIndex, Index, SurfacePart, SurfacePartError, SurfaceRequest};
use crate::surface::SurfaceGrid;
use crate::testing::noise;
use annatomy_hnsw::import::SavedIndex;
use annatomy_hnsw::{EngineClass, Parameters};
use annatomy_vectors::{Matrix, MatrixView, Metric};

const ROWS: usize = 300;

/// Noise; half of the rows on a grid, where distances tie, a quarter of them one and the same.
fn rows() -> Matrix {
    let mut rows = noise(ROWS, 12, 3);
    let repeated = rows.row(7).to_vec();
    for row in 0..ROWS {
        match row % 4 {
            0 => rows.row_mut(row).copy_from_slice(&repeated),
            1 | 2 => rows
                .row_mut(row)
                .iter_mut()
                .for_each(|value| *value = value.round() + 0.5),
            _ => {}
        }
    }
    rows
}

fn in_parts(
    index: &Index,
    rows: MatrixView<'_>,
    queries: Option<MatrixView<'_>>,
    request: &SurfaceRequest<'_>,
) -> SurfaceGrid {
    let count = queries.map_or(rows.rows(), |queries| queries.rows());
    // In no order, one of a single query, one of none, one below the number from which repeats are looked for.
    let cuts = [(40, count), (1, 21), (0, 1), (21, 21), (21, 40)];
    let mut merged: Option<SurfacePart> = None;
    for (start, end) in cuts {
        let part = index.surface_part(rows, queries, start..end, request);
        let bytes = part.expect("a part").to_bytes();
        let part = SurfacePart::from_bytes(&bytes).expect("what was written");
        assert_eq!(part.queries(), (end - start) as u64);
        match &mut merged {
            None => merged = Some(part),
            Some(before) => before.merge(&part).expect("of one surface"),
        }
    }
    merged.expect("parts").finish()
}

fn same(a: &SurfaceGrid, b: &SurfaceGrid) -> bool {
    let bits = |values: &[f64]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    bits(&a.overlap) == bits(&b.overlap)
        && bits(&a.fill) == bits(&b.fill)
        && bits(&a.visited) == bits(&b.visited)
        && a.required_ef == b.required_ef
        && a.ties == b.ties
}

#[test]
fn merged_parts_are_the_whole_bit_for_bit() {
    let rows = rows();
    let queries = noise(90, 12, 8);
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let parameters = Parameters::faiss(4, 20, 1);
        let index = Index::build(rows.view(), metric, &parameters, 0).expect("index");
        let read = Index::from_bytes(&index.to_bytes(), rows.view()).expect("index");
        assert_eq!((read.graph(), &read.facts), (index.graph(), &index.facts));
        for class in EngineClass::ALL {
            for held_out in [None, Some(queries.view())] {
                for memory_budget_bytes in [0, 500_000] {
                    let request = SurfaceRequest {
                        efs: &[1, 5, 40],
                        ks: &[1, 9, 60],
                        class,
                        memory_budget_bytes,
                    };
                    assert!(!index.surface_is_tabled(60, memory_budget_bytes));
                    let whole = index.surface(rows.view(), held_out, &request);
                    let request = SurfaceRequest {
                        memory_budget_bytes: 0,
                        ..request
                    };
                    let parts = in_parts(&read, rows.view(), held_out, &request);
                    let whole = whole.expect("surface");
                    assert!(same(&parts, &whole), "{metric}, {class}");
                    // Other rows lie at one distance of a row that has twins.
                    let has_ties = whole.ties.iter().any(|ties| ties.queries > 0);
                    assert!(has_ties || held_out.is_some(), "{metric}, {class}");
                }
            }
        }
    }
}

#[test]
fn parts_of_an_engines_graph_are_the_whole_and_another_arithmetic_is_refused() {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../hnsw/tests/goldens/faiss_l2.index"
    );
    let taken = |arithmetic: &str| {
        let saved = SavedIndex::read(golden).expect("an index");
        let arithmetic = arithmetic.parse().expect("a name");
        EngineIndex::new(saved, None, Some(arithmetic), None).expect("an index")
    };
    let EngineIndex { index, rows, .. } = taken("avx2");
    let rows = rows.expect("its own");
    let read = Index::from_bytes(&index.to_bytes(), rows.view()).expect("index");
    assert_eq!(
        (read.engine(), read.graph()),
        (index.engine(), index.graph())
    );
    let request = SurfaceRequest {
        efs: &[2, 20],
        ks: &[1, 10],
        class: EngineClass::Raise,
        memory_budget_bytes: 1 << 30,
    };
    let whole = index.surface(rows.view(), None, &request).expect("surface");
    assert!(same(&in_parts(&read, rows.view(), None, &request), &whole));
    let part = |index: &Index, range| {
        let part = index.surface_part(rows.view(), None, range, &request);
        part.expect("a part")
    };
    let dense: Vec<usize> = (1..=33).collect();
    for (ks, is_too_dense) in [(&dense[..31], false), (&dense[..32], true)] {
        let request = SurfaceRequest {
            efs: &dense,
            ks,
            ..request
        };
        let part = index.surface_part(rows.view(), None, 0..5, &request);
        let part = part.expect("a part");
        assert_eq!(part.is_too_dense(), is_too_dense);
        assert_eq!(part.follows_a_queue(), !is_too_dense);
        assert_eq!(part.most_tied(), None, "no distances are equal");
    }
    let (mut first, other) = (part(&index, 0..5), part(&taken("sse").index, 5..9));
    let said = first.merge(&other).expect_err("another").to_string();
    assert!(
        said.contains("FAISS sse") && said.contains("FAISS avx2"),
        "{said}"
    );
}

#[test]
fn parts_of_other_surfaces_bytes_and_ranges_are_refused() {
    let rows = noise(50, 4, 1);
    let index = Index::build(rows.view(), Metric::L2, &Parameters::faiss(4, 20, 1), 0);
    let index = index.expect("index");
    let request = SurfaceRequest {
        efs: &[2, 20],
        ks: &[1, 10],
        class: EngineClass::Raise,
        memory_budget_bytes: 0,
    };
    let part = |request: &SurfaceRequest<'_>| {
        let part = index.surface_part(rows.view(), None, 0..5, request);
        part.expect("a part")
    };
    let first = part(&request);
    let others = [
        SurfaceRequest {
            efs: &[2, 21],
            ..request
        },
        SurfaceRequest {
            ks: &[1, 11],
            ..request
        },
        SurfaceRequest {
            class: EngineClass::RowCap,
            ..request
        },
    ];
    for (other, name) in others.iter().zip(["efs", "ks", "rule"]) {
        let said = first
            .clone()
            .merge(&part(other))
            .expect_err(name)
            .to_string();
        assert!(said.contains(name), "{said}");
    }
    let bytes = first.to_bytes();
    for cut in 0..bytes.len() {
        assert_eq!(
            SurfacePart::from_bytes(&bytes[..cut]),
            Err(SurfacePartError::Bytes)
        );
    }
    // The first format began with the efs.
    let error = SurfacePart::from_bytes(&bytes[2..]).expect_err("of another version");
    assert!(error.to_string().contains("another version"), "{error}");
    assert!(!first.is_too_dense() && !first.follows_a_queue());
    for range in [3..51, 60..70] {
        let error = index.surface_part(rows.view(), None, range, &request);
        assert!(
            error
                .expect_err("too many")
                .to_string()
                .ends_with("out of 50")
        );
    }
    let bytes = index.to_bytes();
    for cut in [3, bytes.len() - 1] {
        assert!(Index::from_bytes(&bytes[..cut], rows.view()).is_err());
    }
    for (rows, columns) in [(49, 4), (50, 5)] {
        let error = Index::from_bytes(&bytes, noise(rows, columns, 1).view()).expect_err("others");
        let said = format!("{rows} rows of {columns} columns are not the 50 of 4");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
}
