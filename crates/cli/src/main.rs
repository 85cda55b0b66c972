//! The `annatomy` command: arguments in, library calls, words out. It holds no science.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage, 3 a requirement is not shown, 128 + n ended by signal n. stdout is data, stderr is
//! progress and errors.

mod arguments;
mod commands;
mod examples;
mod failure;
mod manual;
mod progress;
mod say;
mod signals;

use annatomy_runtime::{Monitor, start_global_pool};
use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use say::{print, say};
use std::process::ExitCode;

fn main() -> ExitCode {
    leave_out_backtraces();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    start_global_pool();
    let monitor = Monitor::with_progress(progress::Bar);
    let signals = signals::Signals::cancelling(&monitor);
    let outcome = monitor.observe(|| run(&arguments.command));
    progress::clear();
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            let code = failure.report();
            signals.end_if_received();
            code
        }
        Err(cancelled) => {
            say(cancelled);
            signals.end_if_received();
            ExitCode::FAILURE
        }
    }
}

/// Makes panics and failed allocations one line, whatever the environment asks for: a backtrace
/// allocates, which deadlocks where memory is what ran out.
#[allow(unsafe_code)]
fn leave_out_backtraces() {
    for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
        // SAFETY: `main` calls this before any other thread exists that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Study(arguments) => commands::study::run(arguments),
        Command::Audit(arguments) => commands::audit::run(arguments),
        Command::Compare(arguments) => commands::compare::run(arguments),
        Command::Knn(arguments) => commands::knn::run(arguments),
        Command::Merge(arguments) => commands::merge::run(arguments),
        Command::Embed(arguments) => commands::embed::run(arguments),
        Command::Reproduce(arguments) => commands::reproduce::run(arguments),
        Command::Generate(arguments) => commands::generate::run(arguments),
        Command::Completions(arguments) => manual::completions(arguments),
        Command::Man(arguments) => manual::man(arguments),
    }
}

/// Prints help and versions, or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if error.use_stderr() {
        // Styles are escape characters, and so may be what a user typed.
        let plain = text.to_string();
        if std::env::args_os().any(|argument| argument.to_string_lossy().contains('\u{1b}')) {
            say(plain.trim_end());
        } else {
            let _ = error.print();
        }
        return ExitCode::from(2);
    }
    match error.print().map_err(|error| error.kind()) {
        Ok(()) => match print("") {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        },
        Err(std::io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(kind) => Failure::work(format!("writing to stdout: {kind}")).report(),
    }
}
