//! Resumable preparation of the published study's data: download, unpack, embed.
//!
//! Input: a recipe, a folder, the number of runs. Output: the settings of a study whose data are in
//! the folder.
//!
//! DATA/resnet50-11ad3fa6.pth             weights, SHA-256
//! DATA/stl10_binary.tar.gz               only where a binary is missing; may go once the binaries are there
//! DATA/stl10_binary/unlabeled_X.bin      only where an embedding is missing, MD5
//! DATA/embeddings-11ad3fa6-….npy         a row per image of the set; NaN where no run draws it
//!
//! Each step is skipped where the next one needs nothing of it: with all embeddings there, nothing is
//! downloaded. Row i of the embeddings is image i, so the study's own draws of rows are the
//! published draws of images.

use std::path::{Path, PathBuf};

use annatomy::results::Settings;
use annatomy_embed::weights::Weights;
use annatomy_embed::{Embedder, KeptRows, ResNet50};
use annatomy_fetch::{Fetcher, Member, Network, Remote, check, unpack};
use annatomy_vectors::subset::numpy_choice;

use crate::recipe::pictures;
use crate::{Missing, Plan, Recipe, ReproduceError};

/// A recipe with a folder for data.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// What from.
    pub recipe: Recipe,
    /// Where data are kept.
    pub data: PathBuf,
    /// Runs, each with its own subset.
    pub runs: usize,
    /// Threads; 0 is one per core.
    pub threads: usize,
    /// Whether files may be downloaded.
    pub network: Network,
}

impl Reproduction {
    /// What is still to do.
    ///
    /// Fails where the recipe cannot be carried out, before anything is downloaded.
    pub fn plan(&self) -> Result<Plan, ReproduceError> {
        self.recipe.check()?;
        let images = self.drawn()?;
        let embeddings = self.embeddings();
        let begun = embeddings.exists();
        let missing = if begun {
            self.kept()?.missing(&images)?
        } else {
            images.clone()
        };
        let mut downloads = Vec::new();
        let mut room_bytes = if begun {
            0
        } else {
            (self.recipe.pictures() * ResNet50::DIMENSIONS * 4) as u64
        };
        if !missing.is_empty() {
            let absent: Vec<&Member> = self
                .parts(&missing)
                .map(|(member, ..)| member)
                .filter(|member| !self.binary(member).exists())
                .collect();
            if !absent.is_empty() {
                downloads.extend(self.missing(&self.recipe.archive));
                room_bytes += absent.iter().map(|member| member.bytes).sum::<u64>();
            }
            downloads.extend(self.missing(&self.recipe.weights));
        }
        room_bytes += downloads.iter().map(|missing| missing.bytes).sum::<u64>();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if self.threads == 0 {
            cores
        } else {
            self.threads
        };
        let (images, to_embed) = (images.len(), missing.len());
        Ok(Plan {
            downloads,
            room_bytes,
            images,
            to_embed,
            runs: self.runs,
            subset: self.recipe.subset,
            threads,
        })
    }

    /// Does what the plan says; returns the settings of the study.
    ///
    /// Stages go to the monitor of this thread ([`annatomy_runtime::Monitor`]).
    pub fn prepare(&self) -> Result<Settings, ReproduceError> {
        self.recipe.check()?;
        let images = self.drawn()?;
        let mut kept = self.kept()?;
        let missing = kept.missing(&images)?;
        if !missing.is_empty() {
            let embedder = self.embedder()?;
            self.binaries(&missing)?;
            for (member, first, rows) in self.parts(&missing) {
                let binary = self.binary(member);
                kept.fill((&binary, first), rows, &embedder, self.threads)?;
            }
        }
        Ok(self.settings())
    }

    /// The study over the embeddings.
    fn settings(&self) -> Settings {
        Settings {
            data: self.embeddings().display().to_string(),
            runs: self.runs,
            subset: Some(self.recipe.subset),
            seed: self.recipe.seed,
            ks: self.recipe.ks.clone(),
            ..annatomy::config::defaults()
        }
    }

    /// All images that some run draws, ascending.
    fn drawn(&self) -> Result<Vec<usize>, ReproduceError> {
        let mut images = Vec::new();
        for run in 0..self.runs {
            let seed = self.recipe.seed.wrapping_add(run as u64);
            images.extend(numpy_choice(
                seed,
                self.recipe.pictures(),
                self.recipe.subset,
            )?);
        }
        images.sort_unstable();
        images.dedup();
        Ok(images)
    }

    /// The binaries that hold some of `rows`: each with its first row in the set, and its own rows
    /// counted from there.
    fn parts(&self, rows: &[usize]) -> impl Iterator<Item = (&Member, usize, Vec<usize>)> {
        let mut end = 0;
        let parts = self.recipe.images.iter().map(move |member| {
            let first = end;
            end += pictures(member);
            let own = rows
                .iter()
                .filter(|&&row| (first..end).contains(&row))
                .map(|row| row - first);
            (member, first, own.collect::<Vec<_>>())
        });
        parts.filter(|(_, _, rows)| !rows.is_empty())
    }

    fn binaries(&self, rows: &[usize]) -> Result<(), ReproduceError> {
        let mut absent: Vec<Member> = Vec::new();
        for (member, ..) in self.parts(rows) {
            let path = self.binary(member);
            if path.exists() {
                check(&path, &member.checksum)?;
            } else {
                absent.push(member.clone());
            }
        }
        if absent.is_empty() {
            return Ok(());
        }
        let archive = self.fetch(&self.recipe.archive)?;
        for member in absent {
            let path = self.binary(&member);
            unpack(&archive, &[member], path.parent().unwrap_or(&self.data))?;
        }
        Ok(())
    }

    fn embedder(&self) -> Result<Embedder, ReproduceError> {
        let path = self.fetch(&self.recipe.weights)?;
        let network = Weights::read(&path).and_then(|weights| ResNet50::new(&weights));
        network
            .map(Embedder::new)
            .map_err(|error| ReproduceError::Weights { path, error })
    }

    fn fetch(&self, remote: &Remote) -> Result<PathBuf, ReproduceError> {
        let path = self.data.join(remote.name());
        Fetcher::new(self.network).fetch(remote, &path)?;
        Ok(path)
    }

    fn kept(&self) -> Result<KeptRows, ReproduceError> {
        let path = self.embeddings();
        std::fs::create_dir_all(&self.data).map_err(|source| annatomy_fetch::FetchError::Io {
            path: self.data.clone(),
            source,
        })?;
        Ok(KeptRows::open(
            &path,
            self.recipe.pictures(),
            ResNet50::DIMENSIONS,
        )?)
    }

    fn binary(&self, member: &Member) -> PathBuf {
        member
            .path
            .split('/')
            .fold(self.data.clone(), |path, part| path.join(part))
    }

    /// Named after the beginnings of all checksums that its rows depend on.
    fn embeddings(&self) -> PathBuf {
        let mut name = "embeddings".to_owned();
        let images = self.recipe.images.iter().map(|member| &member.checksum);
        for checksum in std::iter::once(&self.recipe.weights.checksum).chain(images) {
            name.push('-');
            name.push_str(&checksum.digits()[..8]);
        }
        self.data.join(name + ".npy")
    }

    fn missing(&self, remote: &Remote) -> Option<Missing> {
        let path = self.data.join(remote.name());
        let partial = self.data.join(format!("{}.part", remote.name()));
        let begun = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        let (name, url) = (remote.name().to_owned(), remote.url.clone());
        let bytes = remote.bytes.unwrap_or(0).saturating_sub(begun(&partial));
        (!path.exists()).then_some(Missing { name, url, bytes })
    }
}
