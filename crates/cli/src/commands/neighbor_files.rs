//! Neighbors into the files that were asked for: ids, and perhaps distances.

use super::about;
use crate::failure::Failure;
use crate::say::say;
use annatomy_formats::{
    WriteError, check_ids_ending, check_matrix_ending, refuse_overwriting, write_ids, write_matrix,
};
use annatomy_runtime::printable_path;
use annatomy_vectors::MatrixView;
use std::path::Path;

/// Where neighbors go.
#[derive(Clone, Copy)]
pub struct NeighborFiles<'a> {
    pub ids: &'a Path,
    pub distances: Option<&'a Path>,
}

impl NeighborFiles<'_> {
    /// Refuses files that could not be written, before anything is read.
    pub fn check(&self, inputs: &[&Path]) -> Result<(), Failure> {
        check_ids_ending(self.ids).map_err(|error| about(self.ids, &error, Failure::usage))?;
        let mut outputs = vec![self.ids];
        if let Some(path) = self.distances {
            check_matrix_ending(path).map_err(|error| about(path, &error, Failure::usage))?;
            outputs.push(path);
        }
        refuse_overwriting(inputs, &outputs).map_err(Failure::usage)
    }

    /// Writes `k` neighbors per query; distances where they were asked for. Ids are in 32 bits where
    /// they all fit.
    pub fn write(&self, k: usize, ids: &[u32], distances: &[f32]) -> Result<(), Failure> {
        let queries = ids.len() / k;
        let failed = |path, error: WriteError| about(path, &error, Failure::work);
        let narrow: Result<Vec<i32>, _> = ids.iter().map(|&id| i32::try_from(id)).collect();
        let written = if let Ok(ids) = narrow {
            write_ids(self.ids, queries, k, &ids)
        } else {
            let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
            write_ids(self.ids, queries, k, &ids)
        };
        written.map_err(|error| failed(self.ids, error))?;
        if let Some(path) = self.distances {
            let view = MatrixView::new(queries, k, distances).map_err(Failure::work)?;
            write_matrix(path, view).map_err(|error| failed(path, error))?;
        }
        say(format_args!(
            "{queries} × {k} exact neighbors in {}",
            printable_path(self.ids)
        ));
        Ok(())
    }
}
