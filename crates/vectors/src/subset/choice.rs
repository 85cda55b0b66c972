//! Which rows are drawn, and in which order.
//!
//! Enters: a seed, a population, a size. Leaves: `size` distinct row numbers below `population`. As
//! NumPy decides:
//!
//! * a population over 10,000 of which more than a fiftieth is drawn: shuffle the tail of
//!   0..population, keep the tail
//! * otherwise: Floyd's sampling (Bentley & Floyd, CACM 30, 1987), then a shuffle of the sample
//!
//! Cost: 4 bytes per member of the population in the first case, a hash set of the sample in the
//! second (16 bytes a row), and the rows themselves. Both stop when the thread's monitor is
//! cancelled.

use std::collections::HashSet;

use super::generator::Generator;

/// Above this many, a large sample is drawn by shuffling the population's tail.
const SMALL_POPULATION: usize = 10_000;
/// A sample is large when it exceeds the population divided by this.
const LARGE_SAMPLE_DIVISOR: usize = 50;
/// Draws between two looks at the monitor.
pub(super) const DRAWS_AT_ONCE: u32 = 1 << 16;
/// Row numbers are 32 bits wide, as [`crate::PointId`] is.
const LARGEST_POPULATION: usize = u32::MAX as usize;

/// Why a subset cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SubsetError {
    /// More rows asked for than there are.
    #[error("a subset of {size} rows cannot be drawn from {population} rows without replacement")]
    TooFew {
        /// Rows asked for.
        size: usize,
        /// Rows there are.
        population: usize,
    },
    /// More rows than 32-bit row numbers can tell apart.
    #[error(
        "{population} rows are more than row numbers of 32 bits can tell apart ({LARGEST_POPULATION})"
    )]
    TooMany {
        /// Rows there are.
        population: usize,
    },
    /// The memory for the draw was refused.
    #[error("no memory to draw {size} of {population} rows")]
    Memory {
        /// Rows asked for.
        size: usize,
        /// Rows there are.
        population: usize,
    },
}

/// The row numbers that `numpy.random.default_rng(seed).choice(population, size, replace=False)`
/// gives, in its order.
///
/// ```
/// let rows = annatomy_vectors::subset::numpy_choice(42, 100, 5)?;
/// assert_eq!(rows, [75, 43, 64, 8, 99]);
/// # Ok::<(), annatomy_vectors::subset::SubsetError>(())
/// ```
pub fn numpy_choice(seed: u64, population: usize, size: usize) -> Result<Vec<usize>, SubsetError> {
    if population > LARGEST_POPULATION {
        return Err(SubsetError::TooMany { population });
    }
    if size > population {
        return Err(SubsetError::TooFew { size, population });
    }
    let shuffles = population > SMALL_POPULATION && size > population / LARGE_SAMPLE_DIVISOR;
    let bytes = 8 * size + if shuffles { 4 * population } else { 16 * size };
    if annatomy_runtime::check_memory("the draw", bytes as u64).is_err() {
        return Err(SubsetError::Memory { size, population });
    }
    let mut generator = Generator::new(seed);
    let rows = if shuffles {
        shuffled_tail(&mut generator, population, size)
    } else {
        floyd_sample(&mut generator, population, size)
    };
    let rows = rows.map_err(|_| SubsetError::Memory { size, population })?;
    Ok(rows.into_iter().map(|row| row as usize).collect())
}

fn shuffled_tail(
    generator: &mut Generator,
    population: usize,
    size: usize,
) -> Result<Vec<u32>, std::collections::TryReserveError> {
    let mut rows = Vec::new();
    rows.try_reserve_exact(population)?;
    rows.extend(0..population as u32);
    let tail = population - size;
    generator.shuffle_from(tail.max(1), &mut rows);
    rows.drain(..tail);
    Ok(rows)
}

/// For each `last` of the sample's possible largest members: a random row up to `last`, or `last`
/// itself where that is taken.
fn floyd_sample(
    generator: &mut Generator,
    population: usize,
    size: usize,
) -> Result<Vec<u32>, std::collections::TryReserveError> {
    let mut rows = Vec::new();
    let mut taken = HashSet::new();
    rows.try_reserve_exact(size)?;
    taken.try_reserve(size)?;
    for last in (population - size) as u32..population as u32 {
        if last.is_multiple_of(DRAWS_AT_ONCE) {
            annatomy_runtime::check();
        }
        let drawn = generator.up_to(last);
        let row = if taken.insert(drawn) { drawn } else { last };
        taken.insert(row);
        rows.push(row);
    }
    generator.shuffle_from(1, &mut rows);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_subsets_are_refused_with_their_numbers() {
        assert_eq!(
            numpy_choice(0, 3, 4),
            Err(SubsetError::TooFew {
                size: 4,
                population: 3
            })
        );
        let population = u32::MAX as usize + 1;
        assert_eq!(
            numpy_choice(0, population, 1),
            Err(SubsetError::TooMany { population })
        );
        assert_eq!(numpy_choice(0, 0, 0), Ok(Vec::new()));
    }
}
