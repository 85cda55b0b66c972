//! Rows that repeat: a fact about the data and no fault.
//!
//! Enters: rows, whole or block by block. Leaves: [`Duplicates`]. Cost: one pass, 16 bytes a row, a
//! sort of one hash per row, and a second look at rows whose hashes agree. Exact: a hash only
//! brings candidates together.

use crate::MatrixView;
use rayon::prelude::*;

/// How often rows repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Rows looked at.
    pub rows: usize,
    /// Rows that equal an earlier row.
    pub repeated: usize,
    /// How often the most frequent row occurs: 1 where nothing repeats.
    pub largest_group: usize,
    /// The first row that equals an earlier one, and the earliest such one.
    pub first: Option<Repeat>,
}

/// A row and the earliest row it equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeat {
    /// The later row.
    pub row: usize,
    /// The earliest row with the same values.
    pub earlier: usize,
}

impl Duplicates {
    /// Rows less repeats: how many different vectors there are.
    pub fn distinct(&self) -> usize {
        self.rows - self.repeated
    }

    fn none(rows: usize) -> Self {
        Self {
            rows,
            repeated: 0,
            largest_group: rows.min(1),
            first: None,
        }
    }
}

/// Counts rows that are bit for bit an earlier row, with −0.0 and 0.0 the same.
pub fn duplicates(matrix: MatrixView<'_>) -> Duplicates {
    let mut search = DuplicateSearch::default();
    search.add(matrix);
    search.finish(|a, b| same_values(matrix.row(a), matrix.row(b)))
}

/// For every row the first row with the same values, where some row occurs more than `limit` times;
/// `None` where none does. −0.0 equals 0.0.
///
/// Cost: one pass over the rows, on the current rayon pool, and a sort of one hash per row.
///
/// ```
/// use annatomy_vectors::{Matrix, validate::representatives};
///
/// let rows = Matrix::new(4, 1, vec![7.0, 5.0, 7.0, 7.0])?;
/// assert_eq!(representatives(rows.view(), 2), Some(vec![0, 1, 0, 0]));
/// assert_eq!(representatives(rows.view(), 3), None);
/// # Ok::<(), annatomy_vectors::MatrixError>(())
/// ```
pub fn representatives(matrix: MatrixView<'_>, limit: usize) -> Option<Vec<u32>> {
    let mut hashed: Vec<(u64, u32)> = (0..matrix.rows())
        .into_par_iter()
        .map(|row| (hash(matrix.row(row)), row as u32))
        .collect();
    hashed.par_sort_unstable();
    let same_hash = |a: &(u64, u32), b: &(u64, u32)| a.0 == b.0;
    if hashed.chunk_by(same_hash).all(|group| group.len() <= limit) {
        return None;
    }
    let mut first_of: Vec<u32> = (0..matrix.rows() as u32).collect();
    for group in hashed.chunk_by(same_hash) {
        let mut kinds: Vec<u32> = Vec::new();
        for &(_, row) in group {
            let same =
                |&kind: &u32| same_values(matrix.row(kind as usize), matrix.row(row as usize));
            match kinds.iter().copied().find(same) {
                Some(kind) => first_of[row as usize] = kind,
                None => kinds.push(row),
            }
        }
    }
    Some(first_of)
}

/// Whether two rows are the same bit for bit, with −0.0 taken for 0.0.
pub fn same_values(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| bits(a) == bits(b))
}

/// The same count over rows that come block by block.
#[derive(Clone, Debug, Default)]
pub struct DuplicateSearch {
    hashed: Vec<(u64, usize)>,
}

impl DuplicateSearch {
    /// Takes the next rows, on the current rayon pool.
    pub fn add(&mut self, block: MatrixView<'_>) {
        let first = self.hashed.len();
        let rows = (0..block.rows()).into_par_iter();
        self.hashed
            .par_extend(rows.map(|row| (hash(block.row(row)), first + row)));
    }

    /// The count; `same` says whether two rows, by number, have the [same values](same_values).
    pub fn finish(self, mut same: impl FnMut(usize, usize) -> bool) -> Duplicates {
        let mut hashed = self.hashed;
        hashed.par_sort_unstable();
        let mut found = Duplicates::none(hashed.len());
        for same_hash in hashed
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|group| group.len() > 1)
        {
            add_group(&mut same, same_hash, &mut found);
        }
        found
    }
}

/// Compares the rows of one hash, in row order, with the first of each kind so far: nearly always a
/// single one.
fn add_group(
    same: &mut impl FnMut(usize, usize) -> bool,
    same_hash: &[(u64, usize)],
    found: &mut Duplicates,
) {
    let mut kinds: Vec<(usize, usize)> = Vec::new();
    for &(_, row) in same_hash {
        let known = kinds.iter_mut().find(|(earlier, _)| same(*earlier, row));
        let Some((earlier, count)) = known else {
            kinds.push((row, 1));
            continue;
        };
        *count += 1;
        found.repeated += 1;
        found.largest_group = found.largest_group.max(*count);
        let repeat = Repeat {
            row,
            earlier: *earlier,
        };
        found.first = Some(found.first.map_or(repeat, |first| first.min(repeat)));
    }
}

/// The value's bits, with −0.0 taken for 0.0.
fn bits(value: f32) -> u32 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

/// Rotate, xor, multiply by 2⁶⁴/φ, as in rustc's `FxHash`, of two values at a time in four states: a
/// product does not wait for the one before.
fn hash(row: &[f32]) -> u64 {
    let mix =
        |state: u64, word: u64| (state.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let pair = |[low, high]: [f32; 2]| u64::from(bits(low)) | u64::from(bits(high)) << 32;
    let (chunks, rest) = row.as_chunks::<8>();
    let mut states = [0; 4];
    for &[a, b, c, d, e, f, g, h] in chunks {
        let words = [[a, b], [c, d], [e, f], [g, h]].map(pair);
        for (state, word) in states.iter_mut().zip(words) {
            *state = mix(*state, word);
        }
    }
    let rest = rest.iter().map(|&value| u64::from(bits(value)));
    states.into_iter().chain(rest).fold(0, mix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use proptest::prelude::*;

    fn matrix(columns: usize, values: &[f32]) -> Matrix {
        Matrix::new(values.len() / columns, columns, values.to_vec()).unwrap()
    }

    #[test]
    fn repeats_are_counted_and_negative_zero_is_zero() {
        let values = matrix(
            2,
            &[7.0, 7.0, 0.0, 1.0, -0.0, 1.0, 7.0, 7.0, 7.0, 7.0, 2.0, 2.0],
        );
        let found = duplicates(values.view());
        let first = Some(Repeat { row: 2, earlier: 1 });
        assert_eq!(
            found,
            Duplicates {
                rows: 6,
                repeated: 3,
                largest_group: 3,
                first
            }
        );
        assert_eq!(found.distinct(), 3);
        let none = Matrix::new(0, 4, Vec::new()).unwrap();
        assert_eq!(
            duplicates(none.view()),
            Duplicates {
                rows: 0,
                repeated: 0,
                largest_group: 0,
                first: None
            }
        );
    }

    #[test]
    fn rows_that_share_a_hash_are_still_told_apart() {
        let values = matrix(1, &[1.0, 2.0, 1.0, 2.0, 3.0]);
        let mut found = Duplicates::none(5);
        let mut same = |a, b| same_values(values.row(a), values.row(b));
        add_group(
            &mut same,
            &[(9, 0), (9, 1), (9, 2), (9, 3), (9, 4)],
            &mut found,
        );
        assert_eq!(found.repeated, 2);
        assert_eq!(found.first, Some(Repeat { row: 2, earlier: 0 }));
    }

    proptest! {
        #[test]
        fn duplicates_agree_with_comparing_all_pairs(cells in proptest::collection::vec(0..3_u8, 0..60), block in 1..9_usize) {
            let rows = cells.len() / 2;
            let values = cells[..2 * rows].iter().map(|&cell| f32::from(cell)).collect();
            let values = Matrix::new(rows, 2, values).unwrap();
            let repeats = |row: usize| (0..row).any(|earlier| values.row(earlier) == values.row(row));
            let repeated = (0..rows).filter(|&row| repeats(row)).count();
            prop_assert_eq!(duplicates(values.view()).repeated, repeated);
            let mut in_blocks = DuplicateSearch::default();
            for first in (0..rows).step_by(block) {
                in_blocks.add(values.view().row_range(first..rows.min(first + block)));
            }
            let in_blocks = in_blocks.finish(|a, b| same_values(values.row(a), values.row(b)));
            prop_assert_eq!(in_blocks, duplicates(values.view()));
        }
    }
}
