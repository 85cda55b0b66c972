//! `annatomy knn --partial`: exact neighbors among some rows of a file, to be merged with those
//! among the others.
//!
//! Only these rows are read, block by block; where every row is a query, all are.

use super::{about, on_threads};
use crate::arguments::{KnnArguments, RowPart};
use crate::failure::Failure;
use crate::say::say;
use annatomy_formats::{Role, RowRanges, Source, refuse_overwriting, write_atomically};
use annatomy_knn::{
    ExactError, FileSearchError, Partial, PartialError, PartialQueries, PartialRequest,
    identity_of, partial_of_file, valid_rows,
};
use annatomy_runtime::printable_path;
use annatomy_vectors::Matrix;
use std::io;
use std::ops::Range;
use std::path::Path;

pub fn run(arguments: &KnnArguments, out: &Path) -> Result<(), Failure> {
    let mut inputs = vec![arguments.vectors.as_path()];
    inputs.extend(arguments.queries.as_deref());
    refuse_overwriting(&inputs, &[out]).map_err(Failure::usage)?;
    let base = Opened::new(&arguments.vectors, Role::Base)?;
    let rows = base.part(arguments.rows)?;
    let partial = on_threads(arguments.threads, || {
        if let Some(path) = &arguments.queries {
            let queries = Opened::new(path, Role::Queries)?.read_all(arguments)?;
            let queries = PartialQueries::HeldOut(queries.view());
            return search(&base, queries, rows, arguments);
        }
        let all = base.read_all(arguments)?;
        search(&base, PartialQueries::BaseRows(all.view()), rows, arguments)
    })??;
    let failed = |error: io::Error| about(out, &error, Failure::work);
    write_atomically(out, |file| partial.write(file)).map_err(failed)?;
    let header = partial.header();
    say(format_args!(
        "{} × {} exact neighbors among rows {}:{} in {}",
        header.queries,
        header.width(),
        header.rows.start,
        header.rows.end,
        printable_path(out)
    ));
    Ok(())
}

fn search(
    base: &Opened<'_>,
    queries: PartialQueries<'_>,
    rows: Range<usize>,
    arguments: &KnnArguments,
) -> Result<Partial, Failure> {
    let request = PartialRequest {
        queries,
        k: arguments.k,
        metric: arguments.metric,
        budget_bytes: super::knn::budget_bytes(),
    };
    // A shard's base is not known.
    let of_base = if let Some(first) = arguments.first_row {
        (first.saturating_add(rows.start as u64), None)
    } else {
        let identity = identity_of(&base.file);
        let identity = identity.map_err(|error| about(base.path, &error, Failure::work))?;
        (rows.start as u64, Some(identity))
    };
    partial_of_file(&base.file, rows, &request, of_base)
        .map_err(|error| failed_search(base, arguments, &error))
}

/// What went wrong, with the file that it is about.
pub(super) fn failed_search(
    base: &Opened<'_>,
    arguments: &KnnArguments,
    error: &FileSearchError,
) -> Failure {
    let kind = match error {
        FileSearchError::Search(PartialError::Exact(ExactError::Memory(_)))
        | FileSearchError::Read(_)
        | FileSearchError::Vectors { .. } => Failure::work,
        FileSearchError::Search(_) => Failure::usage,
    };
    let of_queries = matches!(
        error,
        FileSearchError::Search(PartialError::Exact(ExactError::Columns { .. }))
    );
    match &arguments.queries {
        Some(queries) if of_queries => about(queries, error, kind),
        _ => about(base.path, error, kind),
    }
}

/// A file of vectors, open, with its name.
pub(super) struct Opened<'p> {
    path: &'p Path,
    pub(super) file: RowRanges,
}

impl<'p> Opened<'p> {
    pub(super) fn new(path: &'p Path, role: Role) -> Result<Self, Failure> {
        let file = RowRanges::open(&Source::parse(path), role)
            .map_err(|error| about(path, &error, Failure::work))?;
        for note in file.notes() {
            say(format_args!("note: {}: {note}", printable_path(path)));
        }
        Ok(Self { path, file })
    }

    /// The rows that are meant.
    fn part(&self, part: Option<RowPart>) -> Result<Range<usize>, Failure> {
        let rows = self.file.rows();
        let range = match part {
            None => 0..rows,
            Some(RowPart::Range { start, end }) => start..end,
            // In 128 bits, since rows × parts may be more than 64 hold.
            Some(RowPart::Part { part, parts }) => {
                let bound = |part: usize| (rows as u128 * part as u128 / parts as u128) as usize;
                bound(part)..bound(part + 1)
            }
        };
        if range.is_empty() || range.end > rows {
            let Range { start, end } = range;
            let problem = format!("rows {start}:{end} asked for, the file has {rows} rows");
            return Err(about(self.path, &problem, Failure::usage));
        }
        Ok(range)
    }

    /// Every row, where all can be searched.
    pub(super) fn read_all(&self, arguments: &KnnArguments) -> Result<Matrix, Failure> {
        let rows = valid_rows(&self.file, 0..self.file.rows(), arguments.metric);
        rows.map_err(|error| match &error {
            FileSearchError::Vectors { source, .. } => about(self.path, source, Failure::work),
            _ => about(self.path, &error, Failure::work),
        })
    }
}
