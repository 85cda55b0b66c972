//! `annatomy embed` from pictures to files that the other commands read.

use crate::drawn;
use crate::drawn_weights::drawn_safetensors;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn annatomy(arguments: &[&Path]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_annatomy"))
        .args(arguments)
        .output()
        .expect("the command starts");
    let said = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert!(!said.contains("panicked"), "{said}");
    (output, said)
}

/// Arguments of one line, with the folder's path in the place of `@` and that of the goldens in the
/// place of `%`.
fn run(folder: &tempfile::TempDir, line: &str) -> (Output, String) {
    let (at, goldens) = (
        folder.path().display().to_string(),
        drawn::goldens().display().to_string(),
    );
    let arguments: Vec<PathBuf> = line
        .split(' ')
        .map(|word| word.replace('@', &at).replace('%', &goldens).into())
        .collect();
    annatomy(&arguments.iter().map(PathBuf::as_path).collect::<Vec<_>>())
}

fn succeeds(folder: &tempfile::TempDir, line: &str) -> String {
    let (output, said) = run(folder, line);
    assert!(output.status.success(), "{line}: {said}");
    said
}

fn fails(folder: &tempfile::TempDir, line: &str, code: i32, words: &[&str]) {
    let (output, said) = run(folder, line);
    assert_eq!(output.status.code(), Some(code), "{line}: {said}");
    for word in words {
        assert!(said.contains(word), "{line}: {said}, without {word:?}");
    }
}

/// A drawn ResNet-50, as `drawn.safetensors`.
pub(crate) fn write_weights(folder: &tempfile::TempDir) {
    fs::write(folder.path().join("drawn.safetensors"), drawn_safetensors()).unwrap();
}

#[test]
fn a_folder_of_pictures_becomes_vectors_that_study_and_audit_read() {
    let folder = tempfile::tempdir().unwrap();
    write_weights(&folder);
    let said = succeeds(
        &folder,
        "embed %/pictures --model resnet50 --weights @/drawn.safetensors --crop 96 --out @/rows.npy",
    );
    let pictures = fs::read_dir(drawn::goldens().join("pictures"))
        .unwrap()
        .count();
    assert!(
        said.contains(&format!("{pictures} pictures in")) && said.contains("0 left out"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("rows.ids.txt"))
            .unwrap()
            .lines()
            .count(),
        pictures
    );
    succeeds(
        &folder,
        "study --data @/rows.npy --runs 1 --studies ef --ks 2:6:2 --out @/study",
    );
    assert!(folder.path().join("study/report.html").exists());
    succeeds(&folder, "audit @/rows.npy --k 5 --graphs 1");

    let bad = |more: &str, words: &[&str]| {
        fails(
            &folder,
            &format!("embed %/pictures --model resnet50 --out @/bad.npy {more}"),
            2,
            words,
        );
        assert!(!folder.path().join("bad.npy").exists());
    };
    bad("--crop 96", &["--weights FILE", "hint: "]);
    bad("--weights @/drawn.safetensors --output features", &["ONNX"]);
    bad(
        "--weights @/drawn.safetensors --onnxruntime libonnxruntime.so",
        &["ONNX"],
    );
    bad(
        "--weights @/drawn.safetensors --gpu",
        &["--onnxruntime <LIBRARY>"],
    );
    bad(
        "--weights @/drawn.safetensors --crop 300",
        &["300 × 300", "shorter side of 256"],
    );
    bad(
        "--weights @/drawn.safetensors --mean 1,2",
        &["three numbers"],
    );
    fs::write(folder.path().join("p.toml"), "sized = 3").unwrap();
    bad(
        "--weights @/drawn.safetensors --preprocess @/p.toml",
        &["p.toml", "sized"],
    );
    fails(
        &folder,
        "embed %/pictures --model vit --out @/bad.npy",
        2,
        &["resnet50", ".onnx"],
    );
}

const EMBED: &str = "--model resnet50 --weights @/drawn.safetensors --crop 32 --resize 32";

#[test]
fn hostile_pictures_and_options_cost_themselves_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_weights(&folder);
    fs::create_dir(at("p")).unwrap();
    fs::copy(drawn::goldens().join("pictures/rgb.png"), at("p/good.png")).unwrap();
    fs::write(at("p/giant.png"), drawn::png(65_535, 65_535, 8)).unwrap();
    fs::write(at("p/x\u{1b}[31m.jpg"), "no picture").unwrap();
    fs::write(at("p/photo.avif"), "x").unwrap();
    fs::write(at("p/notes.md"), "x").unwrap();
    let line = format!("embed @/p {EMBED} --out @/rows.npy");
    let said = succeeds(&folder, &line);
    for words in [
        "left out giant.png: 65535 × 65535 pixels are more than the limit of 178956970",
        "left out x\\u{1b}[31m.jpg: ",
        "left out photo.avif: AVIF pictures are not read",
        "left out notes.md: no picture",
        "1 pictures in",
        "3 left out, and 1 files that are no pictures",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert_eq!(
        fs::read_to_string(at("rows.ids.txt")).unwrap(),
        "good.png\n"
    );
    let words = ["giant.png", "hint: ", "--max-pixels 4294836225"];
    fails(&folder, &format!("{line} --strict"), 1, &words);
    let words = ["no picture could be embedded; 4 were left out"];
    fails(&folder, &format!("{line} --max-pixels 100"), 1, &words);
    fails(
        &folder,
        &format!("{line} --mean inf,0,0"),
        2,
        &["mean holds inf"],
    );
    fails(&folder, &format!("{line} --std 1,0,1"), 2, &["std holds 0"]);

    // Found before the weights are read.
    let early = |line: &str, words: &[&str]| {
        let line = line.replace("drawn.safetensors", "absent.safetensors");
        fails(&folder, &line, 2, words);
    };
    early(
        &format!("embed @/p {EMBED} --out @/rows.txt"),
        &["written as .npy"],
    );
    early(
        &format!("embed @/p {EMBED} --out @/none/rows.npy"),
        &["none"],
    );
    fs::write(at("list.ids.txt"), "p/good.png\n").unwrap();
    early(
        &format!("embed @/list.ids.txt {EMBED} --out @/list.npy"),
        &["list.ids.txt would replace", "hint: --out"],
    );
    assert_eq!(
        fs::read_to_string(at("list.ids.txt")).unwrap(),
        "p/good.png\n"
    );
}

#[cfg(unix)]
#[test]
fn messages_that_cannot_be_written_cost_no_work_and_special_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_weights(&folder);
    fs::create_dir(at("p")).unwrap();
    fs::copy(drawn::goldens().join("pictures/rgb.png"), at("p/a.png")).unwrap();
    fs::write(at("p/b.png"), "no picture").unwrap();
    let line = format!(
        "{} embed @/p {EMBED} --out @/rows.npy",
        env!("CARGO_BIN_EXE_annatomy")
    );
    let line = line.replace('@', &folder.path().display().to_string());
    for stderr in ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true; wait"] {
        let _ = fs::remove_file(at("rows.npy"));
        let shell = Command::new("sh")
            .args(["-c", &format!("{line} {stderr}")])
            .status();
        assert!(shell.unwrap().success(), "{stderr}");
        assert!(at("rows.npy").exists(), "{stderr}");
    }
    let made = Command::new("mkfifo").arg(at("fifo.safetensors")).status();
    assert!(made.unwrap().success());
    let fifo = EMBED.replace("drawn", "fifo");
    let words = ["fifo.safetensors: is a FIFO, not a regular file"];
    fails(
        &folder,
        &format!("embed @/p {fifo} --out @/rows.npy"),
        1,
        &words,
    );
    let random = EMBED.replace("@/drawn.safetensors", "/dev/urandom");
    let words = ["/dev/urandom: is a device, not a regular file"];
    fails(
        &folder,
        &format!("embed @/p {random} --out @/rows.npy"),
        1,
        &words,
    );
    let settings = "--preprocess @/fifo.safetensors";
    let words = ["fifo.safetensors: is a FIFO"];
    fails(
        &folder,
        &format!("embed @/p {EMBED} {settings} --out @/rows.npy"),
        1,
        &words,
    );
}

#[cfg(not(feature = "onnx"))]
#[test]
fn a_build_without_onnx_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    fails(
        &folder,
        "embed %/pictures --model %/onnx/classifier.onnx --out @/rows.npy",
        2,
        &[
            "classifier.onnx: this build runs no ONNX models",
            "hint: build it with --features onnx",
        ],
    );
}

#[cfg(feature = "onnx")]
#[test]
fn any_onnx_model_embeds() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    fs::copy(
        drawn::goldens().join("pictures/rgb.png"),
        folder.path().join("images/a.png"),
    )
    .unwrap();
    fs::write(folder.path().join("images/b.jpg"), b"no picture").unwrap();
    fs::write(
        folder.path().join("p.toml"),
        "resize = [40, 30]\nfilter = \"bicubic\"\nmean = [0.5, 0.5, 0.5]",
    )
    .unwrap();
    let model = "embed @/images --model %/onnx/several.onnx --out @/rows.npy";
    let said = succeeds(&folder, model);
    for words in [
        "8 numbers per picture from \"features\"",
        "shorter side of 36",
        "left out b.jpg",
        "1 pictures in",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let said = succeeds(
        &folder,
        &format!("{model} --output logits --resize 50 --filter bicubic --colors bgr"),
    );
    assert!(
        said.contains(
            "5 numbers per picture from \"logits\"; resized to a shorter side of 50 (bicubic)"
        ),
        "{said}"
    );
    let last = "embed @/images --model %/onnx/channels_last.onnx --out @/rows.npy --preprocess @/p.toml --std 1,1,1";
    assert!(succeeds(&folder, last).contains("resized to 40 × 30 (bicubic), center 32 × 24, RGB"));
    fails(
        &folder,
        &format!("{model} --strict"),
        1,
        &["b.jpg", "hint: without --strict"],
    );
    fails(
        &folder,
        &format!("{model} --output none"),
        1,
        &["several.onnx", "\"none\"", "features"],
    );
    fails(
        &folder,
        &format!("{model} --layout nhwc"),
        1,
        &["several.onnx", "pixels"],
    );
    fails(
        &folder,
        &format!("{model} --crop 20"),
        2,
        &["several.onnx", "20 × 20", "32 × 32"],
    );
    fails(
        &folder,
        &format!("{model} --weights @/p.toml"),
        2,
        &["resnet50"],
    );
    fails(
        &folder,
        "embed @/images --model %/onnx/map.onnx --out @/rows.npy",
        1,
        &["[1, 8, 15, 15]", "hint: --output NAME"],
    );
}

#[cfg(feature = "onnxruntime")]
#[test]
fn onnx_runtime_runs_the_same_model() {
    use annatomy_formats::VectorFile;

    let folder = tempfile::tempdir().unwrap();
    let absent = "embed %/pictures/rgb.png --model %/onnx/classifier.onnx --out @/rows.npy --onnxruntime @/none.so";
    fails(
        &folder,
        absent,
        1,
        &[
            "none.so: not an ONNX Runtime library",
            "hint: pip's package",
        ],
    );
    // The engine's own tests fail where it is required and missing.
    let Ok(library) = std::env::var("ANNATOMY_ONNXRUNTIME") else {
        return;
    };
    let model = "embed %/pictures/rgb.png --model %/onnx/classifier.onnx --out";
    succeeds(&folder, &format!("{model} @/by_rten.npy"));
    succeeds(
        &folder,
        &format!("{model} @/by_runtime.npy --onnxruntime {library}"),
    );
    // The package that the tests bring has no CUDA in it, and says so rather than run without.
    fails(
        &folder,
        &format!("{model} @/gpu.npy --onnxruntime {library} --gpu"),
        1,
        &["classifier.onnx", "CUDA"],
    );
    let rows = |name: &str| {
        VectorFile::open(folder.path().join(name))
            .unwrap()
            .read_all()
            .unwrap()
    };
    let (ours, theirs) = (rows("by_rten.npy"), rows("by_runtime.npy"));
    assert_eq!(
        (ours.rows(), ours.columns()),
        (theirs.rows(), theirs.columns())
    );
    for (a, b) in ours.values().iter().zip(theirs.values()) {
        assert!((a - b).abs() < 1e-5, "{a} by rten, {b} by ONNX Runtime");
    }
}

#[cfg(all(feature = "onnx", not(feature = "onnxruntime")))]
#[test]
fn a_build_without_onnx_runtime_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let command = "embed %/pictures --model %/onnx/classifier.onnx --out @/rows.npy --onnxruntime libonnxruntime.so";
    fails(
        &folder,
        command,
        2,
        &[
            "this build opens no ONNX Runtime",
            "hint: build it with --features onnxruntime",
        ],
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    write_weights(&folder);
    let line = "embed %/tables/binary.parquet --model resnet50 --weights @/drawn.safetensors --out @/rows.npy";
    fails(
        &folder,
        line,
        1,
        &["reads no Parquet", "hint: build it with --features parquet"],
    );
}

#[cfg(feature = "parquet")]
#[test]
fn tables_of_pictures_embed_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    write_weights(&folder);
    let line = "embed %/tables/hugging_face.parquet --model resnet50 --weights @/drawn.safetensors --crop 64 --out @/rows.npy";
    let said = succeeds(&folder, line);
    assert!(
        said.contains("left out broken.jpg: ") && said.contains("left out elsewhere.jpg: "),
        "{said}"
    );
    let ids = fs::read_to_string(folder.path().join("rows.ids.txt")).unwrap();
    assert_eq!(ids, "gray.jpg\nlossy.webp\nhugging_face.parquet/000004\n");
    fails(&folder, &format!("{line} --strict"), 1, &["broken.jpg"]);
}
