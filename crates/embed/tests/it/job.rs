//! Whole jobs: the network compared with torchvision, sources of every kind, broken pictures,
//! threads.
//!
//! The drawn network is made once for all tests: its 94 MB take a second.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use crate::common::{drawn_embedder, drawn_picture, drawn_tensors, goldens, run_job};
use annatomy_embed::pixels::Picture;
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, Job, JobError, OnBroken, ResNet50};
use annatomy_formats::VectorFile;

pub fn embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(drawn_embedder)
}

fn rows(path: &Path) -> Vec<Vec<f32>> {
    let matrix = VectorFile::open(path).unwrap().read_all().unwrap();
    (0..matrix.rows())
        .map(|row| matrix.row(row).to_vec())
        .collect()
}

fn ids(path: &Path) -> Vec<String> {
    fs::read_to_string(path.with_extension("ids.txt"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn copy(name: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(goldens().join("pictures").join(name), to).unwrap();
}

#[test]
fn embeddings_agree_with_torchvision() {
    let expected = rows(&goldens().join("embeddings.npy"));
    for (expected, (width, height)) in expected.iter().zip([(300, 201), (61, 97), (96, 96)]) {
        let found = embedder().embed(&drawn_picture(width, height)).unwrap();
        let norm = expected
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            .sqrt();
        let difference = expected
            .iter()
            .zip(&found)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            difference < 1e-6 * norm,
            "{width} × {height}: {difference} of {norm}"
        );
    }
}

#[test]
fn a_folder_is_embedded_in_order_and_broken_pictures_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    copy("rgb.png", &images.join("b/2.PNG"));
    copy("gray.jpg", &images.join("a.jpg"));
    copy("lossy.webp", &images.join("b/1.webp"));
    fs::write(images.join("b/broken.jpg"), b"no picture").unwrap();
    fs::write(images.join("notes.md"), b"no picture either").unwrap();
    let output = folder.path().join("out.npy");
    let (summary, heard) = run_job(&Job::new(&images, &output), embedder());
    let summary = summary.unwrap();
    assert_eq!(
        (summary.embedded, summary.skipped, summary.others),
        (3, 1, 1)
    );
    assert_eq!(
        (*heard.total.lock().unwrap(), *heard.steps.lock().unwrap()),
        (5, 5)
    );
    assert_eq!(ids(&output), ["a.jpg", "b/1.webp", "b/2.PNG"]);
    let notes = heard.notes();
    assert!(notes[0].starts_with("left out b/broken.jpg: "), "{notes:?}");
    assert!(
        notes[1].starts_with("left out notes.md: no picture (.jpg, "),
        "{notes:?}"
    );
    let rows = rows(&output);
    assert_eq!((rows.len(), rows[0].len()), (3, 2048));

    let before = fs::read(&output).unwrap();
    let strict = Job {
        on_broken: OnBroken::Stop,
        ..Job::new(&images, &output)
    };
    let error = strict.run(embedder()).unwrap_err();
    assert!(
        matches!(&error, JobError::Broken { name, .. } if name == "b/broken.jpg"),
        "{error}"
    );
    assert_eq!(
        fs::read(&output).unwrap(),
        before,
        "what stood there still stands"
    );
}

#[test]
fn the_same_pictures_from_any_source_at_any_number_of_threads_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let names = ["gray.jpg", "lossy.webp", "sampled_2.jpg"];
    let mut zip = zip::ZipWriter::new(File::create(at("p.zip")).unwrap());
    let mut tar = tar::Builder::new(File::create(at("p.tar")).unwrap());
    let gzip = flate2::write::GzEncoder::new(
        File::create(at("p.tar.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    let mut packed = tar::Builder::new(gzip);
    for name in names {
        copy(name, &at("images").join(name));
        let bytes = fs::read(goldens().join("pictures").join(name)).unwrap();
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&bytes).unwrap();
        tar.append_path_with_name(at("images").join(name), name)
            .unwrap();
        packed
            .append_path_with_name(at("images").join(name), name)
            .unwrap();
    }
    zip.finish().unwrap();
    tar.into_inner().unwrap();
    packed.into_inner().unwrap().finish().unwrap();
    fs::write(
        at("list.txt"),
        names.map(|name| format!("images/{name}\n")).concat(),
    )
    .unwrap();
    let expected = at("expected.npy");
    Job {
        threads: 1,
        ..Job::new(at("images"), &expected)
    }
    .run(embedder())
    .unwrap();
    for source in ["images", "p.zip", "p.tar", "p.tar.gz", "list.txt"] {
        let output = at("again.npy");
        Job {
            threads: 3,
            ..Job::new(at(source), &output)
        }
        .run(embedder())
        .unwrap();
        assert_eq!(
            fs::read(&output).unwrap(),
            fs::read(&expected).unwrap(),
            "{source}"
        );
    }
}

#[test]
fn stl10_records_are_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let picture = drawn_picture(96, 96);
    let plane = |channel: usize| (0..96 * 96).map(move |place| (place % 96, place / 96, channel));
    let values = (0..3)
        .flat_map(plane)
        .map(|(row, column, channel)| picture.values()[(row * 96 + column) * 3 + channel]);
    let path = folder.path().join("train_X.bin");
    fs::write(&path, values.collect::<Vec<u8>>()).unwrap();
    let output = folder.path().join("out.npy");
    Job::new(&path, &output).run(embedder()).unwrap();
    assert_eq!(ids(&output), ["train_X.bin/000000"]);
    assert_eq!(rows(&output), [embedder().embed(&picture).unwrap()]);
}

#[test]
fn cifar10_records_are_pictures() {
    let folder = tempfile::tempdir().unwrap();
    // The second is what another drawing has under its first seven rows.
    let second = drawn_picture(32, 39).values()[3 * 32 * 7..].to_vec();
    let pictures = [drawn_picture(32, 32), Picture::new(32, 32, second).unwrap()];
    let record = |(label, picture): (usize, &Picture)| {
        let plane = |channel: usize| picture.values()[channel..].iter().step_by(3).copied();
        std::iter::once(label as u8)
            .chain((0..3).flat_map(plane).collect::<Vec<u8>>())
            .collect::<Vec<u8>>()
    };
    let path = folder.path().join("data_batch_1.bin");
    fs::write(
        &path,
        pictures
            .iter()
            .enumerate()
            .flat_map(record)
            .collect::<Vec<u8>>(),
    )
    .unwrap();
    let output = folder.path().join("out.npy");
    Job::new(&path, &output).run(embedder()).unwrap();
    assert_eq!(
        ids(&output),
        ["data_batch_1.bin/000000", "data_batch_1.bin/000001"]
    );
    assert_eq!(
        rows(&output),
        pictures
            .iter()
            .map(|picture| embedder().embed(picture).unwrap())
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_cut_archive_ends_the_job_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.tar");
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_path_with_name(goldens().join("pictures/rgb.bmp"), "a.bmp")
        .unwrap();
    let whole = tar.into_inner().unwrap();
    fs::write(&path, &whole[..2000]).unwrap();
    let output = folder.path().join("out.npy");
    let error = Job::new(&path, &output).run(embedder()).unwrap_err();
    assert!(
        matches!(
            error,
            JobError::NoPictures { skipped: 1 } | JobError::Source(_)
        ),
        "{error}"
    );
    assert!(!output.exists() && !folder.path().join("out.ids.txt").exists());
}

#[test]
fn sources_without_pictures_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = |path: &Path| {
        Job::new(path, folder.path().join("out.npy"))
            .run(embedder())
            .unwrap_err()
            .to_string()
    };
    assert!(run(folder.path()).contains("no pictures"));
    let odd = folder.path().join("odd.bin");
    fs::write(&odd, [0; 100]).unwrap();
    assert!(run(&odd).contains("100 bytes are no whole number"));
    assert!(run(&folder.path().join("absent")).contains("absent"));
}

/// Pictures go through the last layers in groups; one that overflows leaves the others of its group as they are alone.
#[test]
fn a_picture_that_overflows_leaves_out_itself_alone() {
    let mut tensors = drawn_tensors();
    let scale = tensors.iter_mut().find(|(name, ..)| name == "bn1.weight");
    scale.unwrap().2[3] = 1e37;
    let weights = Weights::from_tensors(tensors).unwrap();
    let embedder = Embedder::new(ResNet50::new(&weights).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    // Near the mean color inputs are near zero, and so are the sums of the large channel.
    let (mean, white) = ([124, 116, 104], [255; 3]);
    for (name, color) in [("a", mean), ("b", white), ("c", mean), ("d", mean)] {
        let pixels = [b"P6 8 8 255\n".to_vec(), color.repeat(64)].concat();
        fs::write(images.join(name).with_extension("ppm"), pixels).unwrap();
    }
    let output = folder.path().join("out.npy");
    let job = Job {
        threads: 1,
        ..Job::new(&images, &output)
    };
    let (summary, _) = run_job(&job, &embedder);
    let summary = summary.unwrap();
    assert_eq!((summary.embedded, summary.skipped), (3, 1));
    assert_eq!(ids(&output), ["a.ppm", "c.ppm", "d.ppm"]);
    let alone = folder.path().join("alone.npy");
    let (summary, _) = run_job(&Job::new(images.join("a.ppm"), &alone), &embedder);
    assert_eq!(summary.unwrap().embedded, 1);
    assert!(rows(&output).iter().all(|row| *row == rows(&alone)[0]));
}

#[test]
fn a_network_that_overflows_is_an_error_that_names_its_layer() {
    let mut tensors = drawn_tensors();
    let change = |tensors: &mut Vec<(String, Vec<usize>, Vec<f32>)>, name: &str, value: f32| {
        let (_, _, values) = tensors
            .iter_mut()
            .find(|(found, ..)| found == name)
            .unwrap();
        values[3] = value;
    };
    // Finite, and beyond float32 once multiplied by its inputs.
    change(&mut tensors, "layer2.1.bn2.weight", 3e38);
    let weights = Weights::from_tensors(tensors.clone()).unwrap();
    let embedder = Embedder::new(ResNet50::new(&weights).unwrap());
    let error = embedder.embed(&drawn_picture(96, 96)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer layer2.1.conv2 gives values that are not finite"
    );
    change(&mut tensors, "layer2.1.bn2.weight", 1.0);
    change(&mut tensors, "layer3.0.bn1.running_var", -0.5);
    let weights = Weights::from_tensors(tensors.clone()).unwrap();
    let error = ResNet50::new(&weights).unwrap_err().to_string();
    assert_eq!(
        error,
        "tensor layer3.0.bn1.running_var holds the negative variance -0.5 at 3"
    );
    change(&mut tensors, "layer3.0.bn1.running_var", 0.0);
    change(&mut tensors, "layer3.0.bn1.weight", 3.4e38);
    let weights = Weights::from_tensors(tensors).unwrap();
    let error = ResNet50::new(&weights).unwrap_err().to_string();
    assert!(
        error.starts_with("folding layer3.0.bn1 into layer3.0.conv1 gives "),
        "{error}"
    );
}
