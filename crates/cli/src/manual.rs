//! What is made from the definition of the arguments: completions, manual pages, the long version.
//!
//! Enters: the definition in `arguments`. Leaves: text on stdout. Nothing is written by hand, so a
//! new option is in the help, the manual and the completions at once.

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::say::print;
use annatomy_vectors::kernels;
use clap::builder::Resettable;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use std::sync::LazyLock;

/// The command's name, as it is typed.
const NAME: &str = "annatomy";

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell that will read the script
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArguments {
    /// The command to describe [default: annatomy itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Prints the completion script of a shell.
pub fn completions(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut definition(), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints a manual page.
pub fn man(arguments: &ManArguments) -> Result<(), Failure> {
    // The long version is of this machine; a page is read on others.
    let mut whole = definition().long_version(Resettable::Reset);
    whole.build();
    let described = match &arguments.command {
        None => Some(&whole),
        Some(name) => whole.find_subcommand(name),
    };
    let described = described.ok_or_else(|| {
        let known: Vec<&str> = whole
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        Failure::usage(format!(
            "no command {:?}; there are {}",
            arguments.command.as_deref().unwrap_or_default(),
            known.join(", ")
        ))
    })?;
    let mut page = Vec::new();
    Man::new(described.clone())
        .render(&mut page)
        .map_err(|error| Failure::work(format!("the manual page: {error}")))?;
    let page = String::from_utf8_lossy(&page);
    print(&page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n"))
}

/// The version, the instruction set that this machine's distances are computed with, and what was
/// compiled in.
pub fn version() -> &'static str {
    &VERSION
}

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let features = [
        ("parquet", cfg!(feature = "parquet")),
        ("hdf5", cfg!(feature = "hdf5")),
        ("onnx", cfg!(feature = "onnx")),
        ("onnxruntime", cfg!(feature = "onnxruntime")),
    ];
    let mut compiled = String::new();
    for (name, _) in features.iter().filter(|(_, compiled)| *compiled) {
        compiled += if compiled.is_empty() { "" } else { ", " };
        compiled += name;
    }
    let compiled = if compiled.is_empty() {
        "none"
    } else {
        &compiled
    };
    format!(
        "{}\ninstruction set: {}\noptional features: {compiled}",
        env!("CARGO_PKG_VERSION"),
        kernels::instructions()
    )
});

fn definition() -> clap::Command {
    Arguments::command()
}
