//! Targets of the advice: a measure and the value it is to reach.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What a target speaks of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Mean share of the k slots that hold a neighbor.
    Fill,
    /// Mean tie-aware overlap.
    Overlap,
    /// Overlap that 95 % of the queries reach.
    OverlapP5,
    /// Overlap that 99 % of the queries reach.
    OverlapP1,
    /// Overlap that 75 % of the queries reach.
    OverlapP25,
    /// Share of the queries with overlap of at least δ: `robust@δ`.
    Robust(f64),
    /// |mean LID returned / mean LID exact − 1|.
    LidBias,
    /// Mean relative distance error.
    DistanceError,
    /// Mean barycenter shift.
    BarycenterShift,
}

/// A measure and the value it is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Target {
    /// Which measure.
    pub measure: Measure,
    /// At least this for shares, at most this for errors.
    pub value: f64,
}

/// A target that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not `measure=value`.
    #[error("target {0:?}: expected MEASURE=VALUE, such as overlap=0.99")]
    Form(String),
    /// No such measure.
    #[error(
        "unknown measure {0:?}: expected overlap, overlap_p1, overlap_p5, overlap_p25, robust@δ (such as robust@0.9), fill, lid_bias, distance_error or barycenter_shift"
    )]
    Measure(String),
    /// A robustness without its overlap.
    #[error("{0:?}: expected robust@δ with an overlap δ between 0 and 1, such as robust@0.9")]
    Delta(String),
    /// A share beyond 0..=1 or an error below 0.
    #[error("target {measure}={value}: {expected}")]
    Value {
        /// Which measure.
        measure: Measure,
        /// The value asked for.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
}

impl Measure {
    /// Every measure but [`Robust`](Self::Robust), which has a number.
    const NAMED: [Self; 8] = [
        Self::Fill,
        Self::Overlap,
        Self::OverlapP1,
        Self::OverlapP5,
        Self::OverlapP25,
        Self::LidBias,
        Self::DistanceError,
        Self::BarycenterShift,
    ];

    /// Whether more is better.
    pub fn is_share(self) -> bool {
        !matches!(
            self,
            Self::LidBias | Self::DistanceError | Self::BarycenterShift
        )
    }

    fn name(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Overlap => "overlap",
            Self::OverlapP1 => "overlap_p1",
            Self::OverlapP5 => "overlap_p5",
            Self::OverlapP25 => "overlap_p25",
            Self::Robust(_) => "robust",
            Self::LidBias => "lid_bias",
            Self::DistanceError => "distance_error",
            Self::BarycenterShift => "barycenter_shift",
        }
    }
}

impl FromStr for Measure {
    type Err = TargetError;

    fn from_str(name: &str) -> Result<Self, TargetError> {
        let unknown = || TargetError::Measure(name.to_owned());
        if let Some(delta) = name.strip_prefix("robust@") {
            let delta = delta.trim().parse().ok();
            let delta = delta.filter(|delta| *delta > 0.0 && *delta <= 1.0);
            return delta
                .map(Self::Robust)
                .ok_or_else(|| TargetError::Delta(name.to_owned()));
        }
        let named = Self::NAMED
            .into_iter()
            .find(|measure| measure.name() == name);
        named.ok_or_else(unknown)
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Robust(delta) => write!(f, "robust@{delta}"),
            named => f.write_str(named.name()),
        }
    }
}

impl Target {
    /// Whether `value` reaches the target. A value that does not exist does not.
    pub fn is_met_by(&self, value: f64) -> bool {
        if self.measure.is_share() {
            value >= self.value
        } else {
            value <= self.value
        }
    }
}

impl Default for Target {
    fn default() -> Self {
        Self {
            measure: Measure::Overlap,
            value: 0.99,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.measure.is_share() {
            "≥"
        } else {
            "≤"
        };
        write!(f, "{} {sign} {}", self.measure, self.value)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let form = || TargetError::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let value: f64 = value.trim().parse().map_err(|_| form())?;
        let measure: Measure = name.trim().parse()?;
        let wrong = |expected| {
            Err(TargetError::Value {
                measure,
                value,
                expected,
            })
        };
        match measure.is_share() {
            true if !(0.0..=1.0).contains(&value) => wrong("a share lies between 0 and 1"),
            false if value.is_nan() || value < 0.0 => wrong("an error is at least 0"),
            _ => Ok(Self { measure, value }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_refused() {
        let target: Target = "overlap_p5=0.95".parse().expect("a target");
        assert_eq!(
            target,
            Target {
                measure: Measure::OverlapP5,
                value: 0.95
            }
        );
        assert!(target.is_met_by(0.95) && !target.is_met_by(0.94) && !target.is_met_by(f64::NAN));
        let robust: Target = "robust@0.9=0.95".parse().expect("a target");
        assert_eq!(robust.measure, Measure::Robust(0.9));
        assert_eq!(robust.to_string(), "robust@0.9 ≥ 0.95");
        assert_eq!(
            serde_json::to_string(&robust.measure).expect("text"),
            "\"robust@0.9\""
        );
        let bias: Target = "lid_bias=0.02".parse().expect("a target");
        assert!(bias.is_met_by(0.01) && !bias.is_met_by(0.03));
        for (text, words) in [
            ("overlap", "MEASURE=VALUE"),
            ("recall=1", "unknown measure"),
            ("fill=1.5", "between 0"),
            ("robust@2=0.9", "overlap δ between 0 and 1"),
            ("robust=0.9", "unknown measure"),
        ] {
            let error = text.parse::<Target>().expect_err("refused").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
