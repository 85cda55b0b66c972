//! Seconds that exact neighbors take, one line a repetition: `time_exact VECTORS K REPETITIONS
//! [HELD_OUT]`.
//!
//! The Rust side of `python/benches/exact_knn.py`. With HELD_OUT, that many of the rows, a little
//! shorter, are queries from outside.

use annatomy_formats::VectorFile;
use annatomy_knn::{Queries, exact_knn};
use annatomy_vectors::{Matrix, Metric};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, k, repetitions, held_out @ ..] = &arguments[..] else {
        return Err("time_exact VECTORS K REPETITIONS [HELD_OUT]".into());
    };
    let (k, repetitions): (usize, usize) = (k.parse()?, repetitions.parse()?);
    let rows = VectorFile::open(path)?.read_all()?;
    let held_out = match held_out {
        [count] => Some(shorter(&rows, count.parse()?)?),
        _ => None,
    };
    let queries = held_out
        .as_ref()
        .map_or(Queries::AllRows(rows.view()), |rows| {
            Queries::HeldOut(rows.view())
        });
    for _ in 0..repetitions {
        let begin = Instant::now();
        let found = exact_knn(&rows.view(), queries, k, Metric::L2, 2 << 30)?;
        println!("{:.4} {}", begin.elapsed().as_secs_f64(), found.queries());
    }
    Ok(())
}

fn shorter(rows: &Matrix, count: usize) -> Result<Matrix, Box<dyn Error>> {
    let count = count.min(rows.rows());
    let values = rows.values()[..count * rows.columns()]
        .iter()
        .map(|value| value * 0.999)
        .collect();
    Ok(Matrix::new(count, rows.columns(), values)?)
}
