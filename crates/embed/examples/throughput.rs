//! Pictures per second and memory of one job: `throughput WEIGHTS IMAGES OUT.npy [THREADS]`.

use std::error::Error;
use std::time::Instant;

use annatomy_embed::source::ItemError;
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, Progress, ResNet50};

struct Say;

impl Progress for Say {
    fn skipped(&mut self, name: &str, error: &ItemError) {
        eprintln!("{name}: {error}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, images, output, threads @ ..] = &arguments[..] else {
        return Err("usage: throughput WEIGHTS IMAGES OUT.npy [THREADS]".into());
    };
    let start = Instant::now();
    let embedder = Embedder::new(ResNet50::new(&Weights::read(weights)?)?);
    println!("weights: {:.2} s", start.elapsed().as_secs_f64());
    let threads = threads.first().map_or(Ok(0), |threads| threads.parse())?;
    let start = Instant::now();
    let summary = Job { threads, ..Job::new(images, output) }.run(&embedder, &mut Say)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{} pictures in {seconds:.2} s: {:.1} per second", summary.embedded, summary.embedded as f64 / seconds);
    if let Some(peak) = std::fs::read_to_string("/proc/self/status")?.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{peak}");
    }
    Ok(())
}
