//! `annatomy knn`: exact neighbors to a file.

use super::neighbor_files::NeighborFiles;
use super::{about, on_threads};
use crate::arguments::KnnArguments;
use crate::failure::Failure;
use crate::say::say;
use annatomy_formats::{Role, Source, VectorFile};
use annatomy_knn::{ExactError, ProductCounts, Queries, exact_knn_counted, reduced_float64};
use annatomy_runtime::{available_in_words, available_memory, bytes_in_words, printable_path};
use annatomy_vectors::{Matrix, PointId, validate};
use std::fmt::Display;
use std::path::Path;

/// Most bytes that one more copy of the rows and the candidates may take, where all rows are
/// queries.
const BUDGET_BYTES: u64 = 2 << 30;

/// Bytes of a slot of the table: an id and a distance.
const SLOT_BYTES: u64 = 8;

pub fn run(arguments: &KnnArguments) -> Result<(), Failure> {
    if arguments.plan {
        return super::plan::run(arguments);
    }
    if arguments.nodes.is_some() {
        return Err(Failure::usage("--nodes goes with --plan"));
    }
    let in_part = arguments.rows.is_some() || arguments.first_row.is_some();
    match (&arguments.out, &arguments.partial) {
        (_, Some(_)) if arguments.distances.is_some() => Err(Failure::usage(
            "--distances goes with --out: a partial holds distances in any case",
        )),
        (_, Some(partial)) => super::partial::run(arguments, partial),
        (Some(_), None) if in_part => Err(Failure::usage(
            "--rows and --first-row go with --partial FILE: neighbors among some rows are no answer",
        )),
        (Some(out), None) => run_whole(arguments, out),
        (None, None) => Err(Failure::usage("--out FILE or --partial FILE is needed")),
    }
}

/// Bytes that one more copy of the rows may take.
pub fn budget_bytes() -> u64 {
    BUDGET_BYTES.min(available_memory().unwrap_or(u64::MAX) / 2)
}

fn run_whole(arguments: &KnnArguments, out: &Path) -> Result<(), Failure> {
    let files = NeighborFiles {
        ids: out,
        distances: arguments.distances.as_deref(),
    };
    let mut inputs = vec![arguments.vectors.as_path()];
    inputs.extend(arguments.queries.as_deref());
    files.check(&inputs)?;
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
    let (ids, distances) = on_threads(arguments.threads, || neighbors(arguments, &base, queries))?
        .map_err(|error| refused(arguments, &error))?;
    files.write(arguments.k, &ids, &distances)
}

/// Ids, and distances where they are asked for: rounded from float64, so that they are those of
/// merged partials.
fn neighbors(
    arguments: &KnnArguments,
    base: &Matrix,
    queries: Queries<'_>,
) -> Result<(Vec<u32>, Vec<f32>), ExactError> {
    let (k, metric, budget) = (arguments.k, arguments.metric, budget_bytes());
    let numbers = |ids: Vec<PointId>| ids.into_iter().map(|PointId(id)| id).collect();
    let counts = ProductCounts::default();
    let (ids, _) = exact_knn_counted(&base.view(), queries, k, metric, budget, &counts)?;
    say(format_args!("products: {counts}"));
    if arguments.distances.is_none() {
        return Ok((numbers(ids), Vec::new()));
    }
    let reduced = reduced_float64(base.view(), queries, k, metric, &ids);
    let distance = |reduced: f64| metric.true_distance_f64(reduced) as f32;
    Ok((numbers(ids), reduced.into_iter().map(distance).collect()))
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
