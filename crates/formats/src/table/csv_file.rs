//! `.csv`: RFC 4180 with line feeds, the shortest digits that read back as the same number.

use std::io::Write;
use std::path::Path;

use super::{Column, Values};
use crate::atomic::write_atomically;
use crate::write::WriteError;

pub(super) fn write(path: &Path, columns: &[Column], rows: usize) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        let mut line = String::new();
        for column in columns {
            push(&mut line, &column.name);
        }
        end(&mut line);
        file.write_all(line.as_bytes())?;
        for row in 0..rows {
            annatomy_runtime::check();
            line.clear();
            for column in columns {
                match &column.values {
                    Values::Integers(values) => push(&mut line, &values[row].to_string()),
                    Values::Unsigned(values) => push(&mut line, &values[row].to_string()),
                    Values::Reals(values) if values[row].is_nan() => push(&mut line, ""),
                    Values::Reals(values) => push(&mut line, &values[row].to_string()),
                    Values::Texts(values) => push(&mut line, &values[row]),
                }
            }
            end(&mut line);
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    })
}

/// Adds a field and a comma.
fn push(line: &mut String, field: &str) {
    if field.contains(['"', ',', '\n', '\r']) {
        line.push('"');
        line.push_str(&field.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(field);
    }
    line.push(',');
}

/// Ends the line in place of its last comma.
fn end(line: &mut String) {
    line.pop();
    line.push('\n');
}
