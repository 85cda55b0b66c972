//! `annatomy generate`: built-in data to a file.

use super::on_threads;
use crate::arguments::{DataName, GenerateArguments};
use crate::failure::Failure;
use crate::say::say;
use annatomy::builtin::{BuiltinError, FEATURES, resnet50_like};
use annatomy_formats::{check_matrix_ending, refuse_overwriting, write_matrix};
use annatomy_runtime::{check_memory, printable_path};

pub fn run(arguments: &GenerateArguments) -> Result<(), Failure> {
    let out = printable_path(&arguments.out);
    check_matrix_ending(&arguments.out)
        .map_err(|error| Failure::usage(format!("{out}: {error}")))?;
    refuse_overwriting(&[], &[&arguments.out]).map_err(Failure::usage)?;
    let rows = match arguments.name {
        DataName::Resnet50Like => {
            let bytes = (arguments.n as u64).saturating_mul(4 * FEATURES as u64);
            check_memory("the matrix", bytes).map_err(|error| {
                Failure::work(format!("{} rows: {error}", arguments.n))
                    .hint("--n N asks for fewer rows")
            })?;
            on_threads(0, || resnet50_like(arguments.n, arguments.seed))?.map_err(failure)?
        }
    };
    write_matrix(&arguments.out, rows.view())
        .map_err(|error| Failure::work(format!("{out}: {error}")))?;
    say(format_args!(
        "{} × {} float32 in {out}",
        rows.rows(),
        rows.columns(),
    ));
    Ok(())
}

fn failure(error: BuiltinError) -> Failure {
    match error {
        BuiltinError::Memory { .. } => Failure::work(error),
        BuiltinError::NoRows | BuiltinError::TooManyRows { .. } => Failure::usage(error),
    }
}
