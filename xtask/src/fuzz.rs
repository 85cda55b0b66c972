//! `cargo xtask fuzz --minutes M --at-once N --target NAME`: libFuzzer on every target, or those named,
//! each for M minutes within 2 GB, N at the same time.
//!
//! Needs a nightly toolchain and cargo-fuzz (`cargo install cargo-fuzz`); says which is missing, and
//! then succeeds: nothing was found because nothing ran. Closes with a table of executions.
//!
//! Built without sanitizers: `unsafe` lives in the kernels alone, which Miri runs (`cargo xtask
//! miri`); what readers may do wrong is a panic, a hang or an allocation, and libFuzzer sees these by
//! itself. `--sanitizer address` builds with one, which takes twice as long.

use crate::command::run as execute;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

const TARGETS: &str = "fuzz/fuzz_targets";
/// What each target says while it runs.
const LOGS: &str = "fuzz/target/logs";
/// Megabytes that a target may take.
const MEMORY: u32 = 2_048;
/// Seconds that one input may take: of a reader that is slow, and of a machine that is busy.
const SECONDS_OF_ONE: u32 = 60;
/// Inputs are written to files: five times as many a second as on a disk.
const IN_MEMORY: &str = "/dev/shm";
/// What the tests keep, as seeds of the targets that take a file as it is.
const SEEDS: [(&str, &str); 3] = [
    ("saved_index", "crates/hnsw/tests/goldens"),
    // usearch's graphs over float32 rows are among these.
    ("saved_index", "crates/methods/tests/goldens"),
    ("methods", "crates/methods/tests/goldens"),
];

/// What is asked for.
struct Options {
    minutes: f64,
    at_once: usize,
    sanitizer: String,
    targets: Vec<String>,
}

/// What a target came to.
struct Outcome {
    target: String,
    executions: String,
    seconds: f64,
    /// Inputs that make it fail.
    found: Vec<String>,
}

/// Runs the targets; an error where one of them fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let works = |command: &mut Command| command.output().is_ok_and(|out| out.status.success());
    if !works(Command::new("cargo").args(["+nightly", "--version"])) {
        eprintln!("not fuzzed: there is no nightly toolchain (rustup toolchain install nightly)");
        return Ok(());
    }
    if !works(Command::new("cargo").args(["fuzz", "--version"])) {
        eprintln!("not fuzzed: there is no cargo-fuzz (cargo install cargo-fuzz)");
        return Ok(());
    }
    execute(Command::new("sh").arg("fuzz/seed.sh"))?;
    // The same versions of the decoders as in a release.
    std::fs::copy("Cargo.lock", "fuzz/Cargo.lock").context("cannot copy Cargo.lock")?;
    let began = Instant::now();
    execute(&mut cargo_fuzz("build", &options.sanitizer))?;
    eprintln!("built in {:.0} s", began.elapsed().as_secs_f64());
    std::fs::create_dir_all(LOGS).with_context(|| format!("cannot make {LOGS}"))?;
    let outcomes = options.fuzz_all()?;
    println!("| target | executions | seconds | found |\n|---|---|---|---|");
    for outcome in &outcomes {
        let Outcome {
            target,
            executions,
            seconds,
            found,
        } = outcome;
        println!(
            "| {target} | {executions} | {seconds:.0} | {} |",
            found.len()
        );
    }
    let failed: Vec<&str> = outcomes
        .iter()
        .flat_map(|outcome| outcome.found.iter().map(String::as_str))
        .collect();
    if !failed.is_empty() {
        bail!("found:\n{}", failed.join("\n"));
    }
    Ok(())
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            minutes: 1.0,
            at_once: 1,
            sanitizer: "none".to_owned(),
            targets: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} VALUE"))?;
            match name.as_str() {
                "--minutes" => options.minutes = value.parse().context("--minutes")?,
                "--at-once" => options.at_once = value.parse().context("--at-once")?,
                "--sanitizer" => options.sanitizer.clone_from(value),
                "--target" => options.targets.push(value.clone()),
                _ => bail!("options: --minutes M, --at-once N, --sanitizer NAME, --target NAME"),
            }
        }
        if options.targets.is_empty() {
            options.targets = targets()?;
        }
        Ok(options)
    }

    /// Targets in their order, as many at the same time as asked for.
    fn fuzz_all(&self) -> Result<Vec<Outcome>> {
        let waiting = Mutex::new(self.targets.iter());
        let outcomes = Mutex::new(Vec::new());
        let work = || -> Result<()> {
            loop {
                let next = waiting.lock().expect("no panic").next();
                let Some(target) = next else { return Ok(()) };
                let outcome = self.fuzz(target)?;
                outcomes.lock().expect("no panic").push(outcome);
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.at_once.max(1))
                .map(|_| scope.spawn(work))
                .collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().expect("no panic"))
        })?;
        let mut outcomes = outcomes.into_inner().expect("no panic");
        outcomes.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(outcomes)
    }

    /// One target for its minutes, or until it finds something.
    fn fuzz(&self, target: &str) -> Result<Outcome> {
        let corpus = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {corpus}"))?;
        let mut command = cargo_fuzz("run", &self.sanitizer);
        command.args([target, &corpus]);
        let seeds = SEEDS.iter().filter(|(of, _)| *of == target);
        command.args(seeds.map(|(_, folder)| folder));
        let seconds = (self.minutes * 60.0).ceil();
        command.args(["--", "-print_final_stats=1"]);
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-rss_limit_mb={MEMORY}"));
        command.arg(format!("-timeout={SECONDS_OF_ONE}"));
        if Path::new(IN_MEMORY).is_dir() {
            command.env("TMPDIR", IN_MEMORY);
        }
        let path = PathBuf::from(LOGS).join(format!("{target}.log"));
        let log = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        command.stdout(Stdio::null()).stderr(log);
        let began = Instant::now();
        let ended = execute(&mut command);
        let said = std::fs::read(&path).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let mut found = after(&said, "Test unit written to ");
        if ended.is_err() && found.is_empty() {
            found.push(format!("{target} failed: see {}", path.display()));
        }
        Ok(Outcome {
            target: target.to_owned(),
            executions: after(&said, "stat::number_of_executed_units:")
                .pop()
                .unwrap_or_else(|| "?".to_owned()),
            seconds: began.elapsed().as_secs_f64(),
            found,
        })
    }
}

/// What follows `words` on each line that has them.
fn after(said: &str, words: &str) -> Vec<String> {
    let lines = said.lines().filter_map(|line| line.split_once(words));
    lines.map(|(_, rest)| rest.trim().to_owned()).collect()
}

fn cargo_fuzz(task: &str, sanitizer: &str) -> Command {
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", task, "--sanitizer", sanitizer]);
    command
}

/// Sources directly in the folder; folders hold what they share.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    let folder = Path::new(TARGETS);
    for entry in std::fs::read_dir(folder).with_context(|| format!("no folder {TARGETS}"))? {
        let path = entry.context("cannot list")?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.file_stem().unwrap_or_default();
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
