//! Initial pruning thresholds from samples: an order of the base rows in which samples come first,
//! and the rank in a sample that most likely bounds the k-th distance.
//!
//! Enters: n. Leaves: ids in order, samples first, each larger one beginning with the one before. A
//! sample has one row from each stretch of rows, drawn by a hash, so that neither sorted nor
//! periodic rows make it a special one. A wrong guess costs time, never an id. Cost: a pass over
//! the ids for each sample.

/// One row in this many is in each sample. Each says what is not worth keeping of the next.
const STRIDES: [usize; 4] = [48, 16, 4, 2];
/// Rows of the first sample that queries are grouped around, at most.
const PIVOTS: usize = 128;

/// The base rows, samples of them first.
#[derive(Clone, Debug)]
pub(crate) struct SampledOrder {
    ids: Vec<u32>,
    /// Rows of each sample, ascending.
    samples: Vec<usize>,
    /// Place of every row.
    places: Vec<u32>,
}

impl SampledOrder {
    /// An order of `rows` rows whose samples are whole numbers of `multiple` rows.
    pub(crate) fn new(rows: usize, multiple: usize) -> Self {
        let mut samples: Vec<usize> = STRIDES
            .iter()
            .map(|stride| rows / stride / multiple * multiple)
            .collect();
        samples.retain(|&sample| sample > 0);
        samples.dedup();
        let mut ids: Vec<u32> = (0..rows as u32).collect();
        // The largest sample is drawn from all rows, the next smaller one from that.
        let mut drawn_from = rows;
        for &sample in samples.iter().rev() {
            draw(&mut ids[..drawn_from], sample);
            drawn_from = sample;
        }
        let mut places = vec![0; rows];
        ids.iter()
            .zip(0..)
            .for_each(|(&id, place)| places[id as usize] = place);
        Self {
            ids,
            samples,
            places,
        }
    }

    /// The ids, the samples' first.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Rows of each sample, which are the first ids.
    pub(crate) fn samples(&self) -> &[usize] {
        &self.samples
    }

    /// The place of row `id`.
    pub(crate) fn place(&self, id: u32) -> usize {
        self.places[id as usize] as usize
    }

    /// The rank in a sample of `sample` rows whose distance most likely has `k` of all rows below
    /// it;
    /// `None` where the sample is too small for one.
    pub(crate) fn threshold_rank(&self, sample: usize, k: usize) -> Option<usize> {
        let rank = initial_threshold_rank(k * sample / self.ids.len().max(1));
        (2 * rank < sample).then_some(rank)
    }

    /// The number of row `id` among the pivots, where it is one.
    pub(crate) fn pivot(&self, id: u32) -> Option<u32> {
        let (place, &sample) = (self.place(id), self.samples.first()?);
        let step = sample.div_ceil(PIVOTS);
        (place < sample && place.is_multiple_of(step)).then_some((place / step) as u32)
    }
}

/// The rank in a sample whose distance most likely has more rows below it than are `expected`
/// there: a count in a sample scatters by the square root of its mean, and four of those are nearly
/// sure.
pub(crate) fn initial_threshold_rank(expected: usize) -> usize {
    expected + 4 * expected.isqrt() + 8
}

/// Moves one id from each of `sample` equal stretches to the front; within both parts the order
/// stays.
fn draw(ids: &mut [u32], sample: usize) {
    let start = |stretch: usize| stretch * ids.len() / sample;
    let drawn = (0..sample)
        .map(|stretch| start(stretch) + hashed(stretch, start(stretch + 1) - start(stretch)));
    let (mut chosen, mut others) = (Vec::with_capacity(sample), Vec::with_capacity(ids.len()));
    let mut drawn = drawn.peekable();
    for (place, &id) in ids.iter().enumerate() {
        let part = if drawn.next_if_eq(&place).is_some() {
            &mut chosen
        } else {
            &mut others
        };
        part.push(id);
    }
    chosen.append(&mut others);
    ids.copy_from_slice(&chosen);
}

/// A place within a stretch of `length`, by a multiplicative hash (Knuth, The Art of Computer
/// Programming 3, 1998, §6.4).
fn hashed(stretch: usize, length: usize) -> usize {
    ((stretch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_once_and_samples_are_spread() {
        let cases: [(usize, usize, &[usize]); 6] = [
            (0, 1, &[]),
            (3, 1, &[1]),
            (15, 1, &[3, 7]),
            (1000, 1, &[20, 62, 250, 500]),
            (1000, 30, &[60, 240, 480]),
            (10_000, 192, &[192, 576, 2496, 4992]),
        ];
        for (rows, multiple, samples) in cases {
            let order = SampledOrder::new(rows, multiple);
            assert_eq!(order.samples(), samples);
            let mut sorted = order.ids().to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..rows as u32).collect::<Vec<_>>());
            assert!((0..rows).all(|place| order.place(order.ids()[place]) == place));
            for &sample in samples {
                let mut of_sample = order.ids()[..sample].to_vec();
                of_sample.sort_unstable();
                // Drawn from stretches of stretches: never two from one, and none far from its
                // share.
                let off =
                    |(place, &id): (usize, &u32)| (id as usize).abs_diff(place * rows / sample);
                assert!(of_sample.iter().enumerate().map(off).max() <= Some(2 * rows / sample));
            }
        }
    }

    #[test]
    fn a_threshold_is_set_where_the_sample_is_large_enough() {
        let order = SampledOrder::new(10_000, 1);
        assert_eq!(order.threshold_rank(625, 500), Some(31 + 4 * 5 + 8));
        assert_eq!(order.threshold_rank(625, 9_000), None);
        let pivots: Vec<u32> = order
            .ids()
            .iter()
            .filter_map(|&id| order.pivot(id))
            .collect();
        assert_eq!(pivots, (0..104).collect::<Vec<_>>());
    }
}
