//! Islands of a map, moved together until two of them nearly touch.
//!
//! How far apart islands lie means nothing: few links or none join them, and optimizing pushes them from
//! each other, which leaves dots in an empty sea. All centers come nearer by one factor, so that
//! directions stay.
//!
//! Enters: places. Leaves: places; within an island nothing changes. Cost: a sort of the points by
//! cells of a grid, then all pairs of islands, at most CELLS²/4 of them.

use std::collections::BTreeMap;

/// Cells along the longer side, at most; points in one cell, or in cells that touch, are of one island.
const CELLS: f64 = 40.0;
/// The side of a cell in the mean distance of points spread evenly: fewer points, larger cells.
const SPACINGS: f64 = 2.5;
/// Between two islands, as a multiple of their radii.
const ROOM: f64 = 1.15;
/// An island has at least this share of the largest radius: points alone need a place, too.
const LEAST_RADIUS: f64 = 0.05;

/// A circle around the points of an island.
struct Island {
    center: [f64; 2],
    radius: f64,
}

/// The places of all points, islands moved together.
pub(super) fn together(mut places: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    let mut of_point = islands(&places);
    let (circles, factor) = loop {
        let circles = circles(&of_point, &places);
        match nearest(&circles) {
            // Circles that meet are one island.
            Some((factor, [kept, gone])) if factor >= 1.0 => {
                for island in &mut of_point {
                    *island = if *island == gone { kept } else { *island };
                }
            }
            found => break (circles, found.map_or(1.0, |(factor, _)| factor)),
        }
    };
    for (place, island) in places.iter_mut().zip(&of_point) {
        let center = circles[island].center;
        for (value, center) in place.iter_mut().zip(center) {
            *value = (f64::from(*value) - (1.0 - factor) * center) as f32;
        }
    }
    places
}

/// The pair of islands that leaves least room, and by what factor it may come nearer.
fn nearest(circles: &BTreeMap<u32, Island>) -> Option<(f64, [u32; 2])> {
    let largest = circles.values().map(|circle| circle.radius);
    let least = LEAST_RADIUS * largest.fold(0.0, f64::max);
    let mut found: Option<(f64, [u32; 2])> = None;
    for (&number, circle) in circles {
        for (&other, next) in circles.range(number + 1..) {
            let [x, y] = [0, 1].map(|side| circle.center[side] - next.center[side]);
            let needed = ROOM * (circle.radius.max(least) + next.radius.max(least));
            let factor = needed / x.hypot(y);
            if found.is_none_or(|(most, _)| factor > most) {
                found = Some((factor, [number, other]));
            }
        }
    }
    found
}

/// The island of every point, known by its first point.
fn islands(places: &[[f32; 2]]) -> Vec<u32> {
    let side = |side: usize| {
        let values = places.iter().map(|place| f64::from(place[side]));
        let least = values.clone().fold(f64::INFINITY, f64::min);
        (least, values.fold(f64::NEG_INFINITY, f64::max) - least)
    };
    let ((left, width), (low, height)) = (side(0), side(1));
    let cells = ((places.len() as f64).sqrt() / SPACINGS).clamp(1.0, CELLS);
    let size = width.max(height) / cells;
    let cell = |place: &[f32; 2]| {
        let at = |value: f32, least: f64| ((f64::from(value) - least) / size) as i32;
        (at(place[0], left), at(place[1], low))
    };
    if !(size > 0.0 && size.is_finite()) {
        return vec![0; places.len()];
    }
    let mut parent: Vec<u32> = (0..places.len() as u32).collect();
    let mut first: BTreeMap<(i32, i32), u32> = BTreeMap::new();
    for (point, place) in (0..).zip(places) {
        let first = *first.entry(cell(place)).or_insert(point);
        join(&mut parent, first, point);
    }
    for (&(x, y), &point) in &first {
        for near in [(x + 1, y), (x - 1, y + 1), (x, y + 1), (x + 1, y + 1)] {
            if let Some(&other) = first.get(&near) {
                join(&mut parent, point, other);
            }
        }
    }
    let points = 0..places.len() as u32;
    points.map(|point| root(&mut parent, point)).collect()
}

/// The smaller number stays, so that an island is known by its first point.
fn join(parent: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b) as usize] = a.min(b);
}

fn root(parent: &mut [u32], mut point: u32) -> u32 {
    while parent[point as usize] != point {
        let above = parent[parent[point as usize] as usize];
        parent[point as usize] = above;
        point = above;
    }
    point
}

fn circles(of_point: &[u32], places: &[[f32; 2]]) -> BTreeMap<u32, Island> {
    let mut sums: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
    for (island, place) in of_point.iter().zip(places) {
        let sum = sums.entry(*island).or_default();
        for (sum, value) in sum
            .iter_mut()
            .zip([f64::from(place[0]), f64::from(place[1]), 1.0])
        {
            *sum += value;
        }
    }
    let circle = |(island, [x, y, count]): (u32, [f64; 3])| {
        let (center, radius) = ([x / count, y / count], 0.0);
        (island, Island { center, radius })
    };
    let mut circles: BTreeMap<u32, Island> = sums.into_iter().map(circle).collect();
    for (island, place) in of_point.iter().zip(places) {
        let circle = circles.get_mut(island).expect("every island has a circle");
        let [x, y] = [0, 1].map(|side| f64::from(place[side]) - circle.center[side]);
        circle.radius = circle.radius.max(x.hypot(y));
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: usize = 1_000;

    /// A ring of POINTS around each center.
    fn rings(centers: &[[f32; 2]], radius: f32) -> Vec<[f32; 2]> {
        let ring = |center: &[f32; 2]| {
            let [x, y] = *center;
            let angles =
                (0..POINTS).map(|step| step as f32 * std::f32::consts::TAU / POINTS as f32);
            let places = angles.map(move |at| [x + radius * at.cos(), y + radius * at.sin()]);
            places.collect::<Vec<_>>()
        };
        centers.iter().flat_map(ring).collect()
    }

    #[test]
    fn islands_come_as_near_as_their_radii_allow_and_keep_their_shape() {
        let places = rings(&[[-100.0, 0.0], [100.0, 0.0]], 2.0);
        let moved = together(places.clone());
        let apart = moved[POINTS][0] - moved[0][0];
        assert!((apart - (4.0 * ROOM) as f32).abs() < 1e-3, "{apart}");
        for (before, after) in places.chunks(POINTS).zip(moved.chunks(POINTS)) {
            let shift = |at: usize| [0, 1].map(|side| after[at][side] - before[at][side]);
            for at in 0..POINTS {
                for (one, other) in shift(at).iter().zip(shift(0)) {
                    assert!((one - other).abs() < 1e-4, "one island moves as one");
                }
            }
        }
    }

    #[test]
    fn directions_between_islands_stay_and_none_meet() {
        let centers = [[0.0, 0.0], [90.0, 10.0], [-40.0, 80.0], [200.0, 150.0]];
        let moved = together(rings(&centers, 1.0));
        let center = |ring: usize| {
            let ring = &moved[ring * POINTS..(ring + 1) * POINTS];
            [0, 1].map(|side| ring.iter().map(|at| at[side]).sum::<f32>() / POINTS as f32)
        };
        let [base, mut least] = [center(0), [f32::MAX; 2]];
        for (ring, at) in centers.iter().enumerate().skip(1) {
            let [x, y] = [0, 1].map(|side| center(ring)[side] - base[side]);
            assert!((x * at[1] - y * at[0]).abs() < 1e-2, "{ring}: {x} {y}");
            least[0] = least[0].min(x.hypot(y));
        }
        assert!(least[0] > 2.0, "{least:?}");
    }

    #[test]
    fn one_island_islands_that_meet_and_points_in_one_place_stay() {
        let line: Vec<[f32; 2]> = (0..50).map(|at| [at as f32, 0.0]).collect();
        for places in [
            line,
            rings(&[[0.0, 0.0], [1.0, 1.0]], 4.0),
            vec![[1.0; 2]; 4],
            vec![],
        ] {
            let moved = together(places.clone());
            for (one, other) in places.iter().flatten().zip(moved.iter().flatten()) {
                assert!((one - other).abs() < 1e-4, "{one} {other}");
            }
        }
    }
}
