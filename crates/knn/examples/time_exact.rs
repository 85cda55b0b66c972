//! Seconds that exact neighbors take, one line a repetition: `time_exact VECTORS K REPETITIONS`.
//!
//! The Rust side of `python/benches/exact_knn.py`.

use annatomy_knn::{Queries, exact_knn};
use annatomy_vectors::Metric;
use annatomy_vectors::formats::VectorFile;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, k, repetitions] = &arguments[..] else { return Err("time_exact VECTORS K REPETITIONS".into()) };
    let (k, repetitions): (usize, usize) = (k.parse()?, repetitions.parse()?);
    let rows = VectorFile::open(path)?.read_all()?;
    for _ in 0..repetitions {
        let begin = Instant::now();
        let found = exact_knn(&rows.view(), Queries::AllRows(rows.view()), k, Metric::L2, 2 << 30)?;
        println!("{:.4} {}", begin.elapsed().as_secs_f64(), found.queries());
    }
    Ok(())
}
