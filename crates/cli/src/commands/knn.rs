//! `annatomy knn`: exact neighbors to a file.

use super::on_threads;
use crate::arguments::KnnArguments;
use crate::failure::Failure;
use crate::say::say;
use annatomy_formats::{VectorFile, write_ids, write_matrix};
use annatomy_knn::{NeighborTable, Queries, RowSource, exact_knn};
use annatomy_vectors::{Matrix, MatrixView, PointId, validate};
use std::path::Path;

/// Most bytes that one more copy of the rows and the candidates may take, where all rows are
/// queries.
const BUDGET_BYTES: u64 = 2 << 30;

pub fn run(arguments: &KnnArguments) -> Result<(), Failure> {
    let base = read(&arguments.vectors, arguments)?;
    let held_out = arguments
        .queries
        .as_deref()
        .map(|path| read(path, arguments))
        .transpose()?;
    let queries = held_out
        .as_ref()
        .map_or(Queries::AllRows(base.view()), |rows| {
            Queries::HeldOut(rows.view())
        });
    let neighbors = on_threads(arguments.threads, || {
        let base: &dyn RowSource = &base.view();
        exact_knn(base, queries, arguments.k, arguments.metric, BUDGET_BYTES)
    })?
    .map_err(Failure::usage)?;
    write(&neighbors, arguments)
}

fn read(path: &Path, arguments: &KnnArguments) -> Result<Matrix, Failure> {
    let rows = VectorFile::open(path)
        .and_then(|file| file.read_all())
        .map_err(Failure::work)?;
    let checked = validate::check(rows.view(), arguments.metric);
    checked.map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
    Ok(rows)
}

fn write(neighbors: &NeighborTable, arguments: &KnnArguments) -> Result<(), Failure> {
    let (queries, k) = (neighbors.queries(), neighbors.k());
    let ids: Vec<i32> = (0..queries)
        .flat_map(|query| neighbors.ids(query))
        .copied()
        .map(id_or_minus_one)
        .collect();
    write_ids(&arguments.out, queries, k, &ids).map_err(Failure::work)?;
    if let Some(path) = &arguments.distances {
        let values: Vec<f32> = (0..queries)
            .flat_map(|query| neighbors.distances(query))
            .copied()
            .collect();
        let view = MatrixView::new(queries, k, &values).map_err(Failure::work)?;
        write_matrix(path, view).map_err(Failure::work)?;
    }
    say(format!(
        "{queries} × {k} exact neighbors in {}",
        arguments.out.display()
    ));
    Ok(())
}

/// Files know no empty slot but −1.
fn id_or_minus_one(id: Option<PointId>) -> i32 {
    id.map_or(-1, |id| id.0 as i32)
}
