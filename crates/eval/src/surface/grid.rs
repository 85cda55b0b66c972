//! The cells of a surface, and the surface as plain data.

use super::Ties;
use annatomy_hnsw::EngineClass;
use serde::{Deserialize, Serialize};

/// Overlap and fill over a grid of ef × k on one graph (means over queries), row-major: ef rows, k
/// columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurfaceGrid {
    /// Search efforts, ascending.
    pub efs: Vec<usize>,
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Mean overlap, ties at the k-th distance counted as found, `efs.len() × ks.len()`.
    pub overlap: Vec<f64>,
    /// Mean fill, same layout.
    pub fill: Vec<f64>,
    /// Mean V(ef) per ef.
    pub visited: Vec<f64>,
    /// Per k, quantiles 0.5, 0.9, 0.99 of the smallest ef at which overlap is 1 (`None`: for some of
    /// these queries no ef).
    pub required_ef: Vec<[Option<usize>; 3]>,
    /// Per cell the queries whose queue ends among rows of equal distance, same layout as overlap. Not
    /// stored: empty in a surface that was read from a file.
    #[serde(skip)]
    pub ties: Vec<Ties>,
}

/// Values of a grid that do not ascend from at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} must ascend from at least 1, without repeats")]
pub struct GridError {
    /// `efs` or `ks`.
    pub name: &'static str,
}

/// Whether an engine returns the query itself among its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelfMatch {
    /// Queries are base rows: one more row is asked for, and the query left out by id.
    LeftOut,
    /// Queries are held out.
    None,
}

/// The cells to count: efs × ks of one engine class.
#[derive(Clone, Copy, Debug)]
pub struct Grid<'g> {
    pub(super) efs: &'g [usize],
    pub(super) ks: &'g [usize],
    pub(super) class: EngineClass,
    self_match: SelfMatch,
}

impl<'g> Grid<'g> {
    /// The grid of `efs` × `ks`, both strictly ascending from at least 1.
    pub fn new(
        efs: &'g [usize],
        ks: &'g [usize],
        class: EngineClass,
        self_match: SelfMatch,
    ) -> Result<Self, GridError> {
        for (name, values) in [("efs", efs), ("ks", ks)] {
            let ascends = values.is_sorted_by(|a, b| a < b);
            if !ascends || values.first().is_none_or(|&first| first == 0) {
                return Err(GridError { name });
            }
        }
        Ok(Self {
            efs,
            ks,
            class,
            self_match,
        })
    }

    /// Search efforts, ascending.
    pub fn efs(&self) -> &'g [usize] {
        self.efs
    }

    /// Neighbor counts, ascending.
    pub fn ks(&self) -> &'g [usize] {
        self.ks
    }

    /// The engine whose answers are counted.
    pub fn class(&self) -> EngineClass {
        self.class
    }

    /// Whether it returns the query itself.
    pub fn self_match(&self) -> SelfMatch {
        self.self_match
    }

    /// The largest k.
    pub fn largest_k(&self) -> usize {
        self.ks[self.ks.len() - 1]
    }

    /// The effort of a traversal that answers every cell.
    pub fn largest_effort(&self) -> usize {
        let largest_ef = self.efs[self.efs.len() - 1];
        let effort = self.class.effort(largest_ef, self.asked(self.largest_k()));
        effort.max(largest_ef)
    }

    /// The rows of an answer to the largest k, the query itself perhaps among them.
    pub(super) fn most_rows(&self) -> usize {
        self.asked(self.largest_k())
    }

    /// What the engine is asked for when k neighbors are wanted.
    pub(super) fn asked(&self, k: usize) -> usize {
        k + usize::from(self.self_match == SelfMatch::LeftOut)
    }

    /// Whether the rows that an engine visits and returns depend on ef alone.
    pub(super) fn depends_on_ef_alone(&self) -> bool {
        matches!(self.class, EngineClass::StopEarly | EngineClass::Refuse)
    }

    /// The effort of the search that answers (ef, k); `None` where the engine refuses.
    pub(super) fn effort(&self, ef: usize, k: usize) -> Option<usize> {
        let asked = self.asked(k);
        let is_refused = self.class == EngineClass::Refuse && asked > ef;
        (!is_refused).then(|| self.class.effort(ef, asked))
    }

    /// The efforts of the searches that answer its cells, ascending.
    pub(super) fn efforts(&self) -> Vec<usize> {
        let mut efforts = Vec::new();
        for &ef in self.efs {
            efforts.extend(self.ks.iter().filter_map(|&k| self.effort(ef, k)));
        }
        efforts.sort_unstable();
        efforts.dedup();
        efforts
    }

    pub(super) fn cells(&self) -> usize {
        self.efs.len() * self.ks.len()
    }
}
