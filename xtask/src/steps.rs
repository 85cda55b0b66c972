//! Wall-clock seconds of named steps, and the table that closes a task.

use anyhow::Result;
use std::fmt;
use std::time::{Duration, Instant};

/// The steps that have ended, in order.
pub struct Steps {
    began: Instant,
    ended: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// No step yet; the clock of the whole starts here.
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            ended: Vec::new(),
        }
    }

    /// Runs one step and keeps its seconds.
    pub fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        let began = Instant::now();
        let result = step()?;
        self.ended.push((name, began.elapsed()));
        Ok(result)
    }
}

/// A Markdown table: CONTRIBUTING.md holds one of a run from nothing.
impl fmt::Display for Steps {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        writeln!(
            out,
            "| step | seconds on {cores} cores of {} |",
            processor()
        )?;
        writeln!(out, "|---|---|")?;
        for (name, spent) in &self.ended {
            writeln!(out, "| {name} | {:.0} |", spent.as_secs_f64())?;
        }
        writeln!(out, "| all | {:.0} |", self.began.elapsed().as_secs_f64())
    }
}

/// The processor's name, where Linux gives it.
fn processor() -> String {
    let lines = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = lines
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "this machine".to_owned(), |(_, name)| name.to_owned())
}
