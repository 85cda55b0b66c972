//! The order in which rows are scanned: cell after cell, so that codes of a cell lie together.

use crate::cells::Cells;
use crate::method::{Method, Routing};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::reserved;
use std::ops::Range;

/// Places of rows in the order of a scan.
#[derive(Debug, Default)]
pub(crate) struct ScanOrder {
    /// The row at each place, and the place of each row; empty where that is its number.
    rows: Vec<u32>,
    places: Vec<u32>,
    /// The first place of each cell, and the end.
    begins: Vec<usize>,
}

impl ScanOrder {
    pub(crate) fn of(method: &Method) -> Result<Self, SavedIndexError> {
        match &method.routing {
            Routing::Cells(cells) => Self::of_cells(cells, method.rows),
            _ => Ok(Self::default()),
        }
    }

    fn of_cells(cells: &Cells, count: usize) -> Result<Self, SavedIndexError> {
        let mut rows: Vec<u32> = reserved("the order of the rows", count)?;
        rows.extend(cells.lists.iter().flatten());
        let mut places = reserved("the places of the rows", count)?;
        places.resize(count, 0);
        for (&row, place) in rows.iter().zip(0..) {
            places[row as usize] = place;
        }
        let mut begins = vec![0];
        let mut end = 0;
        for list in &cells.lists {
            end += list.len();
            begins.push(end);
        }
        Ok(Self {
            rows,
            places,
            begins,
        })
    }

    /// The row at `place`.
    pub(crate) fn row(&self, place: usize) -> u32 {
        self.rows.get(place).copied().unwrap_or(place as u32)
    }

    /// The place of `row`.
    pub(crate) fn place(&self, row: u32) -> usize {
        self.places.get(row as usize).copied().unwrap_or(row) as usize
    }

    /// The places of a cell.
    pub(crate) fn of_cell(&self, cell: usize) -> Range<usize> {
        self.begins[cell]..self.begins[cell + 1]
    }
}
