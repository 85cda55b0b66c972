//! From values to positions on an axis, and the few round numbers that label it.
//!
//! Two kinds: linear, and logarithmic over anything from a fraction of a decade to the 38 decades
//! of float32. A scale never fails: a domain without extent is widened, a value outside is held at
//! the edge.

/// What lies between two neighboring ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    Linear,
    Logarithmic,
}

/// An axis: a domain of values laid over a stretch of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    spacing: Spacing,
}

impl Scale {
    /// Lays `low..=high` over `from..=to` (the page's y grows downward, so a y axis has `from >
    /// to`).
    pub(super) fn new(spacing: Spacing, domain: (f64, f64), page: (f64, f64)) -> Self {
        let (low, high) = widened(spacing, domain);
        Self {
            low,
            high,
            from: page.0,
            to: page.1,
            spacing,
        }
    }

    /// The position of a value, held inside the axis.
    pub(super) fn position(&self, value: f64) -> f64 {
        let share = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Logarithmic if value <= 0.0 => 0.0,
            Spacing::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Whether a value lies on the axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// About `wanted` round values with their texts, ascending.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        match self.spacing {
            Spacing::Linear => linear_ticks(self.low, self.high, wanted),
            Spacing::Logarithmic => logarithmic_ticks(self.low, self.high, wanted),
        }
    }
}

fn widened(spacing: Spacing, (low, high): (f64, f64)) -> (f64, f64) {
    match spacing {
        Spacing::Linear if high > low => (low, high),
        Spacing::Linear => (
            low - (low.abs() * 0.1).max(1.0),
            low + (low.abs() * 0.1).max(1.0),
        ),
        Spacing::Logarithmic if low > 0.0 && high >= low * 1.5 => (low, high),
        Spacing::Logarithmic if low > 0.0 => (low / 1.5, low * 1.5),
        Spacing::Logarithmic => (1.0, 10.0),
    }
}

/// Widens a linear domain outward to whole steps, so that the data end on a grid line.
pub(super) fn rounded_domain((low, high): (f64, f64), wanted: usize) -> (f64, f64) {
    let (low, high) = widened(Spacing::Linear, (low, high));
    let step = round_step(high - low, wanted);
    (
        (low / step + 1e-9).floor() * step,
        (high / step - 1e-9).ceil() * step,
    )
}

/// 1, 2 or 5 times a power of ten that cuts `extent` into about `wanted` pieces.
fn round_step(extent: f64, wanted: usize) -> f64 {
    let raw = extent / wanted.max(1) as f64;
    let power = 10f64.powi(raw.log10().floor() as i32);
    let factor = match raw / power {
        ratio if ratio < 1.5 => 1.0,
        ratio if ratio < 3.5 => 2.0,
        ratio if ratio < 7.5 => 5.0,
        _ => 10.0,
    };
    power * factor
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let step = round_step(high - low, wanted);
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let (first, last) = (
        (low / step - 1e-9).ceil() as i64,
        (high / step + 1e-9).floor() as i64,
    );
    (first..=last)
        .map(|index| index as f64 * step)
        .map(|value| (value, plain(value, decimals)))
        .collect()
}

fn logarithmic_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let factors: &[f64] = match decades {
        span if span < 0.8 => return linear_ticks(low, high, wanted),
        span if span < 2.5 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let stride = [1, 2, 4, 5, 8, 10]
        .into_iter()
        .find(|&stride| decades / f64::from(stride) <= wanted as f64);
    let stride = if factors.len() > 1 {
        1
    } else {
        stride.unwrap_or(10)
    };
    (first..=last)
        .filter(|exponent| exponent.rem_euclid(stride) == 0)
        .flat_map(|exponent| {
            factors
                .iter()
                .map(move |factor| factor * 10f64.powi(exponent))
        })
        .filter(|value| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9))
        .map(|value| (value, logarithmic_text(value)))
        .collect()
}

/// A plain number up to 10⁴, a power of ten beyond.
fn logarithmic_text(value: f64) -> String {
    let exponent = value.log10().floor() as i32;
    if (0..=4).contains(&exponent) {
        return plain(value, 0);
    }
    if (-3..0).contains(&exponent) {
        return plain(value, exponent.unsigned_abs() as usize);
    }
    let factor = (value / 10f64.powi(exponent)).round();
    let power = format!("10{}", superscript(exponent));
    if factor == 1.0 {
        power
    } else {
        format!("{factor:.0}·{power}")
    }
}

fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = |character: char| {
        character
            .to_digit(10)
            .map_or('⁻', |digit| DIGITS[digit as usize])
    };
    exponent.to_string().chars().map(digits).collect()
}

/// Fixed decimals with a true minus sign.
fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.chars().all(|character| matches!(character, '0' | '.'));
    if value < 0.0 && !zero {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spacing: Spacing, domain: (f64, f64), wanted: usize) -> Vec<String> {
        Scale::new(spacing, domain, (0.0, 1.0))
            .ticks(wanted)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            texts(Spacing::Linear, (0.0, 500.0), 5),
            ["0", "100", "200", "300", "400", "500"]
        );
        assert_eq!(
            texts(Spacing::Linear, (-0.2, 0.2), 4),
            ["−0.2", "−0.1", "0.0", "0.1", "0.2"]
        );
        assert_eq!(
            texts(Spacing::Logarithmic, (100.0, 1e34), 5),
            ["10⁸", "10¹⁶", "10²⁴", "10³²"]
        );
        assert_eq!(
            texts(Spacing::Logarithmic, (8.0, 120.0), 5),
            ["10", "20", "50", "100"]
        );
    }

    #[test]
    fn a_domain_without_extent_is_widened() {
        assert!(texts(Spacing::Linear, (10.0, 10.0), 5).contains(&"10.0".to_owned()));
        assert!(
            Scale::new(Spacing::Logarithmic, (0.0, 0.0), (0.0, 1.0))
                .position(f64::MIN_POSITIVE)
                .is_finite()
        );
    }
}
