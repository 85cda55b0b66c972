//! Colors: one hue path from dark violet to ochre, in even steps, for ordered conditions; viridis
//! for surfaces.
//!
//! The line palette follows viridis but stops where it would fade on white: every step keeps a
//! contrast of at least 3 to 1 against the card, and lightness rises along the order, so that it
//! survives grey printing and the common color blindnesses.

type Rgb = [f64; 3];

/// Violet, blue, teal, green, ochre: viridis's path, darkened.
const LINES: [Rgb; 5] = [
    [68.0, 18.0, 110.0],
    [50.0, 82.0, 168.0],
    [22.0, 134.0, 146.0],
    [62.0, 142.0, 56.0],
    [192.0, 130.0, 0.0],
];

/// The same path, lightened, for dark pages.
const DARK_LINES: [Rgb; 5] = [
    [186.0, 140.0, 240.0],
    [120.0, 160.0, 250.0],
    [70.0, 190.0, 200.0],
    [120.0, 205.0, 110.0],
    [245.0, 200.0, 90.0],
];

/// Most conditions of an experiment whose colors have dark counterparts.
const MOST_CONDITIONS: usize = 8;

/// Viridis at nine even stations (van der Walt & Smith 2015).
const SURFACE: [Rgb; 9] = [
    [68.0, 1.0, 84.0],
    [71.0, 44.0, 122.0],
    [59.0, 81.0, 139.0],
    [44.0, 113.0, 142.0],
    [33.0, 144.0, 141.0],
    [39.0, 173.0, 129.0],
    [92.0, 200.0, 99.0],
    [170.0, 220.0, 50.0],
    [253.0, 231.0, 37.0],
];

/// The color of the `index`-th of `count` ordered conditions.
pub(super) fn line_color(index: usize, count: usize) -> String {
    hexadecimal(along(&LINES, share(index, count)))
}

fn share(index: usize, count: usize) -> f64 {
    if count > 1 {
        index as f64 / (count - 1) as f64
    } else {
        0.25
    }
}

/// The color of a share of the way from low (violet) to high (yellow).
pub(super) fn surface_color(share: f64) -> String {
    hexadecimal(along(&SURFACE, share))
}

/// Style rules that give every color but the surface's its dark counterpart, matched by the color
/// itself.
pub(super) fn dark_rules() -> String {
    let fixed = [
        ("#ffffff", "#16171a"),
        ("#d5d9de", "#3a3d43"),
        (super::svg::INK, "#e4e5e7"),
        (super::svg::MUTED, "#a5abb4"),
        (super::svg::REFERENCE, "#8a919b"),
        (super::svg::GRID, "#2b2e33"),
    ];
    let mut pairs: Vec<(String, String)> = fixed
        .map(|(light, dark)| (light.to_owned(), dark.to_owned()))
        .to_vec();
    for count in 1..=MOST_CONDITIONS {
        pairs.extend((0..count).map(|index| {
            (
                line_color(index, count),
                hexadecimal(along(&DARK_LINES, share(index, count))),
            )
        }));
    }
    pairs.sort();
    pairs.dedup_by(|a, b| a.0 == b.0);
    let rule = |(light, dark): &(String, String)| {
        format!(
            "figure svg [fill=\"{light}\"]{{fill:{dark}}}figure svg [stroke=\"{light}\"]{{stroke:{dark}}}\n"
        )
    };
    pairs.iter().map(rule).collect()
}

fn along(stations: &[Rgb], share: f64) -> Rgb {
    let place = share.clamp(0.0, 1.0) * (stations.len() - 1) as f64;
    let index = (place.floor() as usize).min(stations.len() - 2);
    let part = place - index as f64;
    std::array::from_fn(|channel| {
        stations[index][channel] * (1.0 - part) + stations[index + 1][channel] * part
    })
}

fn hexadecimal(color: Rgb) -> String {
    let [red, green, blue] = color.map(|channel| channel.round() as u8);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(color: Rgb) -> f64 {
        let linear = color.map(|channel| match channel / 255.0 {
            low if low <= 0.04045 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn every_line_and_the_card_turn_dark() {
        let rules = dark_rules();
        for color in [
            line_color(0, 4),
            line_color(4, 5),
            line_color(0, 1),
            "#ffffff".to_owned(),
        ] {
            assert!(rules.contains(&format!("[fill=\"{color}\"]")), "{color}");
        }
        let lights: Vec<f64> = DARK_LINES.iter().map(|&color| luminance(color)).collect();
        assert!(
            lights
                .iter()
                .all(|light| (light + 0.05) / (luminance([22.0, 23.0, 26.0]) + 0.05) >= 4.5),
            "{lights:?}"
        );
    }

    #[test]
    fn lines_are_dark_enough_on_white_and_ordered() {
        let lights: Vec<f64> = (0..=20)
            .map(|step| luminance(along(&LINES, f64::from(step) / 20.0)))
            .collect();
        assert!(
            lights.iter().all(|light| 1.05 / (light + 0.05) >= 3.0),
            "{lights:?}"
        );
        assert!(
            lights.windows(2).all(|pair| pair[0] < pair[1]),
            "{lights:?}"
        );
    }
}
