//! UMAP's gradient steps: a link draws its ends together as often as its weight says, and each time
//! pushes one end away from points drawn at random (McInnes et al. 2018, section 3.2).
//!
//! Nearness in the plane is 1/(1 + a·d^(2b)), whose gradients `curve` holds. One thread: each step
//! reads what the one before has written.

use super::curve::Curve;
use super::fuzzy::Links;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Points pushed away for each link followed.
const NEGATIVES: u32 = 5;

/// No step moves a coordinate farther than this.
const LONGEST: f32 = 4.0;

/// More for few points, as umap-learn has it, and 1.6 times its 500 and 200: over a curved sheet, mean
/// of six seeds, 500 keep .6445 of the neighbors, 800 .6532 and 1,000 .6505.
fn epochs(points: usize) -> usize {
    if points <= 10_000 { 800 } else { 320 }
}

pub(super) fn optimize(
    links: &Links,
    mut places: Vec<[f32; 2]>,
    random: &mut ChaCha8Rng,
) -> Vec<[f32; 2]> {
    let epochs = epochs(links.points);
    let strongest = links.all.iter().map(|link| link.2).fold(0.0, f32::max);
    // Links that would be followed less than once are left out.
    let followed: Vec<(u32, u32, f32)> = links
        .all
        .iter()
        .map(|&(from, to, weight)| (from, to, strongest / weight))
        .filter(|&(_, _, every)| every <= epochs as f32)
        .collect();
    let mut due: Vec<f32> = followed.iter().map(|&(_, _, every)| every).collect();
    let mut state = random.next_u64() | 1;
    let curve = Curve::new();
    for epoch in 0..epochs {
        annatomy_runtime::check();
        let rate = 1.0 - epoch as f32 / epochs as f32;
        for (&(from, to, every), due) in followed.iter().zip(&mut due) {
            if *due > epoch as f32 + 1.0 {
                continue;
            }
            *due += every;
            for (from, to) in [(from, to), (to, from)] {
                pull(&curve, &mut places, from as usize, to as usize, rate);
                for _ in 0..NEGATIVES {
                    let other = below(&mut state, links.points);
                    if other != from as usize {
                        push(&curve, &mut places, from as usize, other, rate);
                    }
                }
            }
        }
    }
    places
}

fn pull(curve: &Curve, places: &mut [[f32; 2]], from: usize, to: usize, rate: f32) {
    let (apart, squared) = apart(places, from, to);
    let strength = curve.pull(squared);
    for side in 0..2 {
        let step = rate * (strength * apart[side]).clamp(-LONGEST, LONGEST);
        places[from][side] += step;
        places[to][side] -= step;
    }
}

fn push(curve: &Curve, places: &mut [[f32; 2]], from: usize, other: usize, rate: f32) {
    let (apart, squared) = apart(places, from, other);
    let strength = curve.push(squared);
    for side in 0..2 {
        places[from][side] += rate * (strength * apart[side]).clamp(-LONGEST, LONGEST);
    }
}

fn apart(places: &[[f32; 2]], from: usize, to: usize) -> ([f32; 2], f32) {
    let (a, b) = (places[from], places[to]);
    let apart = [a[0] - b[0], a[1] - b[1]];
    (apart, apart[0] * apart[0] + apart[1] * apart[1])
}

/// A number below `count`, by xorshift64* (Vigna 2016).
fn below(state: &mut u64, count: usize) -> usize {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    let high = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
    ((high * count as u64) >> 32) as usize
}
