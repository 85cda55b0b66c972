//! Seeded data and a plain search that shares no code with the library.

use annatomy_hnsw::{DistanceComputer, Links, QueryScorer};
use annatomy_vectors::Matrix;
use std::collections::HashSet;

/// Clustered points: `clusters` centers, unit noise around each.
pub fn clustered(rows: usize, columns: usize, clusters: u64, seed: u64) -> Matrix {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let centers: Vec<f32> = (0..clusters as usize * columns)
        .map(|_| 3.0 * uniform())
        .collect();
    let values = (0..rows * columns)
        .map(|i| centers[(i / columns * 7 % clusters as usize) * columns + i % columns] + uniform())
        .collect();
    Matrix::new(rows, columns, values).expect("shape")
}

/// How the plain search below treats k > ef.
#[allow(dead_code, reason = "each test binary uses its part")]
pub enum Rule {
    StopEarly,
    Raise,
    RowCap,
    BeamIsK,
}

/// One separate search, in the most direct form: lists, linear scans, no heaps.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn plain_search<O: DistanceComputer>(
    graph: &impl Links,
    oracle: &O,
    query: u32,
    ef: usize,
    k: usize,
    rule: &Rule,
) -> Vec<u32> {
    let view = oracle.scorer(query);
    let (beam, rows) = match rule {
        Rule::StopEarly => (ef, k),
        Rule::Raise => (ef.max(k), k),
        Rule::RowCap => (ef, k.min(ef)),
        Rule::BeamIsK => (k, k),
    };
    let mut nearest = graph.entry_point().expect("not empty");
    for level in (1..=graph.level(nearest)).rev() {
        loop {
            let start = nearest;
            for &link in graph.links(start, level) {
                if view.key(link) < view.key(nearest) {
                    nearest = link;
                }
            }
            if nearest == start {
                break;
            }
        }
    }
    let mut seen = vec![(view.key(nearest), nearest)];
    let mut known = HashSet::from([nearest]);
    let mut open = seen.clone();
    while let Some(&best) = open.iter().min() {
        if seen.iter().filter(|other| other.0 < best.0).count() >= beam {
            break;
        }
        open.retain(|&other| other != best);
        for &link in graph.links(best.1, 0) {
            if known.insert(link) {
                seen.push((view.key(link), link));
                open.push((view.key(link), link));
            }
        }
    }
    seen.sort_unstable();
    seen.into_iter().take(rows).map(|(_, id)| id).collect()
}
