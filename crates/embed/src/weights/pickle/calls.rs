//! The calls that are allowed (REDUCE, BINPERSID): three functions and a storage reference become
//! values; nothing is executed.

use std::rc::Rc;

use super::machine::Machine;
use super::{TensorRecord, Value};
use crate::weights::tensor::MOST_DIMENSIONS;

impl Machine<'_> {
    /// ("storage", type, key, device, number of values)
    pub(super) fn storage(&mut self) -> Result<(), String> {
        let Value::Tuple { items: parts, .. } = self.pop()? else {
            return Err("a reference that is no storage".to_owned());
        };
        let [
            Value::Text(kind),
            Value::Name(storage),
            Value::Text(key),
            ..,
        ] = &parts[..]
        else {
            return Err("a reference that is no storage".to_owned());
        };
        if &**kind != "storage" {
            return Err(format!("a reference to {kind:?}"));
        }
        let storage = storage.rsplit('.').next().unwrap_or_default().into();
        self.push(Value::Storage {
            storage,
            key: key.clone(),
        })
    }

    pub(super) fn call(&mut self) -> Result<(), String> {
        let arguments = self.pop()?;
        let (Value::Name(name), Value::Tuple { items, .. }) = (self.pop()?, arguments) else {
            return Err("a call of what is no function".to_owned());
        };
        let value = match &*name {
            "collections.OrderedDict" => Value::empty_dictionary(),
            "torch._utils._rebuild_tensor_v2" => Value::Tensor(Rc::new(tensor(&items)?)),
            "torch._utils._rebuild_parameter" => items
                .first()
                .filter(|value| matches!(value, Value::Tensor(_)))
                .ok_or("a parameter without tensor")?
                .clone(),
            other => return Err(format!("it asks to call {other}, which is refused")),
        };
        self.push(value)
    }
}

/// (storage, offset, shape, strides, …)
fn tensor(arguments: &[Value]) -> Result<TensorRecord, String> {
    let [
        Value::Storage { storage, key },
        Value::Number(offset),
        Value::Tuple { items: shape, .. },
        Value::Tuple { items: strides, .. },
        ..,
    ] = arguments
    else {
        return Err("a tensor without storage, offset, shape and strides".to_owned());
    };
    if shape.len() > MOST_DIMENSIONS {
        return Err(format!("a tensor of {} dimensions", shape.len()));
    }
    let whole =
        |number: i64| usize::try_from(number).map_err(|_| format!("{number} where a size is due"));
    let sizes = |values: &[Value]| {
        let one = |value: &Value| {
            if let Value::Number(number) = value {
                whole(*number)
            } else {
                Err("no size".to_owned())
            }
        };
        values.iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    Ok(TensorRecord {
        storage: storage.clone(),
        key: key.clone(),
        offset: whole(*offset)?,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}
