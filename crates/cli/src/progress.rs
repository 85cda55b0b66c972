//! Progress on stderr: one bar for the whole process, hidden where stderr is no terminal.

use crate::say::say;
use annatomy_runtime::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::Duration;

static BAR: LazyLock<ProgressBar> = LazyLock::new(|| {
    if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    }
});

/// Follows the work that runs under the process's monitor.
pub struct Bar;

impl Progress for Bar {
    fn stage(&self, name: &str, total: u64) {
        begin(name, total);
    }

    fn advance(&self, steps: u64) {
        BAR.inc(steps);
    }

    fn warn(&self, line: &str) {
        say(format!("warning: {line}"));
    }

    fn note(&self, line: &str) {
        say(line);
    }
}

/// Shows a stage; `total` is 0 where steps cannot be counted.
fn begin(name: &str, total: u64) {
    BAR.set_message(name.to_owned());
    if total > 0 {
        BAR.disable_steady_tick();
        BAR.set_style(style(if annatomy_fetch::counts_bytes(name) {
            "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left"
        } else {
            "{msg} {wide_bar} {pos}/{len}, {eta} left"
        }));
        BAR.reset();
        BAR.set_length(total);
    } else {
        BAR.set_style(style("{spinner} {msg} {elapsed}"));
        // A spinner takes a thread, and panics where there is none: then it stands still.
        if std::thread::Builder::new().spawn(|| ()).is_ok() {
            BAR.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

/// Runs `work` with the bar on the screen.
pub fn follow<R>(work: impl FnOnce() -> R) -> R {
    let result = work();
    clear();
    result
}

/// Takes the bar off the screen.
pub fn clear() {
    BAR.disable_steady_tick();
    BAR.finish_and_clear();
}

/// Runs `write` with the bar off the screen.
pub fn suspended<R>(write: impl FnOnce() -> R) -> R {
    BAR.suspend(write)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
