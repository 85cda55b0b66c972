//! The `annatomy` command: arguments in, library calls, words out. It holds no science.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage. stdout is data, stderr is progress and errors.

mod arguments;
mod commands;
mod failure;
mod progress;
mod say;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Study(arguments) => commands::study::run(&arguments),
        Command::Audit(arguments) => commands::audit::run(&arguments),
        Command::Knn(arguments) => commands::knn::run(&arguments),
        Command::Embed(arguments) => commands::embed::run(&arguments),
        Command::Reproduce(arguments) => commands::reproduce::run(&arguments),
        Command::Generate(arguments) => commands::generate::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
