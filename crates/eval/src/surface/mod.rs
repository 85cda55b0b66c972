//! The (ef, k) surface: overlap and fill of every effort and neighbor count, from one traversal a query.
//!
//! Enters: a graph, a distance source, the exact neighbors, a [`Grid`]. Leaves: [`Counts`], which add
//! up over queries to a [`SurfaceGrid`], or per query the [`RequiredEfs`] from which overlap and fill
//! at any ef are read. Overlap is tie-aware everywhere. Where the queue of an engine's graph ends among rows of
//! equal distance, [`Counts`] of up to 1,024 cells are those of searches with its queue; of all, [`Ties`] are counted.

mod arrivals;
mod counts;
mod difference_array;
mod grid;
mod quantiles;
mod required_ef;
#[cfg(test)]
mod searched_tests;
mod tied;
mod ties;

pub use arrivals::Arrivals;
pub use counts::Counts;
pub use grid::{Grid, GridError, SelfMatch, SurfaceGrid};
pub use quantiles::effort_quantiles;
pub use required_ef::{Figure, RequiredEfs};
pub use tied::SEARCHED_CELLS;
pub use ties::Ties;

use crate::distance_source::DistanceSource;
use crate::query_state::{QueryState, Searched};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;

/// Counts the surface of every query of `on` over `grid`, on the current rayon pool.
pub fn count<S: DistanceSource>(on: &Searched<'_, S>, grid: &Grid<'_>) -> Counts {
    let workers = PerThread::new(|| {
        let state = QueryState::<S::Queue>::default;
        (state(), state(), Arrivals::default(), Counts::new(grid))
    });
    let queries = on.truth.queries().count();
    annatomy_runtime::stage("traversals", queries as u64);
    (0..queries)
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .for_each(|query| {
            annatomy_runtime::advance(1);
            workers.with(|(state, searched, arrivals, counts)| {
                state.begin(on.truth, query);
                let (effort, most_rows) = (grid.largest_effort(), grid.most_rows());
                state.traverse_for_k(on, query, effort, most_rows);
                let lists = (&state.exact, &state.visited, &state.visits);
                if tied::is_tied(on, query, grid, state) {
                    counts.add_required(grid, lists, arrivals);
                    counts.add_searched(on, query, grid, (state, searched));
                } else {
                    counts.add(grid, lists, arrivals);
                }
            });
        });
    let mut total = Counts::new(grid);
    for (.., counts) in workers.into_values() {
        total.merge(&counts);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::on_graph;
    use annatomy_hnsw::EngineClass;
    use annatomy_vectors::{Matrix, Metric};

    /// A line of 30 rows at 0, 1, 1, 2, 2, 3, 3, …: every neighbor but the ends' has a twin.
    fn twins() -> Matrix {
        let values = (0..30).map(|row: u16| f32::from(row.div_ceil(2))).collect();
        Matrix::new(30, 1, values).expect("shape")
    }

    #[test]
    fn a_tie_counts_as_found_and_never_more_than_k_times() {
        let rows = twins();
        on_graph(rows.view(), Metric::L2, 4, |on| {
            for class in [EngineClass::StopEarly, EngineClass::Raise] {
                let grid = Grid::new(&[30], &[1, 2, 3, 4], class, SelfMatch::LeftOut);
                let grid = grid.expect("grid");
                let surface = count(on, &grid).surface(&grid);
                assert_eq!(
                    surface.overlap, [1.0; 4],
                    "{class}: all of 30 rows are visited"
                );
                assert_eq!(surface.fill, [1.0; 4]);
            }
        });
    }

    #[test]
    fn ties_at_an_effort_are_those_of_every_traversal() {
        let rows = twins();
        on_graph(rows.view(), Metric::L2, 4, |on| {
            let required = RequiredEfs::record(on, &[3], 20);
            let mut state = QueryState::default();
            let mut tied = [0; 20];
            for query in 0..30 {
                state.begin(on.truth, query);
                state.traverse(on, query, 20);
                let counts = state.visits.counts();
                for (place, count) in tied.iter_mut().enumerate() {
                    *count += u64::from(counts.is_tied(place + 1));
                }
            }
            let found: Vec<u64> = (1..=20).map(|ef| required.ties(ef).queries).collect();
            assert_eq!(found, tied);
            // Every row but the first and the last has one twin; then come two on each side.
            let ties = required.ties(1);
            assert_eq!((ties.queries, ties.rows), (28, 56));
            assert!(found[1] < 5 && found[3] > 20, "{found:?}");
        });
    }

    /// Rows of 0 and 1: most distances tie.
    fn bits() -> Matrix {
        let noise = crate::testing::noise(150, 10, 5);
        let bits = noise.values().iter().map(|&value| f32::from(value > 0.0));
        Matrix::new(150, 10, bits.collect()).expect("shape")
    }

    #[test]
    fn ties_of_cells_are_those_of_every_traversal_at_any_number_of_threads() {
        let (efs, ks) = ([1, 4, 11, 25], [1, 2, 5, 40]);
        let noise = crate::testing::noise(150, 10, 5);
        for (rows, has_ties) in [(bits(), true), (noise, false)] {
            for class in EngineClass::ALL {
                let grid = Grid::new(&efs, &ks, class, SelfMatch::LeftOut).expect("grid");
                on_graph(rows.view(), Metric::L2, 40, |on| {
                    let mut state = QueryState::default();
                    let mut tied = vec![0; grid.cells()];
                    for query in 0..150 {
                        state.begin(on.truth, query);
                        state.traverse(on, query, grid.largest_effort());
                        let counts = state.visits.counts();
                        let cells = efs.iter().flat_map(|ef| ks.iter().map(move |k| (*ef, *k)));
                        for (tied, (ef, k)) in tied.iter_mut().zip(cells) {
                            let asked = k + 1;
                            let is_refused = class == EngineClass::Refuse && asked > ef;
                            let is_tied = counts.is_tied(class.effort(ef, asked));
                            *tied += u64::from(is_tied && !is_refused);
                        }
                    }
                    for threads in [1, 3] {
                        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                        let counts = pool.expect("threads").install(|| count(on, &grid));
                        let most = counts.most_tied();
                        let surface = counts.surface(&grid);
                        let found: Vec<u64> =
                            surface.ties.iter().map(|ties| ties.queries).collect();
                        assert_eq!(found, tied, "{class}");
                        let shares = surface.ties.iter().map(|ties| ties.rows);
                        assert_eq!(most.is_some(), shares.max() > Some(0), "{class}");
                    }
                    assert_eq!(tied.iter().any(|&tied| tied > 75), has_ties, "{class}");
                });
            }
        }
    }

    #[test]
    fn the_surface_is_the_mean_of_required_efs_and_of_measured_answers() {
        let rows = twins();
        let (efs, ks) = ([1, 2, 4, 8], [1, 3, 4]);
        on_graph(rows.view(), Metric::L2, 4, |on| {
            let class = EngineClass::StopEarly;
            let grid = Grid::new(&efs, &ks, class, SelfMatch::LeftOut).expect("grid");
            let surface = count(on, &grid).surface(&grid);
            let required = RequiredEfs::record(on, &ks, 8);
            let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
            let mut state = QueryState::default();
            for (row, &ef) in efs.iter().enumerate() {
                for (column, &k) in ks.iter().enumerate() {
                    let cell = row * ks.len() + column;
                    let of = |figure| mean(required.at(figure, column, ef).collect());
                    assert!((surface.overlap[cell] - of(Figure::Overlap)).abs() < 1e-12);
                    assert!((surface.fill[cell] - of(Figure::Fill)).abs() < 1e-12);
                    let asked = crate::query_state::Cell { class, ef, k };
                    let mut overlaps = Vec::new();
                    for query in 0..30 {
                        state.begin(on.truth, query);
                        state.traverse(on, query, 8);
                        let measured = state.measure(on.truth, &asked).expect("not refused");
                        let measures = measured.measures;
                        let missing = k - measures.overlap_strict_count;
                        assert_eq!(measured.missing.total(), missing, "causes add up");
                        overlaps.push(measures.overlap());
                    }
                    assert!((surface.overlap[cell] - mean(overlaps)).abs() < 1e-12);
                }
            }
        });
    }

    /// Every class, by the difference array or cell by cell, is the mean of measured answers; with
    /// rows in general position, and on a lattice where most distances tie.
    #[test]
    fn surfaces_of_every_class_are_means_of_answers() {
        let noise = crate::testing::noise(80, 5, 17);
        let lattice = noise.view().values().iter().map(|value| value.round());
        let lattice = Matrix::new(80, 5, lattice.collect()).expect("shape");
        for rows in [&noise, &lattice] {
            for class in [
                EngineClass::StopEarly,
                EngineClass::Raise,
                EngineClass::RowCap,
                EngineClass::Refuse,
                EngineClass::BeamIsK,
            ] {
                surface_is_the_mean_of_answers(rows, class);
            }
        }
    }

    fn surface_is_the_mean_of_answers(rows: &Matrix, class: EngineClass) {
        let (efs, ks) = ([1, 4, 11, 25], [1, 2, 5, 16]);
        on_graph(rows.view(), Metric::L2, 16, |on| {
            let grid = Grid::new(&efs, &ks, class, SelfMatch::LeftOut).expect("grid");
            let surface = count(on, &grid).surface(&grid);
            let mut state = QueryState::default();
            let mut sums = vec![[0.0; 2]; efs.len() * ks.len()];
            for query in 0..80 {
                state.begin(on.truth, query);
                state.traverse(on, query, grid.largest_effort());
                let cells = efs.iter().flat_map(|ef| ks.iter().map(move |k| (*ef, *k)));
                for (sum, (ef, k)) in sums.iter_mut().zip(cells) {
                    let asked = crate::query_state::Cell { class, ef, k };
                    let [overlap, fill] = match state.measure(on.truth, &asked) {
                        Some(measured) => [measured.measures.overlap(), measured.measures.fill()],
                        None => [f64::NAN; 2],
                    };
                    sum[0] += overlap / 80.0;
                    sum[1] += fill / 80.0;
                }
            }
            for (cell, [overlap, fill]) in sums.into_iter().enumerate() {
                let same = |a: f64, b: f64| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-9;
                assert!(same(surface.overlap[cell], overlap), "{class}, cell {cell}");
                assert!(same(surface.fill[cell], fill), "{class}, cell {cell}");
            }
        });
    }

    #[test]
    fn grids_ascend_from_one() {
        let class = EngineClass::StopEarly;
        for (efs, ks) in [([0, 1], [1, 2]), ([2, 1], [1, 2]), ([1, 2], [2, 2])] {
            assert!(Grid::new(&efs, &ks, class, SelfMatch::None).is_err());
        }
    }
}
