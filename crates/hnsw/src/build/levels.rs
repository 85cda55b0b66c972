//! Which layers each node is on, and in which order nodes are inserted: all the randomness of a
//! graph.
//!
//! A level is ⌊−ln(u)/ln(M)⌋ for uniform u in (0, 1] (Malkov & Yashunin 2018, algorithm 1). One
//! named generator stream per purpose, so that a change in one cannot shift the other.

use super::parameters::{InsertionOrder, Parameters};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const LEVELS_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;
/// No graph that fits 32-bit ids needs more layers.
const HIGHEST_LEVEL: f64 = 30.0;

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// The level of each of `nodes` nodes.
pub(crate) fn draw_levels(parameters: &Parameters, nodes: usize) -> Vec<u8> {
    let mut generator = generator(parameters.seed, LEVELS_STREAM);
    let multiplier = 1.0 / (parameters.m as f64).ln();
    (0..nodes)
        .map(|_| {
            let uniform = ((generator.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
            (-uniform.ln() * multiplier).floor().min(HIGHEST_LEVEL) as u8
        })
        .collect()
}

/// The order in which nodes are inserted.
pub(crate) fn insertion_order(parameters: &Parameters, levels: &[u8]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..levels.len() as u32).collect();
    if parameters.insertion_order != InsertionOrder::AsGiven {
        shuffle(&mut order, &mut generator(parameters.seed, ORDER_STREAM));
    }
    if parameters.insertion_order == InsertionOrder::HighestLevelFirst {
        order.sort_by_key(|&node| std::cmp::Reverse(levels[node as usize]));
    }
    order
}

/// Fisher–Yates; the bias of taking a 64-bit draw modulo at most 2³² is below 2⁻³².
fn shuffle(order: &mut [u32], generator: &mut impl Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, (generator.next_u64() % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_in_m_rises_a_layer() {
        let levels = draw_levels(&Parameters::faiss(32, 200, 7), 100_000);
        let risen = levels.iter().filter(|&&level| level > 0).count();
        assert!(
            (2_950..3_300).contains(&risen),
            "{risen} of 100,000 at M = 32"
        );
    }

    #[test]
    fn the_faiss_order_is_a_permutation_by_falling_level() {
        let parameters = Parameters::faiss(4, 200, 7);
        let levels = draw_levels(&parameters, 1_000);
        let order = insertion_order(&parameters, &levels);
        assert!(
            order
                .windows(2)
                .all(|pair| levels[pair[0] as usize] >= levels[pair[1] as usize])
        );
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(
            sorted
                .iter()
                .enumerate()
                .all(|(i, &node)| i == node as usize)
        );
        assert!(
            order.windows(2).filter(|pair| pair[0] > pair[1]).count() > 300,
            "shuffled within levels"
        );
    }
}
