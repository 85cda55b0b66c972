//! Numbers as the report prints them: few digits, thin spaces, and no rounding that would say what
//! is not so.
//!
//! A share just below 1 prints as `> .999`, not as 1; NaN prints as an en dash, infinity as ∞.

use annatomy_measures::breakpoints::BreakpointEstimate;
use annatomy_measures::estimate::Estimate;

/// What stands where there is no number.
pub(crate) const NONE: &str = "–";
/// From here on, and below its inverse times ten, a power of ten is written out.
const LARGE: f64 = 1e7;

/// A share in 0..=1 to three places without the leading zero: `.987`.
pub(crate) fn share(value: f64) -> String {
    if !value.is_finite() {
        return significant(value, 3);
    }
    match value {
        0.0 => "0".to_owned(),
        1.0 => "1".to_owned(),
        _ if value > 0.9995 && value < 1.0 => ">\u{202f}.999".to_owned(),
        _ if value > 0.0 && value < 0.0005 => "<\u{202f}.001".to_owned(),
        _ => format!("{value:.3}")
            .replacen("0.", ".", 1)
            .replace('-', "−"),
    }
}

/// A share as a percentage, never rounded to 0 or 100 unless it is.
pub(crate) fn percent(value: f64) -> String {
    let hundred = value * 100.0;
    match hundred {
        _ if !hundred.is_finite() => NONE.to_owned(),
        _ if hundred > 99.9 && hundred < 100.0 => ">\u{202f}99.9\u{202f}%".to_owned(),
        _ if hundred > 0.0 && hundred < 0.1 => "<\u{202f}0.1\u{202f}%".to_owned(),
        0.0 | 100.0 => format!("{hundred:.0}\u{202f}%"),
        _ => format!("{hundred:.1}\u{202f}%"),
    }
}

/// `value` to `digits` significant digits; very large and very small ones as a power of ten.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return NONE.to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    if value.abs() >= LARGE || value.abs() < 1e-4 {
        return format!(
            "{}\u{202f}×\u{202f}10{}",
            mantissa.replace('-', "−"),
            superscript(exponent)
        );
    }
    let power: i32 = exponent.parse().unwrap_or(0);
    decimals(value, (digits as i32 - 1 - power).max(0) as usize)
}

/// `value` to `places` decimals, thousands apart.
pub(crate) fn decimals(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return significant(value, 3);
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let sign = if value < 0.0
        && text
            .chars()
            .any(|digit| digit.is_ascii_digit() && digit != '0')
    {
        "−"
    } else {
        ""
    };
    let tail = fraction.map_or_else(String::new, |fraction| format!(".{fraction}"));
    format!("{sign}{}{tail}", grouped(whole))
}

/// A whole number, thousands apart by thin spaces from five digits on.
pub(crate) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A mean over runs, followed by its interval.
pub(crate) fn estimate(value: Option<Estimate>, print: impl Fn(f64) -> String) -> String {
    let Some(value) = value else {
        return NONE.to_owned();
    };
    let point = print(value.point);
    match (value.low, value.high) {
        (Some(low), Some(high)) if print(low) != point || print(high) != point => {
            format!("{point} ⟦{} to {}⟧", print(low.max(0.0)), print(high))
        }
        _ => point,
    }
}

/// A breakpoint over runs as k and k/ef: `never` where it does not happen, and in how many runs it
/// does not. `bound` stands before one that the grid of k cuts off.
pub(crate) fn breakpoint(value: &BreakpointEstimate, runs: usize, bound: &str) -> [String; 2] {
    if value.k.is_none() {
        return ["never".to_owned(), NONE.to_owned()];
    }
    let places = usize::from(
        value
            .k
            .is_some_and(|k| k.point < 20.0 && k.point.fract() != 0.0),
    );
    let mut k = estimate(value.k, |k| decimals(k, places));
    if value.runs_without > 0 {
        k = format!("{k} ⟦never in {} of {runs}⟧", value.runs_without);
    }
    [k, estimate(value.k_over_ef, |ratio| decimals(ratio, 2))].map(|text| format!("{bound}{text}"))
}

/// Seconds to a length that can be read.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        _ if !value.is_finite() => NONE.to_owned(),
        _ if value < 10.0 => format!("{value:.2}\u{202f}s"),
        _ if value < 600.0 => format!("{value:.1}\u{202f}s"),
        _ => format!("{:.1}\u{202f}min", value / 60.0),
    }
}

/// Words for a list: `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => NONE.to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn grouped(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn superscript(exponent: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let place = |digit: char| {
        digit
            .to_digit(10)
            .map_or('⁻', |digit| DIGITS[digit as usize])
    };
    exponent.chars().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_round_to_certainty() {
        let found = [0.0, 0.000_1, 0.927_4, 0.999_9, 1.0, f64::NAN].map(share);
        assert_eq!(
            found,
            ["0", "<\u{202f}.001", ".927", ">\u{202f}.999", "1", "–"]
        );
        assert_eq!(
            [0.999_99, 0.5, 1.0, 0.0].map(percent),
            [
                ">\u{202f}99.9\u{202f}%",
                "50.0\u{202f}%",
                "100\u{202f}%",
                "0\u{202f}%"
            ]
        );
    }

    #[test]
    fn digits_follow_size() {
        let found = [f64::INFINITY, 3.402_8e33, 75.803, 0.012_345, 12_345.6, -2.5]
            .map(|value| significant(value, 3));
        assert_eq!(
            found,
            [
                "∞",
                "3.40\u{202f}×\u{202f}10³³",
                "75.8",
                "0.0123",
                "12\u{202f}346",
                "−2.50"
            ]
        );
        assert_eq!(
            [count(9999), count(10_000), count(1_234_567)],
            ["9999", "10\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}
