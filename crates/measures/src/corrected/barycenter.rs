//! The shift between the barycenters of the exact and the returned neighbors.
//!
//! Enters: vectors and two lists of ids. Leaves: a dimensionless length. Method: the definition,
//! term by term in float64; the reference form that faster forms are tested against. Cost: O(kd)
//! per query and k.

use annatomy_vectors::{MatrixView, PointId};

/// ‖mean(E) − mean(A)‖ / r, where r is the root mean square distance of E to its own barycenter.
///
/// When r = 0 (all of E in one place): 0 if the barycenters coincide, NaN otherwise. NaN if either
/// list is empty.
///
/// # Panics
/// If an id is not a row of `vectors`.
pub fn barycenter_shift(
    vectors: MatrixView<'_>,
    exact_ids: &[PointId],
    returned_ids: &[PointId],
) -> f64 {
    if exact_ids.is_empty() || returned_ids.is_empty() {
        return f64::NAN;
    }
    let exact = barycenter(vectors, exact_ids);
    let returned = barycenter(vectors, returned_ids);
    let shift = distance_squared(exact.iter().copied(), &returned).sqrt();
    let radius = radius(vectors, exact_ids, &exact);
    if shift == 0.0 {
        0.0
    } else if radius == 0.0 {
        f64::NAN
    } else {
        shift / radius
    }
}

fn barycenter(vectors: MatrixView<'_>, ids: &[PointId]) -> Vec<f64> {
    let mut sums = vec![0.0; vectors.columns()];
    for id in ids {
        for (sum, &value) in sums.iter_mut().zip(vectors.row(id.index())) {
            *sum += f64::from(value);
        }
    }
    sums.iter().map(|sum| sum / ids.len() as f64).collect()
}

fn radius(vectors: MatrixView<'_>, ids: &[PointId], center: &[f64]) -> f64 {
    let squares = |id: &PointId| {
        distance_squared(
            vectors.row(id.index()).iter().map(|&v| f64::from(v)),
            center,
        )
    };
    (ids.iter().map(squares).sum::<f64>() / ids.len() as f64).sqrt()
}

fn distance_squared(point: impl Iterator<Item = f64>, center: &[f64]) -> f64 {
    point.zip(center).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [f32; 10] = [0.0, 0.0, 2.0, 0.0, 0.0, 2.0, 2.0, 2.0, 4.0, 1.0];

    fn shift(exact: &[u32], returned: &[u32]) -> f64 {
        let view = MatrixView::new(5, 2, &SQUARE).expect("5 x 2");
        let ids = |list: &[u32]| list.iter().map(|&id| PointId(id)).collect::<Vec<_>>();
        barycenter_shift(view, &ids(exact), &ids(returned))
    }

    #[test]
    fn corners_of_a_square() {
        assert_eq!(shift(&[0, 1, 2, 3], &[3, 2, 1, 0]), 0.0);
        // The center (1, 1) is √2 from each corner; the point (4, 1) is 3 from it.
        assert!((shift(&[0, 1, 2, 3], &[4]) - 3.0 / 2.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn one_place_has_no_radius() {
        assert_eq!(shift(&[0], &[0]), 0.0);
        assert!(shift(&[0], &[1]).is_nan());
        assert!(shift(&[0], &[]).is_nan());
    }
}
