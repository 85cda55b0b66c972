//! Breakpoints of curves made by hand.

use annatomy_measures::breakpoints::{
    Breakpoint, BreakpointEstimate, CorrectedBreakpoints, CorrectedCurve, PublishedBreakpoints,
    PublishedCurve, PublishedParameters,
};

const KS: [usize; 5] = [10, 20, 30, 40, 50];
const EFS: [usize; 5] = [20; 5];

#[expect(
    clippy::unnecessary_wraps,
    reason = "has the type of breakpoints that may not happen"
)]
fn at(k: f64) -> Option<Breakpoint> {
    Some(Breakpoint {
        k,
        k_over_ef: k / 20.0,
    })
}

fn published(
    overlap: [f64; 5],
    mean_exact_dist: [f64; 5],
    mean_ann_dist: [f64; 5],
) -> PublishedBreakpoints {
    let curve = PublishedCurve {
        ks: &KS,
        efs: &EFS,
        overlap: &overlap,
        mean_exact_dist: &mean_exact_dist,
        mean_ann_dist: &mean_ann_dist,
    };
    PublishedBreakpoints::of(&curve, PublishedParameters::default())
}

fn corrected(fill: [f64; 5], overlap: [f64; 5]) -> CorrectedBreakpoints {
    CorrectedBreakpoints::of(&CorrectedCurve {
        ks: &KS,
        efs: &EFS,
        fill: &fill,
        overlap: &overlap,
    })
}

#[test]
fn published_kinds() {
    let found = published(
        [1.0, 0.96, 0.7, 0.6, 0.99],
        [1.0; 5],
        [1.0, 1.04, 0.9, 3e33, f64::INFINITY],
    );
    assert_eq!(found.steepest_overlap_step, at(30.0));
    assert_eq!(found.largest_safe_k, at(20.0));
    assert_eq!(found.distance_tolerance, at(30.0));
    assert_eq!(found.hard_ratio, at(40.0));
}

#[test]
fn rows_all_dropped_count_as_exploded() {
    let nan = f64::NAN;
    let found = published(
        [1.0; 5],
        [1.0, 1.0, 1.0, nan, nan],
        [1.0, 1.0, 1.0, nan, nan],
    );
    assert_eq!(
        (found.hard_ratio, found.distance_tolerance),
        (at(40.0), at(40.0))
    );
}

#[test]
fn a_flat_curve_has_no_breakpoint_but_a_largest_safe_k() {
    let found = published([1.0; 5], [2.0; 5], [2.0; 5]);
    assert_eq!(
        found,
        PublishedBreakpoints {
            largest_safe_k: at(50.0),
            ..PublishedBreakpoints::default()
        }
    );
    assert_eq!(
        corrected([1.0; 5], [1.0; 5]),
        CorrectedBreakpoints::default()
    );
}

#[test]
fn corrected_levels_are_interpolated() {
    let found = corrected([1.0, 1.0, 1.0, 0.999, 0.9], [1.0, 0.98, 0.96, 0.92, 0.5]);
    assert_eq!(found.fill_leaves_one, at(40.0));
    let near = |found: Option<Breakpoint>, k: f64| {
        let found = found.expect("within the grid");
        assert!(
            (found.k - k).abs() < 1e-9 && (found.k_over_ef - k / 20.0).abs() < 1e-9,
            "{found:?}"
        );
    };
    near(found.overlap_leaves_99, 15.0);
    near(found.overlap_leaves_95, 32.5);
    near(found.overlap_leaves_90, 40.0 + 10.0 * 0.02 / 0.42);
}

#[test]
fn below_from_the_start_gives_the_first_grid_point() {
    assert_eq!(corrected([1.0; 5], [0.93; 5]).overlap_leaves_95, at(10.0));
}

#[test]
fn over_runs_counts_where_it_never_happens() {
    let found = BreakpointEstimate::of([at(30.0), None, at(50.0)]);
    let estimate = found.k.expect("two runs");
    assert_eq!(
        (estimate.point, estimate.n, found.runs_without),
        (40.0, 2, 1)
    );
    assert_eq!(found.k_over_ef.expect("two runs").point, 2.0);
    assert_eq!(BreakpointEstimate::of([None, None]).k, None);
}

#[test]
fn estimates_survive_json() {
    let estimates = PublishedBreakpoints::over_runs(&[published(
        [1.0, 0.9, 0.8, 0.7, 0.6],
        [1.0; 5],
        [1.0; 5],
    )]);
    let text = serde_json::to_string(&estimates).expect("serializes");
    assert_eq!(
        serde_json::from_str::<annatomy_measures::breakpoints::PublishedBreakpointEstimates>(&text)
            .expect("reads"),
        estimates
    );
}
