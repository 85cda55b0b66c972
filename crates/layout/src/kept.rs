//! What a map keeps: the share of exact neighbors that are among the nearest on the map.

use super::fuzzy::NEIGHBORS;

/// The share of the first 15 exact neighbors of each point (all, where there are fewer) that are
/// among as many nearest points on the map. NaN without points.
///
/// `ids` is points × `width`. Cost: a grid over the map, about O(points · neighbors).
pub fn kept(map: &[[f32; 2]], ids: &[u32], width: usize) -> f64 {
    let read = width.min(NEIGHBORS).min(map.len().saturating_sub(1));
    if read == 0 {
        return f64::NAN;
    }
    let nearest = nearest(map, read);
    let mut found = 0;
    for point in 0..map.len() {
        let exact = &ids[point * width..point * width + read];
        let on_map = &nearest[point * read..(point + 1) * read];
        found += exact.iter().filter(|id| on_map.contains(id)).count();
    }
    found as f64 / (map.len() * read) as f64
}

/// The `k` nearest points of every point on the map, ties by number; `k` is less than their number.
pub(crate) fn nearest(map: &[[f32; 2]], k: usize) -> Vec<u32> {
    let grid = Grid::new(map, k);
    let mut all = Vec::with_capacity(map.len() * k);
    for point in 0..map.len() {
        all.extend(grid.nearest(map, point, k));
    }
    all
}

/// Points by square cells.
struct Grid {
    least: [f32; 2],
    cell: f32,
    side: usize,
    starts: Vec<usize>,
    points: Vec<u32>,
}

impl Grid {
    fn new(map: &[[f32; 2]], k: usize) -> Self {
        let mut least = [f32::INFINITY; 2];
        let mut most = [f32::NEG_INFINITY; 2];
        for place in map {
            for axis in 0..2 {
                least[axis] = least[axis].min(place[axis]);
                most[axis] = most[axis].max(place[axis]);
            }
        }
        let side = ((map.len() / k.max(1)) as f64).sqrt().ceil().max(1.0) as usize;
        let span = (most[0] - least[0]).max(most[1] - least[1]);
        let cell = if span > 0.0 { span / side as f32 } else { 1.0 };
        let mut grid = Self {
            least,
            cell,
            side,
            starts: vec![0; side * side + 1],
            points: Vec::new(),
        };
        let cells: Vec<usize> = map.iter().map(|place| grid.cell_of(*place)).collect();
        for &cell in &cells {
            grid.starts[cell + 1] += 1;
        }
        for cell in 0..side * side {
            grid.starts[cell + 1] += grid.starts[cell];
        }
        let mut next = grid.starts.clone();
        grid.points = vec![0; map.len()];
        for (point, &cell) in cells.iter().enumerate() {
            grid.points[next[cell]] = point as u32;
            next[cell] += 1;
        }
        grid
    }

    fn along(&self, value: f32, axis: usize) -> usize {
        (((value - self.least[axis]) / self.cell) as usize).min(self.side - 1)
    }

    fn cell_of(&self, place: [f32; 2]) -> usize {
        self.along(place[1], 1) * self.side + self.along(place[0], 0)
    }

    fn nearest(&self, map: &[[f32; 2]], point: usize, k: usize) -> Vec<u32> {
        let place = map[point];
        let (column, row) = (self.along(place[0], 0), self.along(place[1], 1));
        let mut found: Vec<(f32, u32)> = Vec::new();
        for reach in 0.. {
            let rows = row.saturating_sub(reach)..=(row + reach).min(self.side - 1);
            for y in rows {
                let columns = column.saturating_sub(reach)..=(column + reach).min(self.side - 1);
                for x in columns {
                    if y.abs_diff(row).max(x.abs_diff(column)) != reach {
                        continue;
                    }
                    let cell = y * self.side + x;
                    for &other in &self.points[self.starts[cell]..self.starts[cell + 1]] {
                        if other as usize != point {
                            let to = map[other as usize];
                            let apart = (to[0] - place[0]).powi(2) + (to[1] - place[1]).powi(2);
                            found.push((apart, other));
                        }
                    }
                }
            }
            // What lies in cells farther out is at least this far away.
            let beyond = (reach as f32 * self.cell).powi(2);
            let sure = found.iter().filter(|(apart, _)| *apart <= beyond).count();
            if sure >= k || reach > self.side {
                break;
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.into_iter().take(k).map(|(_, other)| other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_finds_what_comparing_all_pairs_finds() {
        let mut state = 3u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let map: Vec<[f32; 2]> = (0..300).map(|_| [noise().powi(3) * 9.0, noise()]).collect();
        let found = nearest(&map, 7);
        for (point, found) in found.chunks(7).enumerate() {
            let far = |other: usize| {
                (map[other][0] - map[point][0]).powi(2) + (map[other][1] - map[point][1]).powi(2)
            };
            let mut others: Vec<usize> = (0..300).filter(|&other| other != point).collect();
            others.sort_by(|&a, &b| far(a).total_cmp(&far(b)).then(a.cmp(&b)));
            let right: Vec<u32> = others[..7].iter().map(|&other| other as u32).collect();
            assert_eq!(found, right, "point {point}");
        }
    }

    #[test]
    fn a_map_that_is_the_data_keeps_all_neighbors() {
        let map: Vec<[f32; 2]> = (0..40).map(|place| [(place * place) as f32, 0.0]).collect();
        let ids = nearest(&map, 5);
        assert_eq!(kept(&map, &ids, 5), 1.0);
        let others: Vec<u32> = ids.iter().map(|&id| (id + 20) % 40).collect();
        assert!(kept(&map, &others, 5) < 0.5);
    }
}
