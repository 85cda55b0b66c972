//! Laws of the corrected measures, and the prefix form compared with the definitions recomputed
//! plainly.

use annatomy_measures::corrected::{
    ExactSide, QueryMeasures, ReturnedList, ReturnedSide, Scratch, TIE_TOLERANCE, UNKNOWN_RANK,
    measure,
};
use annatomy_vectors::PointId;
use proptest::prelude::*;

/// One query: exact distances ascending, and an answer as (distance, exact rank) in order.
#[derive(Clone, Debug)]
struct Case {
    exact: Vec<f32>,
    returned: Vec<(f32, u32)>,
}

impl Case {
    fn measure(&self, ks: &[usize]) -> Vec<QueryMeasures> {
        let distances: Vec<f32> = self.returned.iter().map(|slot| slot.0).collect();
        let ranks: Vec<u32> = self.returned.iter().map(|slot| slot.1).collect();
        let mut measures = Vec::new();
        let returned = ReturnedSide::new(&distances, &ranks);
        measure(
            &ExactSide::new(&self.exact),
            returned,
            ks,
            &mut Scratch::default(),
            &mut measures,
        );
        measures
    }

    fn naive(&self, k: usize) -> QueryMeasures {
        let exact = &self.exact[..k];
        let returned = &self.returned[..k.min(self.returned.len())];
        let distances: Vec<f32> = returned.iter().map(|slot| slot.0).collect();
        let tie = f64::from(exact[k - 1]) * (1.0 + TIE_TOLERANCE);
        let found = |slot: &(f32, u32)| (slot.1 as usize) < k;
        let ratios: Vec<Option<f64>> = distances
            .iter()
            .zip(exact)
            .map(|(&a, &e)| ratio(a, e))
            .collect();
        QueryMeasures {
            k,
            filled: returned.len(),
            overlap_strict_count: returned.iter().filter(|slot| found(slot)).count(),
            overlap_count: returned
                .iter()
                .filter(|slot| found(slot) || f64::from(slot.0) <= tie)
                .count(),
            mean_exact_distance: mean(exact.iter().map(|&d| f64::from(d))),
            mean_returned_distance: mean(distances.iter().map(|&d| f64::from(d))),
            relative_distance_error: mean(ratios.iter().flatten().copied()) - 1.0,
            ranks_left_out: ratios.iter().filter(|ratio| ratio.is_none()).count(),
            lid_exact: lid(exact),
            lid_returned: lid(&distances),
            zero_exact: exact.iter().filter(|&&d| d == 0.0).count(),
            zero_returned: distances.iter().filter(|&&d| d == 0.0).count(),
        }
    }
}

fn ratio(returned: f32, exact: f32) -> Option<f64> {
    match (returned == 0.0, exact == 0.0) {
        (true, true) => Some(1.0),
        (false, true) => None,
        _ => Some(f64::from(returned) / f64::from(exact)),
    }
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().fold(0.0, |sum, value| sum + value) / values.count() as f64
}

fn lid(distances: &[f32]) -> f64 {
    let positive: Vec<f64> = distances
        .iter()
        .filter(|&&d| d > 0.0)
        .map(|&d| f64::from(d))
        .collect();
    let Some((&last, others)) = positive.split_last() else {
        return f64::NAN;
    };
    let sum: f64 = others.iter().map(|d| (d / last).ln()).sum();
    if others.is_empty() || positive[0] == last {
        f64::NAN
    } else {
        -(others.len() as f64) / sum
    }
}

fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

fn assert_same(found: &QueryMeasures, expected: &QueryMeasures) {
    let counts = |m: &QueryMeasures| {
        [
            m.k,
            m.filled,
            m.overlap_strict_count,
            m.overlap_count,
            m.ranks_left_out,
            m.zero_exact,
            m.zero_returned,
        ]
    };
    assert_eq!(counts(found), counts(expected));
    for (name, a, b) in [
        (
            "mean exact",
            found.mean_exact_distance,
            expected.mean_exact_distance,
        ),
        (
            "mean returned",
            found.mean_returned_distance,
            expected.mean_returned_distance,
        ),
        (
            "relative error",
            found.relative_distance_error,
            expected.relative_distance_error,
        ),
        ("lid exact", found.lid_exact, expected.lid_exact),
        ("lid returned", found.lid_returned, expected.lid_returned),
    ] {
        assert!(close(a, b), "{name}: {a} against {b}");
    }
}

/// Points with coarse distances (ties and zeros occur), of which an answer finds a part; the
/// nearest `list` are exact.
fn cases() -> impl Strategy<Value = Case> {
    let point = (0_u8..60, any::<bool>(), any::<bool>());
    (prop::collection::vec(point, 4..120), 0.2_f64..1.0, 0_u32..4).prop_map(
        |(points, share, keep_all)| {
            let mut points = points;
            points.sort_by_key(|point| point.0);
            let distance = |level: u8| f32::from(level.saturating_sub(2)) * 0.37;
            let list = ((points.len() as f64 * share) as usize).max(2);
            let exact = points[..list]
                .iter()
                .map(|point| distance(point.0))
                .collect();
            let kept = |point: &(u8, bool, bool)| keep_all == 0 || point.1 || point.2;
            let rank = |i: usize| if i < list { i as u32 } else { UNKNOWN_RANK };
            let found = points.iter().enumerate().filter(|(_, point)| kept(point));
            Case {
                exact,
                returned: found
                    .map(|(i, point)| (distance(point.0), rank(i)))
                    .collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn prefixes_equal_a_plain_recomputation(case in cases(), step in 1_usize..7) {
        let ks: Vec<usize> = (1..=case.exact.len()).step_by(step).collect();
        for (found, &k) in case.measure(&ks).iter().zip(&ks) {
            assert_same(found, &case.naive(k));
        }
    }

    #[test]
    fn one_k_alone_equals_that_k_among_many(case in cases()) {
        let ks: Vec<usize> = (1..=case.exact.len()).collect();
        for found in case.measure(&ks) {
            assert_same(&case.measure(&[found.k])[0], &found);
        }
    }

    #[test]
    fn overlap_is_a_share_and_ties_only_add(case in cases()) {
        let ks: Vec<usize> = (1..=case.exact.len()).collect();
        for m in case.measure(&ks) {
            prop_assert!((0.0..=1.0).contains(&m.overlap()) && (0.0..=1.0).contains(&m.fill()));
            prop_assert!(m.overlap_strict_count <= m.overlap_count && m.overlap_count <= m.filled);
        }
    }

    #[test]
    fn the_exact_list_returned_is_perfect(case in cases()) {
        let returned = case.exact.iter().copied().zip(0..).collect();
        let ks: Vec<usize> = (1..=case.exact.len()).collect();
        for m in (Case { returned, ..case }).measure(&ks) {
            prop_assert_eq!((m.overlap_strict(), m.overlap(), m.fill()), (1.0, 1.0, 1.0));
            prop_assert_eq!((m.relative_distance_error, m.ranks_left_out), (0.0, 0));
            prop_assert!(close(m.lid_exact, m.lid_returned));
            prop_assert!(close(m.mean_exact_distance, m.mean_returned_distance));
        }
    }

    #[test]
    fn dimension_does_not_depend_on_the_unit(case in cases(), scale in 0.001_f32..1000.0) {
        let ks: Vec<usize> = (1..=case.exact.len()).collect();
        let scaled = Case {
            exact: case.exact.iter().map(|d| d * scale).collect(),
            returned: case.returned.iter().map(|&(d, rank)| (d * scale, rank)).collect(),
        };
        for (a, b) in case.measure(&ks).iter().zip(scaled.measure(&ks)) {
            for (a, b) in [(a.lid_exact, b.lid_exact), (a.lid_returned, b.lid_returned)] {
                prop_assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-5 * a.abs());
            }
        }
    }
}

#[test]
fn ranks_are_found_from_ids() {
    let ids = |list: &[u32]| list.iter().map(|&id| PointId(id)).collect::<Vec<_>>();
    let slots = [Some(9), Some(4), None, Some(4), Some(7), Some(3)].map(|slot| slot.map(PointId));
    let distances = [0.0, 1.0, f32::MAX, 1.0, 3.0, 2.0];
    let list = ReturnedList::new(Some(PointId(9)), &ids(&[4, 5, 7]), &slots, &distances);
    assert_eq!(list.ids(), ids(&[4, 3, 7]));
    assert_eq!(list.side().exact_ranks(), [0, UNKNOWN_RANK, 2]);
    assert_eq!(list.side().distances(), [1.0, 2.0, 3.0]);
}

#[test]
fn a_zero_exact_distance_has_no_ratio() {
    let case = Case {
        exact: vec![0.0, 0.0, 2.0],
        returned: vec![(0.0, 0), (1.0, UNKNOWN_RANK), (3.0, UNKNOWN_RANK)],
    };
    let m = case.measure(&[3])[0];
    assert_eq!((m.ranks_left_out, m.relative_distance_error), (1, 0.25)); // (1 + 3/2) / 2 - 1
}

#[test]
fn nothing_returned_has_overlap_zero_and_no_geometry() {
    let m = Case {
        exact: vec![1.0, 2.0],
        returned: vec![],
    }
    .measure(&[1, 2])[1];
    assert_eq!((m.overlap(), m.fill()), (0.0, 0.0));
    assert!(
        m.mean_returned_distance.is_nan()
            && m.relative_distance_error.is_nan()
            && m.lid_returned.is_nan()
    );
}

#[test]
fn equal_distances_have_no_dimension() {
    let m = Case {
        exact: vec![0.1; 7],
        returned: vec![(0.1, 3), (0.1, 5), (0.1, UNKNOWN_RANK)],
    }
    .measure(&[7])[0];
    assert!(m.lid_exact.is_nan() && m.lid_returned.is_nan());
    assert_eq!((m.overlap_strict_count, m.overlap_count), (2, 3));
}

#[test]
fn distances_as_powers_give_the_dimension_they_were_made_with() {
    // dᵢ = (i/k)^(1/m): Σ ln(dᵢ/dₖ) = (ln k! − k ln k)/m, by Stirling −k/m for large k.
    let exact: Vec<f32> = (1..=2000)
        .map(|i| (f64::from(i) / 2000.0).powf(1.0 / 8.0) as f32)
        .collect();
    let m = Case {
        exact,
        returned: vec![(0.5, 0)],
    }
    .measure(&[2000])[0];
    assert!((m.lid_exact - 8.0).abs() < 0.03, "{}", m.lid_exact);
}
