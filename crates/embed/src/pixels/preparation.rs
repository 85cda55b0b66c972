//! Image preprocessing for a network: resize, center crop, normalize.
//!
//! Input: a [`Picture`]. Output: the cropped bytes, and what each byte of each channel becomes.
//!
//! resize (Pillow's filters, with antialias) → center crop → (byte / divisor − mean) / deviation,
//! per channel
//!
//! Source: torchvision `Resize`, `CenterCrop`, `ToTensor`, `Normalize`; timm resizes and crops by
//! the same rules. Does not: order channels or planes in memory (see [`crate::Embedder`]); pad a
//! picture that the crop exceeds.

use super::picture::Picture;
use super::resize::{Filter, Window, resize};

/// Means of red, green and blue over ImageNet.
const MEANS: [f32; 3] = [0.485, 0.456, 0.406];
/// Their standard deviations.
const DEVIATIONS: [f32; 3] = [0.229, 0.224, 0.225];

/// How a picture becomes the values of a network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preparation {
    /// The size before the crop.
    pub resize: Resize,
    /// Width of the center that is kept.
    pub crop_width: usize,
    /// Its height.
    pub crop_height: usize,
    /// The filter of resizing.
    pub filter: Filter,
    /// What a byte is divided by, before anything else.
    pub divisor: f32,
    /// What is taken off, per channel in the order of `colors`.
    pub means: [f32; 3],
    /// What is divided by then.
    pub deviations: [f32; 3],
    /// Which color is the first channel.
    pub colors: Colors,
}

/// The size before the crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// The shorter side to this, the longer one in proportion.
    Shorter(usize),
    /// To width and height, whatever the proportion was.
    Exact(usize, usize),
}

/// The order of channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colors {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// Why no picture can be prepared in this way.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PreparationError {
    /// The crop is empty or larger than what it is taken from.
    #[error("a crop of {width} × {height} does not fit pictures resized to {resize}")]
    Crop {
        /// Width of the crop.
        width: usize,
        /// Its height.
        height: usize,
        /// What it is taken from.
        resize: Resize,
    },
    /// A side beyond reason.
    #[error("a side of {side} pixels is more than {most}")]
    Side {
        /// The side asked for.
        side: usize,
        /// The largest.
        most: usize,
    },
    /// A mean that is NaN or infinite.
    #[error("mean holds {value}, which is not finite")]
    Mean {
        /// The number.
        value: f32,
    },
    /// A divisor or standard deviation that is zero, NaN or infinite.
    #[error("{option} holds {value}, which cannot be divided by")]
    Divisor {
        /// `divisor` or `std`.
        option: &'static str,
        /// The number.
        value: f32,
    },
    /// Numbers that take a byte beyond float32.
    #[error("divisor, mean and std make {value} of the byte {byte}")]
    Overflow {
        /// The byte.
        byte: usize,
        /// What it becomes.
        value: f32,
    },
}

/// Sides that a network may have; far beyond any that is published.
const MOST_SIDE: usize = 8192;

impl Preparation {
    /// As ResNet-50 was published: 224 of `resize`, bilinear, ImageNet's means.
    pub(super) fn of_imagenet(resize: Resize, crop_width: usize, crop_height: usize) -> Self {
        let (filter, divisor, colors) = (Filter::Bilinear, 255.0, Colors::Rgb);
        Self {
            resize,
            crop_width,
            crop_height,
            filter,
            divisor,
            means: MEANS,
            deviations: DEVIATIONS,
            colors,
        }
    }

    /// Refuses what no picture can be prepared by.
    pub fn check(&self) -> Result<(), PreparationError> {
        let (width, height) = (self.crop_width, self.crop_height);
        let (least_width, least_height) = match self.resize {
            Resize::Shorter(side) => (side, side),
            Resize::Exact(width, height) => (width, height),
        };
        if width == 0 || height == 0 || width > least_width || height > least_height {
            return Err(PreparationError::Crop {
                width,
                height,
                resize: self.resize,
            });
        }
        if let Some(side) = [least_width, least_height]
            .into_iter()
            .find(|&side| side > MOST_SIDE)
        {
            return Err(PreparationError::Side {
                side,
                most: MOST_SIDE,
            });
        }
        self.check_numbers()
    }

    /// Refuses numbers that make NaN or infinity of a byte.
    fn check_numbers(&self) -> Result<(), PreparationError> {
        if let Some(&value) = self.means.iter().find(|mean| !mean.is_finite()) {
            return Err(PreparationError::Mean { value });
        }
        let divisors = [("divisor", &[self.divisor][..]), ("std", &self.deviations)];
        for (option, values) in divisors {
            for &value in values {
                if value == 0.0 || !value.is_finite() {
                    return Err(PreparationError::Divisor { option, value });
                }
            }
        }
        for channel in self.values() {
            if let Some(byte) = channel.iter().position(|value| !value.is_finite()) {
                let value = channel[byte];
                return Err(PreparationError::Overflow { byte, value });
            }
        }
        Ok(())
    }

    /// The pixels that are kept: height × width × 3 bytes, red first.
    pub fn crop(&self, picture: &Picture) -> Vec<u8> {
        let (width, height) = self.resized(picture.width(), picture.height());
        let window = Window {
            left: centered(width - self.crop_width),
            top: centered(height - self.crop_height),
            width: self.crop_width,
            height: self.crop_height,
        };
        resize(picture, (width, height), window, self.filter)
    }

    /// What each byte of each channel becomes: the three operations as torchvision does them in
    /// float32.
    pub(crate) fn values(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|channel| {
            let (mean, deviation) = (self.means[channel], self.deviations[channel]);
            std::array::from_fn(|byte| (byte as f32 / self.divisor - mean) / deviation)
        })
    }

    /// Width and height after resizing; the longer side is `int(side · long / short)`, as Python
    /// computes it.
    fn resized(&self, width: usize, height: usize) -> (usize, usize) {
        let longer =
            |side: usize, long: usize, short: usize| ((side * long) as f64 / short as f64) as usize;
        match self.resize {
            Resize::Exact(width, height) => (width, height),
            Resize::Shorter(side) if width <= height => (side, longer(side, height, width)),
            Resize::Shorter(side) => (longer(side, width, height), side),
        }
    }
}

impl Colors {
    /// The place of each channel in a pixel of red, green and blue.
    pub(crate) fn places(self) -> [usize; 3] {
        match self {
            Self::Rgb => [0, 1, 2],
            Self::Bgr => [2, 1, 0],
        }
    }
}

impl std::fmt::Display for Resize {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shorter(side) => write!(formatter, "a shorter side of {side}"),
            Self::Exact(width, height) => write!(formatter, "{width} × {height}"),
        }
    }
}

/// In one line: sizes, filter, numbers, order of colors.
impl std::fmt::Display for Preparation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            resize,
            crop_width,
            crop_height,
            divisor,
            means,
            deviations,
            ..
        } = self;
        let filter = self.filter.name();
        let colors = if self.colors == Colors::Rgb {
            "RGB"
        } else {
            "BGR"
        };
        write!(
            formatter,
            "resized to {resize} ({filter}), center {crop_width} × {crop_height}, {colors}, "
        )?;
        write!(formatter, "(byte / {divisor} − {means:?}) / {deviations:?}")
    }
}

/// Half of the excess, halves to even, as Python's `round` does.
fn centered(excess: usize) -> usize {
    (excess as f64 / 2.0).round_ties_even() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shorter(side: usize) -> Preparation {
        Preparation::of_imagenet(Resize::Shorter(side), 224, 224)
    }

    #[test]
    fn sizes_as_torchvision_has_them() {
        // torchvision.transforms.functional._compute_resized_output_size
        assert_eq!(shorter(256).resized(500, 375), (341, 256));
        assert_eq!(shorter(256).resized(333, 500), (256, 384));
        assert_eq!(shorter(232).resized(799, 599), (309, 232));
        assert_eq!(shorter(256).resized(96, 96), (256, 256));
    }

    #[test]
    fn halves_go_to_even() {
        assert_eq!([centered(32), centered(117), centered(119)], [16, 58, 60]);
    }

    #[test]
    fn a_very_long_picture_is_only_resized_where_it_is_kept() {
        let picture = Picture::new(60_000, 1, vec![7; 180_000]).unwrap();
        assert_eq!(shorter(256).crop(&picture), vec![7; 224 * 224 * 3]);
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_numbers() {
        let said = |preparation: Preparation| preparation.check().unwrap_err().to_string();
        assert_eq!(
            said(shorter(200)),
            "a crop of 224 × 224 does not fit pictures resized to a shorter side of 200"
        );
        let exact = Preparation {
            resize: Resize::Exact(224, 100),
            ..shorter(0)
        };
        assert!(said(exact).contains("224 × 100"));
        assert!(said(shorter(10_000)).contains("10000 pixels"));
        assert_eq!(
            said(Preparation {
                divisor: 0.0,
                ..shorter(256)
            }),
            "divisor holds 0, which cannot be divided by"
        );
        assert!(
            said(Preparation {
                deviations: [1.0, f32::NAN, 1.0],
                ..shorter(256)
            })
            .contains("NaN")
        );
        shorter(224).check().unwrap();
    }

    #[test]
    fn numbers_that_make_nan_or_infinity_are_refused_by_the_name_of_their_option() {
        let said = |preparation: Preparation| preparation.check().unwrap_err().to_string();
        let means = [0.5, f32::INFINITY, 0.5];
        assert_eq!(
            said(Preparation {
                means,
                ..shorter(256)
            }),
            "mean holds inf, which is not finite"
        );
        let deviations = [1.0, 0.0, 1.0];
        assert_eq!(
            said(Preparation {
                deviations,
                ..shorter(256)
            }),
            "std holds 0, which cannot be divided by"
        );
        let divisor = 1e-40;
        assert_eq!(
            said(Preparation {
                divisor,
                ..shorter(256)
            }),
            "divisor, mean and std make inf of the byte 1"
        );
    }
}
