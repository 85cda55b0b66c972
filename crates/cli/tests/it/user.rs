//! The command as a user starts it, and the indexes that the real engines wrote.

use std::process::{Command, Output};

pub(crate) fn annatomy(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annatomy"));
    command.args(arguments);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    annatomy(arguments).output().expect("the command starts")
}

pub(crate) fn golden(name: &str) -> String {
    let crates = env!("CARGO_MANIFEST_DIR");
    format!("{crates}/../hnsw/tests/goldens/{name}")
}
