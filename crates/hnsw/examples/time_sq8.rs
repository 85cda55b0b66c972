//! Building and searching with SQ8 codes of the rows and without, in turn: `time_sq8 VECTORS
//! QUERIES REPETITIONS METRIC`, of unit length for cosine.
//!
//! One graph (M = 32, ef_construction = 200), both ways; searches on one thread, k = ef. That both
//! graphs are one, and that both searches answer the same, is checked.

use annatomy_formats::VectorFile;
use annatomy_hnsw::{Graph, HeapQueue, Parameters, QueryScorer, Search, Sq8Codes, VectorDistances};
use annatomy_vectors::Metric;
use std::error::Error;
use std::time::Instant;

const EFS: [usize; 5] = [16, 32, 64, 128, 256];
/// Queries that one way answers before the other takes its turn.
const BLOCK: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, queries, repetitions, metric] = &arguments[..] else {
        return Err("time_sq8 VECTORS QUERIES REPETITIONS METRIC".into());
    };
    let (repetitions, metric): (usize, Metric) = (repetitions.parse()?, metric.parse()?);
    let queries = VectorFile::open(queries)?.read_all()?;
    let rows = VectorFile::open(vectors)?.read_all()?;
    let begin = Instant::now();
    let codes = Sq8Codes::of(rows.view(), metric)
        .ok_or("an SQ8 lower bound would reject few of these rows")?;
    let encoded_queries = codes.queries(queries.view());
    println!("encoded in {:.2} s", begin.elapsed().as_secs_f64());
    let plain = VectorDistances::new(rows.view(), metric);
    let filtered = plain.with_codes(Some(&codes));
    let [graph, other] = [("with", filtered), ("without", plain)].map(|(way, oracle)| {
        let begin = Instant::now();
        let graph = Graph::build(&oracle, &Parameters::faiss(32, 200, 0));
        println!("built {way} in {:.1} s", begin.elapsed().as_secs_f64());
        graph
    });
    let graph = graph?;
    assert!(graph == other?, "the same graph");
    for ef in EFS {
        let mut ratios = Vec::new();
        for _ in 0..repetitions {
            let mut searches = [Search::<HeapQueue>::default(), Search::default()];
            let mut seconds = [0.0; 2];
            for (block, first) in (0..queries.rows()).step_by(BLOCK).enumerate() {
                let block_of_queries = first..queries.rows().min(first + BLOCK);
                let mut sums = [0; 2];
                for way in [block % 2, 1 - block % 2] {
                    let begin = Instant::now();
                    for query in block_of_queries.clone() {
                        let row = queries.row(query);
                        let filtered = (way == 1).then_some(&encoded_queries);
                        let view = plain.scorer_with_codes(row, filtered, query as u32);
                        sums[way] += sum(&mut searches[way], &graph, ef, view);
                    }
                    seconds[way] += begin.elapsed().as_secs_f64();
                }
                assert_eq!(sums[0], sums[1], "the same answers");
            }
            ratios.push(seconds[1] / seconds[0]);
        }
        ratios.sort_by(f64::total_cmp);
        let (median, last) = (ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
        println!(
            "ef {ef}: {median:.2} of the time ({:.2}–{last:.2})",
            ratios[0]
        );
    }
    Ok(())
}

/// Over all ids and keys of an answer.
fn sum<V: QueryScorer<Queue = HeapQueue>>(
    search: &mut Search<HeapQueue>,
    graph: &Graph,
    ef: usize,
    view: V,
) -> u64 {
    let mut found = Vec::new();
    search.nearest(graph, view, ef, &mut found);
    found
        .iter()
        .map(|seen| u64::from(seen.id) * u64::from(seen.key))
        .fold(0, u64::wrapping_add)
}
