//! `annatomy generate`: built-in data to a file.

use crate::arguments::{DataName, GenerateArguments};
use crate::failure::Failure;
use crate::say::say;
use annatomy::builtin::resnet50_like;
use annatomy_formats::write_matrix;

pub fn run(arguments: &GenerateArguments) -> Result<(), Failure> {
    let rows = match arguments.name {
        DataName::Resnet50Like => {
            resnet50_like(arguments.n, arguments.seed).map_err(Failure::usage)?
        }
    };
    write_matrix(&arguments.out, rows.view()).map_err(Failure::work)?;
    say(format!(
        "{} × {} float32 in {}",
        rows.rows(),
        rows.columns(),
        arguments.out.display()
    ));
    Ok(())
}
