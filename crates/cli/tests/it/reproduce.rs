//! `annatomy reproduce` from end to end against a server on this machine: a small set in STL-10's
//! layout, weights drawn by rule, wrong bytes, a cut, a kill in the middle of the embeddings, and
//! then not one byte or picture twice.

use crate::drawn_weights::drawn_safetensors;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Manner, Server};
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// Images in the two binaries of the set.
const COUNTS: [usize; 2] = [40, 60];
const SUBSET: usize = 64;

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Pictures by rule, each plane column by column.
fn binary(count: usize, first: usize) -> Vec<u8> {
    let value = |picture: usize, plane: usize, column: usize, row: usize| {
        let wave = ((column * (picture % 7 + 1) + row * (picture % 11 + 1)) / 8
            + plane * 40
            + picture * 13)
            % 256;
        (wave ^ (column * row * (picture % 5) / 64)) as u8
    };
    let mut bytes = Vec::with_capacity(count * 27_648);
    for picture in first..first + count {
        for plane in 0..3 {
            bytes.extend((0..96 * 96).map(|place| value(picture, plane, place / 96, place % 96)));
        }
    }
    bytes
}

fn archive(binaries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (path, bytes) in binaries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes.as_slice())
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

struct Scene {
    server: Server,
    folder: tempfile::TempDir,
    weights_name: String,
}

impl Scene {
    fn new() -> Self {
        let binaries = [
            ("stl10_binary/train_X.bin", binary(COUNTS[0], 0)),
            ("stl10_binary/unlabeled_X.bin", binary(COUNTS[1], COUNTS[0])),
        ];
        let (archive, weights) = (archive(&binaries), drawn_safetensors());
        let digest = hexadecimal(&Sha256::digest(&weights));
        let weights_name = format!("resnet50-{}.safetensors", &digest[..8]);
        let server = Server::start();
        server.serve("stl10_binary.tar.gz", &archive);
        server.serve(&weights_name, &weights);
        let image = |(path, bytes): &(&str, Vec<u8>)| {
            let md5 = hexadecimal(&Md5::digest(bytes));
            format!(
                "[[images]]\npath = \"{path}\"\nchecksum = \"md5:{md5}\"\nbytes = {}\n",
                bytes.len()
            )
        };
        let images = binaries.each_ref().map(image).concat();
        let recipe = format!(
            "subset = {SUBSET}\nseed = 42\nks = \"10:30:10\"\n\
             [archive]\nurl = \"{}\"\nchecksum = \"md5:{}\"\nbytes = {}\n{images}\
             [weights]\nurl = \"{}\"\nchecksum = \"sha256:{}\"\nbytes = {}\n",
            server.url("stl10_binary.tar.gz"),
            hexadecimal(&Md5::digest(&archive)),
            archive.len(),
            server.url(&weights_name),
            &digest[..8],
            weights.len(),
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("recipe.toml"), recipe).unwrap();
        Self {
            server,
            folder,
            weights_name,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annatomy"));
        for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command
            .args(["reproduce", "--runs", "2", "--recipe"])
            .arg(self.at("recipe.toml"));
        command
            .arg("--data-dir")
            .arg(self.at("data"))
            .arg("--out")
            .arg(self.at("out"))
            .args(more);
        command
    }

    fn run(&self, more: &[&str]) -> (Output, String) {
        let output = self.command(more).output().unwrap();
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(!said.contains("panicked"), "{said}");
        (output, said)
    }

    fn embeddings(&self) -> Option<PathBuf> {
        let files = fs::read_dir(self.at("data")).ok()?;
        let mut paths = files.filter_map(Result::ok).map(|file| file.path());
        paths.find(|path| path.extension().is_some_and(|ending| ending == "npy"))
    }
}

/// Rows of a float32 matrix of 2048 columns behind a header of 128 bytes that hold no NaN.
fn finished_rows(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap_or_default();
    let rows = bytes
        .get(128..)
        .unwrap_or_default()
        .as_chunks::<8192>()
        .0
        .iter();
    rows.filter(|row| {
        row.as_chunks::<4>()
            .0
            .iter()
            .all(|value| !f32::from_le_bytes(*value).is_nan())
    })
    .count()
}

#[test]
fn from_downloads_to_the_page_through_wrong_bytes_a_cut_and_a_kill() {
    let scene = Scene::new();

    let (output, said) = scene.run(&["--dry-run"]);
    assert!(output.status.success(), "{said}");
    for words in [
        "download",
        "stl10_binary.tar.gz",
        "in all",
        "embed ",
        "2 runs of 64 images",
        "room",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!scene.at("data").exists(), "a plan leaves nothing");

    let (output, said) = scene.run(&["--offline"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("hint: without --offline") && scene.server.requests().is_empty(),
        "{said}"
    );

    scene
        .server
        .next(&scene.weights_name, [Manner::CutAfter(30_000_000)]);
    scene
        .server
        .next("stl10_binary.tar.gz", [Manner::WrongBytes]);
    let (output, said) = scene.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "after 30000000 of",
        "again in 1 s",
        "they were removed",
        "hint: ",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(scene.at("data").join(&scene.weights_name).exists());
    assert!(
        !scene.at("data/stl10_binary.tar.gz").exists()
            && !scene.at("data/stl10_binary.tar.gz.part").exists()
    );

    let mut child = scene
        .command(&[])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let reached = loop {
        let rows = scene.embeddings().map_or(0, |path| finished_rows(&path));
        if rows > 0 || start.elapsed() > Duration::from_secs(60) {
            break rows;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached > 0 && reached < 2 * SUBSET, "{reached} rows");
    let before = scene.server.requests().len();

    // Everything is here by now: the rest needs no network, and not even the archive.
    fs::remove_file(scene.at("data/stl10_binary.tar.gz")).unwrap();
    let kept = finished_rows(&scene.embeddings().unwrap());
    let (output, said) = scene.run(&["--offline"]);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(&format!("({kept} kept)")) && said.contains("download    nothing"),
        "{said}"
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        scene.at("out/reproduced.html").display().to_string()
    );
    check_results(&scene);

    // Once more, without weights and images: embeddings and runs are all there.
    fs::remove_dir_all(scene.at("data/stl10_binary")).unwrap();
    fs::remove_file(scene.at("data").join(&scene.weights_name)).unwrap();
    let table = fs::read(scene.at("out/reproduced.csv")).unwrap();
    let (output, said) = scene.run(&[]);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("embed     0 of "), "{said}");
    assert_eq!(
        fs::read(scene.at("out/reproduced.csv")).unwrap(),
        table,
        "the same bytes"
    );
    assert_eq!(
        scene.server.requests().len(),
        before,
        "nothing was asked for again"
    );
}

fn check_results(scene: &Scene) {
    let read = |name: &str| fs::read_to_string(scene.at("out").join(name)).unwrap();
    let table = read("reproduced.csv");
    assert_eq!(
        table.lines().count(),
        1 + 14 * 3 * 6,
        "conditions × k × figures"
    );
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("efSearch_study,ef_25,10,mean_overlap,0.98"),
        "{table}"
    );
    let page = read("reproduced.html");
    for words in [
        "Published and reproduced",
        "2 runs of 64 images",
        "cannot be expected to agree",
        "alpha_4.0",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for (name, conventions) in [
        ("measurements.csv", ",corrected,"),
        ("measurements_published.csv", ",published,"),
    ] {
        assert_eq!(
            read(name).matches(conventions).count(),
            2 * 14 * 3,
            "{name}"
        );
    }
    assert!(scene.at("out/report.html").exists());
}

#[test]
fn a_recipe_that_is_none_is_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("recipe.toml");
    fs::write(&recipe, "subset = 3").unwrap();
    for (path, words) in [
        (&recipe, "missing field"),
        (&folder.path().join("absent.toml"), "absent.toml"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_annatomy"))
            .args(["reproduce", "--dry-run", "--data-dir"])
            .arg(folder.path())
            .arg("--recipe")
            .arg(path)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_cannot_be_carried_out_is_found_before_any_download() {
    let scene = Scene::new();
    let recipe = fs::read_to_string(scene.at("recipe.toml")).unwrap();
    let refused = |words: &[&str]| {
        for more in [&["--dry-run"][..], &[]] {
            let (output, said) = scene.run(more);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(words.iter().all(|words| said.contains(words)), "{said}");
        }
    };
    fs::write(scene.at("recipe.toml"), recipe.replace("10:30:10", "10,64")).unwrap();
    refused(&["ks: k = 64 must be below the subset of 64 rows"]);
    fs::write(
        scene.at("recipe.toml"),
        recipe.replace("subset = 64", "subset = 101"),
    )
    .unwrap();
    refused(&["subset: 101 rows cannot be drawn from 100 images"]);
    fs::write(scene.at("recipe.toml"), recipe).unwrap();
    fs::write(scene.at("out"), "a file").unwrap();
    refused(&["out: not a folder", "hint: --out"]);
    assert!(scene.server.requests().is_empty());
}
