//! Every pixel as Pillow and torchvision have it, to the byte.

use crate::common::{digest, drawn_picture, goldens};
use annatomy_embed::pixels::{DecodeError, Decoding, Orientation, Picture, Transform};

fn decode(bytes: &[u8], orientation: Orientation) -> Result<Picture, DecodeError> {
    let decoding = Decoding {
        orientation,
        ..Decoding::default()
    };
    annatomy_embed::pixels::decode(bytes, decoding)
}

#[test]
fn pictures_of_every_kind_decode_and_crop_as_in_pillow() {
    let lines = std::fs::read_to_string(goldens().join("pictures.txt")).unwrap();
    for line in lines.lines() {
        let [name, stored, upright, published, recommended] =
            line.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        let bytes = std::fs::read(goldens().join("pictures").join(name)).unwrap();
        let picture = decode(&bytes, Orientation::AsStored).unwrap();
        assert_eq!(digest(picture.values()), stored, "{name} as stored");
        assert_eq!(
            digest(decode(&bytes, Orientation::Upright).unwrap().values()),
            upright,
            "{name} upright"
        );
        assert_eq!(
            digest(&Transform::Published.preparation().crop(&picture)),
            published,
            "{name} at 256"
        );
        assert_eq!(
            digest(&Transform::Recommended.preparation().crop(&picture)),
            recommended,
            "{name} at 232"
        );
    }
}

#[test]
fn pictures_of_every_size_crop_as_in_torchvision() {
    let lines = std::fs::read_to_string(goldens().join("drawn.txt")).unwrap();
    for line in lines.lines() {
        let [width, height, stored, published, recommended] =
            line.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        let picture = drawn_picture(width.parse().unwrap(), height.parse().unwrap());
        assert_eq!(
            digest(picture.values()),
            stored,
            "{width} × {height}: both draw the same"
        );
        assert_eq!(
            digest(&Transform::Published.preparation().crop(&picture)),
            published,
            "{width} × {height} at 256"
        );
        assert_eq!(
            digest(&Transform::Recommended.preparation().crop(&picture)),
            recommended,
            "{width} × {height} at 232"
        );
    }
}

#[test]
fn no_damage_makes_the_decoder_panic() {
    for name in [
        "sampled_2.jpg",
        "progressive_2.jpg",
        "restarts.jpg",
        "ycck.jpg",
        "rgb.png",
        "lossy.webp",
        "palette.bmp",
    ] {
        let whole = std::fs::read(goldens().join("pictures").join(name)).unwrap();
        for end in 0..whole.len() {
            let _ = decode(&whole[..end], Orientation::Upright);
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x10, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let _ = decode(&damaged, Orientation::AsStored);
            }
        }
    }
}

#[test]
fn a_cut_jpeg_is_an_error_and_not_half_a_picture() {
    for name in [
        "sampled_0.jpg",
        "sampled_2.jpg",
        "progressive_1.jpg",
        "restarts.jpg",
        "gray.jpg",
    ] {
        let whole = std::fs::read(goldens().join("pictures").join(name)).unwrap();
        // The end marker itself, and the bits that fill the last byte, may be missing.
        for end in 0..whole.len() - 4 {
            assert!(
                decode(&whole[..end], Orientation::AsStored).is_err(),
                "{name} cut to {end} of {} bytes",
                whole.len()
            );
        }
    }
}
