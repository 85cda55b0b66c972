//! Progress on stderr: one bar for the whole process, hidden where stderr is no terminal.

use crate::say::say;
use annatomy_runtime::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;

static BAR: LazyLock<ProgressBar> = LazyLock::new(|| {
    if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    }
});

/// Whether the stage's steps cannot be counted.
static SPINS: AtomicBool = AtomicBool::new(false);
static TICKER: Once = Once::new();

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
    SPINS.store(total == 0, Ordering::Relaxed);
    if total > 0 {
        BAR.set_style(style(if annatomy_fetch::counts_bytes(name) {
            "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left"
        } else {
            "{msg} {wide_bar} {pos}/{len}, {eta} left"
        }));
        BAR.reset();
        BAR.set_length(total);
    } else {
        BAR.set_style(style("{spinner} {msg} {elapsed}"));
        if !BAR.is_hidden() {
            TICKER.call_once(tick);
        }
    }
}

/// Turns the spinner. The bar's own steady tick panics where no thread can be had; here the spinner
/// stands still.
fn tick() {
    let _ = std::thread::Builder::new().spawn(|| {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            if SPINS.load(Ordering::Relaxed) {
                BAR.tick();
            }
        }
    });
}

/// Runs `work` with the bar on the screen.
pub fn follow<R>(work: impl FnOnce() -> R) -> R {
    let result = work();
    clear();
    result
}

/// Takes the bar off the screen.
pub fn clear() {
    SPINS.store(false, Ordering::Relaxed);
    BAR.finish_and_clear();
}

/// Runs `write` with the bar off the screen.
pub fn suspended<R>(write: impl FnOnce() -> R) -> R {
    BAR.suspend(write)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
