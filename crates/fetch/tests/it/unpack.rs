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
