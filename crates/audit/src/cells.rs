//! All measures at chosen (class, ef, k), per query.
//!
//! Enters: a graph and cells. Leaves: one [`CellValues`] per cell, a value per query in the order
//! of the queries; a figure that a query does not have is NaN. Cost: one traversal per query to the
//! largest effort of any cell, none where it was kept; O(k) per cell, O(k·d) for barycenters where asked.
//! Where equal distances decide what the engine of the graph returns, a search of the cell with its queue.

use super::shift::{Barycenters, Shifts};
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::every_effort::{EveryEffort, OfQuery};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::missing::Missing;
pub(super) use annatomy_eval::query_state::Cell;
use annatomy_eval::query_state::{KeptTraversal, QueryState, Searched};
use annatomy_eval::surface::RequiredEfs;
use annatomy_hnsw::{EngineClass, Graph, Links};
use annatomy_measures::corrected::{ExactSide, QueryMeasures, ReturnedSide};
use annatomy_measures::graded::{
    Epsilon, displacement, epsilon_recall, inverse_ratio, rank_biased_overlap,
};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::Metric;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One query in one cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryValues {
    pub(super) fill: f64,
    pub(super) overlap: f64,
    pub(super) overlap_strict: f64,
    pub(super) distance_error: f64,
    pub(super) mean_exact_distance: f64,
    pub(super) mean_returned_distance: f64,
    pub(super) lid_exact: f64,
    pub(super) lid_returned: f64,
    pub(super) barycenter_shift: f64,
    pub(super) visited: f64,
    /// 1 if the query itself is among the returned rows, 0 if not; NaN for held-out queries.
    pub(super) self_hit: f64,
    /// Missing neighbors by cause.
    pub(super) unreachable: f64,
    pub(super) unvisited: f64,
    pub(super) cut_off: f64,
    pub(super) tied: f64,
    pub(super) displaced: f64,
    /// Overlap graded by distance and by rank.
    pub(super) epsilon_recall: f64,
    pub(super) inverse_ratio: f64,
    pub(super) rank_biased_overlap: f64,
    pub(super) displacement: f64,
}

/// A row counts for ε-recall up to this share beyond the k-th exact distance.
const EPSILON: Epsilon = Epsilon::Relative(0.01);
/// Persistence of rank-biased overlap.
const PERSISTENCE: f64 = 0.9;

/// One graph in one cell.
#[derive(Clone, Debug)]
pub(super) enum CellValues {
    /// The engine refuses k > ef.
    Refused,
    /// One entry per query.
    Queries(Vec<QueryValues>),
}

/// A cell, and whether it has barycenters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) cell: Cell,
    pub(super) barycenters: Barycenters,
}

/// What else is read from the traversals of a trace.
#[derive(Default)]
pub(super) struct Along {
    pub(super) cells: Vec<Wanted>,
    pub(super) explorer: Option<Explorer>,
    /// Whether traversals are kept, up to [`KEPT_BYTES`].
    pub(super) keeps: bool,
}

/// Memory of the traversals that are kept: some 2,400 of them to ef = 1,000, for 100 neighbors.
pub(super) const KEPT_BYTES: usize = 144 << 20;

/// How much an explorer holds of every query: its first `depth` exact neighbors, V(ef) at `efs`.
pub(super) struct Explorer {
    pub(super) depth: usize,
    pub(super) efs: Vec<usize>,
}

/// A query's traversal, and its search for one cell.
#[derive(Default)]
struct States<Q> {
    state: QueryState<Q>,
    of_cell: QueryState<Q>,
}

/// The traversals of one graph, and what was read along.
pub(super) struct Traced {
    pub(super) required: RequiredEfs,
    pub(super) cells: Vec<CellValues>,
    pub(super) explored: Option<EveryEffort>,
    /// By query; `None`, or no place, where it is not kept.
    pub(super) kept: Vec<Option<KeptTraversal>>,
}

/// What is evaluated, and on what.
pub(super) struct Evaluation<'e, S> {
    pub(super) source: &'e S,
    pub(super) data: &'e Dataset<'e>,
    pub(super) truth: &'e GroundTruth<'e>,
    pub(super) graph: &'e Graph,
    pub(super) reachable: &'e [bool],
    /// The rows that answers may hold, and the rule of the engine that is evaluated.
    pub(super) filter: Option<&'e Filter>,
}

impl<S: DistanceSource> Evaluation<'_, S> {
    /// The graph and the distances.
    pub(super) fn searched(&self) -> Searched<'_, S> {
        Searched {
            source: self.source,
            truth: self.truth,
            graph: self.graph,
            reachable: self.reachable,
            filter: self.filter,
        }
    }

    /// Every query at every cell: cells × queries. Of traversals that were `kept`, if they are of these
    /// graph and filter.
    pub(super) fn at(&self, wanted: &[Wanted], kept: &[Option<KeptTraversal>]) -> Vec<CellValues> {
        let cells: Vec<Cell> = wanted.iter().map(|wanted| wanted.cell).collect();
        let efforts = cells.iter().map(|cell| cell.effort(self.truth));
        let effort = efforts.max().unwrap_or(1);
        // The rows that a cap leaves go by the keys of all visits, which are not kept.
        let is_uncapped = cells.iter().all(|cell| cell.class != EngineClass::RowCap);
        let states = PerThread::new(States::<S::Queue>::default);
        let of_query = |query| {
            states.with(|States { state, of_cell }| {
                let kept: Option<&KeptTraversal> = kept.get(query).and_then(Option::as_ref);
                if let Some(kept) = kept.filter(|kept| is_uncapped && effort <= kept.ef()) {
                    state.take_up(self.truth, query, kept);
                } else {
                    state.begin(self.truth, query);
                    state.traverse_for_cells(&self.searched(), query, effort, &cells);
                }
                self.measure((state, of_cell), wanted, query)
            })
        };
        let queries: Vec<_> = (0..self.data.queries.count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(of_query)
            .collect();
        columns(wanted.len(), &queries)
    }

    /// Overlap and fill of some queries in a cell, searched with the queue of the graph's engine; none where no
    /// queue is followed.
    pub(super) fn overlap_and_fill(&self, cell: Cell, queries: &[usize]) -> Vec<(usize, [f64; 2])> {
        let state = PerThread::new(QueryState::<S::Queue>::default);
        let on = self.searched();
        let of_query = |&query: &usize| {
            state.with(|state| {
                if !state.search_cell(&on, query, &cell) {
                    return None;
                }
                let measured = state.measure(self.truth, &cell)?;
                Some((
                    query,
                    [measured.measures.overlap(), measured.measures.fill()],
                ))
            })
        };
        let queries = queries.par_iter().with_max_len(TASK_QUERIES);
        queries.filter_map(of_query).collect()
    }

    /// Required efs up to `ef`, and what is read along: from one traversal a query, but for cells of a
    /// larger effort, and where the search of a cell differs from that of another k: under a filter, and of
    /// segments.
    pub(super) fn trace(&self, ks: &[usize], ef: usize, along: &Along) -> Traced {
        let is_one = self.filter.is_none() && self.graph.more_segments().is_empty();
        let within = |wanted: &Wanted| wanted.cell.effort(self.truth) <= ef;
        let cells = &along.cells[..];
        let of_trace = is_one && cells.iter().all(within);
        let kept_bytes = AtomicUsize::new(0);
        let keep = |state: &QueryState<S::Queue>| {
            let is_full = kept_bytes.load(Ordering::Relaxed) >= KEPT_BYTES;
            (along.keeps && is_one && !is_full).then(|| {
                let kept = state.keep();
                kept_bytes.fetch_add(kept.bytes(), Ordering::Relaxed);
                kept
            })
        };
        let of_cells = PerThread::new(QueryState::default);
        let read = |state: &mut QueryState<S::Queue>, query: usize| {
            let explorer = along.explorer.as_ref();
            let every = explorer
                .map(|Explorer { depth, efs }| OfQuery::read(query as u32, *depth, efs, state));
            let kept = keep(state);
            let measure = |of_cell: &mut _| self.measure((state, of_cell), cells, query);
            let cells = of_trace.then(|| of_cells.with(measure));
            (cells.unwrap_or_default(), (every, kept))
        };
        let (required, found) = RequiredEfs::record_and(&self.searched(), ks, ef, read);
        let (values, more): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let (every, kept): (Vec<_>, Vec<_>) = more.into_iter().unzip();
        let every: Option<Vec<OfQuery>> = every.into_iter().collect();
        Traced {
            required,
            cells: if of_trace {
                columns(cells.len(), &values)
            } else {
                self.at(cells, &kept)
            },
            explored: every.map(|every| EveryEffort::of(every, ef, self.reachable)),
            kept,
        }
    }

    /// The query that the first state has traversed, at every cell; `None` where the engine refuses one. The
    /// second is for cells that are searched on their own.
    fn measure(
        &self,
        (traversed, of_cell): (&mut QueryState<S::Queue>, &mut QueryState<S::Queue>),
        wanted: &[Wanted],
        query: usize,
    ) -> Vec<Option<QueryValues>> {
        let on = self.searched();
        let measure = |Wanted { cell, barycenters }: &Wanted| {
            let is_searched = traversed.is_up_to_the_queue(&on, query, cell)
                && of_cell.search_cell(&on, query, cell);
            let state = if is_searched {
                &mut *of_cell
            } else {
                &mut *traversed
            };
            let measured = state.measure(self.truth, cell)?;
            let metric = self.data.metric;
            let mut found = QueryValues::new(&measured.measures, &measured.missing, metric);
            found.visited = measured.visited as f64;
            let returned = state.returned();
            let side = ReturnedSide::new(&returned.distances, &returned.ranks);
            found.grade(&state.exact.side, side, cell.k);
            let own = self.data.queries.own_id(query);
            let may_return = |own| {
                self.filter
                    .is_none_or(|filter| filter.allowed.holds(query, own))
            };
            if own.is_some_and(may_return) {
                let hit = (state.visited.own_arrival as usize) < measured.visited;
                found.self_hit = f64::from(u8::from(hit));
            }
            let exact = &state.exact.ids[..cell.k];
            let shifts = Shifts::new(self.data, *barycenters);
            found.barycenter_shift = shifts.of(query, exact, || state.returned().ids.clone());
            Some(found)
        };
        wanted.iter().map(measure).collect()
    }
}

/// Cells × queries of queries × cells.
fn columns(cells: usize, queries: &[Vec<Option<QueryValues>>]) -> Vec<CellValues> {
    let column = |cell: usize| -> Option<Vec<QueryValues>> {
        queries.iter().map(|values| values[cell]).collect()
    };
    (0..cells)
        .map(|cell| column(cell).map_or(CellValues::Refused, CellValues::Queries))
        .collect()
}

impl QueryValues {
    /// From the measures of one answer; causes and what needs vectors are added by others. An inner
    /// product is no distance, and has no geometry.
    pub(super) fn new(measures: &QueryMeasures, missing: &Missing, metric: Metric) -> Self {
        let geometry = |value: f64| {
            if metric == Metric::InnerProduct {
                f64::NAN
            } else {
                value
            }
        };
        Self {
            fill: measures.fill(),
            overlap: measures.overlap(),
            overlap_strict: measures.overlap_strict(),
            distance_error: geometry(measures.relative_distance_error),
            mean_exact_distance: measures.mean_exact_distance,
            mean_returned_distance: measures.mean_returned_distance,
            lid_exact: geometry(measures.lid_exact),
            lid_returned: geometry(measures.lid_returned),
            barycenter_shift: f64::NAN,
            visited: f64::NAN,
            self_hit: f64::NAN,
            unreachable: missing.unreachable as f64,
            unvisited: missing.unvisited as f64,
            cut_off: missing.cut_off as f64,
            tied: missing.tied as f64,
            displaced: missing.displaced as f64,
            epsilon_recall: f64::NAN,
            inverse_ratio: geometry(inverse_ratio(measures.relative_distance_error)),
            rank_biased_overlap: f64::NAN,
            displacement: f64::NAN,
        }
    }

    /// Adds the measures that look at ranks and single distances.
    pub(super) fn grade(&mut self, exact: &ExactSide, returned: ReturnedSide<'_>, k: usize) {
        let (distances, ranks) = (returned.distances(), returned.exact_ranks());
        let kth = exact.distances()[k - 1];
        self.epsilon_recall = epsilon_recall(distances, kth, k, EPSILON);
        let agreement = rank_biased_overlap(ranks, k, PERSISTENCE);
        self.rank_biased_overlap = agreement.expect("a persistence between 0 and 1");
        self.displacement = displacement(ranks, k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{
        EMPTY_ANSWER, HandGraph, dataset, distance, line, nearest, noise, random_graph,
    };
    use annatomy_eval::distance_source::OwnRows;
    use annatomy_hnsw::{VectorDistances, reachable};

    fn on<R>(
        graph: &HandGraph,
        data: &Dataset<'_>,
        k: usize,
        read: impl FnOnce(&Evaluation<'_, OwnRows<'_, f32>>) -> R,
    ) -> R {
        let base = data.base.in_memory().expect("in memory");
        let truth = exact::neighbors(data, k, 1 << 20).expect("small");
        let graph = Graph::freeze(graph);
        read(&Evaluation {
            source: &OwnRows::new(VectorDistances::new(base, Metric::L2), None),
            data,
            truth: &truth,
            graph: &graph,
            reachable: &reachable(&graph),
            filter: None,
        })
    }

    fn wanted(cells: &[Cell]) -> Vec<Wanted> {
        let wanted = |&cell: &Cell| Wanted {
            cell,
            barycenters: Barycenters::Computed,
        };
        cells.iter().map(wanted).collect()
    }

    fn measured(
        graph: &HandGraph,
        data: &Dataset<'_>,
        k: usize,
        cells: &[Cell],
    ) -> Vec<CellValues> {
        on(graph, data, k, |on| on.at(&wanted(cells), &[]))
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// −1 over the mean of ln(dᵢ/d_k), i < k.
    fn lid(distances: &[f64]) -> f64 {
        let (last, others) = distances.split_last().expect("some");
        let logs: Vec<f64> = others.iter().map(|value| (value / last).ln()).collect();
        -1.0 / mean(&logs)
    }

    /// ‖mean(E) − mean(A)‖ over the root mean square distance of E from its mean.
    fn shift(data: &Dataset<'_>, exact: &[u32], returned: &[u32]) -> f64 {
        let rows = |ids: &[u32]| -> Vec<Vec<f64>> {
            let row = |&id: &u32| data.base.select(&[id as usize]).row(0).to_vec();
            let wide = |row: Vec<f32>| row.into_iter().map(f64::from).collect();
            ids.iter().map(row).map(wide).collect()
        };
        let center = |rows: &[Vec<f64>]| -> Vec<f64> {
            let column = |c: usize| mean(&rows.iter().map(|row| row[c]).collect::<Vec<_>>());
            (0..rows[0].len()).map(column).collect()
        };
        let squared =
            |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum() };
        let (exact, returned) = (rows(exact), rows(returned));
        let (from, to) = (center(&exact), center(&returned));
        let spread: Vec<f64> = exact.iter().map(|row| squared(row, &from)).collect();
        (squared(&from, &to) / mean(&spread)).sqrt()
    }

    fn near(found: f64, right: f64, what: &str) {
        let close = (found - right).abs() <= 1e-5 * right.abs().max(1.0);
        assert!(
            close || found.is_nan() && right.is_nan(),
            "{what}: {found}, {right}"
        );
    }

    #[test]
    fn every_figure_is_that_of_a_search_written_out_plainly() {
        let data = dataset(noise(40, 3, 3), None);
        let lost = [11, 27];
        let graph = random_graph(40, 3, &lost, 5);
        let mut cells = Vec::new();
        for class in [
            EngineClass::StopEarly,
            EngineClass::Raise,
            EngineClass::RowCap,
        ] {
            for (ef, k) in [(1, 8), (4, 3), (4, 8), (40, 8)] {
                cells.push(Cell { class, ef, k });
            }
        }
        let values = measured(&graph, &data, 8, &cells);
        for (&Cell { class, ef, k }, values) in cells.iter().zip(&values) {
            let CellValues::Queries(values) = values else {
                panic!("{class} refuses nothing");
            };
            for (query, values) in values.iter().enumerate() {
                let what = format!("{class}, ef {ef}, k {k}, query {query}");
                let exact = nearest(&data, query, k);
                let answer = graph.answer(&data, query, class, (ef, k));
                let (ids, seen) = answer.expect("not refused");
                let missing: Vec<u32> = exact
                    .iter()
                    .copied()
                    .filter(|id| !ids.contains(id))
                    .collect();
                let far = |ids: &[u32]| -> Vec<f64> {
                    ids.iter().map(|&id| distance(&data, query, id)).collect()
                };
                near(values.fill, ids.len() as f64 / k as f64, &what);
                near(values.overlap, 1.0 - missing.len() as f64 / k as f64, &what);
                near(values.overlap_strict, values.overlap, &what);
                near(values.mean_exact_distance, mean(&far(&exact)), &what);
                near(values.visited, seen as f64, &what);
                let visits = graph.seen(
                    &data,
                    query,
                    if class == EngineClass::Raise {
                        ef.max(k + 1)
                    } else {
                        ef
                    },
                );
                near(
                    values.self_hit,
                    f64::from(u8::from(visits.contains(&(query as u32)))),
                    &what,
                );
                let gone = missing.iter().filter(|id| lost.contains(id)).count();
                let unseen = missing.iter().filter(|id| !visits.contains(id)).count();
                near(values.unreachable, gone as f64, &what);
                near(values.unvisited, (unseen - gone) as f64, &what);
                near(values.cut_off, (missing.len() - unseen) as f64, &what);
                near(values.tied + values.displaced, 0.0, &what);
                if ids.is_empty() {
                    continue;
                }
                near(values.mean_returned_distance, mean(&far(&ids)), &what);
                near(values.barycenter_shift, shift(&data, &exact, &ids), &what);
                let ratios: Vec<f64> = far(&ids)
                    .iter()
                    .zip(far(&exact))
                    .map(|(a, e)| a / e - 1.0)
                    .collect();
                near(values.distance_error, mean(&ratios), &what);
                near(values.lid_exact, lid(&far(&exact)), &what);
                if ids.len() == k {
                    near(values.lid_returned, lid(&far(&ids)), &what);
                }
            }
        }
    }

    #[test]
    fn cells_of_a_trace_are_those_of_searches_of_their_own() {
        let data = dataset(noise(50, 3, 3), None);
        let graph = random_graph(50, 3, &[7, 31], 5);
        let of = |(ef, k)| EngineClass::ALL.map(|class| Cell { class, ef, k });
        let cells = [(2, 3), (9, 8), (40, 3)].map(of).concat();
        on(&graph, &data, 8, |on| {
            let efs = vec![1, 7, 39];
            let along = |ef| {
                let along = Along {
                    cells: wanted(&cells),
                    explorer: Some(Explorer {
                        depth: 5,
                        efs: efs.clone(),
                    }),
                    keeps: true,
                };
                on.trace(&[3, 8], ef, &along)
            };
            let [traced, shorter] = [40, 39].map(along);
            let all: Vec<usize> = (0..50).collect();
            let every = EveryEffort::record(&on.searched(), &all, 5, 40, &efs);
            assert_eq!(traced.explored, Some(every));
            for (found, alone) in traced.cells.iter().zip(&shorter.cells) {
                assert_eq!(
                    format!("{found:?}"),
                    format!("{alone:?}"),
                    "cells beyond ef"
                );
            }
            let trace = &traced.required;
            for (cell, found) in cells.iter().zip(traced.cells) {
                for kept in [&[][..], &traced.kept] {
                    let alone = on.at(&wanted(&[*cell]), kept);
                    assert_eq!(format!("{found:?}"), format!("{:?}", alone[0]), "{cell:?}");
                }
                if let CellValues::Queries(values) = found {
                    let visited: Vec<f64> = values.iter().map(|values| values.visited).collect();
                    let effort = cell.effort(on.truth);
                    near(trace.mean_visited(effort), mean(&visited), "visited");
                }
            }
        });
    }

    #[test]
    fn a_query_that_is_seen_last_hits_itself_and_one_that_is_not_seen_does_not() {
        // Along 0 → 1 → 2 each of these queries is the last row seen; nothing leads to 3.
        let data = dataset(line(&[0.0, 1.0, 2.0, 9.0]), None);
        let graph = HandGraph(vec![vec![1], vec![2], vec![], vec![]]);
        let cell = Cell {
            class: EngineClass::StopEarly,
            ef: 4,
            k: 3,
        };
        let values = measured(&graph, &data, 3, &[cell]);
        let CellValues::Queries(values) = &values[0] else {
            panic!("nothing is refused");
        };
        let hits: Vec<f64> = values.iter().map(|values| values.self_hit).collect();
        assert_eq!(hits, [1.0, 1.0, 1.0, 0.0]);
        let lost: Vec<f64> = values.iter().map(|values| values.unreachable).collect();
        assert_eq!(lost, [1.0, 1.0, 1.0, 0.0], "row 3, to all others");
    }

    #[test]
    fn engines_that_refuse_answer_nothing_and_held_out_queries_hit_no_self() {
        let data = dataset(noise(30, 3, 8), Some(noise(6, 3, 9)));
        let graph = random_graph(30, 3, &[], 2);
        let refuse = |ef| Cell {
            class: EngineClass::Refuse,
            ef,
            k: 5,
        };
        let values = measured(&graph, &data, 5, &[refuse(4), refuse(5)]);
        assert!(matches!(values[0], CellValues::Refused), "k beyond ef");
        let CellValues::Queries(values) = &values[1] else {
            panic!("k within ef: the query is not among the rows");
        };
        assert!(values.len() == 6 && values.iter().all(|values| values.self_hit.is_nan()));
    }

    #[test]
    fn an_inner_product_has_no_geometry() {
        let measures = QueryMeasures {
            relative_distance_error: 1.0,
            lid_exact: 2.0,
            lid_returned: 3.0,
            mean_exact_distance: -4.0,
            ..EMPTY_ANSWER
        };
        let of = |metric| QueryValues::new(&measures, &Missing::default(), metric);
        let product = of(Metric::InnerProduct);
        assert!(product.distance_error.is_nan() && product.lid_exact.is_nan());
        assert!(product.lid_returned.is_nan() && product.mean_exact_distance == -4.0);
        let l2 = of(Metric::L2);
        assert_eq!(
            (l2.distance_error, l2.lid_exact, l2.lid_returned),
            (1.0, 2.0, 3.0)
        );
    }
}
