//! Progress on stderr: one bar with the time left, nothing where stderr is no terminal.

use crate::say::say;
use annatomy_runtime::{Monitor, Progress, printable_message};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A bar that follows the stages of long work.
#[derive(Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar on stderr, or a hidden one.
    pub fn new() -> Self {
        let shown = std::io::stderr().is_terminal();
        Self(if shown {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        })
    }

    /// Runs `work` with the bar on the screen.
    pub fn follow<R>(work: impl FnOnce() -> R) -> Result<R, annatomy_runtime::Cancelled> {
        let bar = Self::new();
        let result = Monitor::with_progress(bar.clone()).observe(work);
        bar.0.finish_and_clear();
        result
    }

    fn style(template: &str) -> ProgressStyle {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

impl Progress for Bar {
    fn stage(&self, name: &str, total: u64) {
        self.0.set_message(name.to_owned());
        if total > 0 {
            self.0.set_length(total);
            let template = if annatomy_fetch::counts_bytes(name) {
                "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left"
            } else {
                "{msg} {wide_bar} {pos}/{len}, {eta} left"
            };
            self.0.set_style(Self::style(template));
            self.0.reset();
        } else {
            self.0.set_style(Self::style("{spinner} {msg} {elapsed}"));
            self.0.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    fn warn(&self, line: &str) {
        self.0.suspend(|| say(format!("warning: {line}")));
    }

    fn note(&self, line: &str) {
        self.0.println(printable_message(line));
    }
}
