//! What recording costs a search that does not record, and one that does: `cargo bench -p annatomy-hnsw --bench recording`.
//!
//! Three ways through one graph, in turn, answers held against each other:
//!
//! * bare: the search loop written out here, with nothing in it that could observe;
//! * plain: [`Search`], whose observer is empty;
//! * recorded: [`Traversal`], which tells every (ef, k).
//!
//! Fails if plain is more than 5 % behind bare, by the median of the ratios round by round.

use annatomy_hnsw::{
    Frontier, Graph, HeapFrontier, Links, Oracle, Parameters, Search, Seen, Traversal, VectorOracle, View, Visits,
};
use annatomy_vectors::{Matrix, Metric};
use std::time::Instant;

const ROWS: usize = 20_000;
const COLUMNS: usize = 96;
const QUERIES: u32 = 2_000;
const EF: usize = 100;
const ROUNDS: usize = 21;

fn main() {
    let rows = noise();
    let oracle = VectorOracle::new(rows.view(), Metric::L2);
    let graph = Graph::build(&oracle, &Parameters::faiss(16, 100, 1)).expect("a graph of finite rows");
    let (mut bare, mut search) = (HeapFrontier::default(), Search::<HeapFrontier>::default());
    let (mut traversal, mut visits) = (Traversal::<HeapFrontier>::default(), Visits::default());
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let mut seconds = [0.0; 3];
        for turn in 0..3 {
            let contestant = (round + turn) % 3;
            let ids = &mut found[contestant];
            let mut nearest = Vec::new();
            ids.clear();
            let start = Instant::now();
            for query in 0..QUERIES {
                let view = oracle.view(query);
                match contestant {
                    0 => search_bare(&graph, view, &mut bare, &mut nearest),
                    1 => search.nearest(&graph, view, EF, &mut nearest),
                    _ => {
                        traversal.record(&graph, view, EF, &mut visits);
                        ids.extend(visits.nearest_first()[..EF].iter().map(|visit| visit.id));
                        continue;
                    }
                }
                ids.extend(nearest.iter().map(|seen| seen.id));
            }
            seconds[contestant] = start.elapsed().as_secs_f64();
        }
        let [bare, plain, recorded] = seconds;
        ratios[0].push(plain / bare);
        ratios[1].push(recorded / plain);
    }
    assert_eq!(found[0], found[1], "plain finds what the bare loop finds");
    assert_eq!(found[1], found[2], "a recorded traversal begins with them");
    let [plain, recorded] = ratios.map(median);
    println!("{ROWS} rows of {COLUMNS} columns, ef {EF}, {QUERIES} queries, {ROUNDS} rounds in turn");
    println!("plain / bare      {plain:.3}");
    println!("recorded / plain  {recorded:.3}");
    assert!(plain <= 1.05, "an observer that is empty costs {plain:.3} of a loop without one");
}

/// The search loop with no observer.
fn search_bare<V: View>(graph: &Graph, view: V, frontier: &mut HeapFrontier, out: &mut Vec<Seen>) {
    let entry_point = graph.entry_point().expect("rows");
    let mut nearest = Seen { key: view.key(entry_point), id: entry_point };
    for layer in (1..=graph.level(entry_point)).rev() {
        loop {
            let links = graph.links(nearest.id, layer);
            let seen = links.iter().map(|&id| Seen { key: view.key(id), id });
            let Some(better) = seen.min_by_key(|seen| seen.key).filter(|seen| seen.key < nearest.key) else { break };
            nearest = better;
        }
    }
    frontier.reset(graph.nodes(), EF);
    frontier.enter(nearest);
    while let Some(popped) = frontier.pop(view) {
        frontier.meet(view, graph.links(popped.id, 0), |_| {});
    }
    out.clear();
    frontier.nearest(out);
}

/// Uniform numbers from a 64-bit linear congruential generator (Knuth's MMIX constants).
fn noise() -> Matrix {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    Matrix::new(ROWS, COLUMNS, (0..ROWS * COLUMNS).map(|_| next()).collect()).expect("rows of columns values")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
