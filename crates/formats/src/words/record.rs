//! Values of JSON Lines: numbers, text, and fields of objects.

use serde_json::Value;

use crate::error::ReadError;

/// Names of fields that hold the answer to a query.
const ANSWER_NAMES: [&str; 3] = ["neighbors", "ids", "id"];

/// What is wrong with line `line`, counted from 1.
pub(super) fn wrong(line: usize, problem: &str) -> ReadError {
    ReadError::Line {
        line,
        problem: problem.to_owned(),
    }
}

/// The value of every line that is not blank, with the line's number.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<(usize, Value), ReadError>> + '_ {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(place, line)| match serde_json::from_str(line) {
        Ok(value) => Ok((place + 1, value)),
        Err(error) => Err(wrong(place + 1, &error.to_string())),
    })
}

/// The value itself, or the field of an object that is meant.
pub(super) fn field<'v>(
    value: &'v Value,
    wanted: Option<&str>,
    customary: &[&str],
    line: usize,
) -> Result<&'v Value, ReadError> {
    let Value::Object(fields) = value else {
        return match wanted {
            Some(_) => Err(wrong(line, "no object with named fields")),
            None => Ok(value),
        };
    };
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let place = super::place_of(&names, wanted, customary);
    let place = place.ok_or_else(|| {
        let names = names.join(", ");
        let question = format!("which field of {names}? Name it as FILE.jsonl::FIELD");
        wrong(line, &question)
    })?;
    Ok(&fields[names[place]])
}

/// The answer to a query: a list, or the field of an object that holds it.
pub(super) fn answer<'v>(
    value: &'v Value,
    wanted: Option<&str>,
    line: usize,
) -> Result<&'v [Value], ReadError> {
    match field(value, wanted, &ANSWER_NAMES, line)? {
        Value::Array(slots) => Ok(slots),
        _ => Err(wrong(line, "no list of ids")),
    }
}

/// An id as it prints; `None` for null.
pub(super) fn word(value: &Value, line: usize) -> Result<Option<String>, ReadError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
        other => Err(wrong(line, &format!("{other} is no integer and no text"))),
    }
}
