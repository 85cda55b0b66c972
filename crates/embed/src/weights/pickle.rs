//! The part of Python's pickle language that describes a dictionary of tensors.
//!
//! Enters: the bytes of `data.pkl`. Leaves: a [`Value`]. A stack machine with some thirty instructions; every function call
//! but three is refused: `OrderedDict`, `_rebuild_tensor_v2` and `_rebuild_parameter` become values, nothing is executed.
//!
//! Source: Python, Lib/pickletools.py; PyTorch, torch/_weights_only_unpickler.py, which draws the same line.
//! Does not: follow references to containers, which no list of tensors has.

use std::collections::HashMap;
use std::rc::Rc;

use super::WeightsError;

/// What the stack holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Nothing,
    Number(i64),
    Text(Rc<str>),
    Tuple(Rc<[Value]>),
    Dictionary(Vec<(Value, Value)>),
    List,
    /// A name that is called later, or a type.
    Name(Rc<str>),
    Storage {
        storage: Rc<str>,
        key: Rc<str>,
    },
    Tensor(TensorRecord),
    /// Of an attribute or container that nothing here needs.
    Other,
}

/// A tensor as its list describes it.
#[derive(Clone, Debug)]
pub(super) struct TensorRecord {
    /// The last part of the storage type's name: `FloatStorage`.
    pub(super) storage: Rc<str>,
    /// The archive member with the numbers.
    pub(super) key: Rc<str>,
    /// In values.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// Reads the one value of a pickle.
pub(super) fn read(bytes: &[u8]) -> Result<Value, WeightsError> {
    let mut machine = Machine { bytes, position: 0, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    loop {
        let position = machine.position;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(value)) => return Ok(value),
            Err(problem) => return Err(WeightsError::Pickle { position, problem }),
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

impl Machine<'_> {
    /// Carries out one instruction; the last one leaves the value.
    fn step(&mut self) -> Result<Option<Value>, String> {
        match self.byte()? {
            0x80 => drop(self.take(1)?),               // PROTO
            0x95 => drop(self.take(8)?),               // FRAME
            b'.' => return self.pop().map(Some),       // STOP
            b'(' => self.marks.push(self.stack.len()), // MARK
            // POP, APPEND, and BUILD: what nothing here needs, the attribute `_metadata` of a dictionary among it.
            b'0' | b'a' | b'b' => drop(self.pop()?),
            b'N' => self.push(Value::Nothing),
            0x88 => self.push(Value::Number(1)), // NEWTRUE
            0x89 => self.push(Value::Number(0)), // NEWFALSE
            b'K' => self.push_number::<1>()?,    // BININT1
            b'M' => self.push_number::<2>()?,    // BININT2
            b'J' => {
                let number = i32::from_le_bytes(self.array()?); // BININT
                self.push(Value::Number(number.into()));
            }
            0x8a => self.long()?, // LONG1
            b'G' => {
                self.take(8)?; // BINFLOAT
                self.push(Value::Other);
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?); // BINUNICODE
                self.text(length as usize)?;
            }
            0x8c => {
                let length = self.byte()?; // SHORT_BINUNICODE
                self.text(length.into())?;
            }
            b')' => self.push(Value::Tuple(Rc::new([]))), // EMPTY_TUPLE
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.above_mark()?; // TUPLE
                self.push(Value::Tuple(items.into()));
            }
            b']' => self.push(Value::List),                   // EMPTY_LIST
            b'e' => drop(self.above_mark()?),                 // APPENDS
            b'}' => self.push(Value::Dictionary(Vec::new())), // EMPTY_DICT
            b's' => {
                let entry = self.pop_many(2)?; // SETITEM
                self.set_items(entry)?;
            }
            b'u' => {
                let entries = self.above_mark()?; // SETITEMS
                self.set_items(entries)?;
            }
            b'q' => {
                let index = self.byte()?; // BINPUT
                self.remember(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.array()?); // LONG_BINPUT
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?, // MEMOIZE
            b'h' => {
                let index = self.byte()?; // BINGET
                self.recall(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.array()?); // LONG_BINGET
                self.recall(index)?;
            }
            b'c' => {
                let name = format!("{}.{}", self.line()?, self.line()?); // GLOBAL
                self.push(Value::Name(name.into()));
            }
            0x93 => self.stack_global()?, // STACK_GLOBAL
            b'Q' => self.storage()?,      // BINPERSID
            b'R' => self.call()?,         // REDUCE
            other => return Err(format!("instruction {other:#04x} has no place in a list of tensors")),
        }
        Ok(None)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Result<Value, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("the stack is empty".to_owned());
        }
        self.stack.pop().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let start = self.stack.len().checked_sub(count).ok_or("the stack is too short")?;
        Ok(self.stack.split_off(start))
    }

    fn above_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or("no mark")?;
        if mark > self.stack.len() {
            return Err("the mark lies above the stack".to_owned());
        }
        Ok(self.stack.split_off(mark))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let taken = self.bytes[self.position..].get(..count).ok_or("it breaks off")?;
        self.position += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], String> {
        self.take(COUNT)?.try_into().map_err(|_| "it breaks off".to_owned())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or("it breaks off")?;
        let line = std::str::from_utf8(&rest[..length]).map_err(|_| "a name is not text")?.to_owned();
        self.position += length + 1;
        Ok(line)
    }

    fn push_number<const COUNT: usize>(&mut self) -> Result<(), String> {
        let bytes: [u8; COUNT] = self.array()?;
        let number = bytes.iter().rev().fold(0, |number, &byte| number << 8 | i64::from(byte));
        self.push(Value::Number(number));
        Ok(())
    }

    fn long(&mut self) -> Result<(), String> {
        let length = usize::from(self.byte()?);
        let bytes = self.take(length)?;
        if bytes.len() > 8 {
            return Err("a number over 64 bits".to_owned());
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut whole = if negative { [0xff; 8] } else { [0; 8] };
        whole[..bytes.len()].copy_from_slice(bytes);
        self.push(Value::Number(i64::from_le_bytes(whole)));
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| "a string is not text")?.into();
        self.push(Value::Text(text));
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let items = self.pop_many(count)?;
        self.push(Value::Tuple(items.into()));
        Ok(())
    }

    fn set_items(&mut self, items: Vec<Value>) -> Result<(), String> {
        let Some(Value::Dictionary(entries)) = self.stack.last_mut() else {
            return Err("items for what is no dictionary".to_owned());
        };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(())
    }

    /// Containers still change after this, so they are not kept.
    fn remember(&mut self, index: u32) -> Result<(), String> {
        let value = match self.stack.last().ok_or("nothing to remember")? {
            Value::Dictionary(_) | Value::List => Value::Other,
            value => value.clone(),
        };
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let value = self.memo.get(&index).ok_or_else(|| format!("value {index} was never remembered"))?.clone();
        self.push(value);
        Ok(())
    }

    fn stack_global(&mut self) -> Result<(), String> {
        match &self.pop_many(2)?[..] {
            [Value::Text(module), Value::Text(name)] => {
                let name = format!("{module}.{name}");
                self.push(Value::Name(name.into()));
                Ok(())
            }
            _ => Err("a name that is not text".to_owned()),
        }
    }

    /// ("storage", type, key, device, number of values)
    fn storage(&mut self) -> Result<(), String> {
        let Value::Tuple(parts) = self.pop()? else { return Err("a reference that is no storage".to_owned()) };
        let [Value::Text(kind), Value::Name(storage), Value::Text(key), ..] = &parts[..] else {
            return Err("a reference that is no storage".to_owned());
        };
        if &**kind != "storage" {
            return Err(format!("a reference to {kind:?}"));
        }
        let storage = storage.rsplit('.').next().unwrap_or_default().into();
        self.push(Value::Storage { storage, key: key.clone() });
        Ok(())
    }

    fn call(&mut self) -> Result<(), String> {
        let arguments = self.pop()?;
        let (Value::Name(name), Value::Tuple(arguments)) = (self.pop()?, arguments) else {
            return Err("a call of what is no function".to_owned());
        };
        let value = match &*name {
            "collections.OrderedDict" => Value::Dictionary(Vec::new()),
            "torch._utils._rebuild_tensor_v2" => Value::Tensor(tensor(&arguments)?),
            "torch._utils._rebuild_parameter" => arguments
                .first()
                .filter(|value| matches!(value, Value::Tensor(_)))
                .ok_or("a parameter without tensor")?
                .clone(),
            other => return Err(format!("it asks to call {other}, which is refused")),
        };
        self.push(value);
        Ok(())
    }
}

/// (storage, offset, shape, strides, …)
fn tensor(arguments: &[Value]) -> Result<TensorRecord, String> {
    let [Value::Storage { storage, key }, Value::Number(offset), Value::Tuple(shape), Value::Tuple(strides), ..] =
        arguments
    else {
        return Err("a tensor without storage, offset, shape and strides".to_owned());
    };
    let whole = |number: i64| usize::try_from(number).map_err(|_| format!("{number} where a size is due"));
    let sizes = |values: &[Value]| {
        let one =
            |value: &Value| if let Value::Number(number) = value { whole(*number) } else { Err("no size".to_owned()) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_refused_by_name() {
        let error = read(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.").unwrap_err();
        assert!(error.to_string().contains("call os.system, which is refused"), "{error}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = b"\x80\x02ccollections\nOrderedDict\n)Rq\0(X\x01\0\0\0aK\x01\x8a\x02\xff\xffu.";
        read(whole).unwrap();
        for end in 0..whole.len() {
            read(&whole[..end]).unwrap_err();
        }
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                let _ = read(&[first, second, b'(', b'u', b'R', b'.']);
            }
        }
    }
}
