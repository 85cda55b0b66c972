//! The part of Python's pickle language that describes a dictionary of tensors.
//!
//! Enters: the bytes of `data.pkl`. Leaves: a [`Value`]. A stack machine with some thirty
//! instructions; every function call but three is refused: `OrderedDict`, `_rebuild_tensor_v2` and
//! `_rebuild_parameter` become values, nothing is executed.
//!
//! Source: Python, Lib/pickletools.py; PyTorch, torch/_weights_only_unpickler.py, which draws the
//! same line. Does not: follow references to containers, which no list of tensors has.
//!
//! `machine` has the instructions, `calls` the three functions and what they make.

mod calls;
mod machine;

use std::rc::Rc;

use super::WeightsError;
use machine::Machine;

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
    let mut machine = Machine::new(bytes);
    loop {
        let position = machine.position();
        match machine.step() {
            Ok(None) => {}
            Ok(Some(value)) => return Ok(value),
            Err(problem) => return Err(WeightsError::Pickle { position, problem }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_refused_by_name() {
        let error = read(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("call os.system, which is refused"),
            "{error}"
        );
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
