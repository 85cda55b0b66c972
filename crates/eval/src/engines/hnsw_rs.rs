//! hnsw_rs (Jean-Pierre Both): raises ef to k; what it cannot reach it leaves out.
//!
//! Enters: rows, M, efConstruction. Leaves: for each query the ids that `Hnsw::search` returns,
//! `None` in the slots it left. Rows are inserted in their order by one thread: with several, its
//! graph differs from run to run. It keeps a copy of them.

use annatomy_vectors::{MatrixView, PointId};

use annatomy_runtime::TASK_QUERIES;
use hnsw_rs::prelude::{DistL2, Hnsw};
use rayon::prelude::*;

/// Layers that it may use: its own largest number.
const LAYERS: usize = 16;

/// An index of hnsw_rs over rows under L2.
pub struct HnswRs {
    index: Hnsw<'static, f32, DistL2>,
    columns: usize,
}

/// Why hnsw_rs cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum HnswRsError {
    /// Nothing to index.
    #[error("no rows to index")]
    Empty,
    /// A number that hnsw_rs cannot work with.
    #[error("{what} = {value}: between {least} and {most} is needed")]
    Setting {
        /// What it is.
        what: &'static str,
        /// The value asked for.
        value: usize,
        /// The least it may be.
        least: usize,
        /// The most it may be.
        most: usize,
    },
    /// Queries of another length.
    #[error("queries have {queries} columns and the index has {index}")]
    Columns {
        /// Columns of the queries.
        queries: usize,
        /// Columns of the index.
        index: usize,
    },
}

impl HnswRs {
    /// Of the crate, as the lock file has it.
    pub const VERSION: &'static str = "0.3.5";

    /// An index over `rows`.
    pub fn build(
        rows: MatrixView<'_>,
        m: usize,
        ef_construction: usize,
    ) -> Result<Self, HnswRsError> {
        if rows.rows() == 0 {
            return Err(HnswRsError::Empty);
        }
        // It keeps M in 8 bits.
        in_range("M", m, 2, 255)?;
        in_range("efConstruction", ef_construction, 1, 1 << 20)?;
        let index = Hnsw::new(m, rows.rows(), LAYERS, ef_construction, DistL2);
        for row in 0..rows.rows() {
            annatomy_runtime::check();
            index.insert((rows.row(row), row));
        }
        Ok(Self {
            index,
            columns: rows.columns(),
        })
    }

    /// What it returns to each query, nearest first.
    pub fn search(
        &self,
        queries: MatrixView<'_>,
        k: usize,
        ef: usize,
    ) -> Result<Vec<Vec<Option<PointId>>>, HnswRsError> {
        if queries.columns() != self.columns {
            return Err(HnswRsError::Columns {
                queries: queries.columns(),
                index: self.columns,
            });
        }
        in_range("k", k, 1, 1 << 24)?;
        in_range("ef", ef, 1, 1 << 24)?;
        let answer = |query: usize| {
            annatomy_runtime::check();
            let found = self.index.search(queries.row(query), k, ef);
            let ids = found
                .iter()
                .map(|neighbor| Some(PointId(neighbor.d_id as u32)));
            ids.chain(std::iter::repeat(None)).take(k).collect()
        };
        Ok((0..queries.rows())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(answer)
            .collect())
    }
}

fn in_range(
    what: &'static str,
    value: usize,
    least: usize,
    most: usize,
) -> Result<(), HnswRsError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(HnswRsError::Setting {
            what,
            value,
            least,
            most,
        })
    }
}
