//! The two published ways from a picture to a network's input.
//!
//! | | shorter side to | crop | then |
//! |---|---|---|---|
//! | [`Transform::Published`] | 256 | 224, center | /255, − mean, / deviation |
//! | [`Transform::Recommended`] | 232 | 224, center | the same |
//!
//! Source: torchvision `Resize`, `CenterCrop`, `ToTensor`, `Normalize`, and `ResNet50_Weights.IMAGENET1K_V2.transforms`.

use super::picture::Picture;
use super::resize::{Window, resize};

/// Means of red, green and blue over ImageNet.
const MEANS: [f32; 3] = [0.485, 0.456, 0.406];
/// Their standard deviations.
const DEVIATIONS: [f32; 3] = [0.229, 0.224, 0.225];

/// How a picture becomes 224 × 224 values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// As the study did: shorter side to 256.
    #[default]
    Published,
    /// As the V2 weights recommend: shorter side to 232.
    Recommended,
}

impl Transform {
    /// Side of the crop.
    pub const SIDE: usize = 224;

    /// By its name, `published` or `recommended`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "published" => Some(Self::Published),
            "recommended" => Some(Self::Recommended),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Recommended => "recommended",
        }
    }

    fn shorter_side(self) -> usize {
        match self {
            Self::Published => 256,
            Self::Recommended => 232,
        }
    }

    /// The pixels that are kept: 224 × 224 × 3 bytes.
    pub fn crop(self, picture: &Picture) -> Vec<u8> {
        let (width, height) = self.resized(picture.width(), picture.height());
        let side = Self::SIDE;
        let window = Window { left: centered(width - side), top: centered(height - side), width: side, height: side };
        resize(picture, (width, height), window)
    }

    /// Width and height after resizing: `int(side · long / short)`, as Python computes it.
    fn resized(self, width: usize, height: usize) -> (usize, usize) {
        let side = self.shorter_side();
        let longer = |long: usize, short: usize| ((side * long) as f64 / short as f64) as usize;
        if width <= height { (side, longer(height, width)) } else { (longer(width, height), side) }
    }
}

/// Half of the excess, halves to even, as Python's `round` does.
fn centered(excess: usize) -> usize {
    (excess as f64 / 2.0).round_ties_even() as usize
}

/// What a byte of red, green or blue becomes; the three operations as torchvision does them in float32.
pub(crate) fn normalized(value: u8, channel: usize) -> f32 {
    (f32::from(value) / 255.0 - MEANS[channel]) / DEVIATIONS[channel]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_torchvision_has_them() {
        // torchvision.transforms.functional._compute_resized_output_size
        assert_eq!(Transform::Published.resized(500, 375), (341, 256));
        assert_eq!(Transform::Published.resized(333, 500), (256, 384));
        assert_eq!(Transform::Recommended.resized(799, 599), (309, 232));
        assert_eq!(Transform::Published.resized(96, 96), (256, 256));
    }

    #[test]
    fn halves_go_to_even() {
        assert_eq!([centered(32), centered(117), centered(119)], [16, 58, 60]);
    }

    #[test]
    fn a_very_long_picture_is_only_resized_where_it_is_kept() {
        let picture = Picture::new(60_000, 1, vec![7; 180_000]).unwrap();
        assert_eq!(Transform::Published.crop(&picture), vec![7; 224 * 224 * 3]);
    }
}
