//! Base rows in shards that other processes read: one pass over each shard, and the rows that an audit names.
//!
//! Enters: [`ShardFacts`] of every shard, in the order of the rows, and [`FetchRows`], which brings rows by number. Leaves: rows bit
//! for bit as [`check_and_normalize`](super::check_and_normalize) makes them in memory.
//!
//! each shard, where it lies     `ShardFacts::of`: checks, largest value, unit length?, a digest of each row
//! here                          `GatheredRows::new`: what holds of all; how many digests repeat
//! a row that is read            fetched once, with all that are expected, and kept
//!
//! Cost: 16 bytes for each row of the base while repeats are counted; afterwards the rows that were read.

use super::elsewhere::RowsElsewhere;
use super::streamed::StreamError;
use super::unit_length::has_unit_length;
use annatomy_vectors::transform::normalize_row;
use annatomy_vectors::validate::{self, ValidationError, check_largest};
use annatomy_vectors::{Matrix, MatrixView, Metric, largest_magnitude};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// Half of a SHA-256: of 10⁹ rows two that differ have the same with a probability below 10⁻²⁰.
pub type RowDigest = [u8; 16];

/// What one pass over a shard finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShardFacts {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// The largest |value|.
    pub largest: f32,
    /// Whether all rows have unit length.
    pub all_unit: bool,
    /// A digest of each row as it is; none where rows will be scaled in any case.
    pub as_given: Vec<RowDigest>,
    /// Under cosine, a digest of each row scaled to unit length.
    pub scaled: Vec<RowDigest>,
}

impl ShardFacts {
    /// Looks at every row.
    ///
    /// # Errors
    /// For values that are not finite, and rows of zeros under cosine.
    pub fn of(rows: MatrixView<'_>, metric: Metric) -> Result<Self, ValidationError> {
        validate::check(rows, metric)?;
        let all_unit = (0..rows.rows()).all(|row| has_unit_length(rows.row(row)));
        let is_cosine = metric == Metric::Cosine;
        let mut facts = Self {
            rows: rows.rows(),
            columns: rows.columns(),
            largest: largest_magnitude(rows),
            all_unit,
            ..Self::default()
        };
        let mut scaled = vec![0.0; rows.columns()];
        for row in 0..rows.rows() {
            if !is_cosine || all_unit {
                facts.as_given.push(digest(rows.row(row)));
            }
            if is_cosine {
                scaled.copy_from_slice(rows.row(row));
                normalize_row(&mut scaled);
                facts.scaled.push(digest(&scaled));
            }
        }
        Ok(facts)
    }
}

/// −0.0 is taken for 0.0.
fn digest(row: &[f32]) -> RowDigest {
    let mut hasher = Sha256::new();
    for value in row {
        let value = if *value == 0.0 { 0.0 } else { *value };
        hasher.update(value.to_le_bytes());
    }
    let mut half = RowDigest::default();
    half.copy_from_slice(&hasher.finalize()[..16]);
    half
}

/// Brings rows from where they lie.
pub trait FetchRows: Debug + Send + Sync {
    /// The rows of these numbers, ascending, as they lie there.
    ///
    /// # Errors
    /// In words, if they cannot be had.
    fn fetch(&self, ids: &[usize]) -> Result<Matrix, String>;
}

/// Rows in shards.
#[derive(Debug)]
pub struct GatheredRows<'f> {
    rows: usize,
    columns: usize,
    repeated: usize,
    are_scaled: bool,
    source: &'f dyn FetchRows,
    kept: RwLock<Kept>,
    /// Fetches go one after another, so that no row is fetched twice.
    fetching: Mutex<()>,
    failure: Mutex<Option<String>>,
}

/// Rows by number.
#[derive(Debug, Default)]
struct Kept {
    places: HashMap<usize, usize>,
    values: Vec<f32>,
}

impl<'f> GatheredRows<'f> {
    /// All shards, in the order of their rows.
    ///
    /// # Errors
    /// If shards differ in columns, or values are beyond the range that [`check_largest`] allows.
    pub fn new(
        shards: Vec<ShardFacts>,
        metric: Metric,
        source: &'f dyn FetchRows,
    ) -> Result<Self, GatherError> {
        let columns = shards.first().map_or(0, |shard| shard.columns);
        if let Some(shard) = shards.iter().position(|shard| shard.columns != columns) {
            return Err(GatherError::Columns {
                shard,
                found: shards[shard].columns,
                expected: columns,
            });
        }
        let rows = shards.iter().map(|shard| shard.rows).sum();
        let largest = shards
            .iter()
            .fold(0_f32, |most, shard| most.max(shard.largest));
        check_largest(rows, largest, metric)?;
        let are_scaled = metric == Metric::Cosine && !shards.iter().all(|shard| shard.all_unit);
        let mut digests = Vec::with_capacity(rows);
        for shard in shards {
            digests.extend(if are_scaled {
                shard.scaled
            } else {
                shard.as_given
            });
        }
        digests.sort_unstable();
        let distinct = digests.chunk_by(|a, b| a == b).count();
        Ok(Self {
            rows,
            columns,
            repeated: digests.len() - distinct,
            are_scaled,
            source,
            kept: RwLock::default(),
            fetching: Mutex::default(),
            failure: Mutex::default(),
        })
    }

    /// Fetches those of `ids` that are not kept.
    fn keep(&self, ids: &[usize]) {
        if self.missing(ids).is_empty() {
            return;
        }
        let _one_at_a_time = locked(&self.fetching);
        let missing = self.missing(ids);
        if missing.is_empty() {
            return;
        }
        let mut found = match self.source.fetch(&missing) {
            Ok(found) if (found.rows(), found.columns()) == (missing.len(), self.columns) => found,
            other => {
                let words = match other {
                    Ok(found) => format!(
                        "{} rows of {} columns came for {} rows",
                        found.rows(),
                        found.columns(),
                        missing.len()
                    ),
                    Err(words) => words,
                };
                locked(&self.failure).get_or_insert(words);
                // Finite and of some length, so that whatever is computed from them ends.
                let mut placeholders = Matrix::zeros(missing.len(), self.columns);
                placeholders.values_mut().fill(1.0);
                placeholders
            }
        };
        if self.are_scaled && self.columns > 0 {
            found
                .values_mut()
                .chunks_exact_mut(self.columns)
                .for_each(normalize_row);
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let first = kept.places.len();
        kept.places.extend(missing.into_iter().zip(first..));
        kept.values.extend_from_slice(found.values());
    }

    /// Those that are not kept, ascending, each once.
    fn missing(&self, ids: &[usize]) -> Vec<usize> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let mut missing: Vec<usize> = ids
            .iter()
            .copied()
            .filter(|id| !kept.places.contains_key(id))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}

impl RowsElsewhere for GatheredRows<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn are_scaled(&self) -> bool {
        self.are_scaled
    }

    fn read(&self, range: Range<usize>, out: &mut [f32]) {
        let ids: Vec<usize> = range.collect();
        out.copy_from_slice(self.select(&ids).values());
    }

    fn select(&self, ids: &[usize]) -> Matrix {
        self.keep(ids);
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Matrix::zeros(ids.len(), self.columns);
        for (place, id) in ids.iter().enumerate() {
            let start = kept.places[id] * self.columns;
            rows.row_mut(place)
                .copy_from_slice(&kept.values[start..start + self.columns]);
        }
        rows
    }

    fn repeated(&self) -> usize {
        self.repeated
    }

    fn expect(&self, ids: &[usize]) {
        self.keep(ids);
    }

    fn verify(&self) -> Result<(), StreamError> {
        match locked(&self.failure).take() {
            Some(problem) => Err(StreamError::Elsewhere { problem }),
            None => Ok(()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shards that are no base.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// Another number of columns than the first shard's.
    #[error("shard {shard} has {found} columns, and the first {expected}")]
    Columns {
        /// Which.
        shard: usize,
        /// Its columns.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
    /// Values that no distance can be taken of.
    #[error(transparent)]
    Vectors(#[from] ValidationError),
}

#[cfg(test)]
mod tests {
    use super::super::check_and_normalize;
    use super::*;
    use crate::testing::{noise, unit_noise};
    use annatomy_vectors::validate::duplicates;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Rows in memory, counting those that are fetched.
    #[derive(Debug)]
    struct Memory(Matrix, AtomicUsize);

    impl FetchRows for Memory {
        fn fetch(&self, ids: &[usize]) -> Result<Matrix, String> {
            self.1.fetch_add(ids.len(), Ordering::Relaxed);
            if ids.contains(&13) {
                return Err("row 13 is gone".to_owned());
            }
            Ok(self.0.select(ids))
        }
    }

    fn facts(rows: &Matrix, metric: Metric) -> Vec<ShardFacts> {
        let n = rows.rows();
        [0..n / 3, n / 3..n / 3 + 1, n / 3 + 1..n]
            .map(|part| ShardFacts::of(rows.view().row_range(part), metric).expect("finite"))
            .to_vec()
    }

    #[test]
    fn rows_are_those_in_memory_and_each_is_fetched_once() {
        let mut repeating = noise(30, 3, 5);
        let double: Vec<f32> = repeating.row(4).iter().map(|value| 2.0 * value).collect();
        repeating.row_mut(29).copy_from_slice(&double);
        let first = repeating.row(7).to_vec();
        repeating.row_mut(8).copy_from_slice(&first);
        for rows in [repeating, unit_noise(30, 3, 6)] {
            for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
                let mut right = rows.clone();
                check_and_normalize(&mut right, metric).expect("finite");
                let source = Memory(rows.clone(), AtomicUsize::new(0));
                let found = GatheredRows::new(facts(&rows, metric), metric, &source).expect("rows");
                assert_eq!((found.rows(), found.columns()), (30, 3));
                assert_eq!(
                    found.are_scaled(),
                    right.values() != rows.values(),
                    "{metric}"
                );
                assert_eq!(
                    found.repeated(),
                    duplicates(right.view()).repeated,
                    "{metric}"
                );
                found.expect(&[1, 4, 29]);
                let ids = [29, 0, 4, 0, 7];
                assert_eq!(found.select(&ids).values(), right.select(&ids).values());
                assert_eq!(source.1.load(Ordering::Relaxed), 5);
                assert!(found.verify().is_ok());
            }
        }
    }

    #[test]
    fn a_row_that_cannot_be_had_is_an_error_in_the_end() {
        let rows = noise(30, 3, 5);
        let source = Memory(rows.clone(), AtomicUsize::new(0));
        let found = GatheredRows::new(facts(&rows, Metric::L2), Metric::L2, &source).expect("rows");
        assert_eq!(found.select(&[13]).values(), [1.0; 3]);
        let error = found.verify().expect_err("gone").to_string();
        assert_eq!(error, "row 13 is gone");
    }

    #[test]
    fn shards_that_do_not_fit_one_another_are_refused() {
        let rows = noise(30, 3, 5);
        let source = Memory(rows.clone(), AtomicUsize::new(0));
        let mut shards = facts(&rows, Metric::L2);
        shards[1].columns = 2;
        let refused = |shards| {
            GatheredRows::new(shards, Metric::L2, &source)
                .expect_err("no base")
                .to_string()
        };
        assert_eq!(refused(shards), "shard 1 has 2 columns, and the first 3");
        let mut shards = facts(&rows, Metric::L2);
        shards[2].largest = 1e18;
        assert!(refused(shards).contains("of 30 rows is 1e18"));
    }
}
