//! Columns of numbers, one after another, compressed and as base64.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use std::io::Write;

/// Where one column lies among the bytes.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    name: String,
    r#type: &'static str,
    start: usize,
    /// Numbers, not bytes.
    length: usize,
}

/// Columns written so far.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) table: Vec<Section>,
    bytes: Vec<u8>,
}

impl Sections {
    fn begin(&mut self, name: &str, kind: &'static str, length: usize) {
        // Views of wider numbers need a start that is a multiple of their width.
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.table.push(Section {
            name: name.to_owned(),
            r#type: kind,
            start: self.bytes.len(),
            length,
        });
    }

    /// In two bytes each where all fit, the largest number of the width standing for `u32::MAX`.
    pub(super) fn whole(&mut self, name: &str, values: &[u32]) {
        let most = values.iter().filter(|&&value| value != u32::MAX).max();
        if most.is_none_or(|&most| most < u32::from(u16::MAX)) {
            self.begin(name, "u16", values.len());
            let narrow = |&value: &u32| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
            self.bytes.extend(values.iter().flat_map(narrow));
        } else {
            self.full(name, values);
        }
    }

    /// In two bytes each; all fit.
    pub(super) fn sixteen(&mut self, name: &str, values: &[u32]) {
        self.begin(name, "u16", values.len());
        let narrow = |value: &u32| (*value as u16).to_le_bytes();
        self.bytes.extend(values.iter().flat_map(narrow));
    }

    /// In four bytes each.
    pub(super) fn full(&mut self, name: &str, values: &[u32]) {
        self.begin(name, "u32", values.len());
        self.bytes
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn single(&mut self, name: &str, values: impl IntoIterator<Item = f32>) {
        let values: Vec<f32> = values.into_iter().collect();
        self.begin(name, "f32", values.len());
        self.bytes
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn double(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        let values: Vec<f64> = values.into_iter().collect();
        self.begin(name, "f64", values.len());
        self.bytes
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// All bytes, compressed (zlib), as base64.
    pub(super) fn packed(&self) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
        let written = encoder
            .write_all(&self.bytes)
            .and_then(|()| encoder.finish());
        base64(&written.expect("memory takes all bytes"))
    }
}

/// RFC 4648, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let three = [0, 1, 2].map(|place| u32::from(group.get(place).copied().unwrap_or(0)));
        let bits = three[0] << 16 | three[1] << 8 | three[2];
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, text) in pairs {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    #[test]
    fn columns_begin_at_multiples_of_eight_and_are_as_narrow_as_they_can() {
        let mut sections = Sections::default();
        sections.whole("a", &[1, u32::MAX, 3]);
        sections.whole("b", &[70_000]);
        sections.single("c", [1.5]);
        let of = |place: usize| {
            let section: &Section = &sections.table[place];
            (section.r#type, section.start, section.length)
        };
        assert_eq!(
            [of(0), of(1), of(2)],
            [("u16", 0, 3), ("u32", 8, 1), ("f32", 16, 1)]
        );
        assert_eq!(sections.bytes[2..4], [0xff, 0xff]);
    }
}
