//! Tables of primary keys into files, by ending: predictions and repaired answers, a row per query.
//!
//! | ending | holds | an empty slot |
//! |---|---|---|
//! | `.npy` | int64, uint64 or `<U` text | −1, 2⁶⁴ − 1, no text |
//! | `.ivecs` `.ibin` | integers of 32 bits | −1 |
//! | `.jsonl` | a list per line | −1, null |
//! | `.csv` | a field per slot, `id_1` to `id_k` | −1, no text |
//! | `.parquet` | a column `ids` of lists (feature `parquet`) | −1, null |

use std::io::Write;
use std::path::Path;

use super::atomic::write_atomically;
use super::id_table::SlotIds;
use super::npy;
use super::words::{TextFormat, write_texts};
use super::write::{WriteError, check_ids_ending, write_ids};

const ENDINGS: &str = ".npy, .jsonl, .csv, .parquet, .ibin or .ivecs";

/// Refuses a path whose ending [`write_id_table`] cannot write: before the ids are computed.
///
/// # Errors
/// With the endings that there are.
pub fn check_id_table_ending(path: impl AsRef<Path>) -> Result<(), WriteError> {
    let path = path.as_ref();
    if TextFormat::of(path).is_some() {
        return Ok(());
    }
    if is_parquet(path) {
        return if cfg!(feature = "parquet") {
            Ok(())
        } else {
            Err(not_built())
        };
    }
    check_ids_ending(path).map_err(|error| match error {
        WriteError::UnknownEnding { ending, .. } => WriteError::UnknownEnding {
            ending,
            expected: ENDINGS,
        },
        WriteError::NotWritable {
            ending, content, ..
        } => WriteError::NotWritable {
            ending,
            content,
            expected: ENDINGS,
        },
        other => other,
    })
}

/// Writes rows × `columns` ids in the format that the ending names.
///
/// # Errors
/// If the file cannot be written, or its format cannot hold such ids.
pub fn write_id_table(
    path: impl AsRef<Path>,
    columns: usize,
    ids: &SlotIds,
) -> Result<(), WriteError> {
    let path = path.as_ref();
    let rows = ids.len().checked_div(columns).unwrap_or(0);
    match TextFormat::of(path) {
        Some(TextFormat::JsonLines) => return write_json_lines(path, columns, ids),
        Some(TextFormat::Csv) => return write_csv(path, columns, ids),
        None => {}
    }
    if is_parquet(path) {
        return write_parquet(path, columns, ids);
    }
    let is_npy = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
    match ids {
        SlotIds::Integers(ids) => write_ids(path, rows, columns, ids),
        _ if !is_npy => {
            check_id_table_ending(path)?;
            Err(WriteError::NotWritable {
                ending: "ivecs or .ibin",
                content: "ids of 64 unsigned bits or text",
                expected: ".npy, .jsonl, .csv or .parquet",
            })
        }
        SlotIds::Unsigned(ids) => write_atomically(path, |file| {
            npy::write_header(file, "<u8", rows, columns)?;
            for id in ids {
                file.write_all(&id.to_le_bytes())?;
            }
            Ok(())
        }),
        SlotIds::Texts(ids) => write_atomically(path, |file| {
            let texts = ids.iter().map(|id| id.as_deref().unwrap_or_default());
            Ok(write_texts(file, rows, columns, texts)?)
        }),
    }
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// The id in a slot as JSON has it.
fn json(ids: &SlotIds, slot: usize) -> String {
    match ids {
        SlotIds::Integers(ids) => ids[slot].to_string(),
        SlotIds::Unsigned(ids) => ids[slot].to_string(),
        SlotIds::Texts(ids) => match &ids[slot] {
            Some(text) => serde_json::Value::from(text.as_str()).to_string(),
            None => "null".to_owned(),
        },
    }
}

fn write_json_lines(path: &Path, columns: usize, ids: &SlotIds) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        for row in 0..ids.len().checked_div(columns).unwrap_or(0) {
            annatomy_runtime::check();
            let slots = row * columns..(row + 1) * columns;
            let slots: Vec<String> = slots.map(|slot| json(ids, slot)).collect();
            writeln!(file, "[{}]", slots.join(","))?;
        }
        Ok(())
    })
}

fn write_csv(path: &Path, columns: usize, ids: &SlotIds) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        let other = |error: csv::Error| WriteError::Io(std::io::Error::other(error));
        let mut writer = csv::Writer::from_writer(file);
        let names = (1..=columns).map(|slot| format!("id_{slot}"));
        writer.write_record(names).map_err(other)?;
        for row in 0..ids.len().checked_div(columns).unwrap_or(0) {
            annatomy_runtime::check();
            let slots = row * columns..(row + 1) * columns;
            let fields = slots.map(|slot| ids.get(slot).to_string());
            writer.write_record(fields).map_err(other)?;
        }
        writer.flush()?;
        Ok(())
    })
}

fn not_built() -> WriteError {
    WriteError::NotBuilt {
        ending: "parquet",
        feature: "parquet",
    }
}

#[cfg(feature = "parquet")]
fn write_parquet(path: &Path, columns: usize, ids: &SlotIds) -> Result<(), WriteError> {
    super::table::write_id_lists(path, columns, ids)
}

#[cfg(not(feature = "parquet"))]
fn write_parquet(_path: &Path, _columns: usize, _ids: &SlotIds) -> Result<(), WriteError> {
    Err(not_built())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::read_id_table;

    fn tables() -> [SlotIds; 3] {
        let texts = ["a", "", "7", "zwölf, \"x\""];
        let slot = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        [
            SlotIds::Integers(vec![-7, 1 << 40, 3, -1]),
            SlotIds::Unsigned(vec![u64::MAX - 1, 5, 6, u64::MAX]),
            SlotIds::Texts(texts.map(slot).to_vec()),
        ]
    }

    #[test]
    fn tables_are_read_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut endings = vec!["npy", "jsonl", "csv"];
        if cfg!(feature = "parquet") {
            endings.push("parquet");
        }
        for ids in tables() {
            for ending in &endings {
                let path = folder.path().join(format!("ids.{ending}"));
                check_id_table_ending(&path).expect("known");
                write_id_table(&path, 2, &ids).expect("written");
                let (read, distances) = read_id_table(&path).expect("read");
                assert_eq!((read.rows(), read.columns()), (2, 2), "{ending}");
                assert_eq!(read.ids(), &ids, "{ending}");
                assert!(distances.is_none() && read.short_rows() == 0);
            }
        }
    }

    #[test]
    fn formats_of_32_bits_refuse_wider_ids_and_leave_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        for ids in tables() {
            let path = folder.path().join("ids.ivecs");
            assert!(write_id_table(&path, 2, &ids).is_err());
            assert!(!path.exists());
        }
        let error = check_id_table_ending("ids.xlsx").expect_err("unknown");
        assert!(error.to_string().contains(".jsonl"), "{error}");
    }
}
