//! An order of the base rows in which a sample of them comes first, so that what is near can be guessed from it.
//!
//! Enters: n. Leaves: ids in order, the first `sample` of them one from each stretch of STRIDE rows, drawn by a hash, so
//! that neither sorted nor periodic rows make the sample a special one. A wrong guess costs time, never an id.
//! Cost: one pass over the ids.

/// One row in this many is in the sample.
const STRIDE: usize = 16;
/// Rows of the sample that queries are grouped around, at most.
const PIVOTS: usize = 128;

/// The base rows, a sample of them first.
#[derive(Clone, Debug)]
pub(crate) struct SampledOrder {
    ids: Vec<u32>,
    sample: usize,
    /// Place of every row.
    places: Vec<u32>,
}

impl SampledOrder {
    /// An order of `rows` rows whose sample is a whole number of `multiple` rows, or nothing.
    pub(crate) fn new(rows: usize, multiple: usize) -> Self {
        let sample = rows / STRIDE / multiple * multiple;
        let mut ids: Vec<u32> = (0..sample).map(|stretch| (stretch * STRIDE + drawn(stretch)) as u32).collect();
        let mut rest = ids.clone().into_iter().peekable();
        ids.extend((0..rows as u32).filter(|&id| rest.next_if_eq(&id).is_none()));
        let mut places = vec![0; rows];
        ids.iter().zip(0..).for_each(|(&id, place)| places[id as usize] = place);
        Self { ids, sample, places }
    }

    /// The ids, the sample's first.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Rows in the sample.
    pub(crate) fn sample(&self) -> usize {
        self.sample
    }

    /// Where row `id` stands.
    pub(crate) fn place(&self, id: u32) -> usize {
        self.places[id as usize] as usize
    }

    /// The place in the sample that most likely has `k` of all rows before it; `None` where a sample would not repay itself.
    pub(crate) fn bar_place(&self, k: usize) -> Option<usize> {
        let expected = k * self.sample / self.ids.len().max(1);
        // The sample's count under a bar scatters by the square root of its mean: four of those to be nearly sure.
        let place = expected + 4 * expected.isqrt() + 8;
        (2 * place < self.sample).then_some(place)
    }

    /// The number of row `id` among the pivots, where it is one.
    pub(crate) fn pivot(&self, id: u32) -> Option<u32> {
        let place = self.place(id);
        let step = self.sample.div_ceil(PIVOTS).max(1);
        (place < self.sample && place.is_multiple_of(step)).then_some((place / step) as u32)
    }
}

/// A place within a stretch, by a multiplicative hash (Knuth, The Art of Computer Programming 3, 1998, §6.4).
fn drawn(stretch: usize) -> usize {
    ((stretch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize % STRIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_once_and_the_sample_is_spread() {
        for (rows, multiple, sample) in [(0, 1, 0), (15, 1, 0), (1000, 1, 62), (1000, 30, 60), (1000, 192, 0)] {
            let order = SampledOrder::new(rows, multiple);
            assert_eq!(order.sample(), sample);
            let mut sorted = order.ids().to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..rows as u32).collect::<Vec<_>>());
            assert!((0..rows).all(|place| order.place(order.ids()[place]) == place));
            assert!((0..sample).all(|stretch| order.ids()[stretch] as usize / STRIDE == stretch));
        }
    }

    #[test]
    fn a_bar_is_guessed_where_the_sample_is_large_enough() {
        let order = SampledOrder::new(10_000, 1);
        assert_eq!(order.bar_place(500), Some(31 + 4 * 5 + 8));
        assert_eq!(order.bar_place(9_000), None);
        let pivots: Vec<u32> = order.ids().iter().filter_map(|&id| order.pivot(id)).collect();
        assert_eq!(pivots, (0..125).collect::<Vec<_>>());
    }
}
