//! Folders, lists and archives with what is no picture, special files, names of any bytes, and
//! outputs that would replace inputs.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use annatomy_embed::source::{Content, Source};
use annatomy_embed::{Job, JobError, OnBroken};

use crate::common::goldens;
use crate::fuzzed::zip_of;

fn golden(name: &str) -> Vec<u8> {
    fs::read(goldens().join("pictures").join(name)).unwrap()
}

/// Names, and the length of the content or what is wrong with it.
fn items(path: &Path) -> Vec<(String, Result<usize, String>)> {
    let mut source = Source::open(path).unwrap();
    let mut items = Vec::new();
    while let Some(item) = source.next().unwrap() {
        let content = item.content.map_err(|error| error.to_string());
        let length = content.map(|content| match content {
            Content::Encoded(bytes) => bytes.len(),
            Content::Picture(picture) => picture.values().len(),
        });
        items.push((item.name, length));
    }
    items
}

fn named(items: &[(String, Result<usize, String>)]) -> Vec<&str> {
    items.iter().map(|(name, _)| name.as_str()).collect()
}

fn problem<'i>(items: &'i [(String, Result<usize, String>)], name: &str) -> &'i str {
    let (_, content) = items.iter().find(|(found, _)| found == name).expect(name);
    content.as_ref().unwrap_err()
}

#[test]
fn every_file_of_a_folder_is_an_item() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    fs::write(at("deep/a.png"), golden("rgb.png")).unwrap();
    for name in ["b.avif", "c.heic", "notes.md", "noending"] {
        fs::write(at(name), "x").unwrap();
    }
    for (name, copied) in [
        ("d.tif", "rgb_raw.tif"),
        ("e.ppm", "rgb.ppm"),
        ("f.gif", "plain.gif"),
    ] {
        fs::copy(goldens().join("formats").join(copied), at(name)).unwrap();
    }
    let items = items(folder.path());
    assert_eq!(
        named(&items),
        [
            "b.avif",
            "c.heic",
            "d.tif",
            "deep/a.png",
            "e.ppm",
            "f.gif",
            "noending",
            "notes.md"
        ]
    );
    assert_eq!(
        items.iter().filter(|(_, content)| content.is_ok()).count(),
        4
    );
    assert_eq!(problem(&items, "b.avif"), "AVIF pictures are not read");
    assert!(problem(&items, "notes.md").starts_with("no picture (.jpg"));
}

#[cfg(unix)]
#[test]
fn special_files_are_named_and_nothing_waits() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("pictures")).unwrap();
    fs::write(at("pictures/a.png"), golden("rgb.png")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pictures/b.png"))
        .status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/urandom", at("pictures/c.png")).unwrap();
    std::os::unix::fs::symlink(folder.path(), at("pictures/d")).unwrap();
    let found = items(&at("pictures"));
    assert_eq!(named(&found), ["a.png", "b.png", "c.png", "d"]);
    assert_eq!(problem(&found, "b.png"), "is a FIFO, not a regular file");
    assert_eq!(problem(&found, "c.png"), "is a device, not a regular file");
    assert_eq!(problem(&found, "d"), "a link to a folder is not followed");
    for name in [
        "x.txt",
        "x.tar",
        "x.tar.gz",
        "x.zip",
        "x.bin",
        "x.png",
        "x.parquet",
        "x",
    ] {
        let path = at(name);
        fs::rename(at("pictures/b.png"), &path).unwrap();
        let error = Source::open(&path).unwrap_err().to_string();
        let is_named = error.contains("is a FIFO, not a regular file");
        assert!(
            is_named || error.contains("reads no Parquet"),
            "{name}: {error}"
        );
        fs::rename(&path, at("pictures/b.png")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn names_of_any_bytes_stay_apart_and_are_printable() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(name));
    let names: [&[u8]; 4] = [b"\xfe.png", b"\xff.png", b"a\nb.png", b"a\x1b[31m.png"];
    for name in names {
        fs::write(at(name), golden("rgb.png")).unwrap();
    }
    let expected = ["a\\nb.png", "a\\u{1b}[31m.png", "\\xfe.png", "\\xff.png"];
    assert_eq!(named(&items(folder.path())), expected);
    fs::write(at(b"list.txt"), b"\xfe.png\r\n\n\xff.png\n").unwrap();
    let listed = items(&at(b"list.txt"));
    assert_eq!(named(&listed), expected[2..]);
    assert!(listed.iter().all(|(_, content)| content.is_ok()));

    let mut tar = tar::Builder::new(File::create(at(b"p.tar")).unwrap());
    for name in names {
        tar.append_path_with_name(at(name), std::ffi::OsStr::from_bytes(name))
            .unwrap();
    }
    tar.into_inner().unwrap();
    let mut found = items(&at(b"p.tar"));
    found.sort();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(named(&found), sorted);
}

#[test]
fn members_of_a_zip_that_share_a_name_or_have_odd_ones_are_all_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.zip");
    let picture = golden("rgb.png");
    let members: [(&[u8], &[u8]); 6] = [
        (b"a.png", b"hidden"),
        (b"a.png", &picture),
        (b"\xfe.png", &picture),
        (b"\xff.png", &picture),
        (b"read.me", b"x"),
        (b"c\x1b.png", &picture),
    ];
    fs::write(&path, zip_of(&members)).unwrap();
    let items = items(&path);
    assert_eq!(items.len(), 6, "{items:?}");
    let hidden = "a member of this name follows; this one is not read".to_owned();
    assert_eq!(items[0], ("a.png".to_owned(), Err(hidden)));
    let length = Ok(picture.len());
    for name in ["a.png", "\\xfe.png", "\\xff.png", "c\\u{1b}.png"] {
        assert!(
            items.contains(&(name.to_owned(), length.clone())),
            "{name}: {items:?}"
        );
    }
    assert!(problem(&items, "read.me").starts_with("no picture"));
}

fn tar_entry(kind: u8, name: &str, claimed: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_path(name).unwrap();
    header.set_size(claimed);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(bytes: &[u8], path: &Path) {
    let mut writer =
        flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap();
}

#[test]
fn names_of_100_gb_in_an_archive_are_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.tar.gz");
    let picture = golden("rgb.png");
    let good = tar_entry(b'0', "a.png", picture.len() as u64, &picture);
    for kind in [b'L', b'K', b'x', b'g'] {
        // Forty megabytes of it are there.
        let claims = tar_entry(
            kind,
            "././@LongLink",
            100_000_000_000,
            &vec![b'a'; 40 << 20],
        );
        gzip(&[&good[..], &claims].concat(), &path);
        let items = items(&path);
        assert_eq!(items.len(), 2, "{items:?}");
        assert_eq!(items[0], ("a.png".to_owned(), Ok(picture.len())));
        let said = items[1].1.as_ref().unwrap_err();
        assert_eq!(
            said,
            "a name of 100000000000 bytes is more than 65536; nothing after it is read"
        );
        assert!(items[1].0.starts_with("member at byte "), "{}", items[1].0);
    }
}

#[test]
fn long_names_links_and_duplicates_of_a_tar_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.tar");
    let picture = golden("rgb.png");
    let length = picture.len() as u64;
    let long = format!("{}/b.png", "deep".repeat(60));
    let pax = format!("path={long}\n");
    let record = format!("{} {pax}", pax.len() + 4);
    let bytes = [
        tar_entry(b'0', "a.png", length, &picture),
        tar_entry(
            b'L',
            "././@LongLink",
            long.len() as u64 + 1,
            format!("{long}\0").as_bytes(),
        ),
        tar_entry(b'0', "short.png", length, &picture),
        tar_entry(b'2', "link.png", 0, b""),
        tar_entry(b'5', "folder/", 0, b""),
        tar_entry(b'0', "labels.cls", 1, b"3"),
        tar_entry(b'x', "pax", record.len() as u64, record.as_bytes()),
        tar_entry(b'0', "short.png", length, &picture),
        tar_entry(b'0', "a.png", length, &picture),
        vec![0; 1024],
    ]
    .concat();
    fs::write(&path, bytes).unwrap();
    let items = items(&path);
    assert_eq!(
        named(&items),
        ["a.png", &long, "link.png", "labels.cls", &long, "a.png"]
    );
    assert_eq!(
        problem(&items, "link.png"),
        "a link or device is not followed"
    );
    assert!(problem(&items, "labels.cls").starts_with("no picture"));
    let again = "a member of this name came before; this one is not read";
    assert_eq!(items[1].1, Ok(picture.len()));
    assert_eq!(items[4].1.as_ref().unwrap_err(), again);
    assert_eq!(items[5].1.as_ref().unwrap_err(), again);
}

#[test]
fn outputs_never_replace_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.png"), golden("rgb.png")).unwrap();
    fs::write(at("list.ids.txt"), "a.png\nother.npy\n").unwrap();
    fs::write(at("other.npy"), "a listed file").unwrap();
    fs::write(at("weights.npy"), "weights").unwrap();
    let check = |images: &str, out: &str| {
        let job = Job {
            also_read: vec![at("weights.npy")],
            ..Job::new(at(images), at(out))
        };
        job.check()
    };
    for (images, out, input) in [
        ("list.ids.txt", "list.npy", "list.ids.txt"),
        ("list.ids.txt", "./other.npy", "other.npy"),
        ("a.png", "weights.npy", "weights.npy"),
    ] {
        let error = check(images, out).unwrap_err();
        let JobError::Overwrites { input: found, .. } = &error else {
            panic!("{out}: {error}")
        };
        assert_eq!(found.file_name(), PathBuf::from(input).file_name(), "{out}");
    }
    check("list.ids.txt", "fine.npy").unwrap();
    let error = check("a.png", "absent/out.npy").unwrap_err().to_string();
    assert!(error.contains("absent"), "{error}");
    fs::create_dir(at("taken.npy")).unwrap();
    let error = check("a.png", "taken.npy").unwrap_err().to_string();
    assert!(
        error.ends_with("is a folder, not a regular file"),
        "{error}"
    );
}

#[test]
fn strict_stops_at_a_format_that_is_not_read_and_not_at_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("p")).unwrap();
    fs::write(at("p/a.png"), golden("rgb.png")).unwrap();
    fs::write(at("p/labels.csv"), "x").unwrap();
    let embedder = crate::job::embedder();
    let job = Job {
        on_broken: OnBroken::Stop,
        ..Job::new(at("p"), at("out.npy"))
    };
    let summary = job.run(embedder).unwrap();
    assert_eq!(
        (summary.embedded, summary.skipped, summary.others),
        (1, 0, 1)
    );
    fs::write(at("p/b.avif"), "x").unwrap();
    let error = job.run(embedder).unwrap_err().to_string();
    assert_eq!(error, "b.avif: AVIF pictures are not read");
    let mut left = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        left.push(entry.unwrap().file_name().into_string().unwrap());
    }
    left.sort();
    assert_eq!(left, ["out.ids.txt", "out.npy", "p"]);
    let mut ids = String::new();
    File::open(at("out.ids.txt"))
        .unwrap()
        .read_to_string(&mut ids)
        .unwrap();
    assert_eq!(ids, "a.png\n");
}
