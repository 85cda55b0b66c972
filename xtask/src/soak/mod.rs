//! `cargo xtask soak`: random commands, random kills, a small disk that fills.
//!
//! Each step runs one command in a folder on a small disk. The seed draws the command, the bytes
//! left on the disk, and its fate: it runs to its end, or is ended by SIGINT, SIGTERM, SIGHUP or
//! SIGKILL after a random while. What it leaves is compared with what the same command leaves on a large
//! disk. Then the disk is freed and the same command runs to its end.
//!
//! Faults: an output that is neither whole nor as it was; a file that no whole run leaves, after a
//! signal that can be caught, after an error, or after the next run; an exit code other than 0, 1,
//! 2, 3 or the signal sent; success without the outputs; a panic; no end.
//!
//! The seed fixes the steps, not the instants at which the system carries out a kill.

mod commands;
mod disk;
mod process;
mod random;
mod reference;
mod step;

use crate::command::cargo;
use anyhow::{Context, Result, bail};
use random::Random;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Where reference runs and inputs lie, and the small disk is mounted.
const FOLDER: &str = "target/soak";

/// What the command line asks for.
struct Settings {
    minutes: f64,
    commands: usize,
    seed: u64,
    binary: PathBuf,
}

/// Runs the soak; an error where there was any fault.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::parse(arguments)?;
    let folder = std::path::absolute(FOLDER).context("no current folder")?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {FOLDER}"))?;
    }
    let disk = disk::SmallDisk::new(&folder.join("disk"))?;
    eprintln!("seed {}; {disk}", settings.seed);
    let menu = commands::Menu::new(&settings.binary, &folder.join("inputs"))?;
    let mut soak = step::Soak::new(&settings.binary, &folder.join("reference"), &disk, &menu);
    let mut random = Random::new(settings.seed);
    let began = Instant::now();
    let limit = Duration::from_secs_f64(settings.minutes * 60.0);
    while soak.steps() < settings.commands && began.elapsed() < limit {
        soak.step(&mut random)?;
    }
    eprintln!("{soak}");
    match soak.faults() {
        0 => Ok(()),
        count => bail!("{count} faults; the same steps: --seed {}", settings.seed),
    }
}

impl Settings {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut settings = Self {
            minutes: 15.0,
            commands: usize::MAX,
            seed: 1,
            binary: PathBuf::new(),
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest
                .next()
                .with_context(|| format!("{name} needs a value"))?;
            let unread = || format!("{name} {value}");
            match name.as_str() {
                "--minutes" => settings.minutes = value.parse().with_context(unread)?,
                "--commands" => settings.commands = value.parse().with_context(unread)?,
                "--seed" => settings.seed = value.parse().with_context(unread)?,
                "--binary" => settings.binary = value.into(),
                _ => bail!("options: --minutes M, --commands N, --seed S, --binary FILE"),
            }
        }
        if settings.binary.as_os_str().is_empty() {
            // As the tests compile it.
            let build = ["build", "--profile", "ci", "--package", "annatomy-cli"];
            cargo(&[&build[..], &["--features", "onnx"]].concat(), &[])?;
            settings.binary = "target/ci/annatomy".into();
        }
        settings.binary = std::path::absolute(&settings.binary).context("no current folder")?;
        Ok(settings)
    }
}
