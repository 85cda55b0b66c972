//! `annatomy compare`: two folders to a comparison; words or JSON printed, tables written.

use crate::arguments::CompareArguments;
use crate::failure::Failure;
use crate::say::{print, say};
use annatomy::audit::{Comparison, compare};
use annatomy::report::comparison;
use annatomy::results::write_file;
use annatomy_formats::{Owner, write_table};
use annatomy_runtime::printable_message;
use std::path::Path;

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let folder = match &arguments.out {
        Some(out) => Some(super::claim(out, Owner::COMPARE)?),
        None => None,
    };
    let found = compare(&arguments.a, &arguments.b).map_err(Failure::work)?;
    let json = serde_json::to_string_pretty(&found).map_err(Failure::work)?;
    if let Some(folder) = &folder {
        write(folder.path(), &found, &json)?;
    }
    let said = if arguments.json {
        format!("{json}\n")
    } else {
        printable_message(&comparison(&found)).into_owned()
    };
    print(&said)
}

fn write(out: &Path, found: &Comparison, json: &str) -> Result<(), Failure> {
    write_file(&out.join("compare.json"), json.as_bytes()).map_err(Failure::work)?;
    write_table(out.join("changed.csv"), &found.changed_columns()).map_err(Failure::work)?;
    say(format!(
        "comparison in {}",
        out.join("compare.json").display()
    ));
    Ok(())
}
