//! Pickle virtual machine, restricted to what describes a dictionary of tensors.
//!
//! Input: the bytes of `data.pkl`. Output: a [`Value`]. A stack machine with some thirty
//! instructions; every function call but three is refused: `OrderedDict`, `_rebuild_tensor_v2` and
//! `_rebuild_parameter` become values, nothing is executed.
//!
//! Limits, so that a few deflated bytes cannot ask for all memory: see `machine`. Values nest at most
//! [`MOST_DEPTH`] deep, so that dropping them cannot exhaust the stack.
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

/// Containers within containers. A checkpoint has the tensors of a parameter under a name under
/// `state_dict`: four.
const MOST_DEPTH: usize = 32;

/// What the stack holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Nothing,
    Number(i64),
    Text(Rc<str>),
    Tuple {
        items: Rc<[Value]>,
        depth: usize,
    },
    Dictionary {
        entries: Vec<(Value, Value)>,
        depth: usize,
    },
    List,
    /// A name that is called later, or a type.
    Name(Rc<str>),
    Storage {
        storage: Rc<str>,
        key: Rc<str>,
    },
    Tensor(Rc<TensorRecord>),
    /// Of an attribute or container that nothing here needs.
    Other,
}

impl Value {
    fn tuple(items: Vec<Self>) -> Result<Self, String> {
        let depth = depth_around(&items)?;
        let items = items.into();
        Ok(Self::Tuple { items, depth })
    }

    fn empty_dictionary() -> Self {
        Self::Dictionary {
            entries: Vec::new(),
            depth: 1,
        }
    }

    /// Containers within this value, itself included.
    fn depth(&self) -> usize {
        match self {
            Self::Tuple { depth, .. } | Self::Dictionary { depth, .. } => *depth,
            _ => 0,
        }
    }
}

/// The depth of a container of these values; fails beyond [`MOST_DEPTH`].
fn depth_around(values: &[Value]) -> Result<usize, String> {
    let depth = 1 + values.iter().map(Value::depth).max().unwrap_or(0);
    if depth > MOST_DEPTH {
        return Err(format!("values nested more than {MOST_DEPTH} deep"));
    }
    Ok(depth)
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

    fn refused(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn nesting_ends_in_an_error_and_not_in_a_stack_overflow() {
        let nested =
            |open: &[u8], depth: usize| [b"\x80\x02)", &open.repeat(depth)[..], b"."].concat();
        read(&nested(b"\x85", 31)).unwrap();
        assert!(refused(&nested(b"\x85", 32)).contains("more than 32 deep"));
        assert!(refused(&nested(b"\x85", 100_000)).contains("more than 32 deep"));
        // Dictionaries: `{}` and its key under each other, set from the inside out.
        let mut bytes = b"\x80\x02".to_vec();
        bytes.extend(b"}X\x01\0\0\0a".repeat(100_000));
        bytes.push(b'N');
        bytes.extend(b"s".repeat(100_000));
        bytes.push(b'.');
        assert!(refused(&bytes).contains("more than 32 deep"));
        // A tuple of tuples of tuples by reference.
        let shared = [&b"\x80\x02)q\0"[..], &b"h\0h\0\x86q\0".repeat(100), b"."].concat();
        assert!(refused(&shared).contains("more than 32 deep"));
    }

    #[test]
    fn objects_marks_and_dimensions_are_counted() {
        let many = [&b"\x80\x04)"[..], &b"\x94".repeat(2_000_000), b"."].concat();
        assert!(refused(&many).contains("more than 1048576 objects"));
        let many = [&b"\x80\x02"[..], &b"N".repeat(2_000_000), b"."].concat();
        assert!(refused(&many).contains("more than 1048576 objects"));
        let marks = [&b"\x80\x02"[..], &b"(".repeat(2_000_000), b"."].concat();
        assert!(refused(&marks).contains("more than 1024 marks"));
        let dimensions = [
            &b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0("[..],
            &b"K\x01".repeat(200_000),
            b"t(",
            &b"K\x01".repeat(200_000),
            b"ttR.",
        ]
        .concat();
        assert!(refused(&dimensions).contains("a tensor of 200000 dimensions"));
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
