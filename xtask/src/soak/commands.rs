//! What can be drawn: commands of every kind over small inputs, with outputs named relative to the
//! folder in which they run.

use super::process::{Fate, run};
use super::random::Random;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Rows of `base.npy`.
const BASE: usize = 400;

/// One command line, without the binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line(pub Vec<String>);

impl Line {
    /// `knn`, `study`, and so on.
    pub fn command(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "annatomy {}", self.0.join(" "))
    }
}

/// Inputs, and whether this build runs ONNX models.
pub struct Menu {
    inputs: PathBuf,
    crates: PathBuf,
    onnx: bool,
}

impl Menu {
    /// Writes the inputs into `inputs`.
    pub fn new(binary: &Path, inputs: &Path) -> Result<Self> {
        fs::create_dir_all(inputs).context("cannot make the inputs' folder")?;
        let mut menu = Self {
            inputs: inputs.to_owned(),
            crates: std::path::absolute("crates").context("no folder")?,
            onnx: true,
        };
        write_rows_that_are_allowed(&inputs.join("allowed.npy")).context("cannot write inputs")?;
        let labels: Vec<String> = (0..BASE).map(|row| format!("row {row}\n")).collect();
        fs::write(inputs.join("labels.txt"), labels.concat()).context("cannot write inputs")?;
        for line in [
            "generate resnet50-like --n 400 --out base.npy",
            "generate resnet50-like --n 300 --seed 7 --out other.fvecs",
            "generate resnet50-like --n 40 --seed 3 --out queries.npy",
            "knn base.npy --k 12 --out answers.npy",
            "audit base.npy --neighbors answers.npy --k 3 --out audited",
            "audit base.npy --neighbors answers.npy --k 3 --seed 2 --out audited-again",
        ] {
            let ended = run(binary, &words(line), inputs, Fate::Ends)?;
            if !ended.succeeded() {
                bail!("annatomy {line}: {}", ended.messages);
            }
        }
        let embed = run(binary, &menu.embed("probe.npy").0, inputs, Fate::Ends)?;
        menu.onnx = embed.succeeded();
        if !menu.onnx {
            eprintln!(
                "this binary runs no ONNX models, so `embed` is left out: {}",
                embed.messages
            );
        }
        Ok(menu)
    }

    /// One command.
    pub fn draw(&self, random: &mut Random) -> Line {
        match random.below(if self.onnx { 13 } else { 12 }) {
            0 => generate(random),
            1 | 2 => self.knn(random),
            3 => self.study(random),
            4 => self.audit(random),
            5 => self.predict(random),
            6 => self.answers(random),
            7 => self.mistaken(random),
            8 => planned(random),
            9 => self.saved(random),
            10 => self.filtered(random),
            11 => self.compared(),
            _ => self.embed(random.pick(&["rows.npy", "pictures.npy"])),
        }
    }

    fn knn(&self, random: &mut Random) -> Line {
        let base = self.input(random.pick(&["base.npy", "other.fvecs"]));
        let k = random.pick(&[1, 10, 100]);
        let out = random.pick(&["ids.npy", "ids.ivecs", "ids.ibin"]);
        let mut line = words(&format!("knn {base} --k {k} --out {out}"));
        if random.happens(50) {
            let distances = random.pick(&["distances.npy", "distances.fvecs", "distances.fbin"]);
            line.extend(words(&format!("--distances {distances}")));
        }
        if random.happens(40) {
            line.extend(words(&format!("--queries {}", self.input("queries.npy"))));
        }
        if random.happens(30) {
            line.extend(words("--metric cosine"));
        }
        Line(line)
    }

    fn study(&self, random: &mut Random) -> Line {
        let base = self.input("base.npy");
        let studies = random.pick(&["ef", "efc", "alpha"]);
        let runs = random.pick(&[1, 2, 3]);
        Line(words(&format!(
            "study --data {base} --runs {runs} --subset 300 --studies {studies} --ks 10:40:10 \
             --out study-{studies}-{runs} --resume"
        )))
    }

    fn audit(&self, random: &mut Random) -> Line {
        let base = self.input("base.npy");
        let graphs = random.pick(&[1, 2]);
        let k = random.pick(&["5", "5,20"]);
        let metric = random.pick(&["l2", "cosine"]);
        Line(words(&format!(
            "audit {base} --k {k} --graphs {graphs} --m 8 --ef-construction 40 --metric {metric} \
             --out audit-{graphs}-{k}-{metric}"
        )))
    }

    fn predict(&self, random: &mut Random) -> Line {
        let base = self.input("base.npy");
        let class = random.pick(&["stop-early", "raise", "row-cap"]);
        let ef = random.pick(&[10, 30]);
        Line(words(&format!(
            "audit {base} --k 5 --graphs 1 --m 4 --ef-construction 20 --json \
             --predict ef={ef},k=20,class={class}:predicted.npy --repair repaired.npy"
        )))
    }

    fn answers(&self, random: &mut Random) -> Line {
        let (base, answers) = (self.input("base.npy"), self.input("answers.npy"));
        let k = random.pick(&[3, 10]);
        Line(words(&format!(
            "audit {base} --neighbors {answers} --k {k} --repair mended.npy --out answers-{k}"
        )))
    }

    /// An audit of what an engine saved, with a table of every query and test cases.
    fn saved(&self, random: &mut Random) -> Line {
        let index = random.pick(&[
            "hnsw/tests/goldens/faiss_l2.index",
            "hnsw/tests/goldens/hnswlib_cosine.index",
            "methods/tests/goldens/ivf_flat_l2.index",
        ]);
        let index = self.crates.join(index);
        Line(words(&format!(
            "audit --index {} --k 5 --require overlap@5>=0 --per-query queries.csv \
             --junit cases.xml --out saved",
            index.display()
        )))
    }

    /// An audit under a filter, whose page names rows.
    fn filtered(&self, random: &mut Random) -> Line {
        let [base, allowed, labels] =
            ["base.npy", "allowed.npy", "labels.txt"].map(|name| self.input(name));
        let rule = random.pick(&["count-all", "count-allowed", "after-search"]);
        Line(words(&format!(
            "audit {base} --k 5 --graphs 1 --m 8 --ef-construction 40 --allowed {allowed} \
             --filter-rule {rule} --labels {labels} --out filtered-{rule}"
        )))
    }

    fn compared(&self) -> Line {
        let [a, b] = ["audited", "audited-again"].map(|name| self.input(name));
        Line(words(&format!("compare {a} {b} --out compared")))
    }

    fn embed(&self, out: &str) -> Line {
        let goldens = self.crates.join("embed/tests/goldens");
        let pictures = goldens.join("pictures");
        let model = goldens.join("onnx/classifier.onnx");
        let arguments = [
            "embed",
            &pictures.display().to_string(),
            "--model",
            &model.display().to_string(),
            "--out",
            out,
        ];
        Line(arguments.map(str::to_owned).to_vec())
    }

    /// Commands that are refused, and leave nothing.
    fn mistaken(&self, random: &mut Random) -> Line {
        let base = self.input("base.npy");
        let line = random.pick(&[
            "knn BASE --k 0 --out ids.npy",
            "knn BASE --k 5 --out ids.txt",
            "knn missing.npy --k 5 --out ids.npy",
            "audit BASE --graphs 0 --out audit-none",
            "audit BASE --ef 0 --out audit-none",
            "study --data BASE --ks 10:5:1 --out study-none",
            "generate resnet50-like --n 10 --out rows.txt",
            "knn",
        ]);
        Line(words(&line.replace("BASE", &base)))
    }

    fn input(&self, name: &str) -> String {
        self.inputs.join(name).display().to_string()
    }
}

/// A mask of bytes: every third row of the base is not allowed.
fn write_rows_that_are_allowed(path: &Path) -> std::io::Result<()> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({BASE},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend((0..BASE).map(|row| u8::from(row % 3 > 0)));
    fs::write(path, bytes)
}

fn generate(random: &mut Random) -> Line {
    let rows = random.pick(&[50, 400, 2_000]);
    let seed = random.pick(&[1, 2]);
    let out = random.pick(&["rows.npy", "rows.fvecs", "rows.fbin"]);
    Line(words(&format!(
        "generate resnet50-like --n {rows} --seed {seed} --out {out}"
    )))
}

/// Says what a reproduction would do, and leaves nothing.
fn planned(random: &mut Random) -> Line {
    let runs = random.pick(&[1, 10]);
    let network = random.pick(&["", "--offline"]);
    Line(words(&format!(
        "reproduce --dry-run --data-dir data --runs {runs} --out reproduced {network}"
    )))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
