//! What recording costs a search that does not record, and one that does: `cargo bench -p
//! annatomy-hnsw --bench recording`.
//!
//! Three ways through one graph, in turn, answers compared:
//!
//! * bare: the search loop written out here, without a record;
//! * plain: [`Search`], whose record is empty;
//! * recorded: [`Traversal`], which gives every (ef, k).
//!
//! Fails if plain is more than 5 % behind bare, by the median of the ratios round by round.

use annatomy_hnsw::{
    CandidateQueue, Coverage, DistanceComputer, Graph, HeapQueue, Links, Parameters, QueryScorer,
    RowLinks, Scored, Search, Traversal, VectorDistances, Visits,
};
use annatomy_vectors::{Matrix, Metric, kernels};
use std::time::Instant;

const ROWS: usize = 20_000;
const COLUMNS: usize = 96;
const QUERIES: u32 = 2_000;
const EF: usize = 100;
/// Queries that one contestant answers before the next takes its turn: milliseconds, so that a slow
/// spell meets all three.
const BLOCK: usize = 20;
const ROUNDS: usize = 21;

fn main() {
    let rows = noise();
    let oracle = VectorDistances::new(rows.view(), Metric::L2);
    let graph =
        Graph::build(&oracle, &Parameters::faiss(16, 100, 1)).expect("a graph of finite rows");
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    let mut nearest = Vec::new();
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        // made again in every round: where memory happens to lie is worth some percent to one of
        // them
        let (mut bare, mut search) = (Bare::default(), Search::<HeapQueue>::default());
        let (mut traversal, mut visits) = (Traversal::<HeapQueue>::default(), Visits::default());
        found.iter_mut().for_each(Vec::clear);
        let mut seconds = [0.0; 3];
        for (block, first) in (0..QUERIES).step_by(BLOCK).enumerate() {
            for turn in 0..3 {
                // all six orders in turn, so that each follows each of the others equally often
                let contestant = (block + if block % 2 == 0 { turn } else { 2 - turn }) % 3;
                let ids = &mut found[contestant];
                let start = Instant::now();
                for query in first..first + BLOCK as u32 {
                    let scorer = oracle.scorer(query);
                    match contestant {
                        0 => bare.nearest(&graph, scorer, EF, &mut nearest),
                        1 => search.nearest(&graph, scorer, EF, &mut nearest),
                        _ => {
                            traversal.record(&graph, scorer, EF, &mut visits);
                            ids.extend(visits.nearest_first()[..EF].iter().map(|visit| visit.id));
                            continue;
                        }
                    }
                    ids.extend(nearest.iter().map(|seen| seen.id));
                }
                seconds[contestant] += start.elapsed().as_secs_f64();
            }
        }
        let [bare, plain, recorded] = seconds;
        ratios[0].push(plain / bare);
        ratios[1].push(recorded / plain);
    }
    assert_eq!(found[0], found[1], "plain finds what the bare loop finds");
    assert_eq!(found[1], found[2], "a recorded traversal begins with them");
    let [plain, recorded] = ratios.map(median);
    println!(
        "{ROWS} rows of {COLUMNS} columns, ef {EF}, {QUERIES} queries, {ROUNDS} rounds in turn"
    );
    println!("plain / bare      {plain:.3}");
    println!("recorded / plain  {recorded:.3}");
    assert!(
        plain <= 1.05,
        "an empty record costs {plain:.3} of a loop without one"
    );
}

/// State of a bare search.
#[derive(Default)]
struct Bare {
    queue: HeapQueue,
    keys: Vec<u32>,
}

impl Bare {
    /// The search of [`Search::nearest`], line for line, without a record.
    fn nearest<V: QueryScorer>(
        &mut self,
        graph: &Graph,
        scorer: V,
        ef: usize,
        out: &mut Vec<Scored>,
    ) {
        let entry_point = graph.entry_point().expect("rows");
        self.queue.reset(graph.nodes(), ef);
        let entry = descend(graph, scorer, entry_point, &mut self.keys);
        self.queue.push(scorer, entry);
        while let Some(popped) = self.queue.pop(scorer) {
            let of_row = |row| RowLinks {
                row,
                links: graph.links(row, 0),
            };
            let [next, second] = self.queue.upcoming();
            let next = next.map(of_row);
            if let Some(next) = next {
                kernels::prefetch_whole(next.links);
            }
            if let Some(second) = second {
                graph.prefetch_links(second, 0);
            }
            self.queue.evaluate(
                scorer,
                of_row(popped.id),
                next,
                Coverage::MayBeCloser,
                |scored| graph.prefetch_place(scored.id, 0),
            );
        }
        self.queue.nearest(out);
    }
}

/// Greedy descent through the upper layers, all links of a row scored together.
fn descend<V: QueryScorer>(
    graph: &Graph,
    scorer: V,
    entry_point: u32,
    keys: &mut Vec<u32>,
) -> Scored {
    let mut nearest = Scored {
        key: scorer.key(entry_point),
        id: entry_point,
    };
    for layer in (1..=graph.level(entry_point)).rev() {
        loop {
            let before = nearest;
            let links = graph.links(before.id, layer);
            keys.clear();
            scorer.keys(links, keys);
            let met = keys.iter().zip(links).map(|(&key, &id)| Scored { key, id });
            nearest = met.fold(before, |nearest, seen| {
                if seen.key < nearest.key {
                    seen
                } else {
                    nearest
                }
            });
            if nearest == before {
                break;
            }
        }
    }
    nearest
}

/// Uniform numbers from a 64-bit linear congruential generator (Knuth's MMIX constants).
fn noise() -> Matrix {
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    Matrix::new(ROWS, COLUMNS, (0..ROWS * COLUMNS).map(|_| next()).collect())
        .expect("rows of columns values")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
