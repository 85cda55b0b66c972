//! An audit of answers reads the base from its file as it goes; what it says is what it says of a
//! base in memory.

use annatomy_audit::{AuditOutcome, AuditRequest, Causes, GraphRequest, Prediction, audit};
use annatomy_builtin::resnet50_like;
use annatomy_formats::{VectorFile, write_ids, write_matrix};
use annatomy_hnsw::EngineClass;
use annatomy_vectors::{Matrix, Metric};
use half::f16;
use std::path::{Path, PathBuf};

const ROWS: usize = 3_000;
const COLUMNS: usize = 20;
const SLOTS: usize = 12;

/// Twenty columns of built-in data, a repeat and a negative zero among them; more rows than a
/// block.
fn rows() -> Matrix {
    let wide = resnet50_like(ROWS, 3).expect("rows");
    let values = (0..ROWS).flat_map(|row| {
        wide.row(row - usize::from(row == 2_999))
            .iter()
            .skip(7)
            .step_by(100)
            .take(COLUMNS)
    });
    Matrix::new(ROWS, COLUMNS, values.map(|&value| value + 0.25).collect()).expect("a matrix")
}

fn write_half(path: &Path, rows: &Matrix) {
    let mut bytes = [ROWS as u32, COLUMNS as u32].map(u32::to_le_bytes).concat();
    bytes.extend(
        rows.values()
            .iter()
            .flat_map(|&value| f16::from_f32(value).to_le_bytes()),
    );
    std::fs::write(path, bytes).expect("a file");
}

/// Rows near each query by number, some empty, some repeated, some beyond the base.
fn answers(path: &Path, queries: usize) {
    let id = |query: usize, slot: usize| match (query * 31 + slot * 7) % 23 {
        0 => -1,
        1 => ROWS as i64 + 5,
        step => ((query * 17 + slot * step) % ROWS) as i64,
    };
    let ids: Vec<i64> = (0..queries)
        .flat_map(|query| (0..SLOTS).map(move |slot| id(query, slot)))
        .collect();
    write_ids(path, queries, SLOTS, &ids).expect("a file");
}

/// The same request twice: as it stands, and with a prediction, for which the base is read whole
/// and a graph is built.
fn streamed_and_whole(request: &AuditRequest) -> [AuditOutcome; 2] {
    let prediction = Prediction {
        ef: 8,
        k: 5,
        class: EngineClass::Raise,
    };
    let whole = AuditRequest {
        predictions: vec![prediction],
        ..request.clone()
    };
    [request, &whole].map(|request| audit(request).expect("an audit"))
}

fn assert_alike([streamed, whole]: &[AuditOutcome; 2], metric: Metric) {
    assert!(streamed.results.graphs.is_none() && whole.results.graphs.is_some());
    let lost: usize = whole
        .results
        .graphs
        .iter()
        .flat_map(|graphs| &graphs.unreachable)
        .map(Vec::len)
        .sum();
    assert!(
        lost == 0 || metric == Metric::InnerProduct,
        "{metric}: the graph reaches every row"
    );
    let said = |outcome: &AuditOutcome| {
        let results = &outcome.results;
        let mut returned = results.returned.clone();
        if lost > 0 {
            // With rows out of reach the graph names other causes.
            returned
                .iter_mut()
                .for_each(|cell| cell.missing = Causes::default());
        }
        format!(
            "{:?} {:?} {:?} {returned:?}",
            results.data, results.difficulty, results.answers
        )
    };
    assert_eq!(said(streamed), said(whole));
    assert_eq!(streamed.repaired, whole.repaired);
    assert_eq!(streamed.results.returned.len(), 2);
}

fn request(
    folder: &Path,
    vectors: PathBuf,
    queries: Option<PathBuf>,
    count: usize,
    metric: Metric,
) -> AuditRequest {
    let neighbors = folder.join(format!("answers_{count}.npy"));
    answers(&neighbors, count);
    AuditRequest {
        vectors: Some(vectors),
        queries,
        neighbors: Some(neighbors),
        ks: Some(vec![5, SLOTS]),
        sample: Some(150),
        metric: Some(metric),
        graphs: GraphRequest {
            m: 16,
            count: 1,
            ..GraphRequest::default()
        },
        // No table of all pairs: its distances are rounded from other sums.
        memory_budget_bytes: 0,
        ..AuditRequest::default()
    }
}

#[test]
fn a_streamed_base_gives_the_figures_of_a_base_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = rows();
    let (npy, half) = (
        folder.path().join("rows.npy"),
        folder.path().join("rows.f16bin"),
    );
    write_matrix(&npy, rows.view()).expect("a file");
    write_half(&half, &rows);
    let held_out = folder.path().join("queries.npy");
    let first = VectorFile::open(&half)
        .and_then(|file| file.read_rows(40..240))
        .expect("rows");
    write_matrix(&held_out, first.view()).expect("a file");
    for vectors in [npy, half] {
        for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
            for (queries, count) in [(None, ROWS), (Some(held_out.clone()), 200)] {
                let outcomes = streamed_and_whole(&request(
                    folder.path(),
                    vectors.clone(),
                    queries,
                    count,
                    metric,
                ));
                assert_alike(&outcomes, metric);
                assert_eq!(outcomes[0].results.data.duplicate_rows, 1);
                assert!(
                    outcomes[0].results.returned[0].barycenter_shift.is_some()
                        == (metric != Metric::InnerProduct)
                );
            }
        }
    }
}

#[test]
fn repaired_rows_of_a_streamed_base_are_those_of_a_base_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.npy");
    write_matrix(&path, rows().view()).expect("a file");
    let queries = folder.path().join("queries.npy");
    let first = VectorFile::open(&path)
        .and_then(|file| file.read_rows(0..150))
        .expect("rows");
    write_matrix(&queries, first.view()).expect("a file");
    let request = request(folder.path(), path, Some(queries), 150, Metric::L2);
    let outcomes = streamed_and_whole(&AuditRequest {
        repair: true,
        ..request
    });
    assert_alike(&outcomes, Metric::L2);
    assert!(outcomes[0].repaired.as_ref().expect("a table").replaced > 100);
}

#[test]
fn bad_rows_of_a_streamed_base_are_counted_as_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.npy");
    let mut bad = rows();
    bad.row_mut(2_500)[3] = f32::NAN;
    bad.row_mut(2_700)[0] = f32::INFINITY;
    write_matrix(&path, bad.view()).expect("a file");
    let streamed = request(folder.path(), path.clone(), None, ROWS, Metric::L2);
    let whole = AuditRequest {
        sample: Some(ROWS),
        ..streamed.clone()
    };
    let [streamed, whole] = [streamed, whole].map(|request| {
        audit(&request)
            .map(|_| ())
            .expect_err("refused")
            .to_string()
    });
    assert_eq!(streamed, whole);
    assert!(
        streamed.contains(
            "2 of 3000 rows hold NaN or infinite values; the first is row 2500, column 3"
        ),
        "{streamed}"
    );
}
