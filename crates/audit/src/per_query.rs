//! One row per query and k: what an average hides.
//!
//! Enters: the values of every query at one effort, or of the answers given. Leaves: [`PerQuery`],
//! a table with the columns of [`PerQuery::columns`]; over several graphs a value is their mean. A
//! figure that a query does not have is not-a-number, an empty field or null in a file.

use super::cells::QueryValues;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{Column, RowIds};
use annatomy_knn::NeighborTable;

/// What is known of every query measured.
#[derive(Clone, Debug, Default)]
pub struct PerQuery {
    /// What each query is called: its id, or its number in the file of queries.
    pub names: RowIds,
    /// Its number in the file of queries, or its base row.
    pub numbers: Vec<usize>,
    /// Queries, in order, for each (k, effort) in turn.
    pub rows: Vec<QueryRow>,
}

/// One query at one k.
#[derive(Clone, Copy, Debug)]
pub struct QueryRow {
    /// Its place among the queries measured.
    pub query: usize,
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort; `None` for answers given.
    pub ef: Option<usize>,
    /// Tie-aware overlap.
    pub overlap: f64,
    /// Overlap by id.
    pub overlap_strict: f64,
    /// Share of the k slots that hold a neighbor.
    pub fill: f64,
    /// Missing neighbors to which no path leads.
    pub unreachable: f64,
    /// Missing neighbors before which the search stopped.
    pub unvisited: f64,
    /// Missing neighbors in whose place a farther row or nothing stands, for answers given.
    pub displaced: f64,
    /// Missing neighbors in whose place a row at the k-th distance stands.
    pub tied: f64,
    /// The smallest ef that returns all k neighbors, on every graph; not-a-number if none traced does.
    pub required_ef: f64,
    /// Rows visited on layer 0.
    pub visited: f64,
    /// LID of the exact neighbors.
    pub lid: f64,
    /// Mean distance to rows drawn at random over the distance to the k-th exact neighbor.
    pub contrast: f64,
    /// 1 if the query is among its own returned rows, 0 if not; not-a-number for held-out queries.
    pub self_hit: f64,
    /// Missing neighbors that were visited and are beyond the rows that the engine returns.
    pub cut_off: f64,
    /// Distance to the nearest exact neighbor.
    pub nearest_distance: f64,
    /// Share of the slots with distance up to 1.01 times the k-th exact one.
    pub epsilon_recall: f64,
    /// 1/(1 + relative distance error).
    pub inverse_ratio: f64,
    /// Rank-biased overlap at p = .9.
    pub rank_biased_overlap: f64,
    /// Mean |slot − rank| of the neighbors returned, over k.
    pub displacement: f64,
}

/// The values of every query at one (k, effort).
pub(super) struct CellOfQueries {
    pub(super) k: usize,
    pub(super) ef: Option<usize>,
    /// Per graph, one per query.
    pub(super) graphs: Vec<Vec<QueryValues>>,
    /// Per query, where the graphs were traced.
    pub(super) required_efs: Vec<Option<usize>>,
}

impl PerQuery {
    /// `contrasts` holds per k of `ks` one value per query.
    pub(super) fn new(
        cells: &[CellOfQueries],
        data: &Dataset<'_>,
        exact: &NeighborTable,
        ks: &[usize],
        contrasts: &[Vec<f64>],
    ) -> Self {
        let mut rows = Vec::new();
        for cell in cells {
            let place = ks.iter().position(|&k| k == cell.k);
            for query in 0..data.queries.count() {
                let contrast = place.and_then(|place| contrasts[place].get(query));
                let nearest = data.metric.geometric_of_true(exact.distances(query)[0]);
                rows.push(QueryRow {
                    query,
                    contrast: contrast.copied().unwrap_or(f64::NAN),
                    nearest_distance: f64::from(nearest),
                    ..row(cell, query)
                });
            }
        }
        let names = data.query_names();
        let numbers = data.queries.numbers.clone();
        Self {
            names,
            numbers,
            rows,
        }
    }

    /// The table: query, k, ef, overlap, `overlap_strict`, fill, unreachable, unvisited, displaced,
    /// tied, `required_ef`, visited, lid, contrast, `self_hit`, `cut_off`, `nearest_distance`,
    /// `epsilon_recall`, `inverse_ratio`, `rank_biased_overlap`, displacement.
    pub fn columns(&self) -> Vec<Column> {
        let reals = |name: &str, of: fn(&QueryRow) -> f64| {
            Column::reals(name, self.rows.iter().map(of).collect())
        };
        let ef = |row: &QueryRow| row.ef.map_or(f64::NAN, |ef| ef as f64);
        let k = self.rows.iter().map(|row| row.k as i64);
        let queries: Vec<usize> = self.rows.iter().map(|row| row.query).collect();
        vec![
            Column::ids("query", self.names.select(&queries)),
            Column::integers("k", k.collect()),
            reals("ef", ef),
            reals("overlap", |row| row.overlap),
            reals("overlap_strict", |row| row.overlap_strict),
            reals("fill", |row| row.fill),
            reals("unreachable", |row| row.unreachable),
            reals("unvisited", |row| row.unvisited),
            reals("displaced", |row| row.displaced),
            reals("tied", |row| row.tied),
            reals("required_ef", |row| row.required_ef),
            reals("visited", |row| row.visited),
            reals("lid", |row| row.lid),
            reals("contrast", |row| row.contrast),
            reals("self_hit", |row| row.self_hit),
            reals("cut_off", |row| row.cut_off),
            reals("nearest_distance", |row| row.nearest_distance),
            reals("epsilon_recall", |row| row.epsilon_recall),
            reals("inverse_ratio", |row| row.inverse_ratio),
            reals("rank_biased_overlap", |row| row.rank_biased_overlap),
            reals("displacement", |row| row.displacement),
        ]
    }
}

/// The means over graphs.
fn row(cell: &CellOfQueries, query: usize) -> QueryRow {
    let mean = |figure: fn(&QueryValues) -> f64| {
        let sum: f64 = cell
            .graphs
            .iter()
            .map(|values| figure(&values[query]))
            .sum();
        sum / cell.graphs.len() as f64
    };
    let required = cell.required_efs.get(query).copied().flatten();
    QueryRow {
        query: 0,
        k: cell.k,
        ef: cell.ef,
        overlap: mean(|values| values.overlap),
        overlap_strict: mean(|values| values.overlap_strict),
        fill: mean(|values| values.fill),
        unreachable: mean(|values| values.unreachable),
        unvisited: mean(|values| values.unvisited),
        displaced: mean(|values| values.displaced),
        tied: mean(|values| values.tied),
        required_ef: required.map_or(f64::NAN, |ef| ef as f64),
        visited: mean(|values| values.visited),
        lid: mean(|values| values.lid_exact),
        contrast: f64::NAN,
        self_hit: mean(|values| values.self_hit),
        cut_off: mean(|values| values.cut_off),
        nearest_distance: f64::NAN,
        epsilon_recall: mean(|values| values.epsilon_recall),
        inverse_ratio: mean(|values| values.inverse_ratio),
        rank_biased_overlap: mean(|values| values.rank_biased_overlap),
        displacement: mean(|values| values.displacement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{EMPTY_ANSWER, dataset, line};
    use annatomy_eval::missing::Missing;
    use annatomy_formats::Values;
    use annatomy_vectors::{Matrix, Metric};
    use std::sync::Arc;

    /// Every figure another number, that of the graph and query plus its own tenth.
    fn values(number: f64) -> QueryValues {
        let of = |place: f64| number + place / 100.0;
        QueryValues {
            overlap: of(1.0),
            overlap_strict: of(2.0),
            fill: of(3.0),
            unreachable: of(4.0),
            unvisited: of(5.0),
            displaced: of(6.0),
            tied: of(7.0),
            visited: of(8.0),
            lid_exact: of(9.0),
            self_hit: of(10.0),
            cut_off: of(11.0),
            epsilon_recall: of(12.0),
            inverse_ratio: of(13.0),
            rank_biased_overlap: of(14.0),
            displacement: of(15.0),
            ..QueryValues::new(&EMPTY_ANSWER, &Missing::default(), Metric::L2)
        }
    }

    /// Two graphs, whose mean is 2 for the first query and 30 for the second, and answers of one.
    fn table() -> PerQuery {
        let mut data = dataset(line(&[0.0, 3.0]), None);
        data.ids = Some(Arc::new(RowIds::Integers(vec![70, 80])));
        let graphs = CellOfQueries {
            k: 5,
            ef: Some(9),
            graphs: vec![
                vec![values(1.0), values(20.0)],
                vec![values(3.0), values(40.0)],
            ],
            required_efs: vec![Some(12), None],
        };
        let answers = CellOfQueries {
            k: 6,
            ef: None,
            graphs: vec![vec![values(0.0), values(f64::NAN)]],
            required_efs: Vec::new(),
        };
        let truth = exact::neighbors(&data, 1, 1 << 20).expect("small");
        let contrasts = [vec![1.5, 2.5]];
        let exact = truth.table().expect("lists");
        PerQuery::new(&[graphs, answers], &data, exact, &[5], &contrasts)
    }

    #[test]
    fn figures_are_means_over_graphs_by_query() {
        let table = table();
        assert_eq!(table.names, RowIds::Integers(vec![70, 80]));
        let rows = table.rows;
        let first: Vec<(usize, usize, Option<usize>)> =
            rows.iter().map(|row| (row.query, row.k, row.ef)).collect();
        assert_eq!(
            first,
            [(0, 5, Some(9)), (1, 5, Some(9)), (0, 6, None), (1, 6, None)]
        );
        let near = |found: f64, right: f64| assert!((found - right).abs() < 1e-12, "{found}");
        near(rows[0].overlap, 2.01);
        near(rows[1].overlap, 30.01);
        near(rows[0].displacement, 2.15);
        near(rows[1].cut_off, 30.11);
        near(rows[2].fill, 0.03);
        assert!(
            rows[3].overlap.is_nan(),
            "a figure that the query does not have"
        );
        assert_eq!(rows[0].required_ef, 12.0);
        assert!(rows[1].required_ef.is_nan() && rows[2].required_ef.is_nan());
        assert_eq!((rows[0].contrast, rows[1].contrast), (1.5, 2.5));
        assert!(rows[2].contrast.is_nan(), "no contrast at this k");
        assert!(rows.iter().all(|row| row.nearest_distance == 3.0));
    }

    #[test]
    fn every_column_holds_its_own_figure() {
        let columns = table().columns();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let places = [
            ("overlap", 1),
            ("overlap_strict", 2),
            ("fill", 3),
            ("unreachable", 4),
            ("unvisited", 5),
            ("displaced", 6),
            ("tied", 7),
            ("visited", 8),
            ("lid", 9),
            ("self_hit", 10),
            ("cut_off", 11),
            ("epsilon_recall", 12),
            ("inverse_ratio", 13),
            ("rank_biased_overlap", 14),
            ("displacement", 15),
        ];
        assert_eq!((names.len(), &names[..3]), (21, &["query", "k", "ef"][..]));
        for (name, place) in places {
            let column = names.iter().position(|own| *own == name).expect(name);
            let Values::Reals(values) = &columns[column].values else {
                panic!("{name} is a figure");
            };
            let right = 2.0 + f64::from(place) / 100.0;
            assert!((values[0] - right).abs() < 1e-12, "{name}: {}", values[0]);
        }
        let Values::Reals(efs) = &columns[2].values else {
            panic!("efs");
        };
        assert!(efs[0] == 9.0 && efs[2].is_nan(), "answers have no effort");
    }

    #[test]
    fn under_cosine_the_nearest_distance_is_a_chord() {
        let rows = Matrix::new(2, 2, vec![1.0, 0.0, 0.6, 0.8]).expect("2 × 2");
        let mut data = dataset(rows, None);
        data.metric = Metric::Cosine;
        let truth = exact::neighbors(&data, 1, 1 << 20).expect("small");
        let cell = CellOfQueries {
            k: 1,
            ef: None,
            graphs: vec![vec![values(0.0), values(0.0)]],
            required_efs: Vec::new(),
        };
        let table = PerQuery::new(&[cell], &data, truth.table().expect("lists"), &[], &[]);
        // cos = .6, so that ‖x − y‖ = √(2 − 1.2).
        let found = table.rows[0].nearest_distance;
        assert!((found - 0.8_f64.sqrt()).abs() < 1e-6, "{found}");
    }
}
