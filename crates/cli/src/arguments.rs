//! What a user may type. Values are checked here only for their form; what they mean is checked by
//! the library.

use crate::examples;
use crate::manual::{self, CompletionsArguments, ManArguments};
use annatomy::audit::{Prediction, Requirement, Target, Until};
use annatomy::config::parse_ks;
use annatomy::results::{Conventions, StudyKind};
use annatomy_embed::pixels::{Colors, Filter, Sides};
use annatomy_hnsw::import::{Arithmetic, UnknownArithmetic};
use annatomy_hnsw::{EngineClass, FilterRule, Preset, UnknownEngineClass};
use annatomy_vectors::Metric;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// See where an HNSW search stops returning your nearest neighbors, why, and what effort gets them
/// back.
#[derive(Debug, Parser)]
#[command(name = "annatomy", version, long_version = manual::version(), max_term_width = 100)]
#[command(propagate_version = true, after_help = examples::ANNATOMY)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the published study on built-in data or your own vectors, and write a report.
    #[command(after_help = examples::STUDY)]
    Study(Box<StudyArguments>),
    /// See what your index, your answers or graphs over your vectors lose, why, and which ef
    /// recovers it.
    #[command(after_help = examples::AUDIT)]
    Audit(Box<AuditArguments>),
    /// Compare two audits of the same queries: is the change real, and which queries does it hurt?
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Compute exact nearest neighbors, certified equal to a float64 brute force.
    #[command(after_help = examples::KNN)]
    Knn(KnnArguments),
    /// Merge partial exact neighbors of all rows into those of one run.
    #[command(after_help = examples::MERGE)]
    Merge(MergeArguments),
    /// Turn images into embeddings, by ResNet-50 or any ONNX model.
    #[command(after_help = examples::EMBED)]
    Embed(Box<EmbedArguments>),
    /// Repeat the published study from its raw data, and compare the figures with the published ones.
    #[command(after_help = examples::REPRODUCE)]
    Reproduce(ReproduceArguments),
    /// Write built-in data to a file.
    #[command(after_help = examples::GENERATE)]
    Generate(GenerateArguments),
    /// Print a script that completes this command's words in a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Print the manual page, or that of one command, as troff.
    #[command(after_help = examples::MAN)]
    Man(ManArguments),
}

#[derive(Debug, Args)]
pub struct StudyArguments {
    /// Built-in data or a file of vectors (.npy, .npz, .fvecs, .bvecs, .fbin, .u8bin) [default:
    /// resnet50-like]
    #[arg(long, value_name = "resnet50-like|FILE")]
    pub data: Option<String>,
    /// Settings as TOML, or the study's own config.yaml; options given here win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Number of runs, each with its own graph seed (and subset) [default: 3]
    #[arg(long, value_name = "N")]
    pub runs: Option<usize>,
    /// Rows drawn per run, the same rows as NumPy's default_rng(seed + run).choice
    #[arg(long, value_name = "N")]
    pub subset: Option<usize>,
    /// Rows of each run that are queries [default: all]
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// Base seed; run r uses seed + r [default: 42]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Experiments to run: the published three; order, which compares insertion orders and graph
    /// seeds; methods, which compares HNSW, Vamana and IVF over four kinds of codes [default:
    /// ef,efc,alpha]
    #[arg(long, value_name = "ef,efc,alpha,order,methods", value_delimiter = ',')]
    pub studies: Option<Vec<StudyName>>,
    /// Neighbor counts, as FROM:TO:STEP or a list [default: 10:500:10]
    #[arg(long, value_name = "10:500:10", value_parser = parse_ks)]
    pub ks: Option<std::vec::Vec<usize>>,
    /// Conventions of measurements.csv [default: corrected]
    #[arg(long, value_name = "NAME")]
    pub conventions: Option<ConventionsName>,
    /// l2 or cosine [default: l2]
    #[arg(long, value_name = "NAME")]
    pub metric: Option<Metric>,
    /// Build graphs as this engine does: faiss, hnswlib or paper [default: faiss]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<Preset>,
    /// Folder for results
    #[arg(long, value_name = "DIR", default_value = "annatomy-study")]
    pub out: PathBuf,
    /// Threads; 0 for all. No result depends on it
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub threads: usize,
    /// Keep finished runs of the same study in the folder and go on after them
    #[arg(long)]
    pub resume: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("shown").args(["out", "atlas"]).multiple(true)))]
pub struct AuditArguments {
    /// Base vectors; may be left out where the index holds them
    pub vectors: Option<PathBuf>,
    /// Queries that are no base rows; by default every base row, itself excluded by id
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// An index saved by FAISS (HNSW, NSG or IVF over vectors, SQ or PQ codes; with IDMap, PreTransform,
    /// RefineFlat), hnswlib, usearch or DiskANN (in memory: the file of the graph, FILE.data next to it);
    /// by default graphs are built here. Several graphs are segments of one
    /// collection, each over the next slice of the base or with ids of its own: ef is per segment, and
    /// their answers are merged
    #[arg(long, value_name = "FILE")]
    pub index: Vec<PathBuf>,
    /// Build one graph over the rows of all segments too, and compare what both return and cost
    #[arg(long, requires = "index")]
    pub one_graph: bool,
    /// Neighbor ids that an engine returned, one row per query
    #[arg(long, value_name = "FILE")]
    pub neighbors: Option<PathBuf>,
    /// Their distances
    #[arg(long, value_name = "FILE", requires = "neighbors")]
    pub distances: Option<PathBuf>,
    /// Primary keys of the base rows, by which answers and reports name them: integers of any width or
    /// text, a value a row (.npy, .parquet, .csv, .jsonl, .txt)
    #[arg(long, value_name = "FILE[::COLUMN]")]
    pub ids: Option<PathBuf>,
    /// Rows that queries may be answered with: a mask (.npy of booleans or bytes) or ids, for all queries
    /// or one row per query
    #[arg(long, value_name = "FILE")]
    pub allowed: Option<PathBuf>,
    /// A group per query (class, language, tenant), a value a query: where loss lives
    #[arg(long, value_name = "FILE[::COLUMN]")]
    pub groups: Option<PathBuf>,
    /// How the engine searches under a filter: count-all (FAISS), count-allowed (hnswlib, usearch) or
    /// after-search (pgvector) [default: as that of the graph]
    #[arg(long, value_name = "RULE")]
    pub filter_rule: Option<FilterRule>,
    /// Repeat the audit under filters that allow these shares of the rows: rows drawn at random, and the rows
    /// nearest to one of them
    #[arg(
        long,
        value_name = "0.01,0.1,…",
        value_delimiter = ',',
        conflicts_with = "allowed"
    )]
    pub selectivity: Vec<f64>,
    /// See how the smallest ef grows: graphs over samples of 1/16, 1/8, … of the rows, and the ef to expect at 10 and 100
    /// times as many
    #[arg(long)]
    pub growth: bool,
    /// Neighbors asked for [default: those of 10,90,500 that the data allow]
    #[arg(long, value_name = "K,K,…", value_delimiter = ',')]
    pub k: Option<Vec<usize>>,
    /// What the advised ef must reach: overlap, overlap_p1, overlap_p5, overlap_p25, robust@δ (share of
    /// queries with overlap of at least δ), fill, lid_bias, distance_error or barycenter_shift
    #[arg(
        long,
        value_name = "MEASURE=VALUE",
        value_delimiter = ',',
        default_value = "overlap=0.99"
    )]
    pub target: Vec<Target>,
    /// Search efforts to look at [default: the index's own]
    #[arg(
        long,
        visible_alias = "nprobe",
        value_name = "EF,EF,…",
        value_delimiter = ','
    )]
    pub ef: Vec<usize>,
    /// Queries to draw [default: all up to 10,000 rows, 2,000 beyond]
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// Draw as many queries as give every mean overlap a 95 % interval this narrow: a pilot says how
    /// many, fresh ones are drawn
    #[arg(long, value_name = "±0.005", conflicts_with_all = ["sample", "repair", "predict"])]
    pub until: Option<Until>,
    /// l2, cosine or ip [default: what the index says, or l2]
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<Metric>,
    /// Vector instructions and compiler of the engine that searches the index, by which its
    /// distances are rounded: auto (this machine's), plain, sse, avx, avx2, avx2-zen, avx2-clang,
    /// avx512, avx512-spr, avx512-zen4, avx512-zen5 or avx512-clang
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = parse_arithmetic)]
    pub arithmetic: std::option::Option<Arithmetic>,
    /// Build graphs as this engine does: faiss, hnswlib or paper
    #[arg(long, value_name = "NAME", default_value = "faiss")]
    pub preset: Preset,
    /// Links per node
    #[arg(long, value_name = "M", default_value_t = 32)]
    pub m: usize,
    /// ef_construction
    #[arg(long, value_name = "EF", default_value_t = 200)]
    pub ef_construction: usize,
    /// Graphs to build, each from its own seed
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub graphs: usize,
    /// Seed of the sample and of the graphs
    #[arg(long, value_name = "S", default_value_t = 42)]
    pub seed: u64,
    /// Write the ids that an engine of this class returns; classes: stop-early, raise, row-cap,
    /// refuse, beam-is-k. Where queries are base rows, K counts the query itself
    /// (nprobe=P,k=K:FILE.npy for an inverted file, L=L,k=K:FILE.npy for an NSG or DiskANN)
    #[arg(long, value_name = "ef=E,k=K,class=CLASS:FILE.npy")]
    pub predict: Vec<PredictionFile>,
    /// Write one row per query and k: query, k, ef, overlap, fill, why neighbors are missing, required
    /// ef, rows visited, LID, contrast and more; of the answers given, or at the efforts looked at
    #[arg(long, value_name = "FILE.parquet|.csv")]
    pub per_query: Option<PathBuf>,
    /// Write one row per query with its place on the map, its neighbors and every figure of
    /// --per-query as columns, for Embedding Atlas
    #[arg(long, value_name = "FILE.parquet")]
    pub atlas: Option<PathBuf>,
    /// End with exit code 3 unless every condition is shown: the worse end of the measure's 95 %
    /// interval keeps the bound. Of the answers given, or at the efforts looked at
    #[arg(
        long,
        value_name = "overlap@10>=0.95,fill@100>=1",
        value_delimiter = ','
    )]
    pub require: Vec<Requirement>,
    /// Write the conditions as test cases, for CI
    #[arg(long, value_name = "FILE.xml", requires = "require")]
    pub junit: Option<PathBuf>,
    /// Write the neighbors with bad rows searched again exactly; distances go to a second file
    #[arg(long, value_name = "FILE.npy", requires = "neighbors")]
    pub repair: Option<PathBuf>,
    /// Write a report, figures and audit.json into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show pictures of the rows in the report: any source that `embed` reads, matched by the ids
    /// file next to VECTORS, where there is one
    #[arg(long, value_name = "SOURCE", requires = "out")]
    pub images: Option<PathBuf>,
    /// Most megabytes that pictures take in the report
    #[arg(long, value_name = "MB", default_value_t = 20)]
    pub page_megabytes: usize,
    /// Name rows in the report: a line per row, or a column of a .csv
    #[arg(long, value_name = "FILE[::COLUMN]", requires = "shown")]
    pub labels: Option<PathBuf>,
    /// Print JSON in place of the verdict
    #[arg(long)]
    pub json: bool,
    /// Threads; 0 for all
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub threads: usize,
}

#[derive(Debug, Args)]
pub struct CompareArguments {
    /// Folder that `annatomy audit --out` left
    pub a: PathBuf,
    /// Folder of the audit that is compared with it
    pub b: PathBuf,
    /// Write compare.json and changed.csv into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON in place of words
    #[arg(long)]
    pub json: bool,
}

/// An arithmetic by its name; `None`: that of this machine.
fn parse_arithmetic(name: &str) -> Result<Option<Arithmetic>, UnknownArithmetic> {
    match name {
        "auto" => Ok(None),
        name => name.parse().map(Some),
    }
}

/// A prediction and the file it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionFile {
    pub prediction: Prediction,
    pub file: PathBuf,
}

impl FromStr for PredictionFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            "expected ef=E,k=K,class=CLASS:FILE, such as ef=64,k=100,class=stop-early:ids.npy, or nprobe=P,k=K:FILE, or L=L,k=K:FILE"
                .to_owned()
        };
        let (settings, file) = text.split_once(':').ok_or_else(form)?;
        let (mut ef, mut k, mut class) = (None, None, None);
        for setting in settings.split(',') {
            let (name, value) = setting.split_once('=').ok_or_else(form)?;
            let number = || {
                value
                    .parse()
                    .ok()
                    .filter(|&number: &usize| number > 0)
                    .ok_or_else(form)
            };
            match name {
                "ef" | "nprobe" | "L" if ef.is_none() => {
                    ef = Some(number()?);
                    // An inverted file returns the k best of what it scanned; an NSG and DiskANN search at k.
                    class = class.or(match name {
                        "nprobe" => Some(EngineClass::StopEarly),
                        "L" => Some(EngineClass::Raise),
                        _ => None,
                    });
                }
                "k" => k = Some(number()?),
                "class" => {
                    class = Some(
                        value
                            .parse()
                            .map_err(|error: UnknownEngineClass| error.to_string())?,
                    );
                }
                _ => return Err(form()),
            }
        }
        let (Some(ef), Some(k), Some(class), false) = (ef, k, class, file.is_empty()) else {
            return Err(form());
        };
        Ok(Self {
            prediction: Prediction { ef, k, class },
            file: file.into(),
        })
    }
}

#[derive(Debug, Args)]
pub struct KnnArguments {
    /// Base vectors
    pub vectors: PathBuf,
    /// Query vectors; without them every base row is a query and is not its own neighbor
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// Neighbors per query
    #[arg(long, value_name = "K")]
    pub k: usize,
    /// Ids, as .npy, .ivecs or .ibin
    #[arg(long, value_name = "FILE", required_unless_present_any = ["partial", "plan"])]
    pub out: Option<PathBuf>,
    /// Distances too, as .npy, .fvecs or .fbin; true distances, never squared, rounded from float64
    #[arg(long, value_name = "FILE")]
    pub distances: Option<PathBuf>,
    /// Base rows to search, counted from 0, B not among them; or part I of N equal parts, I from 0
    #[arg(long, value_name = "A:B|I/N")]
    pub rows: Option<RowPart>,
    /// Write the neighbors among these rows for `annatomy merge`, and read no other base rows
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub partial: Option<PathBuf>,
    /// Number of the file's first row, where the file is a shard of a larger base
    #[arg(long, value_name = "N", requires = "queries")]
    pub first_row: Option<u64>,
    /// Say what it takes on 1, 2, 4, … nodes: time, memory and partial of each, from a block that is searched here
    #[arg(long, conflicts_with_all = ["out", "partial", "distances", "rows", "first_row"])]
    pub plan: bool,
    /// Number of nodes to plan for
    #[arg(long, value_name = "N", requires = "plan", value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: Option<u32>,
    /// l2, cosine or ip
    #[arg(long, value_name = "NAME", default_value = "l2")]
    pub metric: Metric,
    /// Threads; 0 for all
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub threads: usize,
}

/// Rows of a file: a range, or one of several equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPart {
    Range { start: usize, end: usize },
    Part { part: usize, parts: usize },
}

impl FromStr for RowPart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "expected rows A:B with A < B, or part I/N with I < N".to_owned();
        let pair = |separator| {
            let (a, b) = text.split_once(separator)?;
            Some((a.trim().parse().ok()?, b.trim().parse().ok()?))
        };
        match (pair(':'), pair('/')) {
            (Some((start, end)), _) if start < end => Ok(Self::Range { start, end }),
            (_, Some((part, parts))) if part < parts => Ok(Self::Part { part, parts }),
            _ => Err(form()),
        }
    }
}

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// What `annatomy knn --partial` wrote, in any order
    #[arg(required = true, value_name = "PARTIAL")]
    pub partials: Vec<PathBuf>,
    /// Ids, as .npy, .ivecs or .ibin
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Distances too, as .npy, .fvecs or .fbin; true distances, never squared, rounded from float64
    #[arg(long, value_name = "FILE")]
    pub distances: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct EmbedArguments {
    /// A folder, a picture, a .zip or .tar, a list of paths, an STL-10 or CIFAR-10 binary, or a
    /// column of a .parquet (FILE::COLUMN)
    pub images: PathBuf,
    /// The network: resnet50, or a file of any image model
    #[arg(long, value_name = "resnet50|FILE.onnx")]
    pub model: ModelName,
    /// ResNet-50's weights: torchvision's .pth, or .safetensors with torchvision's or timm's names
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Embeddings, as .npy; the pictures' names go to a second file
    #[arg(long, value_name = "FILE.npy")]
    pub out: PathBuf,
    /// Resize and crop for ResNet-50 as published (256, then 224) or as its weights recommend (232,
    /// then 224)
    #[arg(long, value_name = "NAME")]
    pub transform: Option<TransformName>,
    /// Output of the ONNX model to take [default: its last output with one row per image]
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// Layout of the ONNX model's input: nchw or nhwc [default: what its shape says]
    #[arg(long, value_name = "NAME")]
    pub layout: Option<LayoutName>,
    /// Run an ONNX model by this ONNX Runtime library: libonnxruntime.so, .dylib or
    /// onnxruntime.dll, 1.17 or later
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,
    /// Have that library compute on an NVIDIA GPU, if it was built with CUDA
    #[arg(long, requires = "onnxruntime")]
    pub gpu: bool,
    #[command(flatten)]
    pub preparation: PreparationArguments,
    /// Leave out pictures whose header claims more pixels
    #[arg(long, value_name = "N", default_value_t = annatomy_embed::pixels::MAX_PIXELS)]
    pub max_pixels: u64,
    /// Stop at the first picture that cannot be read, writing nothing
    #[arg(long)]
    pub strict: bool,
    /// Threads; 0 for all
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub threads: usize,
}

/// How pictures are prepared, where it differs from the default.
#[derive(Debug, Args)]
#[command(next_help_heading = "Preparation")]
pub struct PreparationArguments {
    /// These settings, as TOML: resize, crop, filter, divisor, mean, std, colors; options given
    /// here win
    #[arg(long, value_name = "FILE.toml")]
    pub preprocess: Option<PathBuf>,
    /// Shorter side, or width and height, before the crop [default: 8/7 of the crop]
    #[arg(long, value_name = "N|WxH")]
    pub resize: Option<Sides>,
    /// Size of the center that is kept [default: the network's input, or 224]
    #[arg(long, value_name = "N|WxH")]
    pub crop: Option<Sides>,
    /// bilinear or bicubic, as Pillow has them [default: bilinear]
    #[arg(long, value_name = "NAME")]
    pub filter: Option<Filter>,
    /// What bytes are divided by [default: 255]
    #[arg(long, value_name = "X")]
    pub divisor: Option<f32>,
    /// What is subtracted then, per channel [default: ImageNet's]
    #[arg(long, value_name = "X,X,X", value_parser = three)]
    pub mean: Option<[f32; 3]>,
    /// What is divided by then, per channel [default: ImageNet's]
    #[arg(long, value_name = "X,X,X", value_parser = three)]
    pub std: Option<[f32; 3]>,
    /// rgb or bgr [default: rgb]
    #[arg(long, value_name = "NAME")]
    pub colors: Option<Colors>,
}

fn three(text: &str) -> Result<[f32; 3], String> {
    let numbers = text
        .split(',')
        .map(|number| number.trim().parse().ok())
        .collect::<Option<Vec<f32>>>();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| "expected three numbers, such as 0.5,0.5,0.5".to_owned())
}

/// A network by name or file.
#[derive(Clone, Debug)]
pub enum ModelName {
    Resnet50,
    Onnx(PathBuf),
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match text {
            "resnet50" => Ok(Self::Resnet50),
            _ if path
                .extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) =>
            {
                Ok(Self::Onnx(path))
            }
            _ => Err("expected resnet50 or a file ending in .onnx".to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TransformName {
    Published,
    Recommended,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LayoutName {
    Nchw,
    Nhwc,
}

#[derive(Debug, Args)]
pub struct ReproduceArguments {
    /// Folder for downloads and embeddings [default: $ANNATOMY_CACHE, or annatomy in the system's
    /// cache folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Runs, each over its own subset; ten were published
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = positive)]
    pub runs: usize,
    /// Folder for results; finished runs in it are kept
    #[arg(long, value_name = "DIR", default_value = "annatomy-reproduce")]
    pub out: PathBuf,
    /// Open no connection; files must be in the data folder
    #[arg(long)]
    pub offline: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the published figures as CSV, each with its intervals over the ten runs: the normal one, of
    /// these images, and of images to come; and do nothing else
    #[arg(long, conflicts_with_all = ["dry_run", "recipe"])]
    pub intervals: bool,
    /// Other addresses, images or subsets, as TOML in the form of crates/reproduce/recipe.toml
    #[arg(long, value_name = "FILE.toml")]
    pub recipe: Option<PathBuf>,
    /// Threads; 0 for all. No result depends on it
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub threads: usize,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// The data set
    #[arg(value_name = "resnet50-like")]
    pub name: DataName,
    /// Rows
    #[arg(long, value_name = "N", default_value_t = annatomy::study::BUILTIN_ROWS)]
    pub n: usize,
    /// Seed
    #[arg(long, value_name = "S", default_value_t = 42)]
    pub seed: u64,
    /// Vectors, as .npy, .fvecs or .fbin
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DataName {
    Resnet50Like,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StudyName {
    Ef,
    Efc,
    Alpha,
    Order,
    Methods,
}

impl From<StudyName> for StudyKind {
    fn from(name: StudyName) -> Self {
        match name {
            StudyName::Ef => Self::EfSearch,
            StudyName::Efc => Self::EfConstruction,
            StudyName::Alpha => Self::Alpha,
            StudyName::Order => Self::Order,
            StudyName::Methods => Self::Methods,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ConventionsName {
    Corrected,
    Published,
}

impl From<ConventionsName> for Conventions {
    fn from(name: ConventionsName) -> Self {
        match name {
            ConventionsName::Corrected => Self::Corrected,
            ConventionsName::Published => Self::Published,
        }
    }
}
