//! Levels and differences of constructed curves.

use super::super::MethodCurve;
use super::*;
use crate::config::defaults;
use crate::results::{DataFacts, Machine, RunRecord, StageSeconds, SurfaceGrid};

#[test]
fn a_level_lies_between_the_two_efforts_around_it() {
    let curve = [
        (0.5, 10.0),
        (0.7, 20.0),
        (0.9, 60.0),
        (0.85, 80.0),
        (1.0, 90.0),
    ];
    assert_eq!(at_overlap(&curve, 0.7), Some(20.0));
    let between = at_overlap(&curve, 0.8).expect("bracketed");
    assert!((between - 40.0).abs() < 1e-9, "{between}");
    // Codes may lose neighbors again at a larger effort: the first effort that reaches counts.
    assert_eq!(at_overlap(&curve, 0.9), Some(60.0));
    assert_eq!(at_overlap(&curve, 0.5), Some(10.0));
    assert_eq!(
        at_overlap(&curve, 0.4),
        None,
        "reached at the smallest effort"
    );
    assert_eq!(at_overlap(&curve[..3], 0.95), None, "reached at none");
    assert_eq!(at_overlap(&[(0.7, f64::NAN), (0.9, 1.0)], 0.8), None);
    assert_eq!(at_overlap(&[], 0.8), None);
}

/// Overlap rises by .1 an effort from .55 on; the shift is `bend` · (1 − overlap), plus `noise`.
fn curve(method: MethodName, codes: CodesName, bend: f64, noise: f64, most: f64) -> MethodCurve {
    let point = |effort: usize| {
        let overlap = (0.45 + 0.1 * effort as f64).min(most);
        MethodPoint {
            effort,
            k: 10,
            fill: 1.0,
            overlap,
            overlap_strict: overlap,
            relative_distance_error: 0.1 * (1.0 - overlap),
            barycenter_shift: bend * (1.0 - overlap) + noise,
            lid_exact: 10.0,
            lid_returned: 10.0 * overlap,
            skewness: 2.0,
            robin_hood: 0.5,
            displacement: 0.0,
            evaluations: 100.0 * effort as f64,
            bytes: 1e4 * effort as f64,
        }
    };
    MethodCurve {
        method,
        codes,
        code_bytes: 8,
        points: (1..=6).map(point).collect(),
    }
}

fn results(curves: impl Fn(usize) -> Vec<MethodCurve>) -> StudyResults {
    let record = |run: usize| RunRecord {
        run,
        conditions: Vec::new(),
        surface: SurfaceGrid {
            efs: Vec::new(),
            ks: Vec::new(),
            overlap: Vec::new(),
            fill: Vec::new(),
            visited: Vec::new(),
            required_ef: Vec::new(),
            ties: Vec::new(),
        },
        explored: None,
        order: None,
        methods: Some(MethodsRun {
            queries: 5,
            exact: vec![ExactGeometry {
                k: 10,
                skewness: 1.5,
                robin_hood: 0.4,
            }],
            curves: curves(run),
        }),
        data: DataFacts {
            rows: 9,
            columns: 2,
            duplicate_rows: 0,
            unreachable_nodes: 0,
            queries: 5,
            hubness: None,
        },
        seconds: StageSeconds::default(),
    };
    StudyResults {
        settings: defaults(),
        machine: Machine {
            version: String::new(),
            platform: String::new(),
            processor: String::new(),
            instructions: String::new(),
            threads: 1,
            started: String::new(),
        },
        runs: (0..3).map(record).collect(),
    }
}

#[test]
fn a_method_that_bends_more_differs_and_noise_of_runs_is_paired_away() {
    let noise = [0.0, 5.0, -3.0];
    let found = results(|run| {
        let wobble = [0.001, -0.001, 0.0][run];
        vec![
            curve(MethodName::Hnsw, CodesName::Float32, 1.0, noise[run], 1.0),
            curve(
                MethodName::Ivf,
                CodesName::Float32,
                2.0 + wobble,
                noise[run],
                1.0,
            ),
            curve(MethodName::Ivf, CodesName::Product, 1.0, noise[run], 0.85),
        ]
    });
    let found = equal_overlap(&found).expect("a study of methods");
    let of = |codes, overlap| {
        let mut levels = found.levels.iter();
        levels.find(|level| {
            (level.method, level.codes, level.overlap) == (MethodName::Ivf, codes, overlap)
        })
    };
    let level = of(CodesName::Float32, 0.8).expect("reached");
    assert!((level.evaluations.point - 350.0).abs() < 1e-6);
    assert!(of(CodesName::Product, 0.8).is_some());
    assert_eq!(
        of(CodesName::Product, 0.9),
        None,
        "its codes keep too little"
    );

    let mut comparisons = found.comparisons.iter();
    let methods = comparisons
        .find(|comparison| comparison.overlap == 0.9)
        .expect("both reach");
    assert_eq!(
        (methods.from, methods.to),
        (
            (MethodName::Hnsw, CodesName::Float32),
            (MethodName::Ivf, CodesName::Float32)
        )
    );
    let of = |measure| {
        let mut differences = methods.differences.iter();
        differences
            .find(|difference| difference.measure == measure)
            .expect("measured")
    };
    let shift = of(Bent::BarycenterShift);
    assert!(shift.is_resolved());
    assert!((shift.difference.point - 0.1).abs() < 1e-9, "{shift:?}");
    assert!(!of(Bent::RelativeDistanceError).is_resolved());
    assert!((of(Bent::SkewnessChange).to - 0.5).abs() < 1e-9);
    assert!((of(Bent::LidBias).from + 0.1).abs() < 1e-9);
    // Under IVF at .8, product codes against float32.
    let codes = found
        .comparisons
        .iter()
        .find(|comparison| comparison.to.1 == CodesName::Product);
    assert_eq!(codes.expect("both reach .8").overlap, 0.8);
}

#[test]
fn a_study_without_methods_has_nothing_to_compare() {
    let mut without = results(|_| Vec::new());
    assert_eq!(equal_overlap(&without).expect("asked for").levels, []);
    without.runs[1].methods = None;
    assert_eq!(equal_overlap(&without), None);
}
