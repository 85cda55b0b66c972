//! One finished run as bytes: a checksum, the study and the run that it belongs to, then the run.
//!
//! ```text
//! magic         16   "annatomy record\n"
//! checksum      32   SHA-256 of all that follows
//! study         32   SHA-256 of the study's identity: settings, data, version
//! run            8   little-endian
//! the run            postcard
//! ```
//!
//! A record that is damaged, or copied from another run or study, is recognized before any of its
//! figures is read.

use crate::results::RunRecord;
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 16] = b"annatomy record\n";
const HASH_BYTES: usize = 32;
const RUN_BYTES: usize = 8;

/// SHA-256 of a study's identity.
pub(crate) type StudyHash = [u8; HASH_BYTES];

/// Why a record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordFault {
    #[error("it is no record of this version")]
    NotARecord,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("it is of another study")]
    OtherStudy,
    #[error("it is of run {found}")]
    OtherRun { found: u64 },
    #[error("{reason}")]
    Content { reason: String },
}

/// The bytes of `record`, a run of the study with hash `study`.
pub(crate) fn encode(study: &StudyHash, record: &RunRecord) -> postcard::Result<Vec<u8>> {
    let mut rest = study.to_vec();
    rest.extend((record.run as u64).to_le_bytes());
    rest.extend(postcard::to_allocvec(record)?);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(Sha256::digest(&rest));
    bytes.extend(rest);
    Ok(bytes)
}

/// The record in `bytes`, if it is whole and is run `run` of the study with hash `study`.
pub(crate) fn decode(
    bytes: &[u8],
    study: &StudyHash,
    run: usize,
) -> Result<RunRecord, RecordFault> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(RecordFault::NotARecord)?;
    let (checksum, rest) = rest
        .split_at_checked(HASH_BYTES)
        .ok_or(RecordFault::Checksum)?;
    if checksum != Sha256::digest(rest).as_slice() {
        return Err(RecordFault::Checksum);
    }
    let short = || RecordFault::Content {
        reason: "it is too short".to_owned(),
    };
    let (found, rest) = rest.split_first_chunk::<HASH_BYTES>().ok_or_else(short)?;
    if found != study {
        return Err(RecordFault::OtherStudy);
    }
    let (found, rest) = rest.split_first_chunk::<RUN_BYTES>().ok_or_else(short)?;
    let found = u64::from_le_bytes(*found);
    if found != run as u64 {
        return Err(RecordFault::OtherRun { found });
    }
    postcard::from_bytes(rest).map_err(|error| RecordFault::Content {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{DataFacts, StageSeconds, SurfaceGrid};

    const STUDY: StudyHash = [7; 32];

    fn record(run: usize) -> RunRecord {
        RunRecord {
            run,
            conditions: Vec::new(),
            order: None,
            methods: None,
            surface: SurfaceGrid {
                efs: vec![2, 3],
                ks: vec![2],
                overlap: vec![0.5, f64::NAN],
                fill: vec![1.0, f64::INFINITY],
                visited: vec![6.0, 9.0],
                required_ef: vec![[Some(2), None, None]],
                ties: Vec::new(),
            },
            explored: None,
            data: DataFacts {
                rows: 8,
                columns: 2,
                duplicate_rows: 0,
                unreachable_nodes: 0,
                queries: 6,
                hubness: None,
            },
            seconds: StageSeconds::default(),
        }
    }

    fn fault(bytes: &[u8], run: usize) -> RecordFault {
        decode(bytes, &STUDY, run).expect_err("unusable")
    }

    #[test]
    fn a_record_reads_back_as_it_was() {
        let bytes = encode(&STUDY, &record(3)).expect("plain data");
        let read = decode(&bytes, &STUDY, 3).expect("whole");
        // NaN equals nothing: the texts are compared.
        assert_eq!(format!("{read:?}"), format!("{:?}", record(3)));
    }

    #[test]
    fn any_one_flipped_bit_is_noticed() {
        let bytes = encode(&STUDY, &record(3)).expect("plain data");
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                let expected = if place < MAGIC.len() {
                    RecordFault::NotARecord
                } else {
                    RecordFault::Checksum
                };
                assert_eq!(fault(&damaged, 3), expected, "byte {place}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_cut_or_lengthened_record_is_noticed() {
        let bytes = encode(&STUDY, &record(3)).expect("plain data");
        for length in 0..bytes.len() {
            let fault = fault(&bytes[..length], 3);
            assert!(
                matches!(fault, RecordFault::NotARecord | RecordFault::Checksum),
                "{length}"
            );
        }
        let longer = [&bytes[..], b"\0"].concat();
        assert_eq!(fault(&longer, 3), RecordFault::Checksum);
    }

    #[test]
    fn a_record_copied_from_another_run_or_study_is_noticed() {
        let bytes = encode(&STUDY, &record(3)).expect("plain data");
        assert_eq!(fault(&bytes, 4), RecordFault::OtherRun { found: 3 });
        let other = decode(&bytes, &[8; 32], 3).expect_err("another study");
        assert_eq!(other, RecordFault::OtherStudy);
    }

    #[test]
    fn a_record_without_checksum_is_no_record() {
        let bare = postcard::to_allocvec(&record(3)).expect("plain data");
        assert_eq!(fault(&bare, 3), RecordFault::NotARecord);
    }
}
