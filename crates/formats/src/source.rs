//! What a user writes to name vectors: a file, or one member of a file that holds several.
//!
//! Enters: `vectors.npy`, `vectors.npz::queries`, `answers.parquet::ids`. Leaves: the path and the
//! member's name. Then, among the members that fit, the one meant: the named one, the only one, or
//! the one whose name is the custom for its use.

use std::path::{Path, PathBuf};

use super::element::Element;
use super::error::ReadError;
use super::format::Format;

/// What stands between a file and its member.
const SEPARATOR: &str = "::";

/// What a matrix is read for. It decides only where a file holds several that fit and none is
/// named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Vectors to search in: `train`.
    #[default]
    Base,
    /// Vectors to search for: `test`.
    Queries,
    /// Ids of neighbors: `neighbors`.
    Neighbors,
    /// Distances to those neighbors: `distances`.
    Distances,
}

impl Role {
    /// The member's name in the files of ann-benchmarks and VIBE.
    pub fn customary_name(self) -> &'static str {
        match self {
            Self::Base => "train",
            Self::Queries => "test",
            Self::Neighbors => "neighbors",
            Self::Distances => "distances",
        }
    }

    /// What a file must have for this role.
    fn wanted(self) -> &'static str {
        match self {
            Self::Base | Self::Queries => "matrix",
            Self::Neighbors => "matrix of integers",
            Self::Distances => "matrix of floats",
        }
    }

    /// Whether numbers of this type may be meant where none is named: ids are integers and
    /// distances are not.
    pub(super) fn may_be(self, element: Element) -> bool {
        match self {
            Self::Base | Self::Queries => true,
            Self::Neighbors => element.is_integer(),
            Self::Distances => !element.is_integer(),
        }
    }
}

/// A file, and perhaps a member of it.
///
/// ```
/// use annatomy_formats::Source;
///
/// let source = Source::parse("glove.npz::queries");
/// assert_eq!((source.path().to_str(), source.member()), (Some("glove.npz"), Some("queries")));
/// assert_eq!(Source::parse("glove.npz").member(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    path: PathBuf,
    member: Option<String>,
}

impl Source {
    /// Splits at the first `::` that follows a known ending. A path that exists as it stands is a
    /// file, whatever it contains.
    pub fn parse(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let split = path.to_str().filter(|_| !path.exists()).and_then(|text| {
            let known = |&(at, _): &(usize, &str)| Format::of(Path::new(&text[..at])).is_ok();
            let (at, _) = text.match_indices(SEPARATOR).find(known)?;
            Some((&text[..at], &text[at + SEPARATOR.len()..]))
        });
        match split {
            Some((path, member)) => Self {
                path: path.into(),
                member: Some(member.to_owned()),
            },
            None => Self {
                path: path.to_owned(),
                member: None,
            },
        }
    }

    /// A member of a file, whatever both are called.
    pub fn member_of(path: impl AsRef<Path>, member: &str) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            member: Some(member.to_owned()),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The member's name, where one was given.
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }
}

/// Reads the member that is meant: the named one, or of those that can be read and may have the
/// role, the only one, or the one with the role's customary name. `read` takes a member's index.
pub(super) fn pick<T>(
    names: &[String],
    member: Option<&str>,
    role: Role,
    mut read: impl FnMut(usize) -> Result<(Element, T), ReadError>,
) -> Result<T, ReadError> {
    if let Some(name) = member {
        let index = names.iter().position(|known| known == name);
        let absent = || ReadError::NoSuchMember {
            name: name.to_owned(),
            members: names.to_vec(),
        };
        return read(index.ok_or_else(absent)?).map(|(_, matrix)| matrix);
    }
    let mut fitting = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match read(index) {
            Ok((element, matrix)) if role.may_be(element) => fitting.push((name, matrix)),
            // Where there is no choice, what is wrong with the only member says more than that
            // there is none.
            Err(error) if names.len() == 1 => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    let customary = fitting
        .iter()
        .position(|(name, _)| *name == role.customary_name());
    match (customary, fitting.len()) {
        (_, 0) => Err(ReadError::NoMatrix {
            wanted: role.wanted(),
            members: names.to_vec(),
        }),
        (_, 1) => Ok(fitting.swap_remove(0).1),
        (Some(index), _) => Ok(fitting.swap_remove(index).1),
        (None, _) => Err(ReadError::WhichMember {
            matrices: fitting.into_iter().map(|(name, _)| name.clone()).collect(),
        }),
    }
}
