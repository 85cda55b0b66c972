//! Members out of archives, right or not at all.

use std::fs::{self, File};
use std::path::Path;

use annatomy_fetch::{Member, UnpackError, unpack};

fn archive(path: &Path) {
    let gzip =
        flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, bytes) in [
        ("set/a.bin", b"hello".as_slice()),
        ("set/b.bin", b"world!"),
        ("set/c.bin", b"later"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

fn member(name: &str, md5: &str, bytes: u64) -> Member {
    Member {
        path: format!("set/{name}"),
        checksum: format!("md5:{md5}").parse().unwrap(),
        bytes,
    }
}

fn hello() -> Member {
    member("a.bin", "5d41402abc4b2a76b9719d911017c592", 5)
}

#[test]
fn members_are_taken_and_wrong_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.tar.gz");
    archive(&path);
    let out = folder.path().join("out");
    let take = |members: &[Member]| unpack(&path, members, &out);
    take(&[hello()]).unwrap();
    assert_eq!(fs::read(out.join("a.bin")).unwrap(), b"hello");
    let damaged = member("b.bin", "5d41402abc4b2a76b9719d911017c592", 6);
    assert!(matches!(take(&[damaged]), Err(UnpackError::Damaged { .. })));
    let longer = member("b.bin", "5d41402abc4b2a76b9719d911017c592", 7);
    assert!(matches!(
        take(&[longer]),
        Err(UnpackError::Length {
            expected: 7,
            found: 6,
            ..
        })
    ));
    let absent = member("d.bin", "5d41402abc4b2a76b9719d911017c592", 6);
    assert!(matches!(
        take(&[absent, hello()]),
        Err(UnpackError::Absent { .. })
    ));
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        1,
        "nothing but the one that was right"
    );
}

#[test]
fn a_cut_archive_is_an_error_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.tar.gz");
    archive(&path);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() - 8 {
        fs::write(&path, &whole[..length]).unwrap();
        let last = member("c.bin", "5d41402abc4b2a76b9719d911017c592", 5);
        assert!(
            unpack(&path, &[last], folder.path()).is_err(),
            "{length} bytes"
        );
    }
}

/// An entry that carries a name, of a length that its bytes do not have.
fn name_of(kind: tar::EntryType, claimed: u64, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(kind);
    header.set_size(claimed);
    header.set_cksum();
    [header.as_bytes(), bytes].concat()
}

#[test]
fn names_of_100_gb_are_refused_and_others_passed_over() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("set.tar.gz"), folder.path().join("a.gz"));
    archive(&plain);
    let mut tar = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(File::open(&plain).unwrap());
    std::io::Read::read_to_end(&mut reader, &mut tar).unwrap();
    let out = folder.path().join("out");
    let unpack_after = |name: Vec<u8>| {
        let file = File::create(&path).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(&name).unwrap();
        gzip.write_all(&tar).unwrap();
        gzip.finish().unwrap();
        unpack(&path, &[hello()], &out)
    };
    for kind in [
        tar::EntryType::GNULongName,
        tar::EntryType::GNULongLink,
        tar::EntryType::XHeader,
        tar::EntryType::XGlobalHeader,
    ] {
        unpack_after(name_of(kind, 512, &[b'a'; 512])).unwrap();
        assert_eq!(fs::read(out.join("a.bin")).unwrap(), b"hello");
        let error = unpack_after(name_of(kind, 100_000_000_000, &[])).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a name of 100000000000 bytes, at most 65536"),
            "{error}"
        );
    }
}
