//! Recipe of a study: addresses, checksums, subsets.
//!
//! Input: TOML in the form of this crate's `recipe.toml`, which is the published
//! study's. Leaves: a [`Recipe`], checked. Mirrors, other parts of STL-10 and small sets of its
//! layout are recipes like any other.

use std::path::{Path, PathBuf};

use annatomy::config::parse_ks;
use annatomy_fetch::{Checksum, Member, Remote};
use annatomy_formats::read_regular_text;
use serde::Deserialize;

/// Bytes of an STL-10 picture: 3 × 96 × 96.
const PICTURE_BYTES: u64 = 3 * 96 * 96;

/// Bytes of a recipe.
const MOST_BYTES: u64 = 1 << 20;
/// Images of a recipe: their embeddings would take 820 GB.
const MOST_PICTURES: u64 = 100_000_000;

/// What a study is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Images per run.
    pub subset: usize,
    /// Run r draws with seed + r.
    pub seed: u64,
    /// Neighbor counts.
    pub ks: Vec<usize>,
    /// The `.tar.gz` that holds the images.
    pub archive: Remote,
    /// Its binaries of images, numbered through in this order.
    pub images: Vec<Member>,
    /// The network's weights.
    pub weights: Remote,
}

/// Why a recipe cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no recipe.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A value in it is wrong.
    #[error("{name}: {problem}")]
    Value {
        /// Where it stands.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subset: usize,
    seed: u64,
    ks: String,
    archive: Published,
    images: Vec<Binary>,
    weights: Published,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    url: String,
    checksum: String,
    bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    path: String,
    checksum: String,
    bytes: u64,
}

impl Recipe {
    /// The published study's.
    pub fn published() -> Self {
        Self::parse(include_str!("../recipe.toml")).expect("the recipe in the sources is tested")
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let text = read_regular_text(path, MOST_BYTES).map_err(|source| RecipeError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads TOML.
    ///
    /// ```
    /// let recipe = annatomy_reproduce::Recipe::published();
    /// assert_eq!((recipe.subset, recipe.pictures()), (10_000, 100_000));
    /// ```
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let text: Text = toml::from_str(text)?;
        let ks = parse_ks(&text.ks).map_err(|error| value("ks", error))?;
        if text.subset == 0 || text.images.is_empty() {
            return Err(value("subset, images", "both must be at least 1"));
        }
        let images = text
            .images
            .into_iter()
            .map(Binary::member)
            .collect::<Result<Vec<_>, _>>()?;
        let (archive, weights) = (
            text.archive.remote("archive")?,
            text.weights.remote("weights")?,
        );
        let recipe = Self {
            subset: text.subset,
            seed: text.seed,
            ks,
            archive,
            images,
            weights,
        };
        recipe.check()?;
        Ok(recipe)
    }

    /// Checks that the subsets can be drawn and that each row has k others.
    pub(crate) fn check(&self) -> Result<(), RecipeError> {
        let bytes = |member: &Member| member.bytes / PICTURE_BYTES;
        let pictures = self.images.iter().map(bytes).fold(0, u64::saturating_add);
        if pictures > MOST_PICTURES {
            let problem = format!("{pictures} images are more than {MOST_PICTURES}");
            return Err(value("images", problem));
        }
        if self.subset as u64 > pictures {
            let problem = format!(
                "{} rows cannot be drawn from {pictures} images",
                self.subset
            );
            return Err(value("subset", problem));
        }
        match self.ks.iter().max() {
            Some(&k) if k >= self.subset => Err(value(
                "ks",
                format!("k = {k} must be below the subset of {} rows", self.subset),
            )),
            _ => Ok(()),
        }
    }

    /// Images in all.
    pub fn pictures(&self) -> usize {
        self.images.iter().map(pictures).sum()
    }
}

/// Images of one binary.
pub(crate) fn pictures(member: &Member) -> usize {
    (member.bytes / PICTURE_BYTES) as usize
}

fn value(name: &str, problem: impl std::fmt::Display) -> RecipeError {
    RecipeError::Value {
        name: name.to_owned(),
        problem: problem.to_string(),
    }
}

fn checksum(name: &str, text: &str) -> Result<Checksum, RecipeError> {
    text.parse().map_err(|error| value(name, error))
}

impl Published {
    fn remote(self, name: &str) -> Result<Remote, RecipeError> {
        let checksum = checksum(name, &self.checksum)?;
        let remote = Remote {
            url: self.url,
            checksum,
            bytes: Some(self.bytes),
        };
        if remote.name().is_empty() || remote.name().starts_with('.') {
            return Err(value(
                name,
                format!("{:?} ends in no file name", remote.url),
            ));
        }
        Ok(remote)
    }
}

impl Binary {
    fn member(self) -> Result<Member, RecipeError> {
        let name = format!("images {}", self.path);
        // The file's name becomes a name in the data folder.
        if self
            .path
            .split(['/', '\\'])
            .any(|part| part.is_empty() || part.starts_with('.'))
        {
            return Err(value(&name, "no path within an archive"));
        }
        if self.bytes == 0 || !self.bytes.is_multiple_of(PICTURE_BYTES) {
            let problem = format!(
                "{} bytes are no whole number of pictures of {PICTURE_BYTES} bytes",
                self.bytes
            );
            return Err(value(&name, problem));
        }
        Ok(Member {
            checksum: checksum(&name, &self.checksum)?,
            path: self.path,
            bytes: self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(from: &str, to: &str) -> String {
        let text = include_str!("../recipe.toml");
        assert!(text.contains(from), "{from}");
        Recipe::parse(&text.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_published_recipe_is_one() {
        let recipe = Recipe::published();
        assert_eq!(recipe.ks.len(), 50);
        assert_eq!(recipe.weights.name(), "resnet50-11ad3fa6.pth");
        assert_eq!(recipe.images[0].name(), "unlabeled_X.bin");
    }

    #[test]
    fn wrong_recipes_say_where() {
        assert!(
            changed("2764800000", "2764800001").contains("2764800001 bytes are no whole number")
        );
        assert!(changed("stl10_binary/unlabeled_X.bin", "../x.bin").contains("no path"));
        assert!(changed("sha256:11ad3fa6", "11ad3fa6").contains("weights: "));
        assert!(changed("subset = 10000", "subset = 0").contains("subset"));
        assert!(changed("seed", "sede").contains("sede"));
        assert!(changed("resnet50-11ad3fa6.pth", "").contains("no file name"));
        assert!(changed("10:500:10", "0").contains("k = 0"));
        assert_eq!(
            changed("10:500:10", "10,10000"),
            "ks: k = 10000 must be below the subset of 10000 rows"
        );
        assert_eq!(
            changed("subset = 10000", "subset = 100001"),
            "subset: 100001 rows cannot be drawn from 100000 images"
        );
        assert_eq!(
            changed("2764800000", "2764800000000000"),
            "images: 100000000000 images are more than 100000000"
        );
    }
}
