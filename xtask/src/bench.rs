//! The race against the peers: everything optimised, in a virtual environment of its own, kept from
//! race to race.
//!
//! Needs `python3` with `venv` and a compiler for hnswlib. The script is `benches/race`; its
//! records go under `benches/record/`, one a part, day and processor.

use crate::command::{cargo, run};
use crate::environment::Environment;
use anyhow::{Context, Result};

const ENVIRONMENT: &str = "target/bench/environment";
const WHEELS: &str = "target/bench/wheels";
const PEERS: [&str; 9] = [
    "faiss-cpu",
    "hnswlib",
    "usearch",
    "matplotlib",
    "numpy",
    "pyarrow",
    "ray",
    "scipy",
    "threadpoolctl",
];

/// What the part `embed` needs besides.
const EMBEDDING: &str = "embed";
const EMBEDDING_PEERS: [&str; 6] = [
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "safetensors",
    "pillow",
];

/// Runs the named parts of the race, or all of them.
pub fn race(parts: &[String]) -> Result<()> {
    cargo(&["build", "--release", "--quiet"], &[])?;
    let environment = Environment::open_or_create(ENVIRONMENT)?;
    let wheel = environment.wheel(WHEELS, "--profile release")?;
    environment.install(&PEERS)?;
    if parts.iter().any(|part| part == EMBEDDING) {
        environment.install(&EMBEDDING_PEERS)?;
        let example = ["--package", "annatomy-embed", "--example", "throughput"];
        cargo(
            &[&["build", "--release", "--quiet"][..], &example].concat(),
            &[],
        )?;
    }
    environment.install(&["--force-reinstall", "--no-deps", &wheel])?;
    let command = std::path::absolute("target/release/annatomy").context("no current folder")?;
    run(environment
        .python()
        .args(["-m", "race"])
        .arg(command)
        .args(parts)
        .env("PYTHONPATH", "benches"))
}
