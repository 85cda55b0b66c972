//! The study of methods: against the study of ef, at any thread count, and resumed.

use super::{execution, small};
use annatomy_formats::{OutputFolder, Owner};
use annatomy_study::results::methods::{
    CodesName, MethodName, MethodPoint, MethodsRun, csv, equal_overlap,
};
use annatomy_study::results::{Settings, StudyKind, StudyResults, write_all};
use annatomy_study::{Start, Study};
use annatomy_vectors::{Matrix, Metric};

const COLUMNS: usize = 32;

/// Seeded noise around nine centers.
fn rows(count: usize) -> Matrix {
    let mut state = 5_u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let values = (0..count * COLUMNS).map(|place| {
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        uniform() + 0.4 * ((row % 9 * 7 + column) % 5) as f32
    });
    Matrix::new(count, COLUMNS, values.collect()).expect("shape")
}

fn settings(studies: &[StudyKind], metric: Metric) -> Settings {
    Settings {
        data: "noise".to_owned(),
        runs: 1,
        subset: Some(300),
        sample: Some(80),
        m: 16,
        ef_construction: 60,
        ef_values: vec![2, 8, 48],
        ks: vec![10, 50, 90],
        studies: studies.to_vec(),
        metric,
        ..small()
    }
}

fn run(rows: &Matrix, settings: Settings, threads: usize) -> StudyResults {
    let study = Study::of_rows(rows.view(), settings).expect("settings");
    study.run(&execution(threads)).expect("results")
}

fn point(
    methods: &MethodsRun,
    method: MethodName,
    codes: CodesName,
    effort: usize,
    k: usize,
) -> MethodPoint {
    let points = methods.curve(method, codes, k).into_iter();
    let mut points = points.filter(|point| point.effort == effort);
    *points.next().expect("an effort of the grid")
}

/// HNSW over float32 is what the study of ef measures, from tables of ranks and by another way.
#[test]
fn a_graph_over_float32_has_the_figures_of_the_study_of_ef() {
    let rows = rows(320);
    for metric in [Metric::L2, Metric::Cosine] {
        let both = [StudyKind::EfSearch, StudyKind::Methods];
        let results = run(&rows, settings(&both, metric), 2);
        for record in &results.runs {
            let methods = record.methods.as_ref().expect("asked for");
            assert_eq!(methods.queries, 80);
            for condition in &record.conditions {
                for expected in &condition.corrected {
                    let (ef, k) = (expected.ef, expected.k);
                    let found = point(methods, MethodName::Hnsw, CodesName::Float32, ef, k);
                    let near = |found: f64, right: f64, what: &str| {
                        let close = (found - right).abs() <= 2e-5 * right.abs().max(1.0);
                        assert!(
                            close || found.is_nan() && right.is_nan(),
                            "{metric} {what} at ef {ef}, k {k}: {found}, {right}"
                        );
                    };
                    near(found.fill, expected.fill, "fill");
                    near(found.overlap, expected.overlap, "overlap");
                    near(
                        found.relative_distance_error,
                        expected.relative_distance_error,
                        "error",
                    );
                    near(found.barycenter_shift, expected.barycenter_shift, "shift");
                    near(found.lid_returned, expected.lid_returned, "LID");
                    assert!(
                        found.evaluations >= expected.visited - 1e-9,
                        "upper layers come on top"
                    );
                }
            }
        }
    }
}

#[test]
fn all_rows_visited_over_float32_bend_nothing_and_coarse_codes_do() {
    let results = run(&rows(320), settings(&[StudyKind::Methods], Metric::L2), 2);
    let methods = results.runs[0].methods.as_ref().expect("asked for");
    assert_eq!(methods.curves.len(), 12);
    for (method, most) in [
        (MethodName::Hnsw, 300),
        (MethodName::Vamana, 300),
        (MethodName::Ivf, 17),
    ] {
        for exact in &methods.exact {
            let k = exact.k;
            let all = point(methods, method, CodesName::Float32, most, k);
            assert_eq!(
                (all.overlap, all.fill, all.relative_distance_error),
                (1.0, 1.0, 0.0),
                "{method:?}"
            );
            assert_eq!(
                (all.barycenter_shift, all.displacement),
                (0.0, 0.0),
                "{method:?}"
            );
            assert_eq!(
                (all.skewness, all.robin_hood),
                (exact.skewness, exact.robin_hood)
            );
            assert!(all.lid_bias().abs() < 1e-9);
            let half = point(methods, method, CodesName::Float16, most, k);
            let coded = point(methods, method, CodesName::Product, most, k);
            assert!(coded.overlap < half.overlap && coded.barycenter_shift > half.barycenter_shift);
            assert!(half.bytes < all.bytes && coded.evaluations >= 300.0);
        }
    }
    let compared = equal_overlap(&results).expect("asked for");
    assert!(!compared.levels.is_empty() && !compared.comparisons.is_empty());
}

#[test]
fn the_table_is_the_same_at_any_thread_count_and_after_a_resume() {
    let settings = Settings {
        runs: 2,
        ..settings(&[StudyKind::Methods], Metric::L2)
    };
    let rows = rows(320);
    let results = run(&rows, settings.clone(), 2);
    let expected = csv(&results).expect("asked for");
    assert_eq!(
        Some(&expected),
        csv(&run(&rows, settings.clone(), 1)).as_ref()
    );

    let out = tempfile::tempdir().expect("folder");
    let carry_out = |start: Start| {
        let folder = OutputFolder::claim(out.path(), Owner::STUDY).expect("a folder");
        let study = Study::of_rows(rows.view(), settings.clone()).expect("settings");
        let results = study
            .run_in(&folder, start, &execution(2))
            .expect("results");
        write_all(out.path(), &results).expect("files");
        std::fs::read_to_string(out.path().join("methods.csv")).expect("methods.csv")
    };
    assert_eq!(carry_out(Start::Afresh), expected);
    assert_eq!(expected.lines().count(), 1 + 2 * 4 * 3 * (17 + 17 + 11));
    let records = std::fs::read_dir(out.path()).expect("folder").flatten();
    let mut found = records.flat_map(|entry| {
        std::fs::read_dir(entry.path())
            .into_iter()
            .flatten()
            .flatten()
    });
    let last = found
        .find(|entry| entry.file_name() == "run01.bin")
        .expect("kept");
    std::fs::remove_file(last.path()).expect("removed");
    assert_eq!(
        carry_out(Start::Resume),
        expected,
        "the first run is read, the second computed"
    );
}
