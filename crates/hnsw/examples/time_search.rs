//! Plain searches over float32 and over float16 rows, in turn: `time_search VECTORS QUERIES EF
//! REPETITIONS`.
//!
//! One thread, k = ef. The graph is built once (M = 32, ef_construction = 200) over the rows as
//! float16 has them, so that both searches answer the same; that they do is checked.

use annatomy_formats::VectorFile;
use annatomy_hnsw::{Graph, HeapQueue, Parameters, QueryScorer, Search, VectorDistances};
use annatomy_vectors::{Matrix, Metric};
use half::f16;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, queries, ef, repetitions] = &arguments[..] else {
        return Err("time_search VECTORS QUERIES EF REPETITIONS".into());
    };
    let (ef, repetitions): (usize, usize) = (ef.parse()?, repetitions.parse()?);
    let queries = VectorFile::open(queries)?.read_all()?;
    let rows = VectorFile::open(vectors)?.read_all()?;
    let (count, columns) = (rows.rows(), rows.columns());
    let halves = Matrix::new(
        count,
        columns,
        rows.values()
            .iter()
            .map(|&value| f16::from_f32(value))
            .collect(),
    )?;
    let rows = halves.view().widened();
    let (wide, narrow) = (
        VectorDistances::new(rows.view(), Metric::L2),
        VectorDistances::new(halves.view(), Metric::L2),
    );
    let begin = Instant::now();
    let graph = Graph::build(&wide, &Parameters::faiss(32, 200, 0))?;
    println!("built in {:.1} s", begin.elapsed().as_secs_f64());
    for _ in 0..repetitions {
        let (wide_rate, wide_sum) = rate(&graph, ef, queries.rows(), |query| {
            wide.scorer_for(queries.row(query))
        });
        let (narrow_rate, narrow_sum) = rate(&graph, ef, queries.rows(), |query| {
            narrow.scorer_for(queries.row(query))
        });
        assert_eq!(wide_sum, narrow_sum, "the same answers");
        println!(
            "float32 {wide_rate:.0} queries/s, float16 {narrow_rate:.0}, {:.2} times",
            narrow_rate / wide_rate
        );
    }
    Ok(())
}

/// Queries a second, and a sum over all answers.
fn rate<V: QueryScorer<Queue = HeapQueue>>(
    graph: &Graph,
    ef: usize,
    queries: usize,
    view: impl Fn(usize) -> V,
) -> (f64, u64) {
    let (mut search, mut found, mut sum) = (Search::<HeapQueue>::default(), Vec::new(), 0);
    let begin = Instant::now();
    for query in 0..queries {
        search.nearest(graph, view(query), ef, &mut found);
        sum += found.iter().map(|seen| u64::from(seen.id)).sum::<u64>();
    }
    (queries as f64 / begin.elapsed().as_secs_f64(), sum)
}
