//! PyTorch checkpoints as `torch.save` writes them: a zip with `…/data.pkl`, which lists the tensors,
//! and `…/data/KEY`, the numbers, not compressed.
//!
//! Source: PyTorch, torch/serialization.py. A checkpoint may hold the tensors directly or under
//! `state_dict` or `model`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::rc::Rc;

use zip::{CompressionMethod, ZipArchive};

use super::WeightsError;
use super::pickle::{self, TensorRecord, Value};
use super::tensor::{Element, Tensor};

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Inflated bytes of the pickle: ResNet-50's list of tensors has some 40 kB, a training checkpoint
/// with the state of an optimizer a few hundred.
const LONGEST_PICKLE: u64 = 16 << 20;

pub(super) fn tensors(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    let mut archive = Archive::new(Cursor::new(bytes))?;
    let is_list = |name: &Cow<'_, str>| name == "data.pkl" || name.ends_with("/data.pkl");
    let list = archive
        .file_names()
        .filter_map(Result::ok)
        .find(is_list)
        .map(Cow::into_owned);
    let list = list.ok_or(WeightsError::NoTensors)?;
    let folder = list.strip_suffix("data.pkl").unwrap_or_default().to_owned();
    check_byte_order(&mut archive, &folder)?;
    let mut pickle = Vec::new();
    archive
        .by_name(&list)?
        .take(LONGEST_PICKLE + 1)
        .read_to_end(&mut pickle)?;
    if pickle.len() as u64 > LONGEST_PICKLE {
        return Err(WeightsError::LongPickle {
            most: LONGEST_PICKLE,
        });
    }
    let mut tensors = BTreeMap::new();
    for (name, record) in records(pickle::read(&pickle)?)? {
        let tensor = place(&mut archive, &folder, &name, &record, bytes.len())?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn check_byte_order(archive: &mut Archive<'_>, folder: &str) -> Result<(), WeightsError> {
    let mut order = String::new();
    if let Ok(file) = archive.by_name(&format!("{folder}byteorder")) {
        file.take(16).read_to_string(&mut order)?;
    }
    match order.as_str() {
        "" | "little" => Ok(()),
        other => Err(WeightsError::Tensor {
            name: "byteorder".to_owned(),
            problem: format!("{other}, not little"),
        }),
    }
}

/// The tensors by name, at the top or one level below.
fn records(value: Value) -> Result<Vec<(String, Rc<TensorRecord>)>, WeightsError> {
    let Value::Dictionary { entries, .. } = value else {
        return Err(WeightsError::NoTensors);
    };
    let mut records = Vec::new();
    let mut nested = None;
    for (key, value) in entries {
        match (key, value) {
            (Value::Text(name), Value::Tensor(record)) => records.push((name.to_string(), record)),
            (Value::Text(name), value @ Value::Dictionary { .. })
                if matches!(&*name, "state_dict" | "model") =>
            {
                nested = Some(value);
            }
            _ => {}
        }
    }
    match (records.is_empty(), nested) {
        (false, _) => Ok(records),
        (true, Some(nested)) => self::records(nested),
        (true, None) => Err(WeightsError::NoTensors),
    }
}

fn place(
    archive: &mut Archive<'_>,
    folder: &str,
    name: &str,
    record: &TensorRecord,
    file_length: usize,
) -> Result<Tensor, WeightsError> {
    let problem = |problem: String| WeightsError::Tensor {
        name: name.to_owned(),
        problem,
    };
    let element = match &*record.storage {
        "DoubleStorage" => Element::Float64,
        "FloatStorage" => Element::Float32,
        "HalfStorage" => Element::Float16,
        "BFloat16Storage" => Element::BFloat16,
        "LongStorage" => Element::Int64,
        other => return Err(problem(format!("numbers of type {other} are not read"))),
    };
    let member = archive.by_name(&format!("{folder}data/{}", record.key))?;
    if member.compression() != CompressionMethod::Stored {
        return Err(problem("its numbers are compressed".to_owned()));
    }
    let data = member
        .data_start()
        .ok_or_else(|| problem("its place in the zip is not known".to_owned()))?;
    let end = usize::try_from(data + member.size()).unwrap_or(usize::MAX);
    let start = record
        .offset
        .checked_mul(element.bytes())
        .and_then(|offset| offset.checked_add(data as usize));
    let start = start
        .filter(|&start| start <= end && end <= file_length)
        .ok_or_else(|| problem("beyond the file".to_owned()))?;
    let (shape, strides) = (record.shape.clone(), record.strides.clone());
    Tensor::new(element, shape, strides, start, end).map_err(|error| error.of(name))
}
