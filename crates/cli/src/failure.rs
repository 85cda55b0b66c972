//! Errors as the user sees them: what was being done, what went wrong, and a way out where there is
//! one.

use crate::say::say;
use std::fmt::Display;
use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The request cannot be right: exit code 2.
    Usage,
    /// It was right and could not be done: exit code 1.
    Work,
    /// It was done, and a condition is not met: exit code 3.
    NotShown,
}

impl Failure {
    /// The request itself is wrong.
    pub fn usage(message: impl Display) -> Self {
        Self {
            kind: Kind::Usage,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The request could not be carried out.
    pub fn work(message: impl Display) -> Self {
        Self {
            kind: Kind::Work,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The work was done, and a requirement is not shown.
    pub fn not_shown(message: impl Display) -> Self {
        Self {
            kind: Kind::NotShown,
            message: message.to_string(),
            hint: None,
        }
    }

    /// Adds a way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Writes it to stderr and gives the exit code.
    pub fn report(&self) -> ExitCode {
        say(format!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            say(format!("hint: {hint}"));
        }
        match self.kind {
            Kind::Usage => ExitCode::from(2),
            Kind::Work => ExitCode::FAILURE,
            Kind::NotShown => ExitCode::from(3),
        }
    }
}
