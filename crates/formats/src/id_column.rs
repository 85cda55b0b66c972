//! Ids of a file's rows, where a column next to the vectors holds them: plain data.

/// Ids that a file holds for its rows in a column of its own, next to the vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdColumn {
    /// The column's name.
    pub name: String,
    /// One id for each row, in the order of the rows.
    pub ids: RowIds,
}

/// One id per row; no two are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowIds {
    /// Integers, of whatever width the file has.
    Integers(Vec<i64>),
    /// Text.
    Texts(Vec<String>),
}
