//! Pictures per second and memory of one job: `throughput WEIGHTS|MODEL.onnx IMAGES OUT.npy
//! [THREADS]`.
//!
//! The last line is for scripts: wall seconds, CPU seconds, pictures, peak memory in kB, as a JSON
//! list.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, ResNet50};
use annatomy_runtime::{Monitor, Progress};

struct Notes;

impl Progress for Notes {
    fn stage(&self, _name: &str, _total: u64) {}

    fn warn(&self, line: &str) {
        eprintln!("{line}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, images, output, threads @ ..] = &arguments[..] else {
        return Err("usage: throughput WEIGHTS|MODEL.onnx IMAGES OUT.npy [THREADS]".into());
    };
    let embedder = embedder(Path::new(model))?;
    let threads = threads.first().map_or(Ok(0), |threads| threads.parse())?;
    let (start, busy) = (Instant::now(), cpu_seconds()?);
    let job = Job {
        threads,
        ..Job::new(images, output)
    };
    let summary = Monitor::with_progress(Notes).observe(|| job.run(&embedder))??;
    let (seconds, busy) = (start.elapsed().as_secs_f64(), cpu_seconds()? - busy);
    let pictures = summary.embedded;
    println!(
        "{pictures} pictures in {seconds:.2} s: {:.1} per second",
        pictures as f64 / seconds
    );
    println!("[{seconds}, {busy}, {pictures}, {}]", peak_kilobytes()?);
    Ok(())
}

fn embedder(model: &Path) -> Result<Embedder, Box<dyn Error>> {
    #[cfg(feature = "onnx")]
    if model.extension().is_some_and(|ending| ending == "onnx") {
        use annatomy_embed::onnx::{OnnxModel, OnnxRequest};
        let request = OnnxRequest {
            path: model.to_owned(),
            ..OnnxRequest::default()
        };
        return Ok(Embedder::onnx(OnnxModel::load(&request)?));
    }
    Ok(Embedder::new(ResNet50::new(&Weights::read(model)?)?))
}

/// Of all threads of this process, in and out of the kernel (Linux; hundredths of seconds).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields are counted after the name, which may hold spaces.
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks = fields
        .skip(11)
        .take(2)
        .map(str::parse::<f64>)
        .sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}

fn peak_kilobytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line
        .unwrap_or("0 kB")
        .trim()
        .trim_end_matches(" kB")
        .parse()?)
}
