//! The instructions of the pickle virtual machine, over a stack with marks and a memo.
//!
//! Objects that are pushed or memoized are counted and limited, and so are marks: thirty million
//! objects fit into 60 kB of deflated bytes.

use std::collections::HashMap;

use super::{Value, depth_around};

/// Objects pushed and memoized. ResNet-152's list of tensors takes some 30,000.
const MOST_OBJECTS: usize = 1 << 20;
/// Marks on the stack; each container that is being filled has one.
const MOST_MARKS: usize = 1024;

/// A stack, marks in it, and the memo.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// Pushed and memoized so far.
    objects: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            objects: 0,
        }
    }

    /// The byte of the next instruction.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Carries out one instruction; the last one leaves the value.
    pub(super) fn step(&mut self) -> Result<Option<Value>, String> {
        match self.byte()? {
            0x80 => drop(self.take(1)?),         // PROTO
            0x95 => drop(self.take(8)?),         // FRAME
            b'.' => return self.pop().map(Some), // STOP
            b'(' => self.mark()?,                // MARK
            // POP, APPEND, and BUILD: what nothing here needs, the attribute `_metadata` of a
            // dictionary among it.
            b'0' | b'a' | b'b' => drop(self.pop()?),
            b'N' => self.push(Value::Nothing)?,
            0x88 => self.push(Value::Number(1))?, // NEWTRUE
            0x89 => self.push(Value::Number(0))?, // NEWFALSE
            b'K' => self.push_number::<1>()?,     // BININT1
            b'M' => self.push_number::<2>()?,     // BININT2
            b'J' => {
                let number = i32::from_le_bytes(self.array()?); // BININT
                self.push(Value::Number(number.into()))?;
            }
            0x8a => self.long()?, // LONG1
            b'G' => {
                self.take(8)?; // BINFLOAT
                self.push(Value::Other)?;
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?); // BINUNICODE
                self.text(length as usize)?;
            }
            0x8c => {
                let length = self.byte()?; // SHORT_BINUNICODE
                self.text(length.into())?;
            }
            b')' => self.tuple(0)?, // EMPTY_TUPLE
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.above_mark()?; // TUPLE
                self.push(Value::tuple(items)?)?;
            }
            b']' => self.push(Value::List)?,  // EMPTY_LIST
            b'e' => drop(self.above_mark()?), // APPENDS
            b'}' => self.push(Value::empty_dictionary())?, // EMPTY_DICT
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
                self.push(Value::Name(name.into()))?;
            }
            0x93 => self.stack_global()?, // STACK_GLOBAL
            b'Q' => self.storage()?,      // BINPERSID
            b'R' => self.call()?,         // REDUCE
            other => {
                return Err(format!(
                    "instruction {other:#04x} has no place in a list of tensors"
                ));
            }
        }
        Ok(None)
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), String> {
        self.count_object()?;
        self.stack.push(value);
        Ok(())
    }

    fn count_object(&mut self) -> Result<(), String> {
        self.objects += 1;
        if self.objects > MOST_OBJECTS {
            return Err(format!("more than {MOST_OBJECTS} objects"));
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<(), String> {
        if self.marks.len() == MOST_MARKS {
            return Err(format!("more than {MOST_MARKS} marks"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Result<Value, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("the stack is empty".to_owned());
        }
        self.stack
            .pop()
            .ok_or_else(|| "the stack is empty".to_owned())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let start = self
            .stack
            .len()
            .checked_sub(count)
            .ok_or("the stack is too short")?;
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
        let taken = self.bytes[self.position..]
            .get(..count)
            .ok_or("it breaks off")?;
        self.position += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], String> {
        self.take(COUNT)?
            .try_into()
            .map_err(|_| "it breaks off".to_owned())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.position..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or("it breaks off")?;
        let line = std::str::from_utf8(&rest[..length])
            .map_err(|_| "a name is not text")?
            .to_owned();
        self.position += length + 1;
        Ok(line)
    }

    fn push_number<const COUNT: usize>(&mut self) -> Result<(), String> {
        let bytes: [u8; COUNT] = self.array()?;
        let number = bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | i64::from(byte));
        self.push(Value::Number(number))
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
        self.push(Value::Number(i64::from_le_bytes(whole)))
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = std::str::from_utf8(self.take(length)?)
            .map_err(|_| "a string is not text")?
            .into();
        self.push(Value::Text(text))
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let items = self.pop_many(count)?;
        self.push(Value::tuple(items)?)
    }

    fn set_items(&mut self, items: Vec<Value>) -> Result<(), String> {
        let around = depth_around(&items)?;
        let Some(Value::Dictionary { entries, depth }) = self.stack.last_mut() else {
            return Err("items for what is no dictionary".to_owned());
        };
        *depth = around.max(*depth);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(())
    }

    /// Containers still change after this, so they are not kept.
    fn remember(&mut self, index: u32) -> Result<(), String> {
        self.count_object()?;
        let value = match self.stack.last().ok_or("nothing to remember")? {
            Value::Dictionary { .. } | Value::List => Value::Other,
            value => value.clone(),
        };
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let value = self
            .memo
            .get(&index)
            .ok_or_else(|| format!("value {index} was never remembered"))?
            .clone();
        self.push(value)
    }

    fn stack_global(&mut self) -> Result<(), String> {
        match &self.pop_many(2)?[..] {
            [Value::Text(module), Value::Text(name)] => {
                let name = format!("{module}.{name}");
                self.push(Value::Name(name.into()))
            }
            _ => Err("a name that is not text".to_owned()),
        }
    }
}
