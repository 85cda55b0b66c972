//! Conditions of a gate: a measure at one k and the bound that it is to be shown to keep.
//!
//! `overlap@10>=0.95`: at least, for shares; `lid_bias@90<=0.02`: at most, for errors. A condition is
//! shown when the end of the measure's 95 % interval that is the worse for it keeps the bound. No
//! interval of a sample reaches 1 (or an error of 0): a bound there is a condition on every query
//! measured.

use super::target::{Measure, Target, TargetError};
use annatomy_measures::estimate::Estimate;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A measure at one k and its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// The measure and the bound: at least it for shares, at most it for errors.
    pub target: Target,
    /// Neighbors asked for.
    pub k: usize,
}

/// A condition that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// Not `measure@k>=bound`.
    #[error(
        "requirement {0:?}: expected MEASURE@K>=BOUND, such as overlap@10>=0.95, or <= for errors"
    )]
    Form(String),
    /// The wrong way around.
    #[error("requirement {text:?}: {measure} is {kind}, so the bound follows {sign}")]
    Sign {
        /// What was given.
        text: String,
        /// The measure.
        measure: Measure,
        /// `a share` or `an error`.
        kind: &'static str,
        /// `>=` or `<=`.
        sign: &'static str,
    },
    /// The measure or the bound.
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl Requirement {
    /// Whether `found` shows it.
    pub fn is_shown_by(&self, found: &Estimate) -> bool {
        let (low, high) = (
            found.low.unwrap_or(found.point),
            found.high.unwrap_or(found.point),
        );
        let worse = if self.target.measure.is_share() {
            low
        } else {
            high
        };
        let perfect = if self.target.measure.is_share() {
            1.0
        } else {
            0.0
        };
        self.target.is_met_by(worse)
            || self.target.value == perfect && self.target.is_met_by(found.point)
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let form = || RequirementError::Form(text.to_owned());
        let signs = [">=", "≥", "<=", "≤"]
            .iter()
            .zip([true, true, false, false]);
        let mut split =
            signs.filter_map(|(sign, is_least)| Some((text.split_once(sign)?, is_least)));
        let ((name, bound), is_least) = split.next().ok_or_else(form)?;
        let (measure, k) = name.trim().rsplit_once('@').ok_or_else(form)?;
        let k = k.trim().parse().ok().filter(|&k: &usize| k > 0);
        let target: Target = format!("{measure}={}", bound.trim()).parse()?;
        let is_share = target.measure.is_share();
        if is_share != is_least {
            return Err(RequirementError::Sign {
                text: text.to_owned(),
                measure: target.measure,
                kind: if is_share { "a share" } else { "an error" },
                sign: if is_share { ">=" } else { "<=" },
            });
        }
        let k = k.ok_or_else(form)?;
        Ok(Self { target, k })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, k } = self;
        let sign = if target.measure.is_share() {
            ">="
        } else {
            "<="
        };
        write!(f, "{}@{k}{sign}{}", target.measure, target.value)
    }
}

impl Serialize for Requirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(low: f64, point: f64, high: f64) -> Estimate {
        Estimate {
            point,
            low: Some(low),
            high: Some(high),
            standard_error: None,
            n: 9,
        }
    }

    #[test]
    fn conditions_are_read_as_they_are_written() {
        for text in [
            "overlap@10>=0.95",
            "fill@100>=1",
            "robust@0.9@10>=0.99",
            "lid_bias@90<=0.02",
        ] {
            let read: Requirement = text.parse().expect("a condition");
            assert_eq!(read.to_string(), text);
        }
        let spaced: Requirement = " overlap_p5@20 >= 0.8 ".parse().expect("a condition");
        assert_eq!(spaced.k, 20);
        for (text, words) in [
            ("overlap>=0.9", "MEASURE@K>=BOUND"),
            ("overlap@0>=0.9", "MEASURE@K>=BOUND"),
            ("overlap@10=0.9", "MEASURE@K>=BOUND"),
            ("overlap@10<=0.9", "a share, so the bound follows >="),
            ("lid_bias@10>=0.9", "an error, so the bound follows <="),
            ("recall@10>=0.9", "unknown measure"),
            ("fill@10>=1.5", "between 0"),
        ] {
            let error = text
                .parse::<Requirement>()
                .expect_err("refused")
                .to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_worse_end_of_the_interval_decides() {
        let overlap: Requirement = "overlap@10>=0.95".parse().expect("a condition");
        assert!(overlap.is_shown_by(&estimate(0.95, 0.96, 0.97)));
        assert!(!overlap.is_shown_by(&estimate(0.94, 0.96, 0.98)));
        let bias: Requirement = "lid_bias@10<=0.02".parse().expect("a condition");
        assert!(bias.is_shown_by(&estimate(0.0, 0.01, 0.02)));
        assert!(!bias.is_shown_by(&estimate(0.0, 0.01, 0.03)));
        let full: Requirement = "fill@10>=1".parse().expect("a condition");
        assert!(
            full.is_shown_by(&estimate(0.99, 1.0, 1.0)),
            "every query is full"
        );
        assert!(!full.is_shown_by(&estimate(0.99, 0.9999, 1.0)));
    }
}
