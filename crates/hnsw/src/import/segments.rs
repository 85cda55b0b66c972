//! Saved indexes over parts of one base, merged: segments or shards of a collection.
//!
//! Row i of segment s is row (rows of the segments before it) + i. Where no segment names its rows
//! otherwise, each holds the next slice of the base, and rows are called by these numbers. Where one
//! does, all names must be different: a segment without labels calls its rows 0 to n − 1.

use super::row_ids::as_row_numbers;
use super::saved_index::{Engine, SavedIndex};
use crate::graph::{TooManyLinks, union};
use annatomy_vectors::{Matrix, Metric};
use std::collections::{HashMap, HashSet};

/// Why segments do not make one collection.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// Segments of different widths.
    #[error("{name} has {columns} columns, and {first} has {expected}")]
    Columns {
        /// The segment.
        name: String,
        /// Its columns.
        columns: usize,
        /// The first segment.
        first: String,
        /// Its columns.
        expected: usize,
    },
    /// Segments that are searched under different metrics.
    #[error("{name} is of metric {}, and {first} of {}", named(*.metric), named(*.expected))]
    Metric {
        /// The segment.
        name: String,
        /// Its metric, where the file says it.
        metric: Option<Metric>,
        /// The first segment.
        first: String,
        /// Its metric.
        expected: Option<Metric>,
    },
    /// Segments of different engines.
    #[error("{name} is an index of {engine}, and {first} of {expected}")]
    Engine {
        /// The segment.
        name: String,
        /// Who wrote it.
        engine: Engine,
        /// The first segment.
        first: String,
        /// Who wrote that.
        expected: Engine,
    },
    /// A row of two segments by one name.
    #[error(
        "{second} calls row {row} {id}, and so does {first} its row {first_row}: rows of segments have ids of their own, or none of the segments has ids"
    )]
    Repeated {
        /// The later segment.
        second: String,
        /// Its row.
        row: usize,
        /// The name.
        id: i64,
        /// The earlier segment.
        first: String,
        /// Its row.
        first_row: usize,
    },
    /// More rows or links than 32 bits number.
    #[error(transparent)]
    TooLarge(#[from] TooManyLinks),
}

fn named(metric: Option<Metric>) -> String {
    metric.map_or("no kind that the file says".to_owned(), |metric| {
        metric.to_string()
    })
}

impl SavedIndex {
    /// One index over the rows of all `segments`, each with the name that errors call it by.
    ///
    /// # Errors
    /// If they differ in width, metric or engine, or call two rows by one name.
    ///
    /// # Panics
    /// If there are none.
    pub fn merged(segments: Vec<(String, Self)>) -> Result<Self, SegmentError> {
        assert!(!segments.is_empty(), "a segment at least");
        check(&segments)?;
        let labels = labels(&segments)?;
        let (_, first) = &segments[0];
        let (engine, metric, columns) = (first.engine, first.metric, first.vectors.columns());
        let ef_search = segments.iter().map(|(_, segment)| segment.ef_search);
        let ef_search = ef_search.reduce(|all, own| all.filter(|_| all == own));
        let graphs: Vec<_> = segments
            .iter()
            .map(|(_, segment)| segment.graph.clone())
            .collect();
        let graph = union(&graphs)?;
        drop(graphs);
        let (mut deleted, mut values, mut rows) = (Vec::new(), Vec::new(), 0);
        let most = |of: fn(&Self) -> usize| segments.iter().map(|(_, segment)| of(segment)).max();
        let (m, ef_construction) = (
            most(|segment| segment.m),
            most(|segment| segment.ef_construction),
        );
        let bytes_after = segments
            .iter()
            .map(|(_, segment)| segment.bytes_after)
            .sum();
        for (_, segment) in segments {
            deleted.extend(segment.deleted.iter().map(|row| row + rows as u32));
            rows += segment.vectors.rows();
            values.extend_from_slice(segment.vectors.values());
        }
        Ok(Self {
            engine,
            graph,
            vectors: Matrix::new(rows, columns, values).expect("rows of one width"),
            metric,
            labels,
            deleted,
            bytes_after,
            m: m.unwrap_or(0),
            ef_construction: ef_construction.unwrap_or(0),
            ef_search: ef_search.flatten(),
        })
    }
}

fn check(segments: &[(String, SavedIndex)]) -> Result<(), SegmentError> {
    let (first, expected) = &segments[0];
    for (name, segment) in segments {
        let (name, first) = (name.clone(), first.clone());
        if segment.vectors.columns() != expected.vectors.columns() {
            return Err(SegmentError::Columns {
                name,
                columns: segment.vectors.columns(),
                first,
                expected: expected.vectors.columns(),
            });
        }
        if segment.engine != expected.engine {
            return Err(SegmentError::Engine {
                name,
                engine: segment.engine,
                first,
                expected: expected.engine,
            });
        }
        if segment.metric != expected.metric {
            return Err(SegmentError::Metric {
                name,
                metric: segment.metric,
                first,
                expected: expected.metric,
            });
        }
    }
    Ok(())
}

/// The names of all rows; `None` where these are the row numbers.
fn labels(segments: &[(String, SavedIndex)]) -> Result<Option<Vec<i64>>, SegmentError> {
    if segments.iter().all(|(_, segment)| segment.labels.is_none()) {
        return Ok(None);
    }
    let mut names = Vec::new();
    let mut met: HashMap<i64, (&str, usize)> = HashMap::new();
    for (segment_name, segment) in segments {
        let removed: HashSet<u32> = segment.deleted.iter().copied().collect();
        for row in 0..segment.vectors.rows() {
            let labels = segment.labels.as_ref();
            let id = labels.map_or(row as i64, |labels| labels[row]);
            names.push(id);
            // A removed row may have lost its id.
            if removed.contains(&(row as u32)) {
                continue;
            }
            if let Some((first, first_row)) = met.insert(id, (segment_name, row)) {
                return Err(SegmentError::Repeated {
                    second: segment_name.clone(),
                    row,
                    id,
                    first: first.to_owned(),
                    first_row,
                });
            }
        }
    }
    let in_order = as_row_numbers(&names).is_some_and(|names| names.is_sorted());
    Ok(Some(names).filter(|_| !in_order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Parameters;
    use crate::distance::VectorDistances;
    use crate::graph::{Graph, Links as _};

    fn segment(
        name: &str,
        rows: usize,
        columns: usize,
        labels: Option<Vec<i64>>,
    ) -> (String, SavedIndex) {
        let values = (0..rows * columns)
            .map(|place| (place * place % 17) as f32)
            .collect();
        let vectors = Matrix::new(rows, columns, values).expect("shape");
        let computer = VectorDistances::new(vectors.view(), Metric::L2);
        let graph = Graph::build(&computer, &Parameters::faiss(4, 8, 1)).expect("a graph");
        let index = SavedIndex {
            engine: Engine::Faiss,
            graph,
            vectors,
            metric: Some(Metric::L2),
            labels,
            deleted: Vec::new(),
            bytes_after: 0,
            m: 4,
            ef_construction: 8,
            ef_search: Some(16),
        };
        (name.to_owned(), index)
    }

    fn refused(segments: Vec<(String, SavedIndex)>) -> String {
        SavedIndex::merged(segments)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn slices_are_numbered_on_and_labels_are_kept() {
        let slices = vec![segment("a", 5, 2, None), segment("b", 7, 2, None)];
        let merged = SavedIndex::merged(slices).expect("a collection");
        assert_eq!(
            (merged.vectors.rows(), merged.labels, merged.ef_search),
            (12, None, Some(16))
        );
        assert_eq!(merged.graph.entry_points().count(), 2);
        let labels = Some((5..12).collect());
        let numbered = vec![segment("a", 5, 2, None), segment("b", 7, 2, labels.clone())];
        assert_eq!(
            SavedIndex::merged(numbered).expect("a collection").labels,
            None
        );
        let turned = vec![segment("b", 7, 2, labels), segment("a", 5, 2, None)];
        let names: Vec<i64> = (5..12).chain(0..5).collect();
        assert_eq!(
            SavedIndex::merged(turned).expect("a collection").labels,
            Some(names)
        );
    }

    #[test]
    fn segments_that_do_not_belong_together_are_refused_with_their_names_and_numbers() {
        let wide = refused(vec![segment("a", 5, 2, None), segment("b", 7, 3, None)]);
        assert_eq!(wide, "b has 3 columns, and a has 2");
        let twice = vec![
            segment("a", 5, 2, None),
            segment("b", 3, 2, Some(vec![9, 4, 8])),
        ];
        let words = refused(twice);
        assert!(
            words.starts_with("b calls row 1 4, and so does a its row 4"),
            "{words}"
        );
        let mut removed = [
            segment("a", 5, 2, Some(vec![7, 8, 0, 9, 10])),
            segment("b", 3, 2, Some(vec![0, 4, 5])),
        ];
        removed[0].1.deleted = vec![2];
        let merged = SavedIndex::merged(removed.into()).expect("a removed row has no id");
        assert_eq!(merged.labels.map_or(0, |labels| labels.len()), 8);
        let mut other = segment("b", 5, 2, None);
        other.1.metric = Some(Metric::InnerProduct);
        let words = refused(vec![segment("a", 5, 2, None), other]);
        assert_eq!(words, "b is of metric ip, and a of l2");
        let mut other = segment("b", 5, 2, None);
        other.1.engine = Engine::Hnswlib;
        let words = refused(vec![segment("a", 5, 2, None), other]);
        assert_eq!(words, "b is an index of hnswlib, and a of FAISS");
    }
}
