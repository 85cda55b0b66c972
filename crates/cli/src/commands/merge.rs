//! `annatomy merge`: partial exact neighbors of all rows to those of one run.

use super::about;
use super::neighbor_files::NeighborFiles;
use crate::arguments::MergeArguments;
use crate::failure::Failure;
use annatomy_formats::open_regular;
use annatomy_knn::{MergeError, Partial, PartialFileError, PartialHeader, merge_order};
use annatomy_runtime::{printable_path, stage};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Files are read one after the other into the neighbors found so far, so that two are in memory.
pub fn run(arguments: &MergeArguments) -> Result<(), Failure> {
    let files = NeighborFiles {
        ids: &arguments.out,
        distances: arguments.distances.as_deref(),
    };
    let partials: Vec<&Path> = arguments.partials.iter().map(PathBuf::as_path).collect();
    files.check(&partials)?;
    let headers = partials
        .iter()
        .map(|path| read(path, PartialHeader::read))
        .collect::<Result<Vec<_>, _>>()?;
    let order = merge_order(&headers).map_err(|error| refused(&error, &partials, &headers))?;
    stage("merging", order.len() as u64);
    let mut merged: Option<Partial> = None;
    for place in order {
        let next = read(partials[place], Partial::read)?;
        merged = Some(match merged {
            None => next,
            Some(before) => before
                .merge(&next)
                .map_err(|error| refused(&error, &partials, &headers))?,
        });
        annatomy_runtime::advance(1);
    }
    let merged = merged.ok_or_else(|| Failure::usage(MergeError::Nothing))?;
    let k = merged.header().k;
    let (ids, distances) = merged
        .finish()
        .map_err(|error| refused(&error, &partials, &headers))?;
    files.write(k, &ids, &distances)
}

fn read<T>(
    path: &Path,
    read: impl FnOnce(&mut BufReader<File>, u64) -> Result<T, PartialFileError>,
) -> Result<T, Failure> {
    let opened = open_regular(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = opened.map_err(|error| about(path, &error, Failure::work))?;
    read(&mut BufReader::with_capacity(1 << 20, file), length)
        .map_err(|error| about(path, &error, Failure::work))
}

/// What is wrong, and with which files.
fn refused(error: &MergeError, partials: &[&Path], headers: &[PartialHeader]) -> Failure {
    let named = |rows: &std::ops::Range<u64>| {
        let of_rows = headers.iter().zip(partials);
        let files = of_rows
            .filter(|(header, _)| header.rows == *rows)
            .map(|(_, path)| printable_path(path).to_string());
        files.collect::<Vec<_>>().join(", ")
    };
    let ranges = match error {
        MergeError::Differs { rows, other, .. } => vec![rows, other],
        MergeError::Twice { rows } => vec![rows],
        MergeError::Overlap { first, second } => vec![first, second],
        _ => Vec::new(),
    };
    let mut files: Vec<String> = ranges.into_iter().map(named).collect();
    files.dedup();
    let failure = |message: String| match error {
        MergeError::Missing { .. } => Failure::work(message)
            .hint("`annatomy knn --rows A:B --partial FILE` computes the partial of missing rows"),
        _ => Failure::work(message),
    };
    if files.is_empty() {
        failure(error.to_string())
    } else {
        failure(format!("{}: {error}", files.join(", ")))
    }
}
