//! The insertion orders that are compared.
//!
//! | name | rows enter |
//! |---|---|
//! | `as_given` | as they are in the data |
//! | `shuffled` | in a permutation drawn from the graph's seed |
//! | `levels` | highest level first, shuffled within a level, as FAISS adds a batch |
//! | `clusters` | cluster after cluster: rows by the nearest of √n rows, spread over the data |
//! | `lid_up`, `lid_down` | by the LID of their neighborhoods, lowest or highest first |
//!
//! Ties keep the order of the rows. Clusters and LID come from exact neighbors: of all rows up to 20,000
//! of them; beyond, a row's LID is that of its nearest among 20,000 rows spread over the data, so that a
//! million rows cost a search of 20,000 each and not one of a million.

use crate::StudyError;
use annatomy_hnsw::InsertionOrder;
use annatomy_knn::{Queries, exact_knn};
use annatomy_measures::lid::Lid;
use annatomy_vectors::{Matrix, MatrixView, Metric};

/// Every order's name.
pub(crate) const NAMES: [&str; 6] = [
    "as_given", "shuffled", "levels", "clusters", "lid_up", "lid_down",
];
/// Neighbors whose distances give a row's LID.
const LID_NEIGHBORS: usize = 50;
/// Rows among which these neighbors are sought, at most.
const LID_ANCHORS: usize = 20_000;
/// Rows whose neighbors are held at once.
const CHUNK: usize = 1 << 16;
/// Bytes that the search for neighbors may take beyond the rows.
const BUDGET: u64 = 1 << 30;

/// The orders of one run's rows.
pub(crate) struct Orders {
    clusters: Vec<u32>,
    lid_up: Vec<u32>,
    lid_down: Vec<u32>,
}

impl Orders {
    /// Computes those that depend on the rows.
    pub(crate) fn of(rows: MatrixView<'_>, metric: Metric) -> Result<Self, StudyError> {
        let lids = lids(rows, LID_ANCHORS, metric)?;
        let mut lid_up: Vec<u32> = (0..rows.rows() as u32).collect();
        let mut lid_down = lid_up.clone();
        let lid = |row: &u32| lids[*row as usize];
        lid_up.sort_by(|a, b| lid(a).total_cmp(&lid(b)));
        lid_down.sort_by(|a, b| lid(b).total_cmp(&lid(a)));
        Ok(Self {
            clusters: clusters(rows, metric)?,
            lid_up,
            lid_down,
        })
    }

    /// Order number `order` of [`NAMES`] as a list of rows, or as the parameter that asks for it.
    pub(crate) fn listed(&self, order: usize) -> Result<&[u32], InsertionOrder> {
        match NAMES[order] {
            "as_given" => Err(InsertionOrder::AsGiven),
            "shuffled" => Err(InsertionOrder::Shuffled),
            "levels" => Err(InsertionOrder::HighestLevelFirst),
            "clusters" => Ok(&self.clusters),
            "lid_up" => Ok(&self.lid_up),
            _ => Ok(&self.lid_down),
        }
    }
}

/// Levina and Bickel's LID of every row, from its nearest among `most` rows spread over the data; NaN,
/// which sorts as the largest, where no two neighbors are at different distances.
fn lids(rows: MatrixView<'_>, most: usize, metric: Metric) -> Result<Vec<f64>, StudyError> {
    let (count, k) = (rows.rows(), LID_NEIGHBORS.min(rows.rows() - 1));
    if count <= most {
        let table = exact_knn(&rows, Queries::AllRows(rows), k, metric, BUDGET)?;
        return Ok((0..count)
            .map(|row| lid(table.distances(row), metric))
            .collect());
    }
    let places: Vec<usize> = (0..most).map(|place| place * count / most).collect();
    let anchors = rows.select(&places);
    let k = k.min(most - 1);
    let mut lids = Vec::with_capacity(count);
    for start in (0..count).step_by(CHUNK) {
        let chunk = start..count.min(start + CHUNK);
        let queries = Queries::HeldOut(rows.row_range(chunk.clone()));
        let table = exact_knn(&anchors.view(), queries, k + 1, metric, BUDGET)?;
        for (query, row) in chunk.enumerate() {
            // A row that is an anchor is not its own neighbor.
            let own = places.binary_search(&row).ok().map(|place| place as u32);
            let near = table.ids(query).iter().zip(table.distances(query));
            let others = near.filter(|(id, _)| id.map(|id| id.0) != own || own.is_none());
            let distances: Vec<f32> = others.map(|(_, &distance)| distance).take(k).collect();
            lids.push(lid(&distances, metric));
        }
    }
    Ok(lids)
}

fn lid(distances: &[f32], metric: Metric) -> f64 {
    let geometric = |&distance: &f32| metric.geometric_of_true(distance);
    let distances: Vec<f32> = distances.iter().map(geometric).collect();
    let lid = Lid::MaximumLikelihood.of_query(&distances);
    lid.unwrap_or(f64::NAN)
}

/// Rows by the nearest of √n pivots.
fn clusters(rows: MatrixView<'_>, metric: Metric) -> Result<Vec<u32>, StudyError> {
    let count = rows.rows();
    let pivots = (count as f64).sqrt().ceil() as usize;
    let spread: Vec<f32> = (0..pivots)
        .flat_map(|pivot| rows.row(pivot * count / pivots))
        .copied()
        .collect();
    let pivots = Matrix::new(pivots, rows.columns(), spread).expect("pivots × columns values");
    let nearest = exact_knn(&pivots.view(), Queries::HeldOut(rows), 1, metric, BUDGET)?;
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.sort_by_key(|&row| nearest.ids(row as usize)[0].map_or(u32::MAX, |id| id.0));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tight groups on a line, their rows taking turns, and one row far away.
    fn rows() -> Matrix {
        let values = (0..41_u16).map(|row| match row {
            40 => 1_000.0,
            row => f32::from(row % 2) * 100.0 + f32::from(row) * 0.01,
        });
        Matrix::new(41, 1, values.collect()).expect("shape")
    }

    #[test]
    fn every_order_names_each_row_once() {
        let rows = rows();
        let orders = Orders::of(rows.view(), Metric::L2).expect("orders");
        for (order, name) in NAMES.into_iter().enumerate() {
            if let Ok(listed) = orders.listed(order) {
                let mut sorted = listed.to_vec();
                sorted.sort_unstable();
                assert!(sorted.iter().copied().eq(0..41), "{name}");
            }
        }
        assert_eq!(orders.listed(0), Err(InsertionOrder::AsGiven));
        assert_eq!(orders.listed(2), Err(InsertionOrder::HighestLevelFirst));
        let mut reversed = orders.lid_down.clone();
        reversed.reverse();
        let lids = lids(rows.view(), LID_ANCHORS, Metric::L2).expect("lids");
        let of = |order: &[u32]| -> Vec<f64> { order.iter().map(|&r| lids[r as usize]).collect() };
        assert_eq!(of(&reversed), of(&orders.lid_up));
        assert!(of(&orders.lid_up).is_sorted());
    }

    /// 70,000 rows on a line, which fill more than one chunk, and 60 of them as anchors: against a sort.
    #[test]
    fn lids_of_many_rows_are_from_the_nearest_anchors() {
        let count = CHUNK + 4_464;
        let values: Vec<f32> = (0..count)
            .map(|row| (row as f32 * 0.618_034).fract() * 1_000.0)
            .collect();
        let rows = Matrix::new(count, 1, values.clone()).expect("shape");
        let found = lids(rows.view(), 60, Metric::L2).expect("lids");
        assert_eq!(found.len(), count);
        let anchors: Vec<usize> = (0..60).map(|place| place * count / 60).collect();
        for row in [0, 1, anchors[7], anchors[59], CHUNK - 1, CHUNK, count - 1] {
            let others = anchors.iter().filter(|&&anchor| anchor != row);
            let mut distances: Vec<f32> = others
                .map(|&anchor| (values[anchor] - values[row]).abs())
                .collect();
            distances.sort_by(f32::total_cmp);
            let right = lid(&distances[..LID_NEIGHBORS], Metric::L2);
            assert!((found[row] - right).abs() < 1e-3 * right, "row {row}");
        }
    }

    #[test]
    fn clusters_are_not_interleaved() {
        let rows = rows();
        let orders = Orders::of(rows.view(), Metric::L2).expect("orders");
        let group = |row: u32| if row == 40 { 2 } else { row % 2 };
        let changes = |order: &[u32]| {
            let pairs = order.windows(2);
            pairs
                .filter(|pair| group(pair[0]) != group(pair[1]))
                .count()
        };
        let as_given: Vec<u32> = (0..41).collect();
        assert_eq!(changes(&as_given), 40);
        // Seven pivots: as many clusters at most.
        assert!(changes(&orders.clusters) <= 6, "{:?}", orders.clusters);
    }
}
