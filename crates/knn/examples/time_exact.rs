//! Seconds that exact neighbors take, one line a repetition: `time_exact VECTORS K REPETITIONS
//! [HELD_OUT]`.
//!
//! HELD_OUT is a file of queries, or a number: that many of the rows, a little shorter, are queries
//! from outside.

use annatomy_formats::VectorFile;
use annatomy_knn::{ProductCounts, Queries, exact_knn_counted};
use annatomy_vectors::{Matrix, Metric, PointId};
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
        [held_out] => Some(match held_out.parse() {
            Ok(count) => shorter(&rows, count)?,
            Err(_) => VectorFile::open(held_out)?.read_all()?,
        }),
        _ => None,
    };
    let queries = held_out
        .as_ref()
        .map_or(Queries::AllRows(rows.view()), |rows| {
            Queries::HeldOut(rows.view())
        });
    for _ in 0..repetitions {
        let begin = Instant::now();
        let counts = ProductCounts::default();
        let budget = 2 << 30;
        exact_knn_counted::<PointId>(&rows.view(), queries, k, Metric::L2, budget, &counts)?;
        println!("{:.4} {counts}", begin.elapsed().as_secs_f64());
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
