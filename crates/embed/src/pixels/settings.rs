//! User settings of the preprocessing, from flags or a TOML file; defaults follow from the network.
//!
//! ```
//! use annatomy_embed::pixels::{Preparation, PreparationSettings};
//!
//! let settings = PreparationSettings::parse("resize = 248\nfilter = \"bicubic\"\nmean = [0.5, 0.5, 0.5]")?;
//! let preparation: Preparation = settings.for_input(Some((224, 224)))?;
//! assert_eq!(preparation.to_string(), "resized to a shorter side of 248 (bicubic), center 224 × 224, RGB, \
//!     (byte / 255 − [0.5, 0.5, 0.5]) / [0.229, 0.224, 0.225]");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | key | value | otherwise |
//! |---|---|---|
//! | `resize` | shorter side, or `[width, height]` | 8/7 of the crop's shorter side, as 256 is of 224 |
//! | `crop` | side, or `[width, height]` | the network's input, or 224 |
//! | `filter` | `"bilinear"`, `"bicubic"` | bilinear |
//! | `divisor` | a number | 255 |
//! | `mean`, `std` | three numbers | ImageNet's |
//! | `colors` | `"rgb"`, `"bgr"` | RGB |

use serde::Deserialize;

use super::preparation::{Colors, Preparation, PreparationError, Resize};
use super::resize::Filter;

/// Side of a network's input that says none.
const USUAL_SIDE: usize = 224;

/// User settings of the preprocessing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparationSettings {
    /// The size before the crop: one number for the shorter side, two for width and height.
    pub resize: Option<Sides>,
    /// The size of the center that is kept.
    pub crop: Option<Sides>,
    /// The filter of resizing.
    #[serde(default, deserialize_with = "named")]
    pub filter: Option<Filter>,
    /// What a byte is divided by.
    pub divisor: Option<f32>,
    /// What is taken off then, per channel.
    pub mean: Option<[f32; 3]>,
    /// What is divided by then.
    pub std: Option<[f32; 3]>,
    /// The order of channels.
    #[serde(default, deserialize_with = "named")]
    pub colors: Option<Colors>,
}

/// One side or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Sides {
    /// One number.
    One(usize),
    /// Width and height.
    Two([usize; 2]),
}

/// Why settings cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// They are no TOML of this form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A name or a number that means nothing.
    #[error("{found:?} is none of {known}")]
    Unknown {
        /// What was given.
        found: String,
        /// What may be.
        known: &'static str,
    },
    /// The network reads images of another size.
    #[error("a crop of {} × {}, where the network reads {} × {}", found.0, found.1, expected.0, expected.1)]
    CropSide {
        /// Width and height asked for.
        found: (usize, usize),
        /// The network's.
        expected: (usize, usize),
    },
    /// No picture can be prepared in this way.
    #[error(transparent)]
    Preparation(#[from] PreparationError),
}

impl PreparationSettings {
    /// Reads TOML.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        Ok(toml::from_str(text)?)
    }

    /// These, and where they say nothing, the other ones.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            resize: self.resize.or(other.resize),
            crop: self.crop.or(other.crop),
            filter: self.filter.or(other.filter),
            divisor: self.divisor.or(other.divisor),
            mean: self.mean.or(other.mean),
            std: self.std.or(other.std),
            colors: self.colors.or(other.colors),
        }
    }

    /// The preparation for a network whose input has this width and height, where it has a fixed
    /// one.
    pub fn for_input(&self, input: Option<(usize, usize)>) -> Result<Preparation, SettingsError> {
        let (width, height) = match (self.crop.map(Sides::both), input) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(SettingsError::CropSide { found, expected });
            }
            (Some(sides), _) | (None, Some(sides)) => sides,
            (None, None) => (USUAL_SIDE, USUAL_SIDE),
        };
        // No less than a longer crop, which would stand out of a picture that is scaled by its
        // shorter side.
        let shorter = (width.min(height).saturating_mul(8) / 7).max(width.max(height));
        self.applied_to(Preparation::of_imagenet(
            Resize::Shorter(shorter),
            width,
            height,
        ))
    }

    /// The given preparation, changed where these settings say something.
    pub fn applied_to(&self, base: Preparation) -> Result<Preparation, SettingsError> {
        let (crop_width, crop_height) = self
            .crop
            .map_or((base.crop_width, base.crop_height), Sides::both);
        let resize = match self.resize {
            Some(Sides::One(side)) => Resize::Shorter(side),
            Some(Sides::Two([width, height])) => Resize::Exact(width, height),
            None => base.resize,
        };
        let preparation = Preparation {
            resize,
            crop_width,
            crop_height,
            filter: self.filter.unwrap_or(base.filter),
            divisor: self.divisor.unwrap_or(base.divisor),
            means: self.mean.unwrap_or(base.means),
            deviations: self.std.unwrap_or(base.deviations),
            colors: self.colors.unwrap_or(base.colors),
        };
        preparation.check()?;
        Ok(preparation)
    }
}

impl Sides {
    fn both(self) -> (usize, usize) {
        match self {
            Self::One(side) => (side, side),
            Self::Two([width, height]) => (width, height),
        }
    }
}

impl std::str::FromStr for Sides {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let unknown = || SettingsError::Unknown {
            found: text.to_owned(),
            known: "a side (224), width × height (224x192)",
        };
        let number = |text: &str| text.parse().map_err(|_| unknown());
        match text.split_once('x') {
            Some((width, height)) => Ok(Self::Two([number(width)?, number(height)?])),
            None => Ok(Self::One(number(text)?)),
        }
    }
}

impl std::str::FromStr for Filter {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let known = [Self::Bilinear, Self::Bicubic]
            .into_iter()
            .find(|filter| filter.name() == text);
        known.ok_or_else(|| SettingsError::Unknown {
            found: text.to_owned(),
            known: "bilinear, bicubic",
        })
    }
}

impl std::str::FromStr for Colors {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        match text {
            "rgb" => Ok(Self::Rgb),
            "bgr" => Ok(Self::Bgr),
            _ => Err(SettingsError::Unknown {
                found: text.to_owned(),
                known: "rgb, bgr",
            }),
        }
    }
}

/// A name in a file, read as the flag of the same meaning is.
fn named<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: std::str::FromStr<Err = SettingsError>,
    D: serde::Deserializer<'de>,
{
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_follows_from_the_network() {
        let open = PreparationSettings::default();
        let text = |input| open.for_input(input).unwrap().to_string();
        assert!(
            text(None)
                .starts_with("resized to a shorter side of 256 (bilinear), center 224 × 224, RGB")
        );
        assert!(text(Some((32, 32))).contains("shorter side of 36 (bilinear), center 32 × 32"));
        assert!(text(Some((100, 40))).contains("shorter side of 100 (bilinear), center 100 × 40"));
    }

    #[test]
    fn a_file_says_what_flags_say_and_flags_win() {
        let file = "resize = [32, 16]\ncrop = 16\nfilter = \"bicubic\"\ncolors = \"bgr\"\ndivisor = 1\nstd = [1, 2, 3]";
        let file = PreparationSettings::parse(file).unwrap();
        let flags = PreparationSettings {
            crop: "12x10".parse().ok(),
            divisor: Some(2.0),
            ..Default::default()
        };
        let both = flags.or(file).for_input(None).unwrap();
        let expected = "resized to 32 × 16 (bicubic), center 12 × 10, BGR, (byte / 2 − [0.485, 0.456, 0.406]) / [1.0, 2.0, 3.0]";
        assert_eq!(both.to_string(), expected);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let said = |text: &str| PreparationSettings::parse(text).unwrap_err().to_string();
        assert!(said("filter = \"lanczos\"").contains("\"lanczos\" is none of bilinear, bicubic"));
        assert!(said("sized = 3").contains("sized"));
        let crop = PreparationSettings {
            crop: Some(Sides::One(64)),
            ..Default::default()
        };
        let error = crop.for_input(Some((224, 192))).unwrap_err().to_string();
        assert_eq!(
            error,
            "a crop of 64 × 64, where the network reads 224 × 192"
        );
        assert!("12x".parse::<Sides>().is_err());
    }
}
