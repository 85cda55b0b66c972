//! Partials as bytes: a header of fixed length, the lists, a checksum.
//!
//! Little-endian, whatever the machine:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `annaknn` and the version, 1 |
//! | 8 × 8 | metric (0 L2, 1 cosine, 2 inner product), k, queries, columns, whether queries are base rows, first row, end, rows of the base (2⁶⁴ − 1: not known) |
//! | 2 × 32 | checksums of the queries and of the base |
//! | 8 per slot | reduced distances in float64, list after list |
//! | 4 per slot | ids; 2³² − 1 in an empty slot |
//! | 32 | SHA-256 of all before |
//!
//! Reading checks the length before it asks for memory, the checksum, and that each list is in order
//! and of rows of the range. Does not: pack.

use super::lists::{EMPTY, Lists};
use super::{BaseIdentity, Checksum256, Partial, PartialHeader};
use annatomy_vectors::Metric;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use std::ops::Range;

const SIGNATURE: &[u8; 8] = b"annaknn\x01";
const NUMBERS: usize = 8;
const HEADER_BYTES: usize = SIGNATURE.len() + 8 * NUMBERS + 64;
const CHECKSUM_BYTES: u64 = 32;
const UNKNOWN: u64 = u64::MAX;
/// Slots written or read at once.
const BLOCK: usize = 1 << 13;
const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

/// Why a file is no partial that can be merged.
#[derive(Debug, thiserror::Error)]
pub enum PartialFileError {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It begins with something else.
    #[error("no partial exact neighbors: they begin with \"annaknn\"")]
    Foreign,
    /// It is of another version of the format.
    #[error("partial exact neighbors of version {found}: version 1 is known")]
    Version {
        /// The version.
        found: u8,
    },
    /// The header contradicts itself.
    #[error("damaged header: {problem}")]
    Header {
        /// What is wrong with it.
        problem: String,
    },
    /// The file is shorter or longer than its header says.
    #[error(
        "the header asks for {expected} bytes ({queries} queries of {width} slots), there are {found}"
    )]
    Length {
        /// Queries according to the header.
        queries: usize,
        /// Slots of each according to the header.
        width: usize,
        /// Bytes that there should be.
        expected: u128,
        /// Bytes that there are.
        found: u64,
    },
    /// The content is not what was written.
    #[error("damaged: the checksum is {found} and should be {expected}")]
    Checksum {
        /// Of the content.
        found: Checksum256,
        /// That at the end.
        expected: Checksum256,
    },
    /// A list that no search leaves.
    #[error("damaged: the list of query {query} is not one of exact neighbors")]
    List {
        /// The query.
        query: usize,
    },
    /// The lists do not fit in memory.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
}

impl Partial {
    /// Writes it.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut writer = Hashing {
            inner: writer,
            hasher: Sha256::new(),
        };
        writer.put(&self.header.encoded())?;
        writer.put_all(&self.lists.reduced, f64::to_le_bytes)?;
        writer.put_all(&self.lists.ids, u32::to_le_bytes)?;
        let checksum = writer.hasher.finalize();
        writer.inner.write_all(&checksum)
    }

    /// The bytes that [`write`](Self::write) writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.header.file_bytes() as usize);
        self.write(&mut bytes).expect("a vector takes every byte");
        bytes
    }

    /// Reads `length` bytes, which must be a partial and nothing else.
    ///
    /// # Errors
    /// If they are not, or were damaged since they were written.
    pub fn read(reader: &mut impl Read, length: u64) -> Result<Self, PartialFileError> {
        let mut reader = Hashing {
            inner: reader,
            hasher: Sha256::new(),
        };
        let mut bytes = [0; HEADER_BYTES];
        PartialHeader::read_into(&mut reader.inner, length, &mut bytes)?;
        reader.hasher.update(bytes);
        let header = PartialHeader::decoded(&bytes, length)?;
        annatomy_runtime::check_memory("a partial result", header.list_bytes())?;
        let slots = header.queries * header.width();
        let reduced = reader.take_all(slots, f64::from_le_bytes)?;
        let ids = reader.take_all(slots, u32::from_le_bytes)?;
        let mut expected = [0; CHECKSUM_BYTES as usize];
        reader.inner.read_exact(&mut expected)?;
        let [found, expected] = [reader.hasher.finalize().into(), expected].map(Checksum256);
        if found != expected {
            return Err(PartialFileError::Checksum { found, expected });
        }
        let lists = Lists::new(header.width(), reduced, ids);
        match (0..header.queries).find(|&query| !header.may_have(query, &lists)) {
            Some(query) => Err(PartialFileError::List { query }),
            None => Ok(Self { header, lists }),
        }
    }
}

impl PartialHeader {
    /// Reads the header at the front of `length` bytes, whose rest is not looked at.
    ///
    /// # Errors
    /// If they cannot be a partial.
    pub fn read(reader: &mut impl Read, length: u64) -> Result<Self, PartialFileError> {
        let mut bytes = [0; HEADER_BYTES];
        Self::read_into(reader, length, &mut bytes)?;
        Self::decoded(&bytes, length)
    }

    fn read_into(
        reader: &mut impl Read,
        length: u64,
        bytes: &mut [u8; HEADER_BYTES],
    ) -> Result<(), PartialFileError> {
        let there = bytes
            .len()
            .min(usize::try_from(length).unwrap_or(usize::MAX));
        reader.read_exact(&mut bytes[..there])?;
        let (name, version) = bytes.split_at(SIGNATURE.len() - 1);
        if name != &SIGNATURE[..SIGNATURE.len() - 1] {
            return Err(PartialFileError::Foreign);
        }
        if there >= SIGNATURE.len() && version[0] != SIGNATURE[SIGNATURE.len() - 1] {
            return Err(PartialFileError::Version { found: version[0] });
        }
        if there < bytes.len() {
            return Err(PartialFileError::Header {
                problem: format!("it ends after {there} of {HEADER_BYTES} bytes"),
            });
        }
        Ok(())
    }

    /// Bytes of the whole partial.
    fn file_bytes(&self) -> u128 {
        let lists = (self.queries as u128) * (self.width() as u128) * u128::from(Lists::SLOT_BYTES);
        lists + u128::from(HEADER_BYTES as u64 + CHECKSUM_BYTES)
    }

    fn encoded(&self) -> Vec<u8> {
        let metric = METRICS.iter().position(|&metric| metric == self.metric);
        let numbers: [u64; NUMBERS] = [
            metric.expect("every metric is listed") as u64,
            self.k as u64,
            self.queries as u64,
            self.columns as u64,
            u64::from(self.are_base_rows),
            self.rows.start,
            self.rows.end,
            self.base.map_or(UNKNOWN, |base| base.rows),
        ];
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.queries_checksum.0);
        bytes.extend(self.base.map_or([0; 32], |base| base.checksum.0));
        bytes
    }

    fn decoded(bytes: &[u8; HEADER_BYTES], length: u64) -> Result<Self, PartialFileError> {
        let (numbers, checksums) = bytes[SIGNATURE.len()..].split_at(8 * NUMBERS);
        let mut numbers = numbers
            .as_chunks()
            .0
            .iter()
            .copied()
            .map(u64::from_le_bytes);
        let mut number = || numbers.next().expect("there are as many");
        let (metric, k, queries) = (number(), number(), number());
        let (columns, kind, rows, base_rows) = (number(), number(), number()..number(), number());
        let wrong = |problem: String| PartialFileError::Header { problem };
        let small = |what: &str, number: u64| {
            usize::try_from(number).map_err(|_| wrong(format!("{what} {number}")))
        };
        let checksum = |at: usize| {
            let mut digits = [0; 32];
            digits.copy_from_slice(&checksums[at..at + 32]);
            Checksum256(digits)
        };
        let known = METRICS.get(usize::try_from(metric).unwrap_or(usize::MAX));
        let header = Self {
            metric: *known.ok_or_else(|| wrong(format!("metric {metric}")))?,
            k: small("k =", k)?,
            queries: small("queries:", queries)?,
            columns: small("columns:", columns)?,
            are_base_rows: kind == 1,
            queries_checksum: checksum(0),
            rows,
            base: (base_rows != UNKNOWN).then(|| BaseIdentity {
                rows: base_rows,
                checksum: checksum(32),
            }),
        };
        header.check(kind).map_err(wrong)?;
        if header.file_bytes() != u128::from(length) {
            return Err(PartialFileError::Length {
                queries: header.queries,
                width: header.width(),
                expected: header.file_bytes(),
                found: length,
            });
        }
        Ok(header)
    }

    /// What no search writes.
    fn check(&self, kind: u64) -> Result<(), String> {
        let Range { start, end } = self.rows;
        let base_rows = self.base.map_or(u64::from(EMPTY), |base| base.rows);
        if kind > 1 {
            return Err(format!("queries of kind {kind}"));
        }
        if start >= end || end > base_rows || end > u64::from(EMPTY) {
            return Err(format!("rows {start}:{end} of {base_rows}"));
        }
        if self.k == 0 {
            return Err("k = 0".to_owned());
        }
        Ok(())
    }

    /// Whether a list can be one of the nearest rows of the range.
    fn may_have(&self, query: usize, lists: &Lists) -> bool {
        let list = lists.list(query);
        let filled = list.filled();
        let (ids, rest) = list.ids.split_at(filled);
        let own = |id: u32| self.are_base_rows && u64::from(id) == query as u64;
        let ascends = |place: usize| {
            let order = list.reduced[place - 1].total_cmp(&list.reduced[place]);
            order.then(ids[place - 1].cmp(&ids[place])).is_lt()
        };
        filled as u64 == (self.k as u64).min(self.available(query))
            && ids
                .iter()
                .all(|&id| self.rows.contains(&u64::from(id)) && !own(id))
            && list.reduced[..filled].iter().all(|value| value.is_finite())
            && (1..filled).all(ascends)
            && rest.iter().all(|&id| id == EMPTY)
            && list.reduced[filled..]
                .iter()
                .all(|&value| value == f64::INFINITY)
    }
}

/// A reader or writer whose bytes are hashed on their way.
struct Hashing<T> {
    inner: T,
    hasher: Sha256,
}

impl<W: Write> Hashing<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        annatomy_runtime::check();
        self.hasher.update(bytes);
        self.inner.write_all(bytes)
    }

    fn put_all<T: Copy, const SIZE: usize>(
        &mut self,
        values: &[T],
        encode: impl Fn(T) -> [u8; SIZE],
    ) -> io::Result<()> {
        let mut bytes = vec![0; SIZE * BLOCK.min(values.len())];
        for values in values.chunks(BLOCK) {
            let bytes = &mut bytes[..SIZE * values.len()];
            for (bytes, &value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *bytes = encode(value);
            }
            self.put(bytes)?;
        }
        Ok(())
    }
}

impl<R: Read> Hashing<R> {
    fn take_all<T, const SIZE: usize>(
        &mut self,
        count: usize,
        decode: impl Fn([u8; SIZE]) -> T,
    ) -> io::Result<Vec<T>> {
        let mut values = Vec::with_capacity(count);
        let mut bytes = vec![0; SIZE * BLOCK.min(count)];
        while values.len() < count {
            annatomy_runtime::check();
            let bytes = &mut bytes[..SIZE * BLOCK.min(count - values.len())];
            self.inner.read_exact(bytes)?;
            self.hasher.update(&*bytes);
            values.extend(bytes.as_chunks().0.iter().map(|&bytes| decode(bytes)));
        }
        Ok(values)
    }
}
