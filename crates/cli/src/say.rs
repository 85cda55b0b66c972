//! Lines on stderr, results on stdout.
//!
//! A message that cannot be written is lost, and the work goes on: `eprintln!` panics where stderr
//! is closed, full, or a pipe without a reader. A result that cannot be written is a failure.
//! Names from files may hold control characters, which are escaped here.

use crate::failure::Failure;
use crate::progress;
use annatomy_runtime::printable_message;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

/// Writes a message of one or more lines to stderr, above the progress bar where there is one.
pub fn say(message: impl Display) {
    let text = message.to_string();
    let line = format!("{}\n", printable_message(&text));
    progress::suspended(|| {
        let _ = std::io::stderr().write_all(line.as_bytes());
    });
}

/// Writes results to stdout, to the last byte; a reader that has gone is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    let written = progress::suspended(|| {
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
    });
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("writing to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
