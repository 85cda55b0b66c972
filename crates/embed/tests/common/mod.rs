//! The pictures and weights that `goldens/make_goldens.py` draws, drawn by the same rule.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use annatomy_embed::pixels::Picture;
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, JobError, ResNet50, Summary};
use annatomy_runtime::{Monitor, Progress};
use sha2::{Digest as _, Sha256};

/// The goldens of this crate, also for the tests of the command, which include this file.
pub fn goldens() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../embed/tests/goldens")
}

/// What a job reports.
#[derive(Clone, Default)]
pub struct Heard {
    pub total: Arc<Mutex<u64>>,
    pub steps: Arc<Mutex<u64>>,
    pub notes: Arc<Mutex<Vec<String>>>,
}

impl Progress for Heard {
    fn stage(&self, _name: &str, total: u64) {
        *self.total.lock().unwrap() = total;
    }

    fn advance(&self, steps: u64) {
        *self.steps.lock().unwrap() += steps;
    }

    fn warn(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }
}

impl Heard {
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

/// Runs a job; its outcome and what it reported.
pub fn run_job(job: &Job, embedder: &Embedder) -> (Result<Summary, JobError>, Heard) {
    let heard = Heard::default();
    let outcome = Monitor::with_progress(heard.clone()).observe(|| job.run(embedder));
    (outcome.expect("nothing cancels it"), heard)
}

pub fn digest(values: &[u8]) -> String {
    let bytes = Sha256::digest(values);
    format!(
        "{:016x}",
        bytes
            .iter()
            .take(8)
            .fold(0u64, |digits, &byte| digits << 8 | u64::from(byte))
    )
}

pub fn drawn_picture(width: usize, height: usize) -> Picture {
    let pixel = |x: usize, y: usize| {
        [
            x * 7 + y * 3 + x * y / 16,
            x * 2 + y * 5 + 90,
            (x / 8 + y / 8) % 2 * 120 + x,
        ]
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y)));
    Picture::new(
        width,
        height,
        pixels.flatten().map(|value| (value & 255) as u8).collect(),
    )
    .unwrap()
}

/// FNV-1a of the name seeds SplitMix64; the 24 upper bits make a number in [−1, 1).
fn drawn(name: &str) -> impl Iterator<Item = f32> {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (1u64..).map(move |index| {
        let mut state = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((state ^ (state >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

type Tensor = (String, Vec<usize>, Vec<f32>);

fn convolution(tensors: &mut Vec<Tensor>, name: &str, norm: &str, shape: [usize; 4]) {
    let weight = format!("{name}.weight");
    let spread = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt() as f32;
    let values = drawn(&weight)
        .take(shape.iter().product())
        .map(|value| value * spread)
        .collect();
    tensors.push((weight, shape.to_vec(), values));
    for part in ["weight", "bias", "running_mean", "running_var"] {
        let name = format!("{norm}.{part}");
        let of = |value: f32| match part {
            "bias" | "running_mean" => value * 0.1,
            _ if name.ends_with("bn3.weight") => 0.25 * (1.0 + 0.5 * value),
            _ => 1.0 + 0.5 * value,
        };
        let values = drawn(&name).take(shape[0]).map(of).collect();
        tensors.push((name.clone(), vec![shape[0]], values));
    }
}

pub fn drawn_tensors() -> Vec<Tensor> {
    let mut tensors = Vec::new();
    convolution(&mut tensors, "conv1", "bn1", [64, 3, 7, 7]);
    let mut inputs = 64;
    for (layer, depth) in [3, 4, 6, 3].into_iter().enumerate() {
        let channels = 64 << layer;
        for block in 0..depth {
            let at = format!("layer{}.{block}", layer + 1);
            convolution(
                &mut tensors,
                &format!("{at}.conv1"),
                &format!("{at}.bn1"),
                [channels, inputs, 1, 1],
            );
            convolution(
                &mut tensors,
                &format!("{at}.conv2"),
                &format!("{at}.bn2"),
                [channels, channels, 3, 3],
            );
            convolution(
                &mut tensors,
                &format!("{at}.conv3"),
                &format!("{at}.bn3"),
                [4 * channels, channels, 1, 1],
            );
            if block == 0 {
                let shape = [4 * channels, inputs, 1, 1];
                convolution(
                    &mut tensors,
                    &format!("{at}.downsample.0"),
                    &format!("{at}.downsample.1"),
                    shape,
                );
            }
            inputs = 4 * channels;
        }
    }
    tensors
}

pub fn drawn_embedder() -> Embedder {
    Embedder::new(ResNet50::new(&Weights::from_tensors(drawn_tensors()).unwrap()).unwrap())
}

/// A PNG that claims any size: signature, header, 30 bytes of pixels, end.
pub fn png(width: u32, height: u32, bits: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let content = [kind, data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&content);
        bytes.extend(&content);
        bytes.extend(crc.sum().to_be_bytes());
    };
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&sizes[..], &[bits, 0, 0, 0, 0]].concat());
    let mut pixels = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut pixels, &[0; 2000]).unwrap();
    chunk(b"IDAT", &pixels.finish().unwrap());
    chunk(b"IEND", b"");
    bytes
}
