//! Surfaces and required efs against a search of the same graph, written out plainly in float64 and
//! run once for every effort.

use super::{Figure, Grid, RequiredEfs, SelfMatch, SurfaceGrid, count};
use crate::testing::{Searching, brute_force, cases, returned, seen};
use annatomy_hnsw::EngineClass;

/// The last is the number of rows: below it a queue that is full drops rows that tie with its
/// farthest, as those of FAISS and hnswlib do.
const EFS: [usize; 9] = [1, 2, 3, 4, 6, 9, 14, 22, 48];
const KS: [usize; 5] = [1, 2, 4, 7, 12];

impl Searching {
    /// The distance of the k-th nearest row, the query itself left out.
    fn limit(&self, query: usize, k: usize) -> f64 {
        let others = (0..self.rows.rows() as u32).filter(|&row| Some(row) != self.own(query));
        let mut all: Vec<f64> = others.map(|row| self.to(query, row)).collect();
        all.sort_by(f64::total_cmp);
        all[k - 1] + 1e-6 * all[k - 1].abs()
    }

    /// (overlap, ties counted as found, fill) of one query; `None` where the engine refuses.
    fn figures(
        &self,
        query: usize,
        class: EngineClass,
        cell: (usize, usize),
    ) -> Option<(f64, f64)> {
        let to = |row: u32| self.to(query, row);
        let ids = returned(&self.graph, to, class, cell, self.own(query))?;
        let (k, limit) = (cell.1, self.limit(query, cell.1));
        let found = ids.iter().filter(|&&id| to(id) <= limit).count();
        Some((found as f64 / k as f64, ids.len() as f64 / k as f64))
    }

    fn surface(&self, class: EngineClass) -> SurfaceGrid {
        let own = match self.held_out {
            Some(_) => SelfMatch::None,
            None => SelfMatch::LeftOut,
        };
        let grid = Grid::new(&EFS, &KS, class, own).expect("grid");
        self.on(KS[4], |on| count(on, &grid).surface(&grid))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn every_cell_of_every_class_is_the_mean_of_plain_searches() {
    for hand in cases() {
        for class in EngineClass::ALL {
            let surface = hand.surface(class);
            let cells = EFS.iter().flat_map(|&ef| KS.iter().map(move |&k| (ef, k)));
            for (place, cell) in cells.enumerate() {
                let what = format!("{class} {cell:?} {}", hand.metric);
                let figures: Option<Vec<(f64, f64)>> = (0..hand.queries())
                    .map(|query| hand.figures(query, class, cell))
                    .collect();
                let Some(figures) = figures else {
                    assert!(surface.overlap[place].is_nan() && surface.fill[place].is_nan());
                    continue;
                };
                let (overlap, fill): (Vec<f64>, Vec<f64>) = figures.into_iter().unzip();
                assert!(
                    (surface.overlap[place] - mean(&overlap)).abs() < 1e-12,
                    "{what}"
                );
                assert!((surface.fill[place] - mean(&fill)).abs() < 1e-12, "{what}");
            }
        }
    }
}

#[test]
fn rows_visited_are_those_that_plain_searches_see() {
    for hand in cases() {
        let surface = hand.surface(EngineClass::StopEarly);
        for (&ef, visited) in EFS.iter().zip(&surface.visited) {
            let of = |query| seen(&hand.graph, |row| hand.to(query, row), ef).len() as f64;
            let right: Vec<f64> = (0..hand.queries()).map(of).collect();
            assert!(
                (visited - mean(&right)).abs() < 1e-12,
                "{} {} ef {ef}",
                hand.metric,
                hand.queries()
            );
        }
    }
}

/// The smallest ef up to the largest of the grid at which a figure of one query is 1.
fn smallest(
    hand: &Searching,
    query: usize,
    k: usize,
    figure: fn((f64, f64)) -> f64,
) -> Option<usize> {
    let class = EngineClass::StopEarly;
    let at = |ef: &usize| hand.figures(query, class, (*ef, k)).map(figure) == Some(1.0);
    (1..=EFS[EFS.len() - 1]).find(at)
}

#[test]
fn required_efs_are_the_smallest_that_a_try_of_all_finds() {
    for hand in cases() {
        let largest = EFS[EFS.len() - 1];
        let required = hand.on(KS[4], |on| RequiredEfs::record(on, &KS, largest));
        assert_eq!(required.ef(), largest);
        let surface = hand.surface(EngineClass::StopEarly);
        for (k_index, &k) in KS.iter().enumerate() {
            let overlap: Vec<_> = required.completing(Figure::Overlap, k_index).collect();
            let fill: Vec<_> = required.completing(Figure::Fill, k_index).collect();
            for query in 0..hand.queries() {
                let right = smallest(&hand, query, k, |(overlap, _)| overlap);
                assert_eq!(overlap[query], right, "query {query}, k {k}");
                let right = smallest(&hand, query, k, |(_, fill)| fill);
                assert_eq!(fill[query], right, "query {query}, k {k}");
            }
            for ef in EFS {
                let found = required.at(Figure::Overlap, k_index, ef);
                let filled = required.at(Figure::Fill, k_index, ef);
                for (query, found) in found.zip(filled).enumerate() {
                    let right = hand.figures(query, EngineClass::StopEarly, (ef, k));
                    assert_eq!(Some(found), right, "query {query}, k {k}, ef {ef}");
                }
            }
            // The smallest ef that serves half of the queries, 9 of 10 and 99 of 100.
            let served = |share: f64| {
                let serves = |ef: &usize| {
                    let served = overlap
                        .iter()
                        .filter(|own| own.is_some_and(|own| own <= *ef));
                    served.count() as f64 >= share * hand.queries() as f64
                };
                (1..=largest).find(serves)
            };
            assert_eq!(
                surface.required_ef[k_index],
                [0.5, 0.9, 0.99].map(served),
                "k {k}"
            );
        }
    }
}

#[test]
fn exact_lists_of_the_cases_are_brute_force() {
    let hand = &cases()[0];
    hand.on(KS[4], |on| {
        let table = on.truth.table().expect("lists");
        for query in 0..hand.queries() {
            let right = brute_force(hand.rows.view(), hand.metric, query);
            let ids: Vec<u32> = table.ids(query).iter().flatten().map(|id| id.0).collect();
            let right: Vec<u32> = right[..ids.len()].iter().map(|(_, id)| *id).collect();
            assert_eq!(ids, right, "query {query}");
        }
    });
}
