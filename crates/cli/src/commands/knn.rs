//! `annatomy knn`: exact neighbors to a file.

use super::on_threads;
use crate::arguments::KnnArguments;
use crate::failure::Failure;
use crate::say::say;
use annatomy_formats::{
    Role, Source, VectorFile, WriteError, check_ids_ending, check_matrix_ending,
    refuse_overwriting, write_ids, write_matrix,
};
use annatomy_knn::{ExactError, NeighborTable, Queries, RowSource, exact_knn};
use annatomy_runtime::{available_in_words, available_memory, bytes_in_words, printable_path};
use annatomy_vectors::{Matrix, MatrixView, PointId, validate};
use std::fmt::Display;
use std::path::Path;

/// Most bytes that one more copy of the rows and the candidates may take, where all rows are
/// queries.
const BUDGET_BYTES: u64 = 2 << 30;

/// Bytes of a slot of the table: an id and a distance.
const SLOT_BYTES: u64 = 8;

pub fn run(arguments: &KnnArguments) -> Result<(), Failure> {
    check_outputs(arguments)?;
    let base = read(&arguments.vectors, Role::Base, arguments)?;
    let held_out = arguments
        .queries
        .as_deref()
        .map(|path| read(path, Role::Queries, arguments))
        .transpose()?;
    let queries = match &held_out {
        Some(rows) => Queries::HeldOut(rows.view()),
        None => Queries::AllRows(base.view()),
    };
    check_k(arguments, &base, held_out.as_ref())?;
    let budget = BUDGET_BYTES.min(available_memory().unwrap_or(u64::MAX) / 2);
    let neighbors = on_threads(arguments.threads, || {
        let base: &dyn RowSource = &base.view();
        exact_knn(base, queries, arguments.k, arguments.metric, budget)
    })?
    .map_err(|error| refused(arguments, &error))?;
    write(&neighbors, arguments)
}

/// Refuses outputs that could not be written, before anything is read.
fn check_outputs(arguments: &KnnArguments) -> Result<(), Failure> {
    let out = arguments.out.as_path();
    check_ids_ending(out).map_err(|error| about(out, &error, Failure::usage))?;
    let mut inputs = vec![arguments.vectors.as_path()];
    inputs.extend(arguments.queries.as_deref());
    let mut outputs = vec![out];
    if let Some(path) = &arguments.distances {
        check_matrix_ending(path).map_err(|error| about(path, &error, Failure::usage))?;
        outputs.push(path);
    }
    refuse_overwriting(&inputs, &outputs).map_err(Failure::usage)
}

fn read(path: &Path, role: Role, arguments: &KnnArguments) -> Result<Matrix, Failure> {
    let failed = |error: &dyn Display| about(path, error, Failure::work);
    let opened = VectorFile::open_source(&Source::parse(path), role);
    let opened = opened.map_err(|error| failed(&error))?;
    for note in opened.notes() {
        say(format_args!("note: {}: {note}", printable_path(path)));
    }
    let rows = opened.read_all().map_err(|error| failed(&error))?;
    opened.check_unchanged().map_err(|error| failed(&error))?;
    validate::check(rows.view(), arguments.metric).map_err(|error| failed(&error))?;
    Ok(rows)
}

/// Refuses a k for which there are no rows or no memory, with the numbers.
fn check_k(
    arguments: &KnnArguments,
    base: &Matrix,
    held_out: Option<&Matrix>,
) -> Result<(), Failure> {
    let k = arguments.k;
    let available = base.rows() - usize::from(held_out.is_none()).min(base.rows());
    if k == 0 || k > available {
        return Err(refused(
            arguments,
            &ExactError::TooManyNeighbors { k, available },
        ));
    }
    let queries = held_out.unwrap_or(base).rows();
    // The candidates, then the table itself.
    let needed = 2 * (queries as u64 * SLOT_BYTES).saturating_mul(k as u64);
    match available_memory() {
        Some(memory) if needed > memory => Err(Failure::work(format!(
            "{}: {k} neighbors of each of {queries} queries need {} of memory and {}",
            printable_path(&arguments.vectors),
            bytes_in_words(needed),
            available_in_words(memory),
        ))
        .hint("fewer neighbors (--k) or fewer queries (--queries FILE) take less")),
        _ => Ok(()),
    }
}

fn refused(arguments: &KnnArguments, error: &ExactError) -> Failure {
    let file = match (error, &arguments.queries) {
        (ExactError::Columns { .. }, Some(queries)) => queries,
        _ => &arguments.vectors,
    };
    match error {
        ExactError::Memory(_) => about(file, error, Failure::work),
        _ => about(file, error, Failure::usage),
    }
}

/// An error with its file.
fn about(path: &Path, error: &dyn Display, kind: impl FnOnce(String) -> Failure) -> Failure {
    kind(format!("{}: {error}", printable_path(path)))
}

fn write(neighbors: &NeighborTable, arguments: &KnnArguments) -> Result<(), Failure> {
    let (queries, k) = (neighbors.queries(), neighbors.k());
    let ids: Vec<i32> = (0..queries)
        .flat_map(|query| neighbors.ids(query))
        .copied()
        .map(id_or_minus_one)
        .collect();
    let failed = |path, error: WriteError| about(path, &error, Failure::work);
    write_ids(&arguments.out, queries, k, &ids).map_err(|error| failed(&arguments.out, error))?;
    if let Some(path) = &arguments.distances {
        let values: Vec<f32> = (0..queries)
            .flat_map(|query| neighbors.distances(query))
            .copied()
            .collect();
        let view = MatrixView::new(queries, k, &values).map_err(Failure::work)?;
        write_matrix(path, view).map_err(|error| failed(path, error))?;
    }
    say(format_args!(
        "{queries} × {k} exact neighbors in {}",
        printable_path(&arguments.out)
    ));
    Ok(())
}

/// Files have no empty slot but −1.
fn id_or_minus_one(id: Option<PointId>) -> i32 {
    id.map_or(-1, |id| id.0 as i32)
}
