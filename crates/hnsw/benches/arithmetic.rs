//! What the engines' own arithmetic costs compared with ours: `cargo bench -p annatomy-hnsw --bench
//! arithmetic`.
//!
//! Keys of twenty rows that lie in the nearest cache, 128 columns, squared L2. The three take
//! turns, and each key is compared with ours to rounding.
//!
//! Fails if an engine's takes more than twelve times as long: then its code is no longer compiled
//! for the instructions at hand, and each fused addition is a call (fifty times).

use annatomy_hnsw::import::{Engine, EngineBuild, EngineDistances};
use annatomy_hnsw::{QueryScorer, VectorDistances};
use annatomy_vectors::{Matrix, Metric};
use std::hint::black_box;
use std::time::Instant;

const ROWS: u32 = 20;
const COLUMNS: usize = 128;
const REPEATS: usize = 2_000;
const ROUNDS: usize = 51;
const MOST: f64 = 12.0;

fn main() {
    let values = (0..(ROWS as usize + 1) * COLUMNS)
        .map(|i| (i * 7_919 % 1_000) as f32 / 1_000.0)
        .collect();
    let rows = Matrix::new(ROWS as usize + 1, COLUMNS, values).expect("rows of columns values");
    let query = rows.row(ROWS as usize);
    let ids: Vec<u32> = (0..ROWS).collect();
    let ours = VectorDistances::new(rows.view(), Metric::L2);
    let [faiss, hnswlib] = [Engine::Faiss, Engine::Hnswlib].map(|engine| {
        EngineDistances::new(
            rows.view(),
            Metric::L2,
            EngineBuild::on_this_machine(engine),
        )
    });
    let (mut ratios, mut keys) = ([Vec::new(), Vec::new()], [const { Vec::new() }; 3]);
    for _ in 0..ROUNDS {
        let base = seconds(ours.scorer_for(query), &ids, &mut keys[0]);
        ratios[0].push(seconds(faiss.scorer_for(query), &ids, &mut keys[1]) / base);
        ratios[1].push(seconds(hnswlib.scorer_for(query), &ids, &mut keys[2]) / base);
    }
    let [ours, engines @ ..] = keys.map(|keys| {
        keys.into_iter()
            .map(VectorDistances::reduced_distance_of_key)
    });
    for engine in engines {
        for (ours, theirs) in ours.clone().zip(engine) {
            assert!(
                (ours - theirs).abs() <= 1e-5 * ours,
                "{ours} of ours, {theirs} of an engine's"
            );
        }
    }
    println!("{ROWS} rows of {COLUMNS} columns in cache, {ROUNDS} rounds in turn");
    for (engine, mut ratios) in ["FAISS", "hnswlib"].into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios[ROUNDS / 2];
        println!("{engine:7} / ours  {ratio:.2}");
        assert!(
            ratio <= MOST,
            "{engine}'s arithmetic takes {ratio:.1} times as long as ours"
        );
    }
}

/// Evaluates `ids` time and again; the last keys are left in `keys`.
fn seconds(view: impl QueryScorer, ids: &[u32], keys: &mut Vec<u32>) -> f64 {
    let start = Instant::now();
    for _ in 0..REPEATS {
        keys.clear();
        view.keys(black_box(ids), keys);
        black_box(&keys);
    }
    start.elapsed().as_secs_f64()
}
