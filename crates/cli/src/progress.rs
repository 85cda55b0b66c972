//! Progress on stderr: one bar with the time left, nothing where stderr is no terminal.

use annatomy::study::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A bar that follows a study.
pub struct Bar {
    bar: ProgressBar,
    runs: usize,
}

impl Bar {
    pub fn new(runs: usize) -> Self {
        let shown = std::io::stderr().is_terminal();
        let bar = if shown {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        Self { bar, runs }
    }

    fn style(template: &str) -> ProgressStyle {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn stage(&self, run: usize, stage: &str, total: u64) {
        self.bar
            .set_message(format!("run {}/{}  {stage}", run + 1, self.runs));
        if total > 0 {
            self.bar.set_length(total);
            self.bar.set_style(Self::style(
                "{msg} {wide_bar} {pos}/{len} queries, {eta} left",
            ));
            self.bar.reset();
        } else {
            self.bar.set_style(Self::style("{spinner} {msg} {elapsed}"));
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    fn finished(&self, run: usize, resumed: bool) {
        let how = if resumed { "kept from before" } else { "done" };
        self.bar
            .println(format!("run {}/{} {how}", run + 1, self.runs));
    }
}
