//! Lines on stderr: escaped, and lost without harm where nobody reads them.
//!
//! `eprintln!` panics where stderr is closed, full, or a pipe without a reader; work of hours must not
//! end so. Names from files may hold control characters, which are escaped here.

use annatomy_runtime::printable_message;
use std::fmt::Display;
use std::io::Write as _;

/// Writes a message of one or more lines to stderr.
pub fn say(message: impl Display) {
    let text = message.to_string();
    let _ = writeln!(std::io::stderr(), "{}", printable_message(&text));
}
