//! GIF, TIFF and PNM as Pillow decodes them, and limits that hold before memory is allocated.

use std::fs;
use std::time::{Duration, Instant};

use annatomy_embed::pixels::{
    DecodeError, Decoding, JpegError, MAX_PIXELS, Picture, TooManyPixels, decode,
};

use crate::common::{digest, goldens, png};

fn decoded(bytes: &[u8]) -> Result<Picture, DecodeError> {
    decode(bytes, Decoding::default())
}

fn golden(name: &str) -> Vec<u8> {
    fs::read(goldens().join("formats").join(name)).unwrap()
}

#[test]
fn gif_tiff_and_pnm_decode_as_in_pillow() {
    let lines = fs::read_to_string(goldens().join("formats.txt")).unwrap();
    let mut wrong = Vec::new();
    for line in lines.lines() {
        let [name, pixels, width, height] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        match decoded(&golden(name)) {
            Ok(picture) => {
                let size = (picture.width().to_string(), picture.height().to_string());
                if (size.0.as_str(), size.1.as_str()) != (width, height)
                    || digest(picture.values()) != pixels
                {
                    wrong.push(format!("{name}: {} × {}", size.0, size.1));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_damage_makes_the_decoders_panic_and_a_cut_is_an_error() {
    for name in [
        "plain.gif",
        "gray_4.tif",
        "rgb_tiff_lzw.tif",
        "text_100.ppm",
        "gray_10.pgm",
    ] {
        let whole = golden(name);
        for end in 0..whole.len() {
            let _ = decoded(&whole[..end]);
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x10, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let _ = decoded(&damaged);
            }
        }
    }
    for name in [
        "rgb.ppm",
        "gray.pgm",
        "bits.pbm",
        "rgb_raw.tif",
        "rgb_tiff_lzw.tif",
        "plain.gif",
    ] {
        let whole = golden(name);
        for end in [whole.len() / 4, whole.len() / 2, whole.len() * 3 / 4] {
            assert!(decoded(&whole[..end]).is_err(), "{name} cut to {end} bytes");
        }
    }
}

/// A JPEG header that claims 65,535 × 65,535 pixels, and 5 bytes of scan.
fn jpeg_header(process: u8) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff".to_vec();
    bytes.push(process);
    bytes.extend(
        b"\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\0\0abcde\xff\xd9",
    );
    bytes
}

fn le16(value: u16) -> [u8; 2] {
    value.to_le_bytes()
}

/// Files of a hundred bytes or so that claim more pixels than any limit, one per format.
fn giants() -> Vec<(&'static str, Vec<u8>)> {
    let bmp = [
        &b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..],
        &65_535u32.to_le_bytes(),
        &65_535u32.to_le_bytes(),
        b"\x01\0\x18\0\0\0\0\0",
        &[0; 24],
    ]
    .concat();
    let webp_extended =
        b"RIFF\x26\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0VP8L\x05\0\0\0\x2f\xff\xff\xff\x0f\0"
            .to_vec();
    let webp_lossless = b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f\xfe\xbf\xff\x0f\0".to_vec();
    let gif = [
        &b"GIF89a"[..],
        &le16(65_535),
        &le16(65_535),
        b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0",
        &le16(65_535),
        &le16(65_535),
        b"\0\x02\x02\x4c\x01\0;",
    ]
    .concat();
    let mut tiff = golden("rgb_raw.tif");
    // Width, height and rows per strip, wherever their entries stand.
    for tag in [256u16, 257, 278] {
        let place = tiff
            .windows(4)
            .position(|window| window[..2] == le16(tag) && matches!(window[2], 3 | 4))
            .unwrap();
        tiff[place + 2..place + 4].copy_from_slice(&le16(4));
        tiff[place + 8..place + 12].copy_from_slice(&65_535u32.to_le_bytes());
    }
    vec![
        ("gray PNG", png(65_535, 65_535, 8)),
        ("1-bit PNG", png(65_535, 65_535, 1)),
        ("16-bit PNG", png(65_535, 65_535, 16)),
        ("baseline JPEG", jpeg_header(0xc0)),
        ("progressive JPEG", jpeg_header(0xc2)),
        ("BMP", bmp),
        ("extended WebP", webp_extended),
        ("lossless WebP", webp_lossless),
        ("GIF", gif),
        ("TIFF", tiff),
        ("PPM", b"P6 65535 65535 255\nabc".to_vec()),
        ("PBM", b"P4 65535 65535\nabc".to_vec()),
    ]
}

/// Less than decoding them takes, and more than a busy machine lets a process wait.
const AT_ONCE: Duration = Duration::from_secs(2);

#[test]
fn headers_that_claim_more_pixels_than_the_limit_are_refused_before_allocation() {
    for (name, bytes) in giants() {
        let begin = Instant::now();
        let error = decoded(&bytes).unwrap_err();
        assert!(
            matches!(
                error,
                DecodeError::TooManyPixels(TooManyPixels {
                    most: MAX_PIXELS,
                    ..
                })
            ),
            "{name}: {error}"
        );
        assert!(begin.elapsed() < AT_ONCE, "{name}");
    }
}

#[test]
fn the_limit_can_be_lowered() {
    for name in ["plain.gif", "gray.tif", "rgb.ppm"] {
        let of = |max_pixels| {
            let decoding = Decoding {
                max_pixels,
                ..Decoding::default()
            };
            decode(&golden(name), decoding)
        };
        assert!(of(45 * 35).is_ok(), "{name}");
        let error = of(45 * 35 - 1).unwrap_err().to_string();
        assert_eq!(
            error, "45 × 35 pixels are more than the limit of 1574",
            "{name}"
        );
    }
}

#[test]
fn a_jpeg_too_short_for_its_pixels_is_truncated_before_allocation() {
    let mut bytes = jpeg_header(0xc2);
    bytes[7..11].copy_from_slice(&[0x34, 0, 0x34, 0]); // 13,312 × 13,312
    let begin = Instant::now();
    assert!(matches!(
        decoded(&bytes),
        Err(DecodeError::Jpeg(JpegError::Truncated))
    ));
    assert!(begin.elapsed() < AT_ONCE);
}

#[test]
fn scans_without_content_are_limited() {
    let (width, height) = (2048u16, 2048u16);
    let mut bytes = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    bytes.extend([1; 64]);
    bytes.extend(b"\xff\xc2\0\x0b\x08");
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend(b"\x01\x01\x11\0");
    // One direct code of one bit; one alternating code of one bit that ends 32,767 blocks.
    for (table, symbol) in [(0u8, 0u8), (0x10, 0xe0)] {
        bytes.extend(b"\xff\xc4\0\x14");
        bytes.push(table);
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, symbol]);
    }
    let blocks = usize::from(width / 8) * usize::from(height / 8);
    bytes.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0");
    bytes.resize(bytes.len() + blocks / 8, 0);
    let without_scans = bytes.clone();
    let refinement = b"\xff\xda\0\x08\x01\x01\0\x01\x3f\x10";
    let first = b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0";
    for scan in 0..100 {
        bytes.extend(if scan == 0 { first } else { refinement });
        // Four codes, each with 14 bits that count blocks, cover all 65,536.
        bytes.extend([0; 12]);
    }
    bytes.extend(b"\xff\xd9");
    let error = decoded(&bytes).unwrap_err();
    assert!(
        matches!(
            error,
            DecodeError::Jpeg(JpegError::TooManyScans { scan: 17.., .. })
        ),
        "{error}"
    );
    let mut few = without_scans;
    few.extend(first);
    few.extend([0; 12]);
    few.extend(b"\xff\xd9");
    assert!(decoded(&few).is_ok());
}
