//! Partial exact neighbors: the first byte says whether the checksum is mended, so that what follows it
//! is reached; the rest is the file.
#![no_main]

mod allocator;

use annatomy_knn::{Partial, PartialHeader};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const CHECKSUM_BYTES: usize = 32;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, content)) = bytes.split_first() else {
        return;
    };
    let mut content = content.to_vec();
    if let (1, Some(end)) = (first & 1, content.len().checked_sub(CHECKSUM_BYTES)) {
        let checksum = Sha256::digest(&content[..end]);
        content[end..].copy_from_slice(&checksum);
    }
    let length = content.len() as u64;
    drop(PartialHeader::read(&mut &content[..], length));
    let Ok(partial) = Partial::read(&mut &content[..], length) else {
        return;
    };
    // What was read is written as the same bytes but for the checksum of a base that is not known.
    let written = partial.to_bytes();
    assert_eq!(written.len(), content.len());
    let again = Partial::read(&mut &written[..], length).expect("what was written can be read");
    assert_eq!(again, partial);
    assert!(partial.merge(&partial).is_err(), "rows twice");
    let end = partial.header().rows.end;
    if let Ok(next) = partial.clone().of_base(None).shifted(end) {
        drop(partial.clone().of_base(None).merge(&next));
    }
    drop(partial.finish());
});
